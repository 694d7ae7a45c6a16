"""A caller's moves in the terminal runner: at a menu, or at a moment while something plays."""

from ivr.__main__ import main
from uckefu.settings import PROJECT_ROOT

MAIN = str(PROJECT_ROOT / "ivr" / "flows" / "main.yml")


def test_in_the_terminal_a_key_at_a_moment_stops_the_prompt(capsys):
    assert main(["play", MAIN, "--at", "2025-03-04T10:00", "--say", "key=1@1"]) == 0
    shown = capsys.readouterr().out
    assert "(a key after 1.0 s)" in shown
    assert "zh/main_menu" not in shown
    assert '"uckefu_queue": "sales"' in shown


def test_in_the_terminal_a_caller_may_hang_up_at_a_moment(capsys):
    assert main(["play", MAIN, "--at", "2025-03-04T10:00", "--say", "hangup@1"]) == 0
    assert '"CallerLeft"' in capsys.readouterr().out


def test_a_moment_of_something_that_takes_time_is_refused(capsys):
    assert main(["play", MAIN, "--say", "wait@1"]) == 2
    assert "only a key and a hangup come at a moment" in capsys.readouterr().err
