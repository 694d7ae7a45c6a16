"""The thread of a leg: from its creation through the dialplan to the reporting hook.

`switch` starts one for each leg. The order of events is that of switch_core_state_machine.c and the transcripts.
"""

import structlog

from softswitch import dialplan
from softswitch.channel import STATES, Leg
from softswitch.dialplan import Action

SETTLE_SECONDS = 2.0  # for the other leg of a uuid_bridge to leave what it runs
logger = structlog.get_logger(__name__)


def run(leg: Leg) -> None:
    """Thread body: live, then report. Nothing that happens in it may leave a leg behind."""
    known = {"interaction_id": leg.variables["interaction_id"]} if "interaction_id" in leg.variables else {}
    with structlog.contextvars.bound_contextvars(call_uuid=leg.uuid, **known):
        try:
            _live(leg)
        except Exception:
            logger.exception("channel thread failed", channel=leg.name)
            leg.hangup("DESTINATION_OUT_OF_ORDER")
        finally:
            _die(leg)


def _live(leg: Leg) -> None:
    if leg.direction == "inbound":
        leg.enter("CS_NEW")
        leg.enter("CS_INIT")
        leg.set_variable("endpoint_disposition", "RECEIVED")
        leg.publish("CHANNEL_CREATE")
        if leg.refused_cause:
            leg.hangup(leg.refused_cause)
        leg.go("CS_ROUTING")
    else:
        leg.enter("CS_INIT")
        leg.publish("CHANNEL_CREATE")
        leg.publish("CHANNEL_ORIGINATE")
        leg.enter("CS_ROUTING")
        leg.go("CS_CONSUME_MEDIA")
    while leg.is_up:
        _STEPS.get(leg.state, _unknown)(leg)


def _route(leg: Leg) -> None:
    with_answer = leg.is_answered
    leg.flags.transfer = False
    leg.running_state = "CS_ROUTING"
    leg.set_call_state("RINGING")
    leg.enter("CS_ROUTING")
    leg.set_variable("call_uuid", leg.uuid)
    actions = _find_actions(leg)
    if not leg.is_ready:
        return
    if not actions:
        logger.info("no route", destination=leg.caller.destination_number, context=leg.caller.context)
        leg.hangup("NO_ROUTE_DESTINATION")
        return
    leg.actions = [(each.application, each.data) for each in actions]
    if leg.go("CS_EXECUTE") and with_answer:
        leg.running_state = "CS_EXECUTE"
        leg.set_call_state("ACTIVE")


def _find_actions(leg: Leg) -> list[Action]:
    caller = leg.caller
    if caller.dialplan.lower() == "inline":
        return inline_actions(caller.destination_number)
    context = leg.switch.context(caller.context)
    if context is None:
        logger.error("no such context", context=caller.context)
        return []
    return dialplan.route(
        context,
        leg.get_variable,
        api=leg.switch.call_api,
        run_inline=leg.execute,
    )


def inline_actions(text: str) -> list[Action]:
    """The dialplan `inline`: `app:argument,app:argument`; `m:^:app:argument^app` names another delimiter."""
    delimiter = ","
    if text.startswith("m:") and len(text) > 4 and text[3] == ":":
        delimiter, text = text[2], text[4:]
    actions = []
    for each in text.split(delimiter):
        application, _, argument = each.strip().partition(":")
        if application:
            actions.append(Action(application, argument.strip("'")))
    return actions


def _execute(leg: Leg) -> None:
    leg.enter("CS_EXECUTE")
    while leg.is_ready and leg.state == "CS_EXECUTE" and leg.actions:
        application, argument = leg.actions.pop(0)
        leg.execute(application, argument)
    if leg.is_ready and leg.state == "CS_EXECUTE":
        leg.hangup("NORMAL_CLEARING")  # the last instruction is done


def execute_extension(leg: Leg, extension: str, plan: str, context: str) -> None:
    """Run another extension's actions within this one (switch_core_session_execute_exten)."""
    before = leg.caller
    leg.caller = before.moved(extension, plan or before.dialplan, context or before.context)
    try:
        actions = _find_actions(leg)
    finally:
        if leg.caller.destination_number == extension:
            leg.caller = before
    for each in actions:
        if not leg.is_ready:
            return
        leg.execute(each.application, each.data)


def _consume(leg: Leg) -> None:
    """An outbound leg: dial, then wait to be bridged, transferred or hung up."""
    leg.flags.transfer = False
    leg.enter("CS_CONSUME_MEDIA")
    if not leg.flags.answered and leg.flags.originating and not leg.variables.get("_invited"):
        leg.set_variable("_invited", "1")
        leg.dialog.invite(leg.audio.offer())
    while leg.is_up and leg.state == "CS_CONSUME_MEDIA" and not leg.flags.transfer:
        if leg.wait_until(lambda: leg.state != "CS_CONSUME_MEDIA" or bool(leg.digits)):
            leg.take_digit()
    _check_transfer(leg)


def _exchange(leg: Leg) -> None:
    """The far side of a bridge: relay keys until the bridge ends."""
    leg.enter("CS_EXCHANGE_MEDIA")
    bridge = leg.bridge
    if bridge is None:
        leg.hangup("NORMAL_CLEARING" if leg.is_answered else "ORIGINATOR_CANCEL")
        return
    bridge.serve(leg)
    if leg.is_ready and leg.state == "CS_EXCHANGE_MEDIA":
        if leg.is_true("park_after_bridge"):
            leg.go("CS_PARK")
        elif after := leg.get_variable("transfer_after_bridge"):
            extension, plan, context, *_ = [*after.split(":"), "", ""]
            leg.transfer(extension, plan, context)
        else:
            leg.hangup("NORMAL_CLEARING" if leg.is_answered else "ORIGINATOR_CANCEL")
    _check_transfer(leg)


def _soft_execute(leg: Leg) -> None:
    """`uuid_bridge`: the near side of a bridge between two legs that lived apart."""
    leg.enter("CS_SOFT_EXECUTE")
    peer, leg.pending_bridge = leg.pending_bridge, None
    leg.flags.transfer = False
    if peer is None or not peer.is_up:
        leg.hangup("DESTINATION_OUT_OF_ORDER")
        return
    if leg.wait_for(peer, lambda: peer.running_state == "CS_CONSUME_MEDIA" and peer.is_ready, SETTLE_SECONDS):
        leg.switch.bridge(leg, peer)
    if leg.is_ready and leg.state == "CS_SOFT_EXECUTE":
        if leg.is_true("park_after_bridge"):
            leg.go("CS_PARK")
        else:
            leg.hangup(peer.hangup_cause or "NORMAL_CLEARING")
    _check_transfer(leg)


def _park(leg: Leg) -> None:
    leg.enter("CS_PARK")
    leg.park(lambda: leg.state != "CS_PARK")
    _check_transfer(leg)


def _check_transfer(leg: Leg) -> None:
    """A transfer asked for CS_ROUTING; a uuid_bridge for another state: both clear the way."""
    if leg.is_up and leg.flags.transfer and leg.state != "CS_ROUTING":
        leg.flags.transfer = False


def _unknown(leg: Leg) -> None:
    logger.error("no handler for state", state=leg.state)
    leg.hangup("DESTINATION_OUT_OF_ORDER")


_STEPS = {
    "CS_ROUTING": _route,
    "CS_EXECUTE": _execute,
    "CS_CONSUME_MEDIA": _consume,
    "CS_EXCHANGE_MEDIA": _exchange,
    "CS_SOFT_EXECUTE": _soft_execute,
    "CS_PARK": _park,
}


def _die(leg: Leg) -> None:
    """Hangup, report, destroy. Each part is tried even when an earlier one fails."""
    leg.variables.pop("_invited", None)
    for part in (_hang_up, _report, _destroy):
        try:
            part(leg)
        except Exception:
            logger.exception("end of channel failed", part=part.__name__)
    leg.switch.forget(leg)


def _hang_up(leg: Leg) -> None:
    leg.running_state = "CS_HANGUP"
    leg.publish("CHANNEL_STATE")
    for path in list(leg.recordings):
        leg.switch.recorder.stop(leg, path)
    leg.audio.close()
    leg.set_variables(
        {
            "hangup_cause": leg.hangup_cause,
            "hangup_cause_q850": str(leg.switch.q850(leg.hangup_cause)),
            "digits_dialed": leg.digits_dialed or "none",
            "last_app": leg.last_executed[0],
            "last_arg": leg.last_executed[1],
            "caller_id": f'"{leg.caller.caller_id_name}" <{leg.caller.caller_id_number}>',
        }
    )
    leg.set_variables(leg.times.variables())
    leg.set_call_state("HANGUP")
    if leg.hangup_hook is not None:
        leg.hangup_hook()
    if hook := leg.get_variable("api_hangup_hook"):
        leg.switch.run_hook(leg, hook)


def _report(leg: Leg) -> None:
    leg.state = leg.running_state = "CS_REPORTING"
    leg.publish("CHANNEL_STATE")
    if hook := leg.get_variable("api_reporting_hook"):
        leg.switch.run_hook(leg, hook)
    leg.publish("CHANNEL_HANGUP_COMPLETE")


def _destroy(leg: Leg) -> None:
    leg.publish("CHANNEL_DESTROY")
    leg.state = leg.running_state = "CS_DESTROY"
    leg.publish("CHANNEL_STATE")


assert set(_STEPS) <= set(STATES)  # noqa: S101 - a state's name misspelt is found at the first import
