"""Changes by the form and the canvas: only what was meant changes, the author's comments and habits stay."""

import difflib

import pytest

from ivr import yaml_source
from ivr.editing import CHANGES, NotEditable, edited
from ivr.flow_file import parse_flow
from ivr.yaml_source import NotYaml
from uckefu.settings import PROJECT_ROOT

TEXT = """\
# What night callers hear.
start: menu   # not the greeting

nodes:
  menu:
    type: menu
    prompt: [welcome, "main_menu"]
    keys:
      1: sales   # since March
      0: desk
    no_input: desk

  sales: {type: queue, queue: sales}
  # Somebody is always there.
  desk:
    type: queue
    queue: operator
"""


def changed(text, *changes):
    after = edited(text, CHANGES.validate_python(list(changes)))
    lines = difflib.ndiff(text.splitlines(), after.splitlines())
    return after, [line for line in lines if line[:1] in "+-"]


def test_setting_one_value_changes_one_line():
    _, lines = changed(TEXT, {"do": "set", "path": ["nodes", "desk", "queue"], "value": "service"})
    assert lines == ["-     queue: operator", "+     queue: service"]


def test_a_new_key_is_written_without_quotes_and_read_as_the_same():
    after, lines = changed(TEXT, {"do": "set", "path": ["nodes", "menu", "keys", "2"], "value": "desk"})
    assert lines == ["+       2: desk"]
    assert parse_flow("x", "x.yml", after.encode()).flow.nodes["menu"].keys["2"] == "desk"


@pytest.mark.parametrize(
    ("value", "read"),
    [(5, "5"), (True, "true"), (2.0, "2"), ("09:00", "09:00"), ("no", "no"), ("", ""), ("~", "~"), (None, None),
     ("a: b # c", "a: b # c"), ("两行\n文字", "两行\n文字"), ("#", "#")],
)  # fmt: skip
def test_every_scalar_is_read_as_it_was_given(value, read):
    after, _ = changed(TEXT, {"do": "set", "path": ["nodes", "desk", "intent"], "value": value})
    assert yaml_source.read(after).data["nodes"]["desk"]["intent"] == read


def test_a_whole_list_or_mapping_keeps_the_comments_of_what_stays():
    after, lines = changed(
        TEXT,
        {"do": "set", "path": ["nodes", "menu", "keys"], "value": {"1": "sales", "3": "desk"}},
        {"do": "set", "path": ["nodes", "menu", "prompt"], "value": ["welcome"]},
    )
    assert "1: sales   # since March" in after
    assert "-       0: desk" in lines and "+       3: desk" in lines
    assert "+     prompt: [welcome]" in lines


def test_the_first_node_becomes_the_start():
    after = edited(
        "title: 新流程\n", CHANGES.validate_python([{"do": "add", "node": "a", "data": {"type": "hangup"}}])
    )
    assert after == "title: 新流程\nstart: a\nnodes:\n  a:\n    type: hangup\n"
    assert edited("", CHANGES.validate_python([{"do": "add", "node": "a", "data": {"type": "hangup"}}]))


def test_a_node_is_renamed_wherever_it_is_named():
    after, lines = changed(TEXT, {"do": "rename", "node": "desk", "to": "人工".replace("人工", "operator")})
    assert "desk" not in after
    assert len([line for line in lines if line.startswith("+")]) == 3
    assert "  # Somebody is always there.\n  operator:" in after


def test_a_removed_node_leaves_the_ways_to_it_for_the_author_to_see():
    after, _ = changed(TEXT, {"do": "remove", "node": "sales"})
    data = yaml_source.read(after).data
    assert "sales" not in data["nodes"]
    assert data["nodes"]["menu"]["keys"]["1"] == "sales"


def test_taking_away_a_field_takes_its_line():
    _, lines = changed(TEXT, {"do": "unset", "path": ["nodes", "menu", "no_input"]})
    assert lines == ["-     no_input: desk"]


@pytest.mark.parametrize(
    "change",
    [
        {"do": "rename", "node": "nobody", "to": "x"},
        {"do": "rename", "node": "desk", "to": "menu"},
        {"do": "add", "node": "desk", "data": {"type": "hangup"}},
        {"do": "set", "path": ["nodes", "menu", "prompt", "7"], "value": "x"},
    ],
)
def test_a_change_that_does_not_fit_is_refused(change):
    with pytest.raises(NotEditable):
        changed(TEXT, change)


def test_nothing_is_changed_in_a_text_that_is_no_yaml():
    with pytest.raises(NotYaml):
        changed("nodes: [", {"do": "unset", "path": ["start"]})


@pytest.mark.parametrize(
    "path", sorted((PROJECT_ROOT / "ivr/flows").glob("samples/*.yml")), ids=lambda p: p.stem
)
def test_taking_any_node_or_field_out_of_our_flows_leaves_the_rest_as_it_was(path):
    text = path.read_text(encoding="utf-8")
    data = yaml_source.read(text).data
    comments = [line for line in text.splitlines() if line.strip().startswith("#")]
    for node, fields in data["nodes"].items():
        for taken in [["nodes", node], ["nodes", node, list(fields)[-1]]]:
            after = edited(text, CHANGES.validate_python([{"do": "unset", "path": taken}]))
            inner = data["nodes"] if len(taken) == 2 else data["nodes"][node]
            rest = {key: value for key, value in inner.items() if key != taken[-1]}
            found = yaml_source.read(after).data["nodes"]
            assert (found if len(taken) == 2 else found[node]) == rest
            assert [line for line in comments if line not in after] == []
