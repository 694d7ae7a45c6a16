"""Click-to-dial, missed calls, voicemails in the call bar, and how an agent calls. `static/js/dial.js` asks.

Whose number it is `dialable` finds; whether it may be called the ACD decides (`acd/domain/outbound.py`).
"""

from datetime import timedelta
from typing import Any

import structlog
from flask import current_app, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from acd import contract
from admin import directory
from admin.audit import audit
from admin.db import db
from admin.desk import queries
from admin.desk.dialable import NotFound, number_of
from admin.desk.texts import dial_refusal
from admin.desk.views import blueprint
from admin.i18n import language
from admin.numbers import seen, words_seen
from admin.permissions import requires
from admin.shell import centre
from admin.telephone import masked, national, spellings
from sql.models import (
    AgentRouting,
    Interaction,
    Offer,
    Talk,
    UserPreference,
)
from uckefu.times import clock, now, shown

log = structlog.get_logger(__name__)
MISSED = 20
MESSAGES = 10


def _refused(code: str) -> ResponseReturnValue:
    return jsonify(ok=False, code=code, message=dial_refusal(code))


@blueprint.post("/desk/dial")
@requires("desk.use")
def dial() -> ResponseReturnValue:
    """Ring my phone, then the number. Fields: those of `dialable.number_of`, and `caller_number`."""
    if current_user.agent_id is None:
        return _refused("no-agent")
    try:
        number = national(number_of(request.form), centre().region)
    except NotFound as error:
        return _refused(error.code)
    command = contract.PlaceCall(
        agent_id=current_user.agent_id,
        number=number,
        caller_number=request.form.get("caller_number", "")[:32],
    )
    reply = current_app.extensions["uckefu"]["acd"].send(command)
    if reply.ok:
        audit("call-placed", subject=masked(number, centre().region))
    message = _("Your phone rings: pick it up.") if reply.ok else dial_refusal(reply.code)
    return jsonify(ok=reply.ok, code=reply.code, message=message)


@blueprint.get("/desk/callbar")
@requires("desk.use")
def callbar() -> ResponseReturnValue:
    """What waits beside the strip: calls that I missed and nobody took, messages that wait."""
    agent_id = current_user.agent_id
    try:
        return jsonify(missed=_missed(agent_id) if agent_id is not None else [], voicemails=_voicemails())
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("callbar_not_read", agent_id=agent_id, error=str(error))
        return jsonify(missing=True), 503


@blueprint.post("/desk/callbar/seen")
@requires("desk.use")
def seen_missed() -> ResponseReturnValue:
    """I have looked at my missed calls: those that are there now are new no more."""
    preference = db.session.get(UserPreference, current_user.id) or UserPreference(user_id=current_user.id)
    preference.missed_seen_at = now()
    db.session.add(preference)
    db.session.commit()
    return jsonify(ok=True, code="ok", message="")


def _missed(agent_id: int) -> list[dict[str, Any]]:
    """Calls of today that rang here, that nobody talked to, and whom nobody has talked to since."""
    here = centre()
    since = queries.day_begin(here.timezone)
    preference = db.session.get(UserPreference, current_user.id)
    looked_at = preference.missed_seen_at if preference else None
    rows = db.session.execute(
        select(Offer.offered_at, Interaction)
        .join(Interaction, Interaction.id == Offer.interaction_id)
        .where(
            Offer.agent_id == agent_id, Offer.offered_at >= since, Interaction.connected_at.is_(None),
            Interaction.ended_at.is_not(None), Interaction.channel == "voice",
            Offer.outcome.in_(("expired", "declined", "withdrawn", "failed")),
        )
        .order_by(Offer.offered_at.desc())
        .limit(MISSED * 3)
    )  # fmt: skip
    found: dict[str, dict[str, Any]] = {}
    for at, interaction in rows:
        number = interaction.from_number
        if number and number not in found and not _reached_since(number, at):
            contact, when = queries.contact_of(number, here.region), shown(at, here.timezone)
            found[number] = {
                "interaction_id": interaction.id, "number": seen(number, here.region),
                "name": words_seen(contact.name, here.region) if contact else "", "when": when.strftime("%H:%M") if when else "",
                "queue": directory.names(language())["queues"].get(interaction.queue_name, interaction.queue_name),
                "is_new": looked_at is None or at > looked_at,
            }  # fmt: skip
    return list(found.values())[:MISSED]


def _reached_since(number: str, at: Any) -> bool:
    """Whether somebody has talked to this number since."""
    same = spellings(number, centre().region)
    talked = (
        select(Talk.id)
        .join(Interaction, Interaction.id == Talk.interaction_id)
        .where(
            Talk.connected_at > at, or_(Interaction.from_number.in_(same), Interaction.to_number.in_(same))
        )
    )
    return db.session.scalar(talked.limit(1)) is not None


def _voicemails() -> list[dict[str, Any]]:
    from admin.inbox import voicemails

    here = centre()
    rows = voicemails.messages(current_user, done=False, region=here.region)[:MESSAGES]
    found = []
    for row in rows:
        when = shown(row.message.at, here.timezone)
        found.append({
            "id": row.message.id, "name": words_seen(row.contact or "", here.region), "number": seen(row.message.number, here.region),
            "when": when.strftime("%m-%d %H:%M") if when else "", "length": clock(timedelta(seconds=row.message.seconds)),
            "sound": url_for("inbox.sound", message_id=row.message.id), "can_call": bool(row.message.number),
            "is_new": row.message.heard_at is None,
        })  # fmt: skip
    return found


@blueprint.post("/desk/calling")
@requires("desk.use")
def calling() -> ResponseReturnValue:
    """How I call: `caller_number` (one of the centre's, "" for the usual one), `auto_answer` (0 or 1)."""
    agent_id = current_user.agent_id
    if agent_id is None:
        return _refused("no-agent")
    own = db.session.get(AgentRouting, agent_id) or AgentRouting(agent_id=agent_id)
    if "caller_number" in request.form:
        number = request.form["caller_number"]
        if number and number not in {n for rights in centre().trunks.values() for n in rights.to_show()}:
            return _refused("caller-number-not-ours")
        own.caller_number = number
    if "auto_answer" in request.form:
        own.auto_answer = request.form["auto_answer"] == "1"
    db.session.add(own)
    db.session.commit()
    reply = current_app.extensions["uckefu"]["acd"].send(contract.ReloadConfiguration())
    return jsonify(ok=True, code=reply.code, message=_("Saved."))
