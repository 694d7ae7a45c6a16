"""The centre's own rules of call routing, for all queues and agents: times after which somebody is taken for gone, limits."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import BooleanField

from admin.audit import audit
from admin.db import db
from admin.permissions import requires
from admin.queues.blueprint import blueprint
from admin.queues.fields import WholeNumber
from admin.queues.telling import tell
from sql.models import RoutingRule


class RulesForm(FlaskForm):  # type: ignore[misc]
    """Names and usual values are those of `acd.domain.inputs.Rules`; a test compares them."""

    max_conversations = WholeNumber(
        0,
        50,
        5,
        label=_l("Conversations at a time"),
        description=_l("Of an agent with no maximum of its own."),
    )
    conversations_beside_call = WholeNumber(
        0, 50, 2, label=_l("Conversations beside a call"),
        description=_l("An agent with more than that is not offered a call, and in a call gets no more than that."),
    )  # fmt: skip
    call_stops_conversations = BooleanField(
        _l("A call keeps new conversations away"), description=_l("While an agent is in a call, no conversation comes.")
    )  # fmt: skip
    return_conversations_seconds = WholeNumber(
        0, 86_400, 300, label=_l("Give back the conversations of an absent agent after (seconds)"),
        description=_l("Their customers wait again, in front; 0: never."),
    )  # fmt: skip
    vip_priority = WholeNumber(
        0, 9, 1, label=_l("Priority for each VIP level"), description=_l("0: VIP customers wait like others.")
    )
    no_answers_in_a_row = WholeNumber(
        1, 20, 1, label=_l("Unanswered calls in a row that take an agent off"),
        description=_l("The agent's status is then No answer until Ready is chosen; before that it is only left alone for the pause after declining."),
    )  # fmt: skip
    decline_pause_seconds = WholeNumber(
        0, 600, 5, label=_l("Pause after declining (seconds)"),
        description=_l("So long nothing is offered to an agent who declined."),
    )  # fmt: skip
    failed_pause_seconds = WholeNumber(
        0,
        600,
        5,
        label=_l("Pause when a phone fails (seconds)"),
        description=_l("Doubles with each failure in a row."),
    )
    failed_pause_max_seconds = WholeNumber(
        0, 3600, 60, label=_l("Longest pause of a failing phone (seconds)"), description=""
    )
    offers_per_second = WholeNumber(
        0, 1000, 0, label=_l("Offers that may begin in a second"),
        description=_l("When many agents turn ready at once or a queue opens, phones ring one after the other; 0: no limit."),
    )  # fmt: skip
    page_grace_seconds = WholeNumber(
        0, 3600, 60, label=_l("A closed page makes not ready after (seconds)"),
        description=_l("A reload or a short loss of the network changes nothing; 0: the page does not matter."),
    )  # fmt: skip
    return_grace_seconds = WholeNumber(
        5, 600, 30, label=_l("Keep the place of a lost caller (seconds)"),
        description=_l("Who comes back within this time has the old place."),
    )  # fmt: skip
    redial_grace_seconds = WholeNumber(
        0, 3600, 120, label=_l("Keep the place of a caller whose call the switch lost (seconds)"),
        description=_l("Who calls again from the same number within this time has the old place; 0: nobody."),
    )  # fmt: skip
    extend_max_seconds = WholeNumber(
        60,
        14_400,
        3600,
        label=_l("Longest wrap-up (seconds)"),
        description=_l("However often an agent extends it."),
    )

    SECTIONS = (
        ("conversations", _l("Conversations"), (
            "max_conversations", "conversations_beside_call", "call_stops_conversations", "return_conversations_seconds",
        )),
        ("customers", _l("Customers"), ("vip_priority", "return_grace_seconds", "redial_grace_seconds")),
        ("absence", _l("Agents and phones"), (
            "offers_per_second", "page_grace_seconds", "no_answers_in_a_row", "decline_pause_seconds", "failed_pause_seconds", "failed_pause_max_seconds",
            "extend_max_seconds",
        )),
    )  # fmt: skip


def names() -> list[str]:
    """The rules that the page has."""
    return [name for _key, _title, fields in RulesForm.SECTIONS for name in fields]


@blueprint.route("/rules", methods=["GET", "POST"])
@requires("queues.manage")
def rules() -> ResponseReturnValue:
    """Show and change them."""
    rows = {row.name: row for row in db.session.scalars(select(RoutingRule))}
    form = RulesForm(data={name: row.value for name, row in rows.items()})
    if not form.is_submitted() or not form.validate():
        return render_template("queues/rules.html", form=form), 400 if form.errors else 200
    changes: dict[str, Any] = {}
    for name in names():
        value, row = int(form[name].data), rows.get(name)
        before = row.value if row else int(form[name].default or 0)
        if value != before:
            changes[name] = [before, value]
        db.session.merge(RoutingRule(name=name, value=value))
    db.session.commit()
    audit("routing-rules-changed", changes=changes)
    tell()
    flash(_("Saved."))
    return redirect(url_for("queues.rules"))
