"""The desktop page and the small answers that its script fetches: caller, my day, a revealed number."""

import structlog
from flask import Blueprint, abort, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from admin import directory, shortcuts
from admin.audit import audit
from admin.db import db
from admin.desk import queries
from admin.desk.card import card_of
from admin.desk.texts import js_texts
from admin.i18n import language
from admin.numbers import seen, words_seen
from admin.permissions import allowed, requires
from admin.shell import centre
from admin.telephone import national
from admin.view import latest
from uckefu.times import clock, hms, shown

log = structlog.get_logger(__name__)
blueprint = Blueprint("desk", __name__)


@blueprint.get("/")
@requires("desk.use")
def page() -> ResponseReturnValue:
    """The workbench."""
    names = directory.names(language())
    keys, enter_sends = shortcuts.of_user(current_user.id)
    return render_template(
        "desk/page.html", names=names, texts=js_texts(), timezone=centre().timezone, shortcuts=keys,
        enter_sends=enter_sends, keylist=[(shortcuts.shown(keys[n]), w) for n, (_k, w) in shortcuts.SHORTCUTS.items()],
    )  # fmt: skip


@blueprint.get("/desk/caller/<interaction_id>")
@requires("desk.use")
def caller(interaction_id: str) -> ResponseReturnValue:
    """Contact and last interactions of somebody whom this agent is offered, talks to or has talked to."""
    number = seen_by_me(interaction_id)
    try:
        reason = queries.reason_for(current_user.agent_id, interaction_id)
        return jsonify({**card_of(number, interaction_id, centre()), "reason": reason})
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("caller_not_read", interaction_id=interaction_id, error=str(error))
        return jsonify(missing=True)


@blueprint.post("/desk/reveal/<interaction_id>")
@requires("numbers.reveal")
def reveal(interaction_id: str) -> ResponseReturnValue:
    """The whole number, noted in the audit; what can't be noted is not revealed."""
    number = seen_by_me(interaction_id)
    if not audit("number-revealed", subject=interaction_id):
        abort(503)
    return jsonify(number=national(number, centre().region))


@blueprint.get("/desk/my-day")
@requires("desk.use")
def my_day() -> ResponseReturnValue:
    """The agent's own figures of the day."""
    if current_user.agent_id is None:
        return jsonify({})
    figures = queries.my_day(current_user.agent_id, centre().timezone)
    first = shown(figures["signed_in_at"], centre().timezone)
    return jsonify(
        signed_in=first.strftime("%H:%M:%S") if first else "—",
        answered=figures["answered"],
        called=figures["called"],
        missed=figures["missed"],
        average_talk=clock(figures["average_talk"]),
        average_wrap_up=clock(figures["average_wrap_up"]),
        total_talk=clock(figures["total_talk"]),
        chats=figures["chats"],
        average_chat=hms(figures["average_chat"]),
        invited=f"{figures['invited']} / {figures['accepted']} / {figures['refused']}",
        rating="—" if figures["rating"] is None else f"{figures['rating']:.1f} ({figures['ratings']})",
    )


@blueprint.get("/desk/recent")
@requires("desk.use")
def recent() -> ResponseReturnValue:
    """What the agent served or missed today; a talk without a disposition can be given one here."""
    here = centre()
    rows = queries.recent(current_user.agent_id, here.timezone) if current_user.agent_id is not None else []
    found = []
    for row in rows:
        at, interaction, chosen = shown(row["at"], here.timezone), row["interaction"], row["disposition"]
        contact = queries.contact_of(interaction.customer_number, here.region) if not row["name"] else None
        found.append({
            "when": at.strftime("%H:%M") if at else "", "offer_id": row["offer_id"], "interaction_id": interaction.id,
            "channel": interaction.channel, "direction": interaction.direction, "missed": row["missed"],
            "name": words_seen(row["name"] or (contact.name if contact else ""), here.region), "number": seen(interaction.customer_number, here.region),
            "disposition": chosen and (chosen.title_zh if language() == "zh" else chosen.title_en),
            "talk": clock(row["talk"]) if row["talk"] is not None else "",
        })  # fmt: skip
    return jsonify(recent=found)


def seen_by_me(interaction_id: str) -> str:
    """The caller's number, if the present user may know of this interaction."""
    view, _ = latest(current_app.extensions["uckefu"]["bus"])
    mine = (view or {}).get("agents", {}).get(str(current_user.agent_id), {})
    for part in ("offer", "dial", "call", "wrap_up", "dial_failure"):
        if mine.get(part) and mine[part]["interaction_id"] == interaction_id:
            return str(mine[part]["number"])
    mine_once = current_user.agent_id is not None and queries.took_part(current_user.agent_id, interaction_id)
    number = queries.number_of(interaction_id) if mine_once or allowed("calls.view-all") else None
    if number is None:
        abort(404)
    return number
