"""Other legs: bridge."""

import structlog

from softswitch.applications import Application
from softswitch.channel import Leg, is_true
from softswitch.sip import causes

_ALWAYS_CONTINUE = frozenset({"NO_ANSWER", "NO_USER_RESPONSE", "ORIGINATOR_CANCEL"})
logger = structlog.get_logger("softswitch.dialplan")


def bridge(leg: Leg, argument: str) -> None:
    """bridge DIAL_STRING: dial, and talk with who answers first."""
    if not argument.strip():
        return
    peer, cause = leg.switch.originate(argument, {}, 0, caller=leg)
    if peer is not None:
        leg.switch.bridge(leg, peer)
        return
    logger.info("originate failed", cause=cause, call_uuid=leg.uuid)
    leg.set_variable("originate_failed_cause", cause)
    if leg.is_ready and not continues(leg, cause):
        leg.hangup(cause)


def continues(leg: Leg, cause: str) -> bool:
    """Whether the dialplan goes on after this failure (switch_channel_handle_cause)."""
    wanted, against = leg.get_variable("continue_on_fail"), leg.get_variable("failure_causes")
    if not wanted and not against:
        return cause in _ALWAYS_CONTINUE
    if against and not _lists(against, cause):
        return True
    return bool(wanted) and (is_true(wanted) or _lists(wanted or "", cause))


def _lists(text: str, cause: str) -> bool:
    names = {each.strip().upper() for each in text.split(",")}
    return cause in names or str(causes.NUMBERS.get(cause, -1)) in names


APPLICATIONS = {"bridge": Application(bridge)}
