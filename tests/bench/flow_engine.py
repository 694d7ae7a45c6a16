"""`flow_load_ms` and `flow_step_p99_us`: what the flow engine itself costs, without a switch.

Both are measured in this process's own CPU time, so that a busy machine does not count. Called by `tests.bench`.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import structlog

from ivr.call import Context
from ivr.dry import DryContacts, DryHttp, DrySpeech
from ivr.engine import run
from ivr.expression import parse
from ivr.flow_file import parse_flow
from ivr.library import FlowLibrary
from ivr.prompts import Prompts
from uckefu.centre import Centre
from uckefu.settings import PROJECT_ROOT

PROMPTS = Prompts(PROJECT_ROOT / "sounds")
FIVE_NODES = """
  n{i}a: {{type: play, prompt: [welcome, {{text: {{zh: "第{{call.number|digits}}位", en: "no {{call.number|digits}}"}}}}], next: n{i}b}}
  n{i}b: {{type: menu, prompt: main_menu, keys: {{1: n{i}c, 2: n{i}d, 0: n{i}e}}, invalid: invalid_key, no_input: n{i}c}}
  n{i}c:
    type: branch
    cases:
      - {{when: contact.vip >= {i} and call.mobile, next: n{i}d}}
      - {{when: "now.hour in [1, 2, 3]", next: n{i}e}}
    otherwise: n{i}d
  n{i}d: {{type: set, values: {{v{i}: "default(v{i}, 0) + 1", contact: none}}, next: n{i}e}}
  n{i}e:
    type: collect
    prompt: key_digits
    variable: x{i}
    pattern: "1[3-9][0-9]{{9}}"
    confirm: {{yes: 1, no: 2}}
    next: {then}
    no_input: {then}
"""


def flow_text(nodes: int) -> str:
    """A flow of about so many nodes, five kinds in turn."""
    count = nodes // 5
    parts = [FIVE_NODES.format(i=i, then=f"n{i + 1}a" if i < count - 1 else "end") for i in range(count)]
    return "start: n0a\nnodes:" + "".join(parts) + "  end: {type: queue, queue: service}\n"


def flow_load_ms(rounds: int = 7, nodes: int = 500) -> dict[str, Any]:
    """Reading, checking and building a flow of 500 nodes for the first time; the worst of the rounds."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    spent, kept = [], []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "big.yml").write_text(flow_text(nodes), encoding="utf-8")
        for _ in range(rounds):
            parse.cache_clear()
            library = FlowLibrary([Path(folder)], None, PROMPTS, ["zh", "en"])
            began = time.process_time_ns()
            library.get("big")
            loaded = time.process_time_ns()
            library.get("big")
            spent.append((loaded - began) / 1e6)
            kept.append((time.process_time_ns() - loaded) / 1e6)
    return {
        "value": round(max(spent), 1), "unit": "ms", "median": round(statistics.median(spent), 1),
        "cached_ms": round(statistics.median(kept), 3), "nodes": nodes,
    }  # fmt: skip


class _Quick:
    """A session that costs nothing: one key at every question."""

    def read_key(self, prompt: object, timeout_seconds: float) -> str:
        return "1" if prompt is not None and timeout_seconds else ""

    def record(self, *_arguments: object) -> float:
        return 0.0

    def __getattr__(self, _name: str) -> Any:
        return lambda *_arguments: None


def flow_step_p99_us(rounds: int = 400) -> dict[str, Any]:
    """A step's own cost: a caller walks 100 nodes; the p99 of the walks, divided by their steps."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    flow = parse_flow("big", "big.yml", flow_text(100).encode()).flow
    if flow is None:
        raise RuntimeError("the bench's own flow is broken")
    context = Context(
        interaction_id="bench", number="13800138000", did="4001", centre=Centre(), prompts=PROMPTS, speech=DrySpeech(),
        contacts=DryContacts({}), http=DryHttp(), step_limit=1000,
    )  # fmt: skip
    steps: list[float] = []
    for _ in range(rounds):
        began = time.process_time_ns()
        outcome = run(flow, _Quick(), context)
        entered = sum(type(event).__name__ == "NodeEntered" for event in outcome.events)
        steps.append((time.process_time_ns() - began) / 1000 / entered)
    steps.sort()
    return {
        "value": round(steps[int(len(steps) * 0.99)], 1), "unit": "us", "median": round(statistics.median(steps), 1),
        "steps": entered * rounds,
    }  # fmt: skip
