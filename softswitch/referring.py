"""REFER: a phone sends its partner elsewhere, to a number or to whom it talked with in another call (RFC 3515, 3891).

`signals` calls it on the main thread. What is set and who ends how is mod_sofia's (sofia_handle_sip_i_refer); the phone
is told at once, before anything has come of it, as there. A phone that is refused keeps its calls.
"""

import re

import structlog

from softswitch.channel import Leg
from softswitch.sip.dialog import Dialog

REFUSED = "403 Forbidden"
logger = structlog.get_logger(__name__)


def blind(leg: Leg, dialog: Dialog, number: str, header: str) -> None:
    """The partner goes to `number`, as the dialplan of its own context has it."""
    partner = leg.partner
    if partner is None or not partner.is_up:
        dialog.notify_refer(REFUSED, final=True)
        return
    target = re.sub(r"[\x00-\x1f\x7f]", "", number)
    leg.set_variables(
        {
            "transfer_fallback_extension": leg.variables.get("dialed_user") or leg.caller.destination_number,
            "transfer_to": f"blind:{partner.uuid}",
            "transfer_disposition": "recv_replace",
            "transfer_destination": f"blind:{target}",
        }
    )
    partner.set_variable("sip_refer_to", header)
    dialog.notify_refer("200 OK", final=True)
    partner.transfer(target, "", "")


def attended(leg: Leg, dialog: Dialog, replaces: str) -> None:
    """The partners of two calls of one phone go on with each other, and its calls end.

    Does the other call lead to an application (music, a flow), or does the colleague's phone still ring, then the partner
    goes to the number that was dialled for it. (On FreeSWITCH the same phone rings on meanwhile.) FreeSWITCH would look for a call that it does not have at other switches; this one refuses.
    """
    other = next((each for each in leg.switch.channels() if _is_replaced(each, replaces)), None)
    if other is None or other is leg:
        logger.info("REFER for a call that is not here", replaces=replaces, call_uuid=leg.uuid)
        dialog.notify_refer("481 Call/Transaction Does Not Exist", final=True)
        return
    mine, theirs = _talks_with(leg), _talks_with(other)
    if mine is None and theirs is None:
        dialog.notify_refer(REFUSED, final=True)
        return
    dialog.notify_refer("200 OK", final=True)  # before the BYE
    if mine is not None and theirs is not None:
        _join(leg, other, mine, theirs)
    else:
        _take_over(leg, other, mine, theirs)


def _is_replaced(leg: Leg, replaces: str) -> bool:
    """Whether `call-id;to-tag=…;from-tag=…` names this leg's dialog: the to-tag is ours, the other the phone's."""
    call_id, *parameters = replaces.split(";")
    tags = dict(each.strip().partition("=")[::2] for each in parameters)
    return leg.is_up and leg.dialog.is_named(
        call_id.strip(), tags.get("to-tag", ""), tags.get("from-tag", "")
    )  # fmt: skip


def _talks_with(leg: Leg) -> Leg | None:
    """Who can be sent on: a partner that is there and not just being dialled."""
    partner = leg.partner
    return partner if partner is not None and partner.is_up and partner.is_answered else None


def _join(leg: Leg, other: Leg, mine: Leg, theirs: Leg) -> None:
    leg.set_variables({"transfer_to": f"att:{theirs.uuid}", "transfer_disposition": "recv_replace"})
    other.set_variables({"transfer_disposition": "replaced", "endpoint_disposition": "ATTENDED_TRANSFER"})
    theirs.set_variable("transfer_disposition", "bridge")
    for each in (leg, other):
        each.mark_held(False, resumed=False)
    leg.switch.bridge_legs(mine.uuid, theirs.uuid)


def _take_over(leg: Leg, other: Leg, mine: Leg | None, theirs: Leg | None) -> None:
    """One of the two has no partner: who has one goes where that call was dialled to."""
    alone, partner = (other, mine) if mine is not None else (leg, theirs)
    if partner is None:
        return
    leg.set_variable("transfer_disposition", "recv_replace")
    partner.transfer(alone.caller.destination_number, "", "")
    alone.hangup("ATTENDED_TRANSFER")
