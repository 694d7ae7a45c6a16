"""Broken flow files: each mistake is found at its line and column, with a proposal where there is one."""

import pytest

from ivr.check import check_file
from ivr.known import Known
from ivr.problems import did_you_mean

GOOD = """\
start: ask
nodes:
  ask:
    type: menu
    prompt: main_menu
    keys: {1: desk}
    no_input: desk
  desk:
    type: queue
    queue: service
"""


def edited(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


BROKEN = {
    "a YAML error": ("start: [ask\n", "2:1: YAML: did not find expected ',' or ']'"),
    "a tab": ("start: ask\nnodes:\n\tdesk: {}\n", "3:1: YAML: found character that cannot start any token"),
    "nothing at all": ("", "1:1: a flow needs `start:` and `nodes:`"),
    "a list": ("- start\n", "1:1: a flow needs `start:` and `nodes:`"),
    "no nodes": ("start: ask\n", "1:1: a flow needs `nodes:` with at least one node"),
    "empty nodes": ("start: ask\nnodes:\n", "2:7: a flow needs `nodes:` with at least one node"),
    "no start": (edited("start: ask\n", ""), "1:1: a flow needs `start:`"),
    "an unknown node type": (
        edited("type: menu", "type: manu"),
        "4:11: unknown node type `manu`; did you mean `menu`?",
    ),
    "no node type": (
        edited("    type: queue\n", ""),
        "8:3: node `desk` needs `type:`, one of agent, branch, callback, collect, hangup, hours",
    ),
    "a node that is text": (
        edited("desk:\n    type: queue\n    queue: service", "desk: service"),
        "8:3: node `desk` needs `type:`, one of agent, branch, callback, collect, hangup, hours",
    ),
    "an unknown field": (
        edited("prompt:", "promt:"),
        "5:5: a `menu` node has no field `promt`; did you mean `prompt`?",
    ),
    "an unknown field of the flow": (
        edited("start: ask", "start: ask\non_eror: desk"),
        "2:1: a flow has no field `on_eror`; did you mean `on_error`?",
    ),
    "a missing field": (edited("    queue: service\n", ""), "8:3: a `queue` node needs `queue:`"),
    "a key that no phone has": (edited("{1: desk}", "{A: desk}"), "6:12: `A` is no key; use 0-9, * or #"),
    "a key twice": (edited("{1: desk}", "{1: desk, 1: desk}"), "6:21: `1` stands here twice"),
    "a node twice": (GOOD + "  desk: {type: hangup}\n", "11:3: `desk` stands here twice"),
    "no number where one is needed": (
        edited("no_input: desk", "no_input: desk\n    retries: often"),
        "8:14: `retries`: input should be a valid integer, unable to parse string as an integer, not 'often'",
    ),
    "a number out of range": (
        edited("no_input: desk", "no_input: desk\n    timeout_seconds: 0"),
        "8:22: `timeout_seconds`: input should be greater than or equal to 1, not '0'",
    ),
    "a dangling start": (
        edited("start: ask", "start: aks"),
        "1:8: there is no node `aks`; did you mean `ask`?",
    ),
    "a dangling target": (
        edited("no_input: desk", "no_input: desc"),
        "7:15: there is no node `desc`; did you mean `desk`?",
    ),
    "a dangling target of a key": (edited("{1: desk}", "{1: repairs}"), "6:15: there is no node `repairs`"),
    "a dangling on_error": (
        edited("start: ask", "start: ask\non_error: dsek"),
        "2:11: there is no node `dsek`; did you mean `desk`?",
    ),
    "an unreachable node": (GOOD + "  bye: {type: hangup}\n", "11:3: no caller can reach node `bye`"),
    "a menu without a timeout way out": (
        edited("    no_input: desk\n", ""),
        "3:3: menu `ask` has no way out for a caller who keys nothing; add `no_input:`",
    ),
    "a dead end": (
        edited("type: queue\n    queue: service", "type: play\n    prompt: welcome"),
        "8:3: dead end: node `desk` does not say where to go; add `next:`",
    ),
    "a cycle without a wait": (
        edited("no_input: desk", "no_input: a")
        + "  b: {type: play, prompt: welcome, next: c}\n"
        + "  a: {type: play, prompt: welcome, next: b}\n"
        + "  c: {type: hours, open: a, closed: desk}\n",
        "11:3: nobody waits for the caller in the cycle b -> c -> a -> b; put a `menu` into it",
    ),
    "a node that follows itself": (
        edited("no_input: desk", "no_input: a") + "  a: {type: play, prompt: welcome, next: a}\n",
        "11:3: nobody waits for the caller in the cycle a -> a; put a `menu` into it",
    ),
    "a prompt that is nowhere": (
        edited("main_menu", "main_manu"),
        "5:13: there is no prompt zh/main_manu.wav; did you mean `main_menu`?",
    ),
    "a prompt outside the folder": (
        edited("main_menu", "../../secret"),
        "5:13: `prompt.0`: string should match pattern",
    ),
    "an alias": (edited("{1: desk}", "&k {1: *k}"), "YAML: "),
    "aliases that grow": (
        "a: &a [x, x]\nb: &b [*a, *a]\nstart: [*b, *b]\n",
        "2:8: YAML: aliases (*) are not for flow files",
    ),
    "a Python tag": (
        edited("queue: service", "queue: !!python/object/apply:os.system [id]"),
        "10:12: YAML: the tag tag:yaml.org,2002:python/object/apply:os.system is not for flow files",
    ),
    "a deep nest": ("start: " + "[" * 900 + "]" * 900, "YAML: nested too deeply"),
    "a very deep nest": ("start: " + "[" * 200_000, "YAML: "),
    "a control character": ("start: a\nnodes: \x07\n", "2:8: YAML: "),
    "a number for a node's name with a blank": (
        GOOD + "  my bye: {type: hangup}\n",
        "11:3: `my bye` is no name",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_is_told_with_its_place(case, write_flow, prompts):
    text, expected = BROKEN[case]
    path = write_flow(text)
    problems = [str(p).removeprefix(f"{path}:") for p in check_file(path, prompts, ["zh"])]
    assert any(expected in problem for problem in problems), problems
    assert len(problems) == 1, problems


def test_a_good_flow_has_no_problems(write_flow, prompts):
    assert check_file(write_flow(GOOD), prompts, ["zh", "en"]) == []


def test_a_prompt_must_exist_in_every_language_of_the_centre(write_flow, prompts):
    problems = check_file(write_flow(edited("main_menu", "main_manu")), prompts, ["zh", "en"])
    assert {p.message.split(";")[0] for p in problems} == {
        "there is no prompt zh/main_manu.wav",
        "there is no prompt en/main_manu.wav",
    }


def test_a_file_that_is_no_utf_8_says_where(write_flow, prompts, tmp_path):
    path = tmp_path / "gbk.yml"
    path.write_bytes("start: a\ntitle: 主流程\n".encode("gbk"))
    (problem,) = check_file(path, prompts, ["zh"])
    assert (problem.line, problem.column, problem.code) == (2, 8, "not-utf-8")


def test_a_file_that_is_not_there_is_a_problem_and_not_a_crash(tmp_path, prompts):
    (problem,) = check_file(tmp_path / "none.yml", prompts, ["zh"])
    assert problem.code == "unreadable"


def test_a_file_of_megabytes_is_refused(tmp_path, prompts):
    path = tmp_path / "big.yml"
    path.write_bytes(b"#" * 1_000_001)
    (problem,) = check_file(path, prompts, ["zh"])
    assert problem.code == "too-big"


def test_only_what_could_harm_a_caller_blocks_a_flow(write_flow, prompts):
    text = edited("main_menu", "main_manu") + "  bye: {type: hangup}\n"
    assert {p.code: p.blocks for p in check_file(write_flow(text), prompts, ["zh"])} == {
        "missing-prompt": False,
        "unreachable": False,
    }


def test_every_message_of_a_whole_flow_says_what_to_do(write_flow, prompts):
    queues = frozenset({"sales", "service"})
    text = GOOD.replace("queue: service", "queue: zzz") + "  bye: {type: hangup, prompt: qqqqq}\n"
    told = [p.message for p in check_file(write_flow(text), prompts, ["zh"], Known(queues=queues))]
    assert told == [
        "there is no queue `zzz`; there is `sales`, `service`",
        "no caller can reach node `bye`; lead a way out to it, or take it out",
        "there is no prompt zh/qqqqq.wav; record, upload or type it in the prompt library",
    ]


def test_words_stay_what_is_written(flow_of):
    flow = flow_of("start: no\nnodes:\n  no: {type: transfer, extension: 0123}\n")
    assert flow.nodes["no"].extension == "0123"


def test_a_proposal_ignores_case_and_gives_nothing_far_off():
    assert did_you_mean("Main_Menu", ["main_menu"]) == "; did you mean `main_menu`?"
    assert did_you_mean("xyz", ["main_menu"]) == ""
