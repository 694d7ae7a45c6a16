"""The desktop page and the small answers that its script fetches: caller, my day, a revealed number."""

from typing import Any

from flask import Blueprint, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound

from admin import directory
from admin.audit import audit
from admin.db import db
from admin.desk import queries
from admin.desk.texts import js_texts
from admin.i18n import language
from admin.permissions import allowed, requires
from admin.shell import centre
from admin.telephone import masked, national, place
from uckefu.times import clock, shown

blueprint = Blueprint("desk", __name__)


@blueprint.get("/")
@requires("desk.use")
def page() -> ResponseReturnValue:
    """The workbench."""
    names = directory.names(language())
    return render_template("desk/page.html", names=names, texts=js_texts())


@blueprint.get("/desk/caller/<interaction_id>")
@requires("desk.use")
def caller(interaction_id: str) -> ResponseReturnValue:
    """Contact, region and last interactions of somebody whom this agent is offered, talks to or has talked to."""
    number, fields = _seen_by_me(interaction_id)
    region = centre().region
    answer: dict[str, Any] = {"number": masked(number, region), "region": place(number, language(), region)}
    answer["own"] = {"did": fields.get("did", ""), "intent": fields.get("intent", "")}
    try:
        answer |= {"contact": _contact(number, region), "past": _past(number, interaction_id)}
    except SQLAlchemyError:
        db.session.rollback()
        answer["missing"] = _("Contact and history can't be read at the moment.")
    return jsonify(answer)


@blueprint.post("/desk/reveal/<interaction_id>")
@requires("numbers.reveal")
def reveal(interaction_id: str) -> ResponseReturnValue:
    """The whole number, once, noted in the audit."""
    number, _fields = _seen_by_me(interaction_id)
    audit("number-revealed", subject=interaction_id)
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
        missed=figures["missed"],
        average_talk=clock(figures["average_talk"]),
        average_wrap_up=clock(figures["average_wrap_up"]),
        total_talk=clock(figures["total_talk"]),
    )


def _seen_by_me(interaction_id: str) -> tuple[str, dict[str, Any]]:
    view = current_app.extensions["uckefu"]["acd"].view() or {}
    mine = view.get("agents", {}).get(str(current_user.agent_id), {})
    for part in ("offer", "call", "wrap_up"):
        fields = mine.get(part)
        if fields and fields["interaction_id"] == interaction_id:
            return str(fields["number"]), fields
    mine_once = current_user.agent_id is not None and queries.took_part(current_user.agent_id, interaction_id)
    number = queries.number_of(interaction_id) if mine_once or allowed("calls.view-all") else None
    if number is None:
        raise NotFound
    return number, {}


def _contact(number: str, region: str) -> dict[str, Any] | None:
    contact = queries.contact_of(number, region)
    if contact is None:
        return None
    return {
        "name": contact.name, "company": contact.company, "vip_level": contact.vip_level, "note": contact.note,
    }  # fmt: skip


def _past(number: str, interaction_id: str) -> list[dict[str, Any]]:
    zone, title = centre().timezone, "title_zh" if language() == "zh" else "title_en"
    past = []
    for row in queries.past_interactions(number, without=interaction_id):
        local = shown(row["started_at"], zone)
        outcome = getattr(row["disposition"], title) if row["disposition"] else ""
        past.append(
            {
                "when": local.strftime("%m-%d %H:%M") if local else "",
                "what": " · ".join(part for part in (outcome, row["note"], row["agent"]) if part)
                or _("No talk"),
                "talk": clock(row["talk"]),
            }
        )
    return past
