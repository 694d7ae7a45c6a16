"""What a flow names must exist; each mistake has its place and, where something is near, a proposal."""

import pytest

from ivr.check import check
from ivr.flow_file import parse_flow
from ivr.known import Known

END = "  z: {type: queue, queue: service}\n"
SUB = "start: a\narguments: [length]\nresult: 1\nnodes:\n  a: {type: set, values: {x: '1'}, next: return}\n"
PLAIN = "start: a\nnodes:\n  a: {type: queue, queue: service}\n"


def flow(text, name="f"):
    read = parse_flow(name, f"{name}.yml", text.encode())
    assert read.flow is not None, read.problems
    return read


KNOWN = Known(
    queues=frozenset({"service", "sales"}), extensions=frozenset({"1001"}), trunks=frozenset({"trunk"}),
    skills=frozenset({"english"}), hosts=frozenset({"crm.example"}), own_language="zh", voices=frozenset({"default"}),
    flows={"identify": flow(SUB, "identify").flow, "plain": flow(PLAIN, "plain").flow},
)  # fmt: skip

CASES = {
    "a queue": ("{type: queue, queue: servise}", "3:27: there is no queue `servise`; did you mean `service`?"),
    "an extension": ("{type: transfer, extension: 1002}", "3:34: there is no extension `1002`; did you mean `1001`?"),
    "an agent": ("{type: agent, agent: 1010, queue: sales}", "3:27: there is no agent `1010`; did you mean `1001`?"),
    "an agent in a variable": ("{type: agent, agent: '{contact.agent}', queue: sales}", "nothing sets `contact.agent`"),
    "a trunk": ("{type: transfer, number: '021', trunk: tronk, failed: z}", "there is no trunk `tronk`; did you mean `trunk`?"),
    "a skill": ("{type: queue, queue: sales, skills: [englisch]}", "there is no skill `englisch`; did you mean `english`?"),
    "a host": (
        "{type: lookup, source: http, url: 'https://crm.exampel/x', found: z, failed: z}",
        "there is no host in the centre's `http_hosts`: `crm.exampel`; did you mean `crm.example`?",
    ),
    "a flow to go over into": ("{type: transfer, flow: plane}", "there is no flow `plane`; did you mean `plain`?"),
    "a flow to go through": ("{type: subflow, flow: identity, next: z}", "there is no flow `identity`; did you mean `identify`?"),
    "a survey": ("{type: queue, queue: sales, survey: plan}", "there is no flow `plan`; did you mean `plain`?"),
    "a flow that never comes back": ("{type: subflow, flow: plain, next: z}", "flow `plain` never comes back"),
    "an argument": (
        "{type: subflow, flow: identify, arguments: {lenght: 3}, next: z}",
        "flow `identify` takes no `lenght`; did you mean `length`?",
    ),
    "a variable": ("{type: branch, cases: [{when: call.nummer == 1, next: z}], otherwise: z}", "nothing sets `call.nummer`; did you mean `call.number`?"),
    "a variable in a text": ("{type: play, prompt: {text: '{ordre|digits}'}, next: z}", "nothing sets `ordre`"),
    "a variable in a message": ("{type: log, message: 'x {ordre}', next: z}", "nothing sets `ordre`"),
    "a language": ("{type: play, prompt: {text: {zh: 您好}}, next: z}", "3:27: the text is not there in `en`"),
    "the centre's own language": ("{type: play, prompt: {text: 您好}, next: z}", "3:27: the text is not there in `en`"),
    "a voice": ("{type: play, prompt: {text: {zh: 您, en: x}, voice: deflaut}, next: z}", "there is no voice `deflaut`; did you mean `default`?"),
    "a prompt in a mixture": ("{type: play, prompt: [welcome, {prompt: wellcome}], next: z}", "3:37: there is no prompt en/wellcome.wav; did you mean `welcome`?"),
    "a round of its own": ("{type: subflow, flow: f, next: z}", "subflows call each other in the circle f -> f"),
    "a round without a wait": ("{type: transfer, flow: f}", "nobody waits in the circle f -> f"),
    "a way back that is none": ("{type: set, values: {x: '1'}, next: return}", "`return` is the way out of a subflow"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_name_that_is_nowhere_is_told(case, prompts):
    node, expected = CASES[case]
    read = flow(
        f"start: a\nnodes:\n  a: {node}\n{END if 'z' in node.split() or 'z}' in node or 'z,' in node else ''}"
    )
    problems = [str(p).removeprefix("f.yml:") for p in check(read, prompts, ["zh", "en"], KNOWN)]
    assert any(expected in problem for problem in problems), problems


def test_what_is_not_known_is_not_checked(prompts):
    read = flow("start: a\nnodes:\n  a: {type: agent, agent: 1010, queue: nobody}\n")
    assert check(read, prompts, ["zh"], Known()) == []
    assert check(read, prompts, ["zh"]) == []


def test_variables_come_along_from_the_flow_that_goes_over(prompts):
    first = flow(
        "start: a\nnodes:\n  a: {type: set, values: {x: '1'}, next: b}\n  b: {type: transfer, flow: second}\n",
        "first",
    )
    second = flow(
        "start: a\nnodes:\n  a: {type: log, message: '{x}', next: b}\n  b: {type: hangup}\n", "second"
    )
    assert check(second, prompts, [], Known(flows={"first": first.flow})) == []
    assert [p.code for p in check(second, prompts, [], Known(flows={}))] == ["unknown-variable"]


def test_a_round_through_two_flows_needs_a_wait(prompts):
    hasty = "start: a\nnodes:\n  a: {type: transfer, flow: %s}\n"
    waiting = "start: m\nnodes:\n  m: {type: menu, prompt: welcome, keys: {1: a}, no_input: a}\n  a: {type: transfer, flow: one}\n"
    one = flow(hasty % "two", "one")
    found = check(one, prompts, ["zh"], Known(flows={"two": flow(hasty % "one", "two").flow}))
    assert [str(p) for p in found] == [
        "one.yml:3:29: nobody waits in the circle one -> two -> one; put a `menu` into it"
    ]
    one = flow(hasty % "two", "one")
    assert check(one, prompts, ["zh"], Known(flows={"two": flow(waiting, "two").flow})) == []


def test_a_subflow_that_waits_is_a_wait(prompts):
    text = "start: a\nnodes:\n  a: {type: subflow, flow: ask, next: a}\n"
    asks = "start: m\nresult: 1\nnodes:\n  m: {type: menu, prompt: welcome, keys: {1: return}, no_input: return}\n"
    assert check(flow(text), prompts, [], Known(flows={"ask": flow(asks, "ask").flow})) == []
    found = check(flow(text), prompts, [], Known(flows={"ask": flow(SUB, "ask").flow}))
    assert [p.code for p in found] == ["cycle"]


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ("{type: branch, cases: [{when: 'x = 1', next: z}]}", "`cases.0.when`: '=' is not understood at character 3"),
        ("{type: collect, prompt: welcome, variable: x, pattern: '(('}", "`pattern`: the pattern ends too early"),
        ("{type: collect, prompt: welcome, variable: call}", "`variable`: `call` is no name for a variable"),
        ("{type: collect, prompt: welcome, variable: x, min: 9, max: 2}", "a `collect` node: `min` is larger than `max`"),
        ("{type: set, values: {now: '1'}}", "`now` can't stand here"),
        ("{type: play, prompt: {text: {zh: '您{x}好'}}}", "{x|…} needs how to say it: digits, number, money"),
        ("{type: play, prompt: {text: {zh: '您{x}好|'}}}", "needs how to say it"),
        ("{type: play, prompt: {text: '您{x'}}", "a `{` or `}` without its other half"),
        ("{type: play, prompt: {say: sing, value: x}}", "`prompt.0.say`: input should be 'digits'"),
        ("{type: percent, split: [{percent: 30, next: z}]}", "the shares come to 30.0, not to 100"),
        ("{type: transfer, extension: 1001, flow: x}", "a transfer needs one of `extension`, `number`, `flow`"),
        ("{type: lookup, source: http, url: 'https://{host}/x'}", "with a host that is no variable"),
        ("{type: lookup, source: http, url: 'https://crm.example{x}'}", "`url` needs a `/` after the host"),
        ("{type: lookup, source: http, url: 'file:///etc/passwd'}", "`url` needs http(s)://host/"),
        ("{type: lookup, source: http, url: 'https://a.b/', body: {x: '1'}}", "`body` goes with `method: POST`"),
        ("{type: lookup, source: http, url: 'https://a.b/', answers: {x: 'a..b'}}", "`answers.x`: string should match"),
        ("{type: log, message: '{1 +}'}", "`message`: a value is missing"),
        ("{type: voicemail, notify: ['a b']}", "`notify.0`: string should match pattern"),
    ],
)  # fmt: skip
def test_a_field_that_makes_no_sense_is_told(node, said):
    read = parse_flow("f", "f.yml", f"start: a\nnodes:\n  a: {node}\n".encode())
    assert any(said in str(p) for p in read.problems), read.problems


def test_no_node_may_be_called_return():
    read = parse_flow("f", "f.yml", b"start: return\nnodes:\n  return: {type: hangup}\n")
    assert [p.code for p in read.problems] == ["bad-name"]


def test_what_is_given_to_every_flow_is_what_check_knows(context):
    from ivr.call import Call
    from ivr.surroundings import GIVEN_NAMES, given_variables

    call = Call(None, context(), language="zh")
    assert tuple(given_variables(call)) == GIVEN_NAMES
    assert {name: call.look_up(name) for name in GIVEN_NAMES} | {"call.region": ""} == {
        "call.number": "13800138000", "call.e164": "+8613800138000", "call.did": "4001", "call.region": "",
        "call.mobile": True, "call.id": "i-1", "call.language": "zh", "call.flow": "", "now.date": "2025-03-04",
        "now.time": "10:00", "now.datetime": "2025-03-04T10:00:00", "now.hour": 10, "now.weekday": "tue", "now.year": 2025,
        "now.month": 3, "now.day": 4,
    }  # fmt: skip
    assert "北京" in call.look_up("call.region")


def test_the_tables_of_regions_are_loaded_ahead_only_for_flows_that_ask_for_a_region(context):
    from ivr.surroundings import warm_up

    asks = (
        "start: a\nnodes:\n  a: {type: branch, cases: [{when: call.region == 1, next: z}], otherwise: z}\n"
        + END
    )
    assert warm_up([flow(PLAIN).flow, flow(asks).flow], "CN")
    assert not warm_up([flow(PLAIN).flow], "CN")
