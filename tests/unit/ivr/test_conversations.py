"""Every packaged and sample flow is replayed by its script; the samples cover every node type; a wrong script is told."""

from pathlib import Path

import pytest

from ivr.adapters.terminal import BadScript
from ivr.check import check_file
from ivr.conversations import read_script, replay
from ivr.flow_file import read_flow
from ivr.known import Known
from ivr.library import PACKAGED, FlowLibrary
from ivr.nodes import node_types
from uckefu.centre import Centre

SCRIPTS = sorted(PACKAGED.glob("conversations/*.yml")) + sorted(PACKAGED.glob("samples/conversations/*.yml"))
FLOWS = sorted(PACKAGED.glob("*.yml")) + sorted(PACKAGED.glob("samples/*.yml"))
CASES = [(path, c) for path in SCRIPTS for c in read_script(path).conversations]
CENTRE = Centre()


@pytest.fixture(scope="module")
def served(prompts):
    return FlowLibrary([PACKAGED, PACKAGED / "samples"], None, prompts, CENTRE.languages).every()


@pytest.mark.parametrize(("path", "conversation"), CASES, ids=[f"{p.stem}: {c.name}" for p, c in CASES])
def test_the_conversation_goes_as_its_script_says(path: Path, conversation, served, prompts):
    flow = read_flow(path.parent / read_script(path).flow).flow
    assert replay(conversation, flow, served, prompts, CENTRE).differences == []


def test_every_flow_has_a_script():
    assert {(p.parent / read_script(p).flow).resolve() for p in SCRIPTS} == {p.resolve() for p in FLOWS}


def test_the_scripts_pass_every_node_of_every_flow(served, prompts):
    passed: dict[str, set[str]] = {}
    for path, conversation in CASES:
        flow = read_flow(path.parent / read_script(path).flow).flow
        for event in replay(conversation, flow, served, prompts, CENTRE).outcome.events:
            passed.setdefault(event.flow.partition("@")[0], set()).add(event.node)
    for name, flow in served.items():
        assert set(flow.nodes) <= passed[name], name


def test_the_samples_have_every_node_type(served):
    assert {node.type for flow in served.values() for node in flow.nodes.values()} == set(node_types())


@pytest.mark.parametrize("path", FLOWS, ids=lambda p: p.stem)
def test_the_flows_pass_every_check_in_a_centre_that_has_what_they_name(path, served, prompts):
    known = Known(
        queues=frozenset({"sales", "service", "operator"}), extensions=frozenset({"1001", "1002"}),
        trunks=frozenset({"trunk"}), hosts=frozenset({"crm.example"}), skills=frozenset({"sales"}), flows=served,
        own_language="zh",
    )  # fmt: skip
    assert check_file(path, prompts, ["zh", "en"], known) == []


@pytest.fixture
def script(tmp_path, write_flow):
    write_flow(
        "start: a\nnodes:\n  a: {type: menu, prompt: welcome, keys: {1: b}, no_input: b}\n  b: {type: queue, queue: service}\n"
    )

    def make(conversation: str):
        path = tmp_path / "script.yml"
        path.write_text(f"flow: flow.yml\nconversations:\n  - {conversation}\n", encoding="utf-8")
        found = read_script(path)
        return replay(
            found.conversations[0], read_flow(tmp_path / "flow.yml").flow, {}, prompts_of_project(), CENTRE
        )

    return make


def prompts_of_project():
    from ivr.prompts import Prompts
    from uckefu.settings import PROJECT_ROOT

    return Prompts(PROJECT_ROOT / "sounds")


@pytest.mark.parametrize(
    ("conversation", "difference"),
    [
        (
            "{name: x, talk: [{hears: zh/other}, key=1]}",
            "before step 1 (1): heard ['zh/welcome'], not ['zh/other']",
        ),
        ("{name: x, talk: [key=1, {hears: zh/goodbye}]}", "at the end: heard [], not ['zh/goodbye']"),
        ("{name: x, talk: [key=1, key=2]}", "step 2 (2): nobody asked; heard []"),
        ("{name: x, talk: [key=1], ends: {next: hangup}}", "next: 'queue', not 'hangup'"),
        ("{name: x, talk: [key=1], passes: [a]}", "passes: ['a', 'b'], not ['a']"),
        ("{name: x, talk: [key=1], files: [voicemail]}", "files: [], not ['voicemail']"),
    ],
)
def test_what_goes_otherwise_is_told(script, conversation, difference):
    assert script(conversation).differences == [difference]


@pytest.mark.parametrize(
    "text",
    ["", "flow: x", "flow: x\nconversations: [{name: a, tlak: []}]", "[", "flow: x\nconversations: []"],
)
def test_a_script_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "script.yml"
    path.write_text(text)
    with pytest.raises(BadScript):
        read_script(path)


def test_a_step_that_no_caller_can_do_is_refused(script):
    with pytest.raises(BadScript):
        script("{name: x, talk: [jump]}")
