"""The files that the switch reloads at every call are thin, and our log lines reach the switch's log."""

import importlib
import sys
import types

import pytest
import structlog

from fs_scripts import process

ENTRIES = ["inbound", "directory", "cdr", "ping"]


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_script_keeps_nothing_and_may_be_reloaded(name):
    module = importlib.import_module(f"fs_scripts.{name}")
    again = importlib.reload(module)
    kept = {k for k, v in vars(again).items() if not k.startswith("_") and not callable(v)}
    assert kept <= {"LOADED", "cdr", "directory", "inbound", "process"}


@pytest.fixture
def switch_log(monkeypatch):
    """The module `freeswitch` as mod_python3 gives it: its log takes UTF-8 only."""
    lines = []
    module = types.ModuleType("freeswitch")
    module.consoleLog = lambda level, text: lines.append((level, text.encode("utf-8").decode()))
    monkeypatch.setitem(sys.modules, "freeswitch", module)
    before = structlog.get_config()
    structlog.reset_defaults()
    yield lines
    structlog.configure(**before)


def test_log_lines_go_to_the_switch_as_json_with_its_levels(switch_log):
    process.use_switch_log()
    log = structlog.get_logger("test")
    log.info("call_came", number="13\udcff8")
    log.error("call_failed")
    assert [level for level, _ in switch_log] == ["notice", "err"]
    assert switch_log[0][1] == '{"number": "13?8", "event": "call_came", "level": "info"}\n'


def test_a_process_that_has_a_log_of_its_own_keeps_it(switch_log):
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    process.use_switch_log()
    structlog.get_logger("test").info("call_came")
    assert switch_log == []
