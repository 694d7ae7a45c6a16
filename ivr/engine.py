"""Walks one caller through one flow. `fs_scripts.inbound` calls `run` for a real call, `python -m ivr play` for a dry one.

Nothing here raises: a hangup ends the run quietly, a node that fails takes the flow's `on_error` way out and after
that the default queue. A caller is never dropped for our mistake, nor for the flow author's.
"""

import traceback
from dataclasses import dataclass, replace

import structlog

from ivr.call import Call, Context
from ivr.events import CallerLeft, FlowEnded, NodeEntered, NodeFailed, NodeLeft, StepLimitReached
from ivr.flow_file import Flow
from ivr.nodes.base import Finish, Go
from ivr.outcome import Outcome
from ivr.session import CallerGone, Session

log = structlog.get_logger(__name__)


def run(flow: Flow, session: Session, context: Context) -> Outcome:
    """Take the caller through `flow`.

    Returns:
        Where the call goes next, with every event of the run; also logged, with the interaction id.
    """
    call = Call(session, context, language=context.centre.language)
    try:
        outcome = _Run(flow, call).walk()
    except CallerGone:
        call.record(CallerLeft)
        outcome = Outcome(next="gone")
    call.node = ""
    call.record(FlowEnded, next=outcome.next)
    outcome = replace(outcome, language=call.language, flow=flow.label, events=call.events)
    steps = [event.as_dict() for event in call.events]
    log.info(
        "flow_ended", interaction_id=context.interaction_id, flow=flow.label, next=outcome.next, events=steps
    )
    return outcome


@dataclass
class _Run:
    flow: Flow
    call: Call
    error_way_taken: bool = False

    def walk(self) -> Outcome:
        target: str | None = self.flow.head.start
        if not self._answered():
            return self._default()
        for _ in range(self.call.context.step_limit):
            if target is None:
                return self._default()
            step = self._step(target)
            if isinstance(step, Outcome):
                return step
            target = step
        self.call.record(StepLimitReached, limit=self.call.context.step_limit)
        return self._default()

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
        call.node = name
        node = self.flow.nodes.get(name)
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
        return self._leave(node.ways_out().get(step.way), step)

    def _leave(self, target: str | None, step: Go) -> str | None:
        way = ".".join(step.way)
        if target is None:
            return self._failed(f"dead end: no `{way}`")
        self.call.record(NodeLeft, way=way, target=target)
        return target

    def _failed(self, reason: str, trace: str = "") -> str | None:
        """Record the failure; the flow's own way out for it, once."""
        self.call.record(NodeFailed, reason=reason, trace=trace)
        if self.error_way_taken:
            return None
        self.error_way_taken = True
        return self.flow.head.on_error

    def _default(self) -> Outcome:
        return Outcome(next="queue", queue=self.call.context.default_queue)
