"""Callers, clocks and prompts for the flow tests."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest

from ivr.adapters.terminal import TerminalSession, parse_say
from ivr.call import Context
from ivr.engine import run
from ivr.flow_file import Flow, parse_flow, read_flow
from ivr.outcome import Outcome
from ivr.prompts import Prompts
from uckefu.centre import Centre, Opening
from uckefu.settings import PROJECT_ROOT

TUESDAY_10_00 = datetime(2025, 3, 4, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
SATURDAY_20_00 = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
CENTRE = Centre(office_hours=[Opening(days=["mon", "tue", "wed", "thu", "fri"], begin=time(9), end=time(18))])


@pytest.fixture(scope="session")
def prompts() -> Prompts:
    return Prompts(PROJECT_ROOT / "sounds")


@pytest.fixture(scope="session")
def main_flow() -> Flow:
    flow = read_flow(PROJECT_ROOT / "ivr" / "flows" / "main.yml").flow
    assert flow is not None
    return flow


@pytest.fixture
def flow_of() -> Callable[[str], Flow]:
    """A flow from YAML text; it must be readable, but may be wrong as a whole."""

    def make(text: str) -> Flow:
        read = parse_flow("test", "test.yml", text.encode())
        assert read.flow is not None, read.problems
        return read.flow

    return make


OTHERS = {
    "identify": "start: a\narguments: [tries]\nresult: tries + 1\nnodes:\n  a: {type: set, values: {x: '1'}, next: return}\n",
    "other": "start: a\nnodes:\n  a: {type: queue, queue: other}\n",
    "satisfaction": "start: a\nnodes:\n  a: {type: survey, next: b, no_input: b}\n  b: {type: hangup}\n",
}


@pytest.fixture(scope="session")
def others() -> dict[str, Flow]:
    """Flows that the samples of node types lead into."""
    read = {name: parse_flow(name, f"{name}.yml", text.encode()) for name, text in OTHERS.items()}
    return {name: each.flow for name, each in read.items() if each.flow is not None}


@pytest.fixture
def context(prompts: Prompts, others: dict[str, Flow]) -> Callable[..., Context]:
    def make(*, at: datetime = TUESDAY_10_00, **changes: Any) -> Context:
        given = {
            "interaction_id": "i-1",
            "number": "13800138000",
            "did": "4001",
            "centre": CENTRE,
            "flows": others,
        }
        return Context(**given | {"prompts": prompts, "now": lambda: at} | changes)

    return make


Conversation = Callable[..., tuple[Outcome, TerminalSession]]


@pytest.fixture
def converse(prompts: Prompts, context: Callable[..., Context]) -> Conversation:
    """Run a flow with a caller who says this; gives the outcome and the session (what was heard)."""

    def make(flow: Flow, says: Sequence[str], *, leaves_after: int | None = None, **around: Any) -> Any:
        script = [parse_say(word) for word in says]
        text_of = getattr(around.get("speech"), "text_of", lambda _path: "")
        session = TerminalSession(
            prompts, lambda _line: None, script, leaves_after=leaves_after, text_of=text_of
        )
        return run(flow, session, context(**around)), session

    return make


@pytest.fixture
def names() -> Callable[[Outcome], list[str]]:
    """The types of an outcome's events, in order."""
    return lambda outcome: [type(event).__name__ for event in outcome.events]


@pytest.fixture
def saturday_evening() -> datetime:
    return SATURDAY_20_00


@pytest.fixture
def write_flow(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str, name: str = "flow.yml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
