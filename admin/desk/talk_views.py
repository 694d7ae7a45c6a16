"""What the workbench fetches about a conversation: who it is, tags, linking a contact, blocking the visitor."""

from datetime import timedelta

import structlog
from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from admin.audit import audit
from admin.chat import service as chat
from admin.contacts import queries as contact_queries
from admin.contacts import service as contacts
from admin.contacts.views import contact_or_404
from admin.db import db
from admin.desk import panel, talks
from admin.desk.views import blueprint, seen_by_me
from admin.permissions import requires
from admin.shell import centre
from sql.models import Contact, Conversation, Visitor, VisitorBlock
from uckefu.times import now

log = structlog.get_logger(__name__)


def talk_seen_by_me(interaction_id: str) -> Conversation:
    """The conversation, if the present user may see it."""
    row = talks.conversation(interaction_id)
    if row is None or not chat.agent_may(row, current_user.agent_id, current_user.role):
        abort(404)
    return row


@blueprint.get("/desk/talk/<interaction_id>/card")
@requires("desk.use")
def talk_card(interaction_id: str) -> ResponseReturnValue:
    """The side panel of a conversation."""
    row = talk_seen_by_me(interaction_id)
    try:
        return jsonify(panel.card(row, centre()))
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("card_not_read", interaction_id=interaction_id, error=str(error))
        return jsonify(missing=True)


@blueprint.post("/desk/talk/<interaction_id>/link")
@requires("contacts.edit")
def link_contact(interaction_id: str) -> ResponseReturnValue:
    """The visitor is this contact, says the agent; `contact_id` 0 makes a new one of what the visitor told."""
    row, contact_id = talk_seen_by_me(interaction_id), request.form.get("contact_id", type=int)
    if contact_id == 0:
        contact_id = _new_contact(row, request.form.get("name", "").strip()[:64])
    if contact_id is None or not panel.link(row, contact_id):
        abort(404)
    audit("visitor-linked", subject=row.id, contact=contact_id)
    return jsonify(panel.card(row, centre()))


def _new_contact(row: Conversation, name: str) -> int:
    visitor = db.session.get(Visitor, row.visitor_id) or abort(404)
    contact = Contact(
        name=name or row.name or visitor.id[:6], company="", note="", email=visitor.email, vip_level=0
    )
    try:
        numbers = contacts.numbers_from([visitor.phone], centre().region)
        contacts.save(contact, add=numbers)
    except contacts.Refused:  # the number is nobody's or somebody else's: the agent may merge the two
        contact = contacts.save(
            Contact(name=contact.name, company="", note="", email=visitor.email, vip_level=0)
        )
    audit("contact-created", subject=str(contact.id))
    return contact.id


@blueprint.get("/desk/caller/<interaction_id>/panel")
@requires("desk.use")
def caller_panel(interaction_id: str) -> ResponseReturnValue:
    """The side panel of a call that this agent is offered, has or had."""
    number = seen_by_me(interaction_id)
    try:
        return jsonify(panel.caller_panel(number, interaction_id, centre()))
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("panel_not_read", interaction_id=interaction_id, error=str(error))
        return jsonify(missing=True)


@blueprint.post("/desk/caller/<interaction_id>/contact")
@requires("contacts.edit")
def caller_contact(interaction_id: str) -> ResponseReturnValue:
    """The caller becomes a new contact of this name, or one more number of the contact `contact_id`."""
    number, name = seen_by_me(interaction_id), request.form.get("name", "").strip()[:64]
    contact_id = request.form.get("contact_id", 0, type=int)
    contact = (
        contact_or_404(contact_id)
        if contact_id
        else Contact(name=name, company="", note="", email="", vip_level=0)
    )
    if not contact.name:
        abort(400)
    try:
        contacts.save(contact, add=contacts.numbers_from([number], centre().region))
    except contacts.Refused:
        abort(409)
    audit("caller-linked", subject=interaction_id, contact=contact.id)
    return jsonify(panel.caller_panel(number, interaction_id, centre()))


@blueprint.get("/desk/contacts")
@requires("contacts.view")
def find_contacts() -> ResponseReturnValue:
    """Contacts that may be meant."""
    text = request.args.get("text", "").strip()[:64]
    return jsonify(found=panel.found_contacts(text, centre().region) if text else [])


@blueprint.post("/desk/contacts/<int:contact_id>/tag")
@requires("contacts.edit")
def tag_contact(contact_id: int) -> ResponseReturnValue:
    """Give or take one tag; the answer is the contact as the panel shows it."""
    contact, tag_id = contact_or_404(contact_id), request.form.get("tag", 0, type=int)
    present = {t.id for t in contact_queries.tags_of([contact_id]).get(contact_id, [])}
    contacts.set_tags(contact, present ^ {tag_id})
    return jsonify(contact=panel.contact_shape(contact, centre()))


@blueprint.post("/desk/talk/<interaction_id>/block")
@requires("contacts.block")
def block_visitor(interaction_id: str) -> ResponseReturnValue:
    """The visitor may not write for some days, or for good; the conversation ends."""
    row, reason = talk_seen_by_me(interaction_id), request.form.get("reason", "").strip()[:255]
    days = request.form.get("days", type=int)
    if not reason or days is None or days < 0 or days > 3650:
        abort(400)
    until = now() + timedelta(days=days) if days else None
    db.session.add(
        VisitorBlock(
            visitor_id=row.visitor_id,
            reason=reason,
            by_user_id=current_user.id,
            created_at=now(),
            until=until,
        )
    )
    if not audit("visitor-blocked", subject=row.id, reason=reason, days=days):
        abort(503)
    chat.end_conversation(
        row.id, "agent", author=chat.an_agent(current_user.agent_id or 0, current_user.name), reason="blocked"
    )
    return jsonify(ok=True)
