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
    assert capsys.readouterr().out == f"{path}:1:8: there is no node `a`; there is `b`\n"


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
    typed = iter(["x", "1a", "2"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(typed))
    assert main(["play", MAIN]) == 0
    out = capsys.readouterr().out
    assert out.count("keys: 0-9, * or #") == 2
    assert '"uckefu_queue": "service"' in out


def test_keys_that_a_person_keys_ahead_interrupt_the_prompts_that_come(capsys, monkeypatch):
    typed = iter(["12", "123456#1"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(typed))
    assert main(["play", str(PACKAGED_FLOWS / "samples" / "reception.yml"), "--at", "2025-03-04T10:00"]) == 0
    out = capsys.readouterr().out
    assert "♪ zh/choose_language" in out
    assert "♪ zh/main_menu" not in out
    assert "♪ zh/you_keyed" not in out
    assert '"uckefu_intent": "订单"' in out


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


def test_a_flow_is_published_listed_compared_and_rolled_back(write_flow, capsys):
    first = write_flow("start: a\nnodes:\n  a: {type: queue, queue: sales}\n", "first.yml")
    second = write_flow("start: a\nnodes:\n  a: {type: queue, queue: service}\n", "second.yml")
    assert main(["publish", "line", "--file", str(first), "--author", "li", "--note", "opening"]) == 0
    assert main(["publish", "line", "--file", str(second), "--author", "han"]) == 0
    assert main(["diff", "line", "1", "2"]) == 0
    assert main(["rollback", "line", "1", "--author", "li"]) == 0
    assert main(["versions", "line"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[:4] == ["line@1", "line@2", "~ nodes.a.queue: sales -> service", "line@1"]
    assert [line.split()[0] for line in out[4:]] == ["2", "*"]
    assert out[5].endswith("li  opening")
    assert main(["check"]) == 0


def test_a_flow_that_fails_its_checks_is_not_published(write_flow, capsys):
    path = write_flow("start: b\nnodes:\n  a: {type: hangup}\n")
    assert main(["publish", "line", "--file", str(path)]) == 1
    assert "line/draft.yml:1:8: there is no node `b`" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["publish", "x"], ["rollback", "x", "1"], ["diff", "x", "1", "2"], ["publish", "../x"]]
)
def test_what_is_not_there_is_told(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err


def test_a_script_is_replayed_and_what_goes_otherwise_is_shown(tmp_path, capsys):
    good = PACKAGED_FLOWS / "samples" / "conversations" / "order.yml"
    assert main(["play", "--script", str(good)]) == 0
    assert "ok  the business system is away" in capsys.readouterr().out
    bad = tmp_path / "bad.yml"
    bad.write_text(f"flow: {MAIN}\nconversations: [{{name: wrong, talk: [key=1], ends: {{next: gone}}}}]\n")
    assert main(["play", "--script", str(bad)]) == 1
    assert capsys.readouterr().out == "FAILED  wrong\n        next: 'queue', not 'gone'\n"


def test_the_queues_of_the_record_are_known_to_check(tmp_path, write_flow, capsys):
    from sqlalchemy.orm import Session

    from sql.engine import make_engine
    from sql.models import Base, Queue

    (tmp_path / "instance").mkdir()
    engine = make_engine(f"sqlite:///{tmp_path / 'instance' / 'uckefu.db'}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Queue(name="service", title_zh="x", title_en="x"))
        session.commit()
    engine.dispose()
    path = write_flow("start: a\nnodes:\n  a: {type: queue, queue: servise}\n")
    assert main(["check", str(path)]) == 1
    assert "there is no queue `servise`; did you mean `service`?" in capsys.readouterr().out
