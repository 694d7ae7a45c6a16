"""An input and its decision as the log keeps them; the digest is how a replay knows that it decided the same.

`core` makes the records, `replay` compares them.
"""

import hashlib

from acd.domain.engine import Decision
from acd.domain.inputs import Input, encode_input
from acd.messages import encode_event
from acd.service.ports import Logged


def logged(number: int, event: Input, decision: Decision) -> Logged:
    """The record of input `number`."""
    events = tuple((fact.event_id, encode_event(fact)) for fact in decision.events)
    return Logged(number, encode_input(event), digest(decision, [text for _, text in events]), events)


def digest(decision: Decision, events: list[str] | None = None) -> str:
    """Sixteen hex digits of everything that was decided: events, effects and anomalies."""
    if events is None:
        events = [encode_event(fact) for fact in decision.events]
    if not (events or decision.effects or decision.anomalies):
        return ""
    whole = (events, decision.effects, decision.anomalies)
    return hashlib.blake2b(repr(whole).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
