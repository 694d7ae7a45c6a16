"""The leg itself: answer, hang up, wait, move."""

import structlog

from softswitch import lifecycle
from softswitch.applications import Application
from softswitch.channel import Leg

logger = structlog.get_logger("softswitch.dialplan")
_LOG_LEVELS = {
    "debug": "debug",
    "info": "info",
    "notice": "info",
    "warning": "warning",
    "err": "error",
    "crit": "critical",
}


def answer(leg: Leg, argument: str) -> None:
    """answer"""
    del argument
    leg.answer()


def pre_answer(leg: Leg, argument: str) -> None:
    """pre_answer: early media (183)."""
    del argument
    leg.pre_answer()


def ring_ready(leg: Leg, argument: str) -> None:
    """ring_ready: 180."""
    del argument
    leg.ring()


def hangup(leg: Leg, argument: str) -> None:
    """hangup [cause]"""
    leg.hangup(argument or "NORMAL_CLEARING")


def respond(leg: Leg, argument: str) -> None:
    """respond CODE [phrase]: refuse an unanswered call with this final response."""
    leg.set_variable("respond_with", argument)
    leg.hangup("NORMAL_CLEARING")


def sleep(leg: Leg, argument: str) -> None:
    """sleep MILLISECONDS"""
    if argument.strip().isdigit():
        leg.sleep(int(argument) / 1000)
    else:
        logger.error("sleep: no milliseconds", argument=argument, call_uuid=leg.uuid)


def park(leg: Leg, argument: str) -> None:
    """park: do what comes from outside, until hangup or transfer."""
    del argument
    leg.park(lambda: False)


def transfer(leg: Leg, argument: str) -> None:
    """transfer [-bleg|-both] EXTENSION [DIALPLAN [CONTEXT]]"""
    words = argument.split()
    which = words.pop(0) if words and words[0] in ("-bleg", "-both") else ""
    if not words:
        logger.error("transfer: no extension", call_uuid=leg.uuid)
        return
    extension, dialplan, context, *_ = [*words, "", ""]
    if which:
        partner = leg.partner
        if partner is not None:
            partner.transfer(extension, dialplan, context)
        else:
            logger.warning("transfer: no B-leg", call_uuid=leg.uuid)
    if which != "-bleg":
        leg.transfer(extension, dialplan, context)


def execute_extension(leg: Leg, argument: str) -> None:
    """execute_extension EXTENSION [DIALPLAN [CONTEXT]]: its actions, then go on here."""
    extension, dialplan, context, *_ = [*argument.split(), "", "", ""]
    if extension:
        lifecycle.execute_extension(leg, extension, dialplan, context)


def break_(leg: Leg, argument: str) -> None:
    """break [all]"""
    leg.break_application(everything=argument.strip() == "all")


def log(leg: Leg, argument: str) -> None:
    """log LEVEL text"""
    level, _, text = argument.partition(" ")
    if level.lower() not in _LOG_LEVELS:
        level, text = "debug", argument
    getattr(logger, _LOG_LEVELS[level.lower()])(
        text, call_uuid=leg.uuid, interaction_id=leg.get_variable("interaction_id")
    )


def info(leg: Leg, argument: str) -> None:
    """info: the channel's data into the log."""
    logger.info("channel data", call_uuid=leg.uuid, note=argument, data=leg.event_data())


def nothing(leg: Leg, argument: str) -> None:
    """eval, start_dtmf and the like: only the expansion of the argument counts, or what they switch on is always on."""
    del leg, argument


APPLICATIONS = {
    "answer": Application(answer),
    "pre_answer": Application(pre_answer),
    "ring_ready": Application(ring_ready),
    "hangup": Application(hangup),
    "respond": Application(respond),
    "sleep": Application(sleep),
    "park": Application(park),
    "transfer": Application(transfer),
    "execute_extension": Application(execute_extension),
    "break": Application(break_),
    "log": Application(log, after_hangup=True),
    "info": Application(info, after_hangup=True),
    "eval": Application(nothing, after_hangup=True),
    "start_dtmf": Application(nothing),
    "stop_dtmf": Application(nothing),
}
