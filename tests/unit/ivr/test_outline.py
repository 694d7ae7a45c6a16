"""The picture of a flow: boxes, ways, places; also of one that is broken."""

import pytest

from ivr.check import check
from ivr.fields import fields_of, targets
from ivr.flow_file import parse_flow
from ivr.layout import clean, placed, read_positions, write_positions
from ivr.nodes import node_types
from ivr.outline import outline, place_of
from ivr.yaml_source import read

TEXT = """\
start: menu
nodes:
  menu:
    type: menu
    prompt: main_menu
    keys: {1: sales, 2: }
  # far away
  sales: {type: queue, queue: sales}
"""


def outline_of(text):
    parsed = parse_flow("x", "x.yml", text.encode())
    return outline(parsed, text), parsed


def test_a_broken_flow_is_drawn_too():
    drawn, _ = outline_of(TEXT)
    menu, sales = drawn.boxes
    assert (menu.lines, sales.lines) == ((3, 6), (8, 8))
    assert menu.ways == [(("keys", "1"), "sales"), (("keys", "2"), None)]
    assert (drawn.start, sales.about) == ("menu", "sales")


def test_a_right_node_shows_the_ways_that_are_missing():
    drawn, _ = outline_of(TEXT.replace(", 2: ", ""))
    assert drawn.boxes[0].ways == [(("keys", "1"), "sales"), (("no_input",), None)]


def test_every_problem_is_found_in_its_node_and_field_though_another_node_is_broken(prompts):
    text = TEXT.replace("2: ", "2: nowhere").replace("queue: sales", "queu: sales")
    _, parsed = outline_of(text)
    places = {problem.code: place_of(problem, parsed) for problem in check(parsed, prompts, ["zh"])}
    assert places == {
        "unknown-field": ("sales", ("queu",)), "dangling-target": ("menu", ("keys", "2")),
        "no-timeout-way-out": ("menu", ("no_input",)),
    }  # fmt: skip


def test_what_is_no_yaml_has_no_boxes():
    assert outline_of("nodes: [")[0].boxes == []


@pytest.mark.parametrize("kind", sorted(node_types()))
def test_every_field_of_every_node_type_has_a_kind_that_a_form_can_show(kind):
    model = node_types()[kind]
    assert [field["name"] for field in fields_of(kind)] == [n for n in model.model_fields if n != "type"]
    sample = read(model.sample).data
    ways = model.model_validate(sample).ways_out()
    assert {path for path, _ in targets(kind, sample)} == set(ways)


def test_every_box_has_a_place_of_its_own_below_what_leads_to_it():
    drawn, _ = outline_of(TEXT.replace("2: ", "2: menu"))
    places = placed(drawn, {})
    assert len(set(places.values())) == len(places)
    assert places["sales"][1] > places["menu"][1]


def test_kept_places_are_used_and_nonsense_is_dropped(tmp_path):
    write_positions(tmp_path, {"menu": (40, 80)})
    assert placed(outline_of(TEXT)[0], read_positions(tmp_path))["menu"] == (40, 80)
    assert clean({"a": [1, "x"], "b": [1, 2], "c": [1e9, 0], "d": 3}) == {"b": (1, 2)}
    (tmp_path / "positions.json").write_text("{")
    assert read_positions(tmp_path) == {}


def test_a_form_knows_which_fields_mean_something_beside_the_others():
    needs = {field["name"]: field.get("only_when") for field in fields_of("lookup")}
    assert needs["save"] == {"source": "contact"}
    assert needs["url"] == needs["answers"] == {"source": "http"}
    assert needs["source"] is needs["failed"] is None
