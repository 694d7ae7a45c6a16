"""Whatever an author writes and a caller does: the engine never raises, never loops without end, always ends."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.call import Context
from ivr.check import check
from ivr.engine import run
from ivr.flow_file import parse_flow
from ivr.nodes import node_types
from ivr.prompts import Prompts
from ivr.session import CallerGone
from uckefu.centre import Centre
from uckefu.settings import PROJECT_ROOT

PROMPTS = Prompts(PROJECT_ROOT / "sounds")
NODES = ["a", "b", "c", "d"]
targets = st.sampled_from([*NODES, "nowhere"])
prompts = st.sampled_from(["welcome", "main_menu", "missing", "[welcome, missing]"])
keys = st.dictionaries(st.sampled_from("0123456789*#"), targets, min_size=1, max_size=3)


@st.composite
def nodes(draw):
    fields = {"prompt": prompts, "next": targets, "open": targets, "closed": targets, "no_input": targets}
    fields |= {
        "no_match": targets,
        "invalid": prompts,
        "retries": st.integers(0, 3),
        "barge_in": st.booleans(),
    }
    kind = draw(st.sampled_from(sorted(node_types())))
    known = node_types()[kind].model_fields
    chosen = {
        name: draw(strategy) for name, strategy in fields.items() if name in known and draw(st.booleans())
    }
    for name, value in (("prompt", "welcome"), ("queue", "q"), ("extension", "1001")):
        if name in known and known[name].is_required():
            chosen.setdefault(name, value)
    if kind == "menu":
        chosen["keys"] = "{" + ", ".join(f"'{k}': {v}" for k, v in draw(keys).items()) + "}"
    rest = "".join(
        f", {name}: {str(value).replace('True', 'true').replace('False', 'false')}"
        for name, value in chosen.items()
    )
    return f"{{type: {kind}{rest}}}"


@st.composite
def flows(draw):
    head = f"start: {draw(targets)}\n"
    if draw(st.booleans()):
        head += f"on_error: {draw(targets)}\n"
    return head + "nodes:\n" + "".join(f"  {name}: {draw(nodes())}\n" for name in NODES)


class RandomCaller:
    """Does what it drew: a key, silence, leaving, or a switch that breaks."""

    def __init__(self, acts):
        self.acts, self.blocked, self.waited = iter(acts), 0, 0

    def _next(self):
        self.blocked += 1
        act = next(self.acts, "")
        if act == "leave":
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

    def hangup(self, cause):
        self._next()


ACTS = st.lists(st.sampled_from([*"0123456789*#", "", "", "leave", "break"]), max_size=30)
TUESDAY = datetime(2025, 3, 4, 2, 0, tzinfo=UTC)


def go(flow, acts):
    caller = RandomCaller(acts)
    context = Context(
        interaction_id="i", number="1", did="2", centre=Centre(), prompts=PROMPTS, now=lambda: TUESDAY, step_limit=50
    )  # fmt: skip
    return run(flow, caller, context), caller


@settings(max_examples=300, deadline=None)
@given(flows(), ACTS)
def test_any_flow_with_any_caller_ends(text, acts):
    read = parse_flow("fuzz", "fuzz.yml", text.encode())
    assert read.flow is not None, (text, read.problems)
    outcome, _ = go(read.flow, acts)
    kinds = [type(e).__name__ for e in outcome.events]
    assert outcome.next in ("queue", "transfer", "hangup", "gone")
    assert outcome.next != "queue" or outcome.queue
    assert kinds[-1] == "FlowEnded"
    assert kinds.count("NodeEntered") <= 50
    assert kinds.count("NodeFailed") <= 2
    assert ("CallerLeft" in kinds) == (outcome.next == "gone")


@settings(max_examples=300, deadline=None)
@given(flows(), ACTS)
def test_a_flow_that_passes_its_check_fails_no_caller_and_goes_round_only_through_a_wait(text, acts):
    read = parse_flow("fuzz", "fuzz.yml", text.encode())
    if any(p.blocks for p in check(read, PROMPTS, ["zh"])):
        return
    outcome, caller = go(read.flow, [act for act in acts if act != "break"])
    kinds = [type(e).__name__ for e in outcome.events]
    assert "NodeFailed" not in kinds
    assert kinds.count("NodeEntered") <= (caller.waited + 1 + caller.blocked) * len(NODES)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="startnodes: \n-[]{}&*!'\"#ab1", max_size=200)))
def test_any_text_is_read_without_a_crash(text):
    read = parse_flow("fuzz", "fuzz.yml", text.encode("utf-8", "surrogatepass"))
    assert (read.flow is None) == bool(read.problems)
    assert all(p.line >= 1 and p.column >= 1 for p in check(read, PROMPTS, ["zh"]))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_a_crash(data):
    read = parse_flow("fuzz", "fuzz.yml", data)
    assert (read.flow is None) == bool(read.problems)
