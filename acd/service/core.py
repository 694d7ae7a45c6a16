"""The loop: inputs in a batch -> engine -> log -> effects. One task; whoever has an input calls `submit`.

While a batch is being logged the next one gathers, so that a slow log costs latency and not throughput. No effect
leaves before its input is logged (or, when the store is away, kept to be logged).
"""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from acd.domain.effects import Effect
from acd.domain.engine import Decision, Engine
from acd.domain.inputs import Input, Tick
from acd.service.clock import set_within
from acd.service.ports import Clock, Journal
from acd.service.record import logged

log = structlog.get_logger(__name__)
BATCH = 200

Perform = Callable[[Effect], None]
Watch = Callable[[Input, Decision], None]


class Core:
    """Owns the engine. Everything runs on one event loop.

    Args:
        perform: starts to carry out an effect; must not block or raise for what happens outside.
    """

    def __init__(self, engine: Engine, journal: Journal, perform: Perform, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self.changed = asyncio.Event()  # something may look different now
        self.watchers: list[Watch] = []
        self._journal = journal
        self._perform = perform
        self._inbox: deque[Input] = deque()
        self._wake = asyncio.Event()
        self._stopping = False

    def submit(self, event: Input) -> None:
        """Take an input; it is applied in the order of submission."""
        self._inbox.append(event)
        self._wake.set()

    def now_us(self) -> int:
        """The time for an input made now."""
        return self.clock.now_us()

    async def run(self) -> None:
        """Work until `stop`. Raises Fenced when another process is the writer; no effect of that batch leaves."""
        while True:
            await self._something()
            batch = self._take()
            if not batch:
                if self._stopping:
                    return
                continue
            decisions = [(event, self._apply(event)) for event in batch]
            number = self.engine.state.input_number - len(decisions)
            await self._journal.write([logged(number + n, *pair) for n, pair in enumerate(decisions, 1)])
            for event, decision in decisions:
                self._carry_out(event, decision)
            self.changed.set()

    def stop(self) -> None:
        """End `run` when what was submitted is done."""
        self._stopping = True
        self._wake.set()

    async def _something(self) -> None:
        """Wait for an input, for a timer or for the end."""
        if self._inbox or self._stopping:
            return
        self._wake.clear()
        due = self.engine.next_due_us()
        seconds = None if due is None else max(0.0, (due - self.clock.now_us()) / 1_000_000)
        await set_within(self._wake, seconds)  # whether a timer is due, `_take` sees

    def _take(self) -> list[Input]:
        batch = [self._inbox.popleft() for _ in range(min(len(self._inbox), BATCH))]
        due = self.engine.next_due_us()
        now = self.clock.now_us()
        if due is not None and due <= now and not self._stopping:
            batch.append(Tick(at_us=now))
        return batch

    def _apply(self, event: Input) -> Decision:
        try:
            return self.engine.apply(event)
        except Exception:
            # A defect of the engine must not end every call: what it derives is derived anew, and a replay of the
            # log fails at the same input, so that it can be found.
            log.exception(
                "acd_input_failed", kind=type(event).__name__, number=self.engine.state.input_number
            )
            self.engine.rebuild()
            return self.engine.turn

    def _carry_out(self, event: Input, decision: Decision) -> None:
        for text in decision.anomalies:
            log.warning("acd_anomaly", kind=type(event).__name__, what=text)
        for effect in decision.effects:
            self._perform(effect)
        for watch in self.watchers:
            watch(event, decision)
