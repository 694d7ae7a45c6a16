"""Outcomes: list, add, change, retire, bring back, order. A retired one stays in the records that have it."""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from admin import directory
from admin.audit import audit
from admin.db import db
from admin.permissions import requires
from admin.queues.blueprint import blueprint
from admin.queues.forms import DispositionForm
from sql.models import Disposition, Talk


@blueprint.route("/outcomes", methods=["GET", "POST"])
@requires("queues.manage")
def outcomes() -> ResponseReturnValue:
    """The list, with a form for a new one below."""
    form = DispositionForm()
    if form.is_submitted() and form.validate() and _add(form):
        return redirect(url_for("queues.outcomes"))
    return _page(form, None)


@blueprint.route("/outcomes/<int:outcome_id>", methods=["GET", "POST"])
@requires("queues.manage")
def outcome(outcome_id: int) -> ResponseReturnValue:
    """Change the names of one; its short name stays, exports count on it."""
    chosen = _outcome(outcome_id)
    form = DispositionForm(obj=chosen)
    form.code.data = chosen.code
    if form.is_submitted() and form.validate():
        chosen.title_zh, chosen.title_en = form.title_zh.data, form.title_en.data
        _commit("disposition-changed", chosen)
        return redirect(url_for("queues.outcomes"))
    return _page(form, chosen)


@blueprint.post("/outcomes/<int:outcome_id>/retire")
@requires("queues.manage")
def retire_outcome(outcome_id: int) -> ResponseReturnValue:
    """Agents can't choose it any more, or again when it was retired."""
    chosen = _outcome(outcome_id)
    if chosen.active and not _others_active(chosen):
        flash(_("Agents must be able to choose an outcome; add another one first."))
    else:
        chosen.active = not chosen.active
        _commit("disposition-restored" if chosen.active else "disposition-retired", chosen)
    return redirect(url_for("queues.outcomes"))


@blueprint.post("/outcomes/<int:outcome_id>/up")
@requires("queues.manage")
def move_outcome(outcome_id: int) -> ResponseReturnValue:
    """One place up in the list that agents see."""
    chosen = _outcome(outcome_id)
    line = _line()
    at = line.index(chosen)
    if at:
        line[at - 1], line[at] = line[at], line[at - 1]
    for position, each in enumerate(line, 1):
        each.position = position
    _commit("disposition-moved", chosen)
    return redirect(url_for("queues.outcomes"))


def _outcome(outcome_id: int) -> Disposition:
    return db.session.get(Disposition, outcome_id) or abort(404)


def _line() -> list[Disposition]:
    return list(
        db.session.scalars(
            select(Disposition).order_by(Disposition.active.desc(), Disposition.position, Disposition.id)
        )
    )


def _others_active(chosen: Disposition) -> int:
    query = select(func.count()).where(Disposition.active, Disposition.id != chosen.id)
    return db.session.scalar(query) or 0


def _add(form: DispositionForm) -> bool:
    last = db.session.scalar(select(func.max(Disposition.position))) or 0
    added = Disposition(
        code=form.code.data, title_zh=form.title_zh.data, title_en=form.title_en.data, position=last + 1
    )
    try:
        db.session.add(added)
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        form.code.errors = [_("Already taken; choose another.")]
        return False
    _commit("disposition-added", added)
    return True


def _commit(action: str, changed: Disposition) -> None:
    db.session.commit()
    directory.forget()
    audit(
        action,
        subject=changed.code,
        title_zh=changed.title_zh,
        title_en=changed.title_en,
        active=changed.active,
    )


def _page(form: DispositionForm, chosen: Disposition | None) -> ResponseReturnValue:
    used = db.session.execute(
        select(Talk.disposition_id, func.count())
        .where(Talk.disposition_id.is_not(None))
        .group_by(Talk.disposition_id)
    )
    return render_template(
        "queues/outcomes.html",
        form=form,
        chosen=chosen,
        line=_line(),
        used=dict(used.all()),
    ), 400 if form.errors else 200
