"""Whatever an author writes and a caller does: the engine never raises, never loops without end, always ends."""

import json
from datetime import UTC, datetime

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ivr.call import Context
from ivr.check import check
from ivr.dry import DryContacts, DryHttp, DrySpeech
from ivr.engine import run
from ivr.flow_file import parse_flow
from ivr.known import Known
from ivr.nodes import node_types
from ivr.prompts import Prompts
from ivr.session import CallerGone
from uckefu.centre import Centre, TrunkRights
from uckefu.settings import PROJECT_ROOT

PROMPTS = Prompts(PROJECT_ROOT / "sounds")
NODES = ["a", "b", "c", "d"]
FLOWS = ["fuzz", "other", "third"]
KEYS = "0123456789*#"

targets = st.sampled_from([*NODES, "nowhere", "return"])
some_expressions = st.sampled_from([
    "1", "x", "x + 1", "none > 3", "contact.vip >= 3", "call.region", "now.hour in [1, 2]", "'a' + x", "1 / 0",
    "matches(call.number, '1[3-9]*')", "len(nothing)", "y * 999999999999", "not x", "first(x, y)", "contact",
])  # fmt: skip
variables = st.sampled_from(["x", "y", "contact"])
pieces = st.sampled_from([
    "welcome", "missing", {"prompt": "main_menu"}, {"text": {"zh": "第{x|number}位", "en": "no {x|number}"}},
    {"text": "您好"}, {"say": "digits", "value": "x"}, {"say": "date", "value": "now.date"}, {"say": "money", "value": "y"},
])  # fmt: skip
speech = st.lists(pieces, max_size=3) | pieces
keys = st.sampled_from(KEYS)
FIELDS = {
    "prompt": speech, "next": targets, "open": targets, "closed": targets, "holiday": targets, "no_input": targets,
    "no_match": targets, "found": targets, "not_found": targets, "failed": targets, "declined": targets,
    "nothing": targets, "otherwise": targets, "invalid": speech, "silent": speech, "retries": st.integers(0, 3),
    "barge_in": st.booleans(), "variable": variables, "result": variables, "confirm": st.just({"yes": "1", "no": "2"}),
    "pattern": st.sampled_from(["[0-9]+", "1*", "(1|23)*4?"]), "min": st.just(1), "max": st.integers(2, 9),
    "terminator": st.sampled_from(["#", ""]), "secret": st.booleans(), "holidays": st.sampled_from(["CN", "none"]),
    "weekly": st.just([{"days": ["tue"], "begin": "09:00", "end": "18:00"}]), "skills": st.just(["x"]),
    "announced": st.booleans(), "historic": st.booleans(), "priority": st.integers(0, 9), "survey": st.sampled_from(FLOWS),
    "comment_up_to": st.integers(0, 9), "max_seconds": st.integers(5, 60), "min_seconds": st.integers(0, 2),
    "arguments": st.dictionaries(variables, some_expressions, max_size=2), "by": st.sampled_from(["call", "caller"]),
}  # fmt: skip
REQUIRED = {
    "queue": st.just("q"), "agent": st.sampled_from(["1001", "{contact.agent}"]), "variable": variables,
    "keys": st.dictionaries(keys, targets, min_size=1, max_size=3), "flow": st.sampled_from([*FLOWS, "lost"]),
    "cases": st.lists(st.fixed_dictionaries({"when": some_expressions, "next": targets}), min_size=1, max_size=3),
    "values": st.dictionaries(variables, some_expressions, min_size=1, max_size=2), "prompt": speech,
    "how": st.sampled_from(["digits", "number", "money", "date", "time", "datetime"]), "value": some_expressions,
    "action": st.sampled_from(["start", "stop", "pause", "resume"]), "language": st.sampled_from(["zh", "en"]),
    "message": st.sampled_from(["hello", "x is {x}"]), "source": st.just("contact"),
    "split": targets.map(lambda t: [{"percent": 30, "next": t}, {"percent": 70, "next": t}]),
}  # fmt: skip
HTTP = {"url": "https://crm.test/{x}", "source": "http", "answers": {"x": "a.0.b"}}
PLACES = [{"extension": "1001"}, {"number": "021123"}, {"number": "{x}"}, {"flow": "other"}, {"flow": "lost"}]


@st.composite
def nodes(draw):
    kind = draw(st.sampled_from(sorted(node_types())))
    known = node_types()[kind].model_fields
    made = {"type": kind}
    for name, info in known.items():
        if info.is_required() and name in REQUIRED:
            made[name] = draw(REQUIRED[name])
        elif name in FIELDS and draw(st.booleans()):
            made[name] = draw(FIELDS[name])
    if kind == "transfer":
        made |= draw(st.sampled_from(PLACES))
    if kind == "lookup" and draw(st.booleans()):
        made |= HTTP
    return made


@st.composite
def flows(draw):
    head = {"start": draw(targets)}
    if draw(st.booleans()):
        head["on_error"] = draw(targets)
    if draw(st.booleans()):
        head["result"] = draw(some_expressions)
    return written(head | {"nodes": {name: draw(nodes()) for name in NODES}})


def written(flow):
    return json.dumps(flow, ensure_ascii=False, indent=1)  # JSON is YAML, and has no aliases


@st.composite
def whole_flows(draw):
    """Flows that are likely to pass: nothing dangles, nothing is left out, most ways lead down the list."""
    order, made = [*NODES, "e"], {"e": {"type": "hangup"}}
    is_subflow = draw(st.booleans())
    ends = ["e", "return"] if is_subflow else ["e"]
    for index, name in enumerate(NODES):
        node = draw(nodes().filter(lambda n: "lost" not in n.values()))
        later = st.sampled_from([*order[index + 1 :], *ends])
        anywhere = (
            st.sampled_from([*order, *ends])
            if node["type"] in ("menu", "collect", "callback", "survey")
            else later
        )
        for field, info in node_types()[node["type"]].model_fields.items():
            if "'node'" in str(info.metadata) or (field in FIELDS and FIELDS[field] is targets):
                node[field] = draw(anywhere)
        for field in ("cases", "split"):
            for entry in node.get(field, []):
                entry["next"] = draw(later)
        for key in node.get("keys", {}):
            node["keys"][key] = draw(anywhere)
        made[name] = node
    head = {"start": "a", **({"result": "x"} if is_subflow else {})}
    return written(head | {"nodes": made})


class RandomCaller:
    """Does what it drew: a key, silence, leaving, or a switch that breaks."""

    def __init__(self, acts):
        self.acts, self.blocked, self.waited, self.gone = iter(acts), 0, 0, False

    def _next(self):
        self.blocked += 1
        act = next(self.acts, "")
        if act == "leave" or self.gone:
            self.gone = True
            raise CallerGone
        if act == "break":
            raise RuntimeError("the switch is broken")
        return act

    def answer(self):
        self._next()

    def play(self, prompt):
        self._next()

    def read_key(self, prompt, timeout_seconds):
        self.waited += timeout_seconds > 0
        return self._next()

    def flush_keys(self):
        pass

    def record(self, path, limit_seconds, silence_seconds):
        return 0.0 if self._next() == "" else 3.0

    def start_recording(self, path):
        self._next()

    def stop_recording(self, path):
        self._next()

    def mask_recording(self, path, on):
        self._next()

    def set_variable(self, name, value):
        pass

    def hangup(self, cause):
        self._next()


ACTS = st.lists(st.sampled_from([*KEYS, *KEYS, "", "", "leave", "break"]), max_size=40)
ANSWERS = st.lists(
    st.sampled_from(
        [{"data": {"a": [{"b": 1}]}}, {"data": [1]}, {"status": 404}, {"status": 302}, {"fails": "garbage"}]
    ),
    max_size=3,
)
TUESDAY = datetime(2025, 3, 4, 2, 0, tzinfo=UTC)
CENTRE = Centre(trunks={"trunk": TrunkRights(prefixes=["021"])})


def read(text, name="fuzz"):
    found = parse_flow(name, f"{name}.yml", text.encode())
    assert found.flow is not None, (text, found.problems)
    return found


def go(flow, others, acts, answers=(), steps=50):
    caller = RandomCaller(acts)
    context = Context(
        interaction_id="i", number="13800138000", did="2", centre=CENTRE, prompts=PROMPTS, now=lambda: TUESDAY,
        step_limit=steps, flows=others, speech=DrySpeech(), http=DryHttp(answers), chance=lambda: 0.4,
        contacts=DryContacts({"13800138000": {"vip": 3, "agent": "1002"}}),
    )  # fmt: skip
    return run(flow, caller, context), caller


@settings(max_examples=200, deadline=None)
@given(flows(), flows(), ACTS, ANSWERS)
def test_any_flow_with_any_caller_ends(text, other_text, acts, answers):
    flow, other = read(text).flow, read(other_text, "other").flow
    outcome, _ = go(flow, {"fuzz": flow, "other": other}, acts, answers)
    kinds = [type(e).__name__ for e in outcome.events]
    assert outcome.next in ("queue", "transfer", "outside", "hangup", "gone")
    assert outcome.next != "queue" or outcome.queue
    assert outcome.next not in ("transfer", "outside") or outcome.target
    assert kinds[-1] == "FlowEnded"
    assert kinds.count("NodeEntered") <= 50
    # Each flow that the call is in has one way out for errors; the last failure ends the run, one more the recording.
    assert kinds.count("NodeFailed") <= kinds.count("FlowEntered") + 3
    assert ("CallerLeft" in kinds) == (outcome.next == "gone")
    json.dumps([e.as_dict() for e in outcome.events])
    assert all(isinstance(value, str) for value in outcome.variables().values())


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(whole_flows(), whole_flows(), whole_flows(), ACTS, ANSWERS)
def test_flows_that_pass_their_checks_fail_no_caller_and_go_round_only_through_a_wait(
    first, second, third, acts, answers
):
    found = {name: read(text, name) for name, text in zip(FLOWS, (first, second, third), strict=True)}
    whole = {name: each.flow for name, each in found.items()}
    known = Known(flows=whole)
    assume(not any(p.blocks for each in found.values() for p in check(each, PROMPTS, ["zh"], known)))
    outcome, caller = go(whole["fuzz"], whole, [act for act in acts if act != "break"], answers, steps=1000)
    kinds = [type(e).__name__ for e in outcome.events]
    reasons = [e.reason for e in outcome.events if type(e).__name__ == "NodeFailed"]
    # The first flow may end in `return` although nobody has called it: that is what the default queue is for.
    assert not [reason for reason in reasons if "nobody has called" not in reason], (
        reasons,
        first,
        second,
        third,
    )
    assert kinds.count("NodeEntered") <= (caller.waited + 1 + caller.blocked) * len(NODES) * len(FLOWS) ** 2


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="startnodes: \n-[]{}&*!'\"#ab1", max_size=200)))
def test_any_text_is_read_without_a_crash(text):
    found = parse_flow("fuzz", "fuzz.yml", text.encode("utf-8", "surrogatepass"))
    assert (found.flow is None) == bool(found.problems)
    assert all(p.line >= 1 and p.column >= 1 for p in check(found, PROMPTS, ["zh"]))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_a_crash(data):
    found = parse_flow("fuzz", "fuzz.yml", data)
    assert (found.flow is None) == bool(found.problems)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(node_types())),
    st.dictionaries(
        st.sampled_from(sorted({f for t in node_types().values() for f in t.model_fields})),
        st.recursive(st.none() | st.text(max_size=9) | st.integers() | st.booleans(), lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3), max_leaves=6),
        max_size=8,
    ),
)  # fmt: skip
def test_any_fields_of_any_node_are_read_without_a_crash(kind, fields):
    text = written({"start": "a", "nodes": {"a": {**fields, "type": kind}}})
    found = parse_flow("fuzz", "fuzz.yml", text.encode())
    assert (found.flow is None) == bool(found.problems)
    check(found, PROMPTS, ["zh"], Known(flows={}, queues=frozenset()))
