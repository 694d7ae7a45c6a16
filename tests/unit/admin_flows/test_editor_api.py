"""What the editor's scripts ask: one text, three views of it."""

import re
from datetime import date
from pathlib import Path

import pytest

from admin.flows.words import js_texts, problem_texts
from sql.models import FlowCount

IVR = Path(__file__).parents[3] / "ivr"
SCRIPTS = Path(__file__).parents[3] / "admin/static/js/flows"


def test_a_text_is_read_into_boxes_ways_places_and_marked_problems(ask, night, flow_text):
    status, told = ask("read", text=flow_text.replace("1: desk", "1: dsk"), positions={"menu": [40, 80]})
    assert status == 200
    assert [box["name"] for box in told["boxes"]] == ["menu", "desk"]
    assert told["boxes"][0]["ways"] == [
        {"path": ["keys", "1"], "target": "dsk"}, {"path": ["no_input"], "target": "desk"},
    ]  # fmt: skip
    assert told["places"]["menu"] == [40, 80] and told["places"]["desk"] != [40, 80]
    problem = told["problems"][0]
    assert (problem["node"], problem["field"], problem["line"]) == ("menu", ["keys", "1"], 8)
    assert not told["playable"]


def test_what_is_missing_is_marked_at_its_field(ask, night):
    _, told = ask("read", text="start: a\nnodes:\n  a: {type: menu}\n")
    assert {tuple(p["field"]) for p in told["problems"]} == {("prompt",), ("keys",)}
    _, told = ask("read", text="start: a\nnodes:\n  a: {type: play, prompt: welcome}\n")
    assert [(p["node"], p["field"]) for p in told["problems"]] == [("a", ["next"])]


def test_a_change_by_the_form_leaves_comments_alone(ask, night, flow_text):
    _, told = ask(
        "read",
        text=flow_text,
        changes=[{"do": "set", "path": ["nodes", "desk", "queue"], "value": "another"}],
    )
    assert told["text"] == flow_text.replace("queue: service", "queue: another")


def test_a_text_that_is_no_yaml_is_told_so_and_not_changed(ask, night):
    _, told = ask("read", text="nodes: [\n")
    assert (told["is_yaml"], told["problems"][0]["line"]) == (False, 2)
    status, answer = ask("read", text="nodes: [", changes=[{"do": "unset", "path": ["start"]}])
    assert (status, answer["code"]) == (409, "not-yaml")


def test_the_order_of_the_file_is_the_order_of_the_form(admin, night):
    text = "start: a\nnodes:\n  a: {type: set, values: {zebra: '1', apple: zebra}, next: b}\n  b: {type: hangup}\n"
    raw = admin.post("/flows/night/read", json={"text": text}).get_data(as_text=True)
    assert raw.index('"zebra"') < raw.index('"apple"')


def test_a_broken_draft_is_kept_too_with_the_places_beside_it(ask, night, shop):
    status, answer = ask("draft", text="nodes: [", positions={"a": [1, 2]}, mark=night)
    assert status == 200
    assert shop.store.draft("night").text == "nodes: ["
    assert (shop.folder / "night/positions.json").read_text() == '{"a": [1, 2]}'
    assert answer["mark"] == shop.store.draft("night").mark


def test_somebody_elses_draft_is_not_overwritten_unasked(ask, night, shop, flow_text):
    shop.store.save_draft("night", flow_text + "# theirs\n", "李雷")
    status, answer = ask("draft", text=flow_text, mark=night)
    assert (status, answer["code"]) == (409, "draft-changed")
    assert "李雷" in answer["message"]
    assert ask("draft", text=flow_text, mark=night, over=True)[0] == 200


def test_the_dry_run_waits_for_a_key_and_goes_on(ask, night, flow_text):
    _, run = ask("dry", text=flow_text, number="13800138000", at="2025-03-01T20:00")
    assert (run["waits"], run["node"], run["outcome"]) == ("key", "menu", None)
    _, run = ask("dry", text=flow_text, number="13800138000", says=["key=1"])
    assert (run["waits"], run["outcome"]["queue"]) == ("", "service")
    assert [step["text"] for step in run["steps"]][-1] == "Goes to the queue service"
    assert run["steps"][-3]["way"] == "keys.1" or any(step["way"] == "keys.1" for step in run["steps"])


@pytest.mark.parametrize(
    "bad", [{"says": ["sing"]}, {"number": "x"}, {"at": "noon"}, {"says": ["wait"] * 201}, {"unknown": 1}]
)
def test_a_dry_run_with_nonsense_is_refused(ask, night, flow_text, bad):
    assert ask("dry", **{"text": flow_text, **bad})[0] in (400, 409)


def test_a_flow_with_harmful_problems_is_not_played(ask, night, flow_text):
    status, answer = ask("dry", text=flow_text.replace("start: menu", "start: x"))
    assert (status, answer["code"]) == (409, "not-playable")


def test_the_changes_that_publishing_would_bring_are_shown(admin, ask, night, shop, flow_text):
    ask("publish", mark=night)
    shop.store.save_draft("night", flow_text.replace("service", "sales"), "admin")
    assert "<del>service</del> → sales" in admin.get("/flows/night/changes").get_data(as_text=True)


def test_every_kind_of_problem_has_words(app):
    source = "".join(
        (IVR / name).read_text() for name in ("check.py", "check_names.py", "flow_file.py", "versions.py")
    )
    codes = set(re.findall(r'"([a-z]+(?:-[a-z0-9]+)+)"', source)) - {
        "utf-8",
        "no-such-version",
        "draft-changed",
        "not-published",
    }
    codes |= {
        f"unknown-{kind}"
        for kind in ("queues", "extensions", "agents", "trunks", "skills", "hosts", "calls", "transfers")
    }
    with app.test_request_context():
        known = set(problem_texts(type("All", (dict,), {"__missing__": lambda self, key: ""})()))
    assert codes - known - {"bad-value", "bad-node"} == set()


def test_every_text_that_the_scripts_ask_for_exists(app):
    with app.test_request_context():
        known = set(js_texts())
    scripts = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS.glob("*.js"))
    asked = set(re.findall(r"\btext\(\"([^\"]+)\"", scripts)) | set(
        re.findall(r"text\(\w+ \? \"([a-z_.]+)\"", scripts)
    )
    assert asked - known == set()


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.js")), ids=lambda p: p.name)
def test_the_scripts_hold_no_text_of_their_own(path):
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.S)
    assert re.findall(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", code) == []
    assert re.findall(r"[\"'`]([A-Z][a-z]+ [a-z]+[^\"'`]*)[\"'`]", code) == []


def test_the_numbers_of_a_day_are_by_arrow_and_by_node(admin, night, session):
    day = date(2025, 3, 4)
    for node, way, count, milliseconds in (
        ("menu", "", 4, 10_000), ("menu", "keys.1", 3, 0), ("menu", "!left", 1, 0), ("desk", "", 3, 0),
    ):  # fmt: skip
        session.add(
            FlowCount(day=day, flow="night", node=node, way=way, count=count, milliseconds=milliseconds)
        )
    session.commit()
    told = admin.get("/flows/night/passages?day=2025-03-04").get_json()
    assert told["ways"] == {"menu": {"keys.1": 3}}
    assert told["nodes"]["menu"] == {"count": 4, "left": 1, "failed": 0, "seconds": 2.5}
    assert admin.get("/flows/night/passages?day=2025-03-05").get_json() == {"ways": {}, "nodes": {}}
    assert admin.get("/flows/night/passages?day=x").status_code == 400


def test_a_key_in_the_middle_of_a_prompt_stops_it_as_on_a_real_phone(ask, night, flow_text):
    _, whole = ask("dry", text=flow_text, at="2025-03-01T20:00")
    assert next(step["length"] for step in whole["steps"] if step["kind"] == "heard") > 0
    _, run = ask("dry", text=flow_text, at="2025-03-01T20:00", says=["key=1@0.5"])
    assert "A key stops it after 0.5 s" in [step["text"] for step in run["steps"]]
    assert run["moved_seconds"] == 0.5
