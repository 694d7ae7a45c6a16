"""What the scripts of one switch process share: settings, the database engine, the flows, the log.

mod_python3 reloads the entry script at every call, but not this module: its caches live as long as the switch.
Each is made at its first use; nothing here connects or reads at import.
"""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine

from fs_scripts.users import UserTable
from ivr.contacts import ContactFiles
from ivr.filing import FileFiling
from ivr.library import FlowLibrary, flow_folders
from ivr.prompts import Prompts
from ivr.speech import Speech
from ivr.web_request import HttpClient
from sql.engine import make_engine
from uckefu.centre import Centre, load_centre
from uckefu.settings import PROJECT_ROOT, Settings, load_settings

log = structlog.get_logger(__name__)


def settings() -> Settings:
    """The settings of this process; the instance folder is where `UCKEFU_INSTANCE` says."""
    return _settings(os.environ.get("UCKEFU_INSTANCE", ""))


@cache
def _settings(_instance: str) -> Settings:
    return load_settings()


@cache
def engine(url: str) -> Engine:
    """The database, with limits short enough for somebody who waits on the phone."""
    return make_engine(url, connect_timeout_seconds=1, statement_timeout_seconds=1)


def centre() -> Centre:
    """The centre's settings, read anew when their file has changed."""
    return load_centre(settings().centre_file)


@cache
def prompts() -> Prompts:
    """The prompt files."""
    return Prompts(PROJECT_ROOT / "sounds", settings().instance / "sounds")


def flows(languages: Sequence[str]) -> FlowLibrary:
    """The flows of this instance; missing prompts are reported for these languages."""
    return _flows(settings().instance / "flows", tuple(languages))


@cache
def _flows(folder: Path, languages: tuple[str, ...]) -> FlowLibrary:
    return FlowLibrary(flow_folders(folder), folder / ".good", prompts(), languages)


def surroundings() -> dict[str, Any]:
    """What every flow of this instance works with, for `ivr.call.Context`."""
    return _surroundings(settings().instance)


@cache
def _surroundings(instance: Path) -> dict[str, Any]:
    return {
        "prompts": prompts(),
        "speech": Speech(instance / "speech"),
        "contacts": ContactFiles(instance / "contacts"),
        "http": HttpClient(),
        "filing": FileFiling(instance),
    }


def users() -> UserTable:
    """The SIP users."""
    return _users(settings().sql_url, settings().instance / "directory.json")


@cache
def _users(url: str, cache_file: Path) -> UserTable:
    return UserTable(lambda: engine(url), cache_file)


def use_switch_log() -> None:
    """Send our log lines to FreeSWITCH's log; where logging is set up already (built-in switch, tests) nothing changes."""
    if structlog.is_configured():
        return
    try:
        import freeswitch
    except ModuleNotFoundError:
        return
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=lambda *_names: _SwitchLogger(freeswitch.consoleLog),
    )


class _SwitchLogger:
    """Writes each line through FreeSWITCH, with its level; what we call info is a notice there, else its log drops it."""

    LEVELS = {
        "info": "notice",
        "warn": "warning",
        "exception": "err",
        "error": "err",
        "critical": "crit",
        "fatal": "crit",
    }

    def __init__(self, console_log: Any) -> None:
        self._console_log = console_log

    def __getattr__(self, level: str) -> Any:
        name = self.LEVELS.get(level, level)
        # A caller may send bytes that are no UTF-8; mod_python3 takes no text that has them.
        return lambda line: self._console_log(name, str(line).encode("utf-8", "replace").decode() + "\n")
