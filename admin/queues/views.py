"""List, create, change and delete queues."""

from collections import Counter
from typing import Any

from flask import abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select

from admin import view as views
from admin.db import db
from admin.i18n import language
from admin.permissions import requires
from admin.queues import agents, announcements, limits, needs, service, usage
from admin.queues.blueprint import blueprint
from admin.queues.forms import LEVELS, POSITIONS, QueueForm
from admin.queues.telling import tell
from admin.queues.words import CHANNELS, STRATEGIES, strategy_word
from sql.models import Queue, Tier


@blueprint.get("/")
@requires("queues.manage")
def page() -> ResponseReturnValue:
    """The list, with what the ACD expects of each queue now and how such estimates came out."""
    queues = db.session.scalars(select(Queue).order_by(Queue.channel.desc(), Queue.id)).all()
    rows = db.session.execute(select(Tier.queue_id, func.count()).group_by(Tier.queue_id))
    counts = Counter(dict(rows.all()))
    view, _true_at_us = views.latest(current_app.extensions["uckefu"]["bus"])
    now = (view or {}).get("queues", {})
    return render_template(
        "queues/page.html",
        queues=queues,
        counts=counts,
        channels=CHANNELS,
        strategy_word=strategy_word,
        now=now,
    )


@blueprint.route("/new", methods=["GET", "POST"])
@requires("queues.manage")
def create() -> ResponseReturnValue:
    """A new queue."""
    form = QueueForm()
    if _fits(form) and _save(Queue(), form):
        return redirect(url_for("queues.page"))
    return _edit_page(form, None)


@blueprint.route("/<int:queue_id>", methods=["GET", "POST"])
@requires("queues.manage")
def edit(queue_id: int) -> ResponseReturnValue:
    """Change a queue."""
    queue = _queue(queue_id)
    form = service.form_of(queue)
    if _fits(form, queue) and _save(queue, form):
        return redirect(url_for("queues.page"))
    return _edit_page(form, queue)


@blueprint.post("/<int:queue_id>/delete")
@requires("queues.manage")
def delete(queue_id: int) -> ResponseReturnValue:
    """Delete a queue that nothing leads to any more."""
    queue = _queue(queue_id)
    if reasons := usage.reasons(queue):
        form = service.form_of(queue)
        return _edit_page(form, queue, reasons)
    service.remove(queue)
    tell()
    return redirect(url_for("queues.page"))


def _queue(queue_id: int) -> Queue:
    return db.session.get(Queue, queue_id) or abort(404)


def _fits(form: QueueForm, queue: Queue | None = None) -> bool:
    """Whether a form was sent and may be saved; what is wrong stands at its fields."""
    if not form.is_submitted():
        return False
    places_fit = form.read_places(request.form, [id_ for id_, _name, _extension in service.people()])
    places = {code for code, _word in _limit_places(form, queue)}
    rest_fits = form.read_rest(request.form, places, set(usage.flow_files()))
    return bool(form.validate()) and places_fit and rest_fits


def _limit_places(form: QueueForm, queue: Queue | None) -> list[tuple[str, Any]]:
    """Where a limit can send customers: queues of the same channel, and for calls flows."""
    title = Queue.title_zh if language() == "zh" else Queue.title_en
    others = select(Queue.name, title).where(Queue.channel == form.channel.data).order_by(Queue.id)
    if queue is not None:
        others = others.where(Queue.name != queue.name)
    names = [(name, words) for name, words in db.session.execute(others)]
    kept = limits.from_json(service.routing_of(queue).limits)
    return limits.places(names, sorted(usage.flow_files()) if form.channel.data == "voice" else [], kept)


def _save(queue: Queue, form: QueueForm) -> bool:
    try:
        service.save(queue, form)
    except service.Taken:
        form.name.errors = [_("Already taken; choose another.")]
        return False
    except service.NumberTaken:
        form.number.errors = [_("Already taken; choose another.")]
        return False
    tell()
    return True


def _edit_page(form: QueueForm, queue: Queue | None, reasons: list[str] | None = None) -> ResponseReturnValue:
    status = 409 if reasons else 400 if form.is_submitted() else 200
    return render_template(
        "queues/edit.html", form=form, queue=queue, people=service.people(), reasons=reasons,
        strategies=STRATEGIES, levels=LEVELS, positions=POSITIONS, kinds=limits.KINDS,
        limit_places=_limit_places(form, queue), needs=needs, skills_text=service.routing_of(queue).skills, known_skills=agents.known_skills(), sayings=announcements.sayings(), flows=sorted(usage.flow_files()),
        announcement_rows=announcements.shown(form.announcements),
    ), status  # fmt: skip
