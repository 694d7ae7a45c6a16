"""`python -m ivr` as an administrator types it."""

import json

import pytest
import structlog

from ivr.__main__ import PACKAGED_FLOWS, main

MAIN = str(PACKAGED_FLOWS / "main.yml")


@pytest.fixture(autouse=True)
def _own_instance(tmp_path, monkeypatch):
    """No settings of this machine's instance, and the tests' own log configuration afterwards."""
    monkeypatch.setenv("UCKEFU_INSTANCE", str(tmp_path / "instance"))
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_the_packaged_flows_have_no_problems(capsys):
    assert main(["check"]) == 0
    assert capsys.readouterr().out == ""


def test_check_prints_each_problem_as_compilers_do_and_exits_with_1(write_flow, capsys):
    path = write_flow("start: a\nnodes:\n  b: {type: hangup}\n")
    assert main(["check", MAIN, str(path)]) == 1
    assert capsys.readouterr().out == f"{path}:1:8: there is no node `a`\n"


def test_play_shows_what_the_caller_hears_and_where_it_ends(capsys):
    assert main(["play", MAIN, "--say", "key=7", "--say", "key=2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "♪ zh/welcome: 您好，欢迎致电优客服。" in lines
    assert "> 7" in lines
    assert json.loads(lines[-1])["uckefu_queue"] == "service"


def test_play_can_be_at_another_time_and_in_another_language(capsys, tmp_path):
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "centre.yml").write_text(
        "office_hours: [{days: [mon], begin: '09:00', end: '18:00'}]\n", encoding="utf-8"
    )
    assert main(["play", MAIN, "--say", "wait", "--language", "en", "--at", "2025-03-01T20:00"]) == 0
    assert "♪ en/closed: Hello. Our office is closed now." in capsys.readouterr().out


def test_a_person_plays_with_the_keyboard_and_may_mistype(capsys, monkeypatch):
    typed = iter(["x", "12", "2"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(typed))
    assert main(["play", MAIN]) == 0
    out = capsys.readouterr().out
    assert out.count("one key: 0-9, * or #") == 2
    assert '"uckefu_queue": "service"' in out


def test_the_end_of_the_keyboard_is_a_hangup(capsys, monkeypatch):
    def closed(_prompt):
        raise EOFError

    monkeypatch.setattr("builtins.input", closed)
    assert main(["play", MAIN]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["next"] == "gone"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--say", "key=12"], "--say key=12: use key=0…9"),
        (["--say", "jump"], "--say jump: use key=0…9"),
        (["--at", "yesterday"], "Invalid isoformat string: 'yesterday'"),
    ],
)
def test_a_wrong_argument_is_told(arguments, said, capsys):
    assert main(["play", MAIN, *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_flow_that_cannot_be_read_is_not_played(write_flow, capsys):
    path = write_flow("start: [\n")
    assert main(["play", str(path)]) == 1
    assert f"{path}:2:1: YAML:" in capsys.readouterr().err


def test_the_schema_is_json(capsys):
    assert main(["schema"]) == 0
    assert "start" in json.loads(capsys.readouterr().out)["required"]
