"""Routing through the dialplan, as mod_dialplan_xml does it."""

from pathlib import Path

import pytest

from softswitch.dialplan import Action, Context, compile_contexts, is_true, route
from softswitch.preprocess import read


def context(tmp_path: Path, text: str) -> Context:
    path = tmp_path / "dialplan.xml"
    path.write_text(f'<section name="dialplan">\n<context name="default">\n{text}\n</context>\n</section>')
    return compile_contexts(read(path, {}))["default"]


def actions(tmp_path: Path, text: str, **fields: str) -> list[tuple[str, str]]:
    return [(each.application, each.data) for each in route(context(tmp_path, text), fields.get)]


def test_the_first_extension_that_matches_ends_the_search(tmp_path: Path) -> None:
    text = """
    <extension name="one"><condition field="destination_number" expression="^1$">
      <action application="answer"/><action application="playback" data="a.wav"/>
    </condition></extension>
    <extension name="two"><condition field="destination_number" expression="^1"><action application="hangup"/>
    </condition></extension>"""
    assert actions(tmp_path, text, destination_number="1") == [("answer", ""), ("playback", "a.wav")]
    assert actions(tmp_path, text, destination_number="12") == [("hangup", "")]
    assert actions(tmp_path, text, destination_number="2") == []


def test_an_extension_that_continues_is_joined_by_the_next(tmp_path: Path) -> None:
    text = """
    <extension name="one" continue="true"><condition><action application="set" data="a=b"/></condition></extension>
    <extension name="two"><condition><action application="answer"/></condition></extension>"""
    assert actions(tmp_path, text) == [("set", "a=b"), ("answer", "")]


def test_captures_are_filled_in_only_when_the_expression_has_a_group(tmp_path: Path) -> None:
    text = """
    <extension name="one"><condition field="destination_number" expression="^(10)(\\d\\d)(x)?$">
      <action application="bridge" data="user/$1-${2}0-$3-$9-$x ${var}"/></condition></extension>
    <extension name="two"><condition field="destination_number" expression="^9$">
      <action application="log" data="$1"/></condition></extension>"""
    assert actions(tmp_path, text, destination_number="1042") == [("bridge", "user/10-420---$x ${var}")]
    assert actions(tmp_path, text, destination_number="9") == [("log", "$1")]


def test_anti_actions_run_when_the_condition_fails(tmp_path: Path) -> None:
    text = """
    <extension name="one"><condition field="${open}" expression="^true$">
      <action application="answer"/><anti-action application="respond" data="480"/></condition></extension>"""
    assert actions(tmp_path, text, open="true") == [("answer", "")]
    assert actions(tmp_path, text, open="no") == [("respond", "480")]
    assert actions(tmp_path, text) == [("respond", "480")]


@pytest.mark.parametrize(
    ("break_", "first", "expected"),
    [
        ("on-false", "1", ["a", "b"]),
        ("on-false", "2", []),
        ("on-true", "1", ["a"]),
        ("on-true", "2", ["b"]),
        ("always", "1", ["a"]),
        ("always", "2", []),
        ("never", "1", ["a", "b"]),
        ("never", "2", ["b"]),
    ],
)
def test_break_decides_whether_the_next_condition_is_looked_at(
    tmp_path: Path, break_: str, first: str, expected: list[str]
) -> None:
    text = f"""
    <extension name="one">
      <condition field="destination_number" expression="^1$" break="{break_}"><action application="a"/></condition>
      <condition><action application="b"/></condition>
    </extension>"""
    assert [name for name, _ in actions(tmp_path, text, destination_number=first)] == expected


def test_a_failed_last_condition_lets_the_search_go_on(tmp_path: Path) -> None:
    text = """
    <extension name="one">
      <condition><action application="a"/></condition>
      <condition field="destination_number" expression="^never$"/>
    </extension>
    <extension name="two"><condition><action application="b"/></condition></extension>"""
    assert [name for name, _ in actions(tmp_path, text, destination_number="1")] == ["a", "b"]


def test_nested_conditions_must_hold_too_unless_told_otherwise(tmp_path: Path) -> None:
    text = """
    <extension name="one">
      <condition field="destination_number" expression="^1" {}>
        <action application="a"/>
        <condition field="caller_id_number" expression="^2$"><action application="b"/></condition>
      </condition>
    </extension>
    <extension name="two"><condition><action application="c"/></condition></extension>"""
    required, optional = text.format(""), text.format('require-nested="false"')
    fields = {"destination_number": "1", "caller_id_number": "3"}
    assert [name for name, _ in actions(tmp_path, required, **fields)] == ["a", "c"]
    assert [name for name, _ in actions(tmp_path, optional, **fields)] == ["a"]
    assert [name for name, _ in actions(tmp_path, required, **(fields | {"caller_id_number": "2"}))] == [
        "a",
        "b",
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("all", [False, False, True]), ("any", [False, True, True]), ("xor", [False, True, False])],
)
def test_several_regexes_in_one_condition(tmp_path: Path, rule: str, expected: list[bool]) -> None:
    text = f"""
    <extension name="one"><condition regex="{rule}">
      <regex field="destination_number" expression="^(1)"/>
      <regex field="caller_id_number" expression="^(2)"/>
      <action application="a" data="$1"/>
    </condition></extension>"""
    callers = [("9", "9"), ("1", "9"), ("1", "2")]
    found = [actions(tmp_path, text, destination_number=d, caller_id_number=c) for d, c in callers]
    assert [bool(each) for each in found] == expected


def test_an_inline_action_runs_at_once_so_that_later_conditions_see_it(tmp_path: Path) -> None:
    text = """
    <extension name="one" continue="true"><condition>
      <action application="set" data="hours=open" inline="true"/></condition></extension>
    <extension name="two"><condition field="${hours}" expression="^open$"><action application="answer"/>
    </condition></extension>"""
    fields: dict[str, str] = {}

    def run_inline(application: str, data: str) -> None:
        name, _, value = data.partition("=")
        fields[name] = value

    plan = context(tmp_path, text)
    assert route(plan, fields.get, run_inline=run_inline) == [Action("answer")]
    assert route(plan, {}.get) == [Action("set", "hours=open", True)]


def test_an_expression_may_hold_a_variable_and_options(tmp_path: Path) -> None:
    text = """
    <extension name="one"><condition field="destination_number" expression="/^${wanted}$/i">
      <action application="answer"/></condition></extension>"""
    assert actions(tmp_path, text, destination_number="ABC", wanted="abc") == [("answer", "")]


def test_digits_are_ascii_digits(tmp_path: Path) -> None:
    text = r"""
    <extension name="one"><condition field="destination_number" expression="^\d+$"><action application="answer"/>
    </condition></extension>"""
    assert actions(tmp_path, text, destination_number="１２") == []


def test_a_loop_repeats_the_action_and_text_counts_as_data(tmp_path: Path) -> None:
    text = """
    <extension name="one"><condition>
      <action application="playback" data="a.wav" loop="2"/><action application="log"><![CDATA[a & b]]></action>
    </condition></extension>"""
    assert actions(tmp_path, text) == [("playback", "a.wav"), ("playback", "a.wav"), ("log", "a & b")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("1", True),
        ("-1", True),
        ("Yes", True),
        ("0", False),
        ("", False),
        ("no", False),
        (None, False),
    ],
)
def test_truth_is_freeswitchs(text: str | None, expected: bool) -> None:
    assert is_true(text) is expected
