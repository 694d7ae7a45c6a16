"""A ticket from the workbench, linked to the conversation or call and to its contact."""

from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin.chat import service as chat
from admin.db import db
from admin.desk import panel, talks
from admin.desk.queries import contact_of
from admin.desk.views import blueprint, seen_by_me
from admin.permissions import requires
from admin.shell import centre
from admin.tickets import service
from sql.models import Interaction, Visitor


@blueprint.post("/desk/tickets/<interaction_id>")
@requires("tickets.use")
def make_ticket(interaction_id: str) -> ResponseReturnValue:
    """Make it; the answer is all that is to be done for this contact now."""
    contact_id, form = _contact_id(interaction_id), request.form
    try:
        ticket = service.create(
            current_user.id, title=form.get("title", ""), text=form.get("text", ""),
            priority=form.get("priority", "normal"), agent_id=form.get("agent", type=int), contact_id=contact_id,
            interaction_id=_recorded(interaction_id),
        )  # fmt: skip
    except service.TicketRefused as error:
        return jsonify(ok=False, code=error.field, message=_("A ticket needs a title.")), 400
    return jsonify(ok=True, id=ticket.id, tickets=panel.ticket_shapes(contact_id, interaction_id))


def _contact_id(interaction_id: str) -> int | None:
    """The contact of an interaction that the present user may know of; any other is not found."""
    row = talks.conversation(interaction_id)
    if row is None:
        contact = contact_of(seen_by_me(interaction_id), centre().region)
        return contact.id if contact else None
    if not chat.agent_may(row, current_user.agent_id, current_user.role):
        abort(404)
    visitor = db.session.get(Visitor, row.visitor_id)
    return visitor.contact_id if visitor else None


def _recorded(interaction_id: str) -> str | None:
    """The interaction's id once it is in the record: a call is there a moment after it rang."""
    return interaction_id if db.session.get(Interaction, interaction_id) is not None else None
