"""Walks one caller through a flow. `fs_scripts.inbound` calls `run` for a real call, `python -m ivr play` for a dry one.

Nothing here raises: a hangup ends the run quietly, a node that fails takes the flow's `on_error` way out and after
that the default queue. A caller is never dropped for our mistake, nor for the flow author's.
"""

import traceback
from dataclasses import dataclass, field, replace

import structlog

from ivr.call import Call, Context
from ivr.events import (
    CallerLeft,
    FlowEnded,
    FlowEntered,
    FlowReturned,
    NodeEntered,
    NodeFailed,
    NodeLeft,
    StepLimitReached,
)  # fmt: skip
from ivr.expression import Value
from ivr.flow_file import Flow
from ivr.nodes.base import RETURN, Enter, FieldPath, Finish
from ivr.outcome import Outcome
from ivr.session import CallerGone, Session
from uckefu import times

log = structlog.get_logger(__name__)
DEEPEST = 10


def run(flow: Flow, session: Session, context: Context) -> Outcome:
    """Take the caller through `flow`.

    Returns:
        Where the call goes next, with every event of the run; also logged and filed, with the interaction id.
    """
    call = Call(session, context, language=context.language or context.centre.language, flow=flow.label)
    began = context.now()
    walk = _Run(flow, call)
    try:
        outcome = walk.to_the_end()
    except CallerGone:
        call.record(CallerLeft)
        outcome = Outcome(next="gone")
    call.node, call.flow = "", flow.label
    call.record(FlowEnded, next=outcome.next)
    outcome = replace(
        outcome, language=call.language, flow=flow.label, events=call.events, extra=call.extra | outcome.extra
    )
    steps = [event.as_dict() for event in call.events]
    log.info(
        "flow_ended", interaction_id=context.interaction_id, flow=flow.label, next=outcome.next, events=steps
    )
    record = {
        "interaction_id": context.interaction_id, "flow": flow.label, "did": context.did, "next": outcome.next,
        "queue": outcome.queue, "language": call.language, "began_at_us": times.to_us(began), "events": steps,
    }  # fmt: skip
    context.filing.journal(record, began)
    return outcome


@dataclass
class _Frame:
    """A flow that the call is in; `back` is the node and the way out by which it comes back to the one below."""

    flow: Flow
    variables: dict[str, Value]
    node: str = ""
    back: FieldPath | None = None
    result: str = ""
    error_way_taken: bool = False


@dataclass
class _Run:
    flow: Flow
    call: Call
    frames: list[_Frame] = field(default_factory=list)

    def to_the_end(self) -> Outcome:
        """From the answer to the outcome; the flow's own recording ends with it."""
        try:
            return self._walk()
        finally:
            try:
                self.call.recorder.stop()
            except CallerGone:
                pass  # the switch has ended the recording with the call
            except Exception as error:  # noqa: BLE001 - recorded; it must not cost the caller the way on
                self._note(f"recording: {error!r}", traceback.format_exc())

    def _walk(self) -> Outcome:
        self._push(self.flow, dict(self.call.context.variables))
        target: str | None = self.flow.head.start
        if not self._answered():
            return self._default()
        for _ in range(self.call.context.step_limit):
            if target is None:
                return self._default()
            step = self._returned() if target == RETURN else self._step(target)
            if isinstance(step, Outcome):
                return step
            target = step
        self.call.record(StepLimitReached, limit=self.call.context.step_limit)
        return self._default()

    # ---- frames

    @property
    def top(self) -> _Frame:
        return self.frames[-1]

    def _push(
        self, flow: Flow, variables: dict[str, Value], back: FieldPath | None = None, result: str = ""
    ) -> None:
        self.frames.append(_Frame(flow, variables, back=back, result=result))
        self._show()

    def _pop(self) -> None:
        self.frames.pop()
        self._show()

    def _show(self) -> None:
        self.call.flow, self.call.variables = self.top.flow.label, self.top.variables
        self.call.node = self.top.node

    # ---- steps

    def _answered(self) -> bool:
        try:
            self.call.session.answer()
        except CallerGone:
            raise
        except Exception as error:  # noqa: BLE001 - recorded; the caller goes to the default queue
            self._failed(f"answer: {error!r}", traceback.format_exc())
            return False
        return True

    def _step(self, name: str) -> Outcome | str | None:
        """Run one node; the next one's name, the end, or None when no way is left."""
        call = self.call
        call.node = self.top.node = name
        node = self.top.flow.nodes.get(name)
        if node is None:
            return self._failed(f"there is no node `{name}`")
        call.record(NodeEntered)
        try:
            step = node.run(call)
        except CallerGone:
            raise
        except Exception as error:  # noqa: BLE001 - recorded with its trace, and the way `on_error` is taken
            return self._failed(repr(error), traceback.format_exc())
        if isinstance(step, Finish):
            return step.outcome
        if isinstance(step, Enter):
            return self._enter(step)
        return self._leave(node.ways_out().get(step.way), step.way)

    def _leave(self, target: str | None, way: FieldPath) -> str | None:
        name = ".".join(way)
        if target is None:
            return self._failed(f"dead end: no `{name}`")
        self.call.record(NodeLeft, way=name, target=target)
        return target

    def _enter(self, step: Enter) -> str | None:
        flow = self.call.context.flows.get(step.flow)
        if flow is None:
            return self._failed(f"there is no flow `{step.flow}`")
        if len(self.frames) >= DEEPEST:
            return self._failed(f"more than {DEEPEST} flows in each other")
        how = "call" if step.back is not None else "transfer"
        self.call.record(FlowEntered, entered=flow.label, how=how)
        if step.back is None:
            # For good: the place that this flow would have come back to is taken over.
            frame = self.frames.pop()
            self._push(flow, step.variables, frame.back, frame.result)
        else:
            self._push(flow, step.variables, step.back, step.result)
        return flow.head.start

    def _returned(self) -> str | None:
        """The end of a subflow: its result goes to the node that called it, and that node is left."""
        frame = self.top
        if frame.back is None or len(self.frames) < 2:
            return self._failed("`return`, but nobody has called this flow")
        value = self.call.value(frame.flow.head.result) if frame.flow.head.result is not None else None
        self._pop()
        self.call.record(FlowReturned, value=str(value)[:200])
        if frame.result:
            self.call.set(frame.result, value)
        node = self.top.flow.nodes[self.top.node]
        return self._leave(node.ways_out().get(frame.back), frame.back)

    # ---- failures

    def _failed(self, reason: str, trace: str = "") -> str | None:
        """Record the failure; the way out for it of the flow, else of the one that called it, each once."""
        self._note(reason, trace)
        while True:
            if not self.top.error_way_taken:
                self.top.error_way_taken = True
                if self.top.flow.head.on_error is not None:
                    return self.top.flow.head.on_error
            if len(self.frames) == 1:
                return None
            self._pop()

    def _note(self, reason: str, trace: str = "") -> None:
        self.call.record(NodeFailed, reason=reason, trace=trace)

    def _default(self) -> Outcome:
        queue = self.call.context.default_queue
        return Outcome(next="queue", queue=queue) if queue else Outcome(next="hangup")
