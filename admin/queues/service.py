"""What saving or deleting a queue does: rows, who serves it, the audit of each change, and telling the ACD."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from admin import directory
from admin.audit import audit
from admin.db import db
from admin.queues import announcements, limits, needs
from admin.queues.forms import Place, QueueForm
from sql.models import Agent, Queue, QueueRouting, Tier, User


class Taken(Exception):
    """Another one has this short name."""


class NumberTaken(Exception):
    """Another queue is called by this number."""


ROUTING = (
    "tier_wait_seconds",
    "historic_wait_seconds",
    "ageing_seconds",
    "number",
    "is_paged",
    "caller_number",
)
"""Fields of the form that are columns of `QueueRouting`."""
CALLBACK = "callback_"
TRUNK = "trunk"  # the gateway that `python -m uckefu configure` makes


def settings_of(queue: Queue, routing: QueueRouting) -> dict[str, Any]:
    """What the form has of a queue, for comparing."""
    found = {name: getattr(routing if name in ROUTING else queue, name) for name in _columns()}
    return {
        **found,
        "skills": routing.skills,
        "limits": routing.limits,
        "callback": routing.callback,
        "announcements": routing.announcements,
    }


def _columns() -> list[str]:
    names = [name for _key, _title, fields in QueueForm.SECTIONS for name in fields]
    return [name for name in names if not name.startswith(CALLBACK)]


def routing_of(queue: Queue | None) -> QueueRouting:
    """The queue's row, or a new one with the defaults."""
    found = db.session.get(QueueRouting, queue.id) if queue and queue.id else None
    return found or QueueRouting(
        skills="",
        tier_wait_seconds=0,
        ageing_seconds=0,
        historic_wait_seconds=60,
        number="",
        is_paged=False,
        caller_number="",
    )


def form_of(queue: Queue) -> QueueForm:
    """The form, filled with what the record has, and with what was sent over it."""
    routing = routing_of(queue)
    values = {name: getattr(routing, name) for name in ROUTING}
    values["callback_on"] = bool(routing.callback and routing.callback.get("trunk"))
    values |= {CALLBACK + name: value for name, value in (routing.callback or {}).items() if name != "trunk"}
    form = QueueForm(obj=queue, exists=True, places=places_of(queue), **values)
    form.limits, form.needs = limits.from_json(routing.limits), needs.rows_of(routing.skills)
    form.announcements = announcements.from_json(routing.announcements)
    return form


def save(queue: Queue, form: QueueForm) -> None:
    """Write the form into the queue and its tiers, with an audit entry of what is different.

    Raises:
        Taken, NumberTaken: nothing was changed.
    """
    new = queue.id is None
    if form.number.data and _has_number(form.number.data, but=queue.id):
        raise NumberTaken
    routing = routing_of(queue)
    before: dict[str, Any] = {} if new else settings_of(queue, routing)
    people = {} if new else places_of(queue)
    for name in _columns():
        setattr(routing if name in ROUTING else queue, name, form[name].data)
    routing.callback = _callback(form, routing.callback or {})
    routing.limits = limits.to_json(form.limits)
    routing.announcements = announcements.to_json(form.announcements)
    if form.needs is not None:
        routing.skills = needs.text_of(form.needs)
    try:
        db.session.add(queue)
        db.session.flush()
        routing.queue_id = queue.id
        db.session.add(routing)
        _save_places(queue, form.places)
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        raise Taken from error
    directory.forget()
    changes = {
        name: [before.get(name), value]
        for name, value in settings_of(queue, routing).items()
        if before.get(name) != value
    }
    audit(
        "queue-created" if new else "queue-changed", subject=queue.name, changes=changes,
        agents=_differences(people, form.places),
    )  # fmt: skip


def _has_number(number: str, but: int | None) -> bool:
    found = db.session.scalars(select(QueueRouting.queue_id).where(QueueRouting.number == number))
    return any(queue_id != but for queue_id in found)


def _callback(form: QueueForm, before: dict[str, Any]) -> dict[str, object] | None:
    """As the ACD reads it; off, it keeps its other settings for the next time."""
    if not form.callback_on.data and not before:
        return None
    names = [field.name for field in form if field.name.startswith(CALLBACK) and field.name != "callback_on"]
    told = {name.removeprefix(CALLBACK): form[name].data for name in names}
    trunk = str(before.get("trunk") or TRUNK) if form.callback_on.data else ""
    return {**told, "trunk": trunk}


def remove(queue: Queue) -> None:
    """Delete the queue and its tiers; what happened in it stays in the record."""
    name = queue.name
    db.session.execute(delete(QueueRouting).where(QueueRouting.queue_id == queue.id))
    db.session.delete(queue)
    db.session.commit()
    directory.forget()
    audit("queue-deleted", subject=name)


def places_of(queue: Queue) -> dict[int, Place]:
    """Agent id -> place."""
    tiers = db.session.scalars(select(Tier).where(Tier.queue_id == queue.id))
    return {tier.agent_id: Place(tier.level, tier.position) for tier in tiers}


def people() -> list[tuple[int, str, str]]:
    """Agent id, name and extension of everybody who may serve a queue."""
    rows = db.session.execute(
        select(Agent.id, User.name, Agent.extension)
        .join(User, User.id == Agent.user_id)
        .where(User.active)
        .order_by(Agent.extension)
    )
    return [(id_, name, extension) for id_, name, extension in rows]


def _save_places(queue: Queue, places: dict[int, Place]) -> None:
    wanted = dict(places)
    for tier in db.session.scalars(select(Tier).where(Tier.queue_id == queue.id)):
        place = wanted.pop(tier.agent_id, None)
        if place is None:
            db.session.execute(delete(Tier).where(Tier.queue_id == queue.id, Tier.agent_id == tier.agent_id))
        else:
            tier.level, tier.position = place.level, place.position
    db.session.add_all(
        Tier(queue_id=queue.id, agent_id=id_, level=place.level, position=place.position)
        for id_, place in wanted.items()
    )


def _differences(before: dict[int, Place], after: dict[int, Place]) -> dict[str, Any]:
    def shown(place: Place | None) -> list[int] | None:
        return None if place is None else [place.level, place.position]

    return {
        str(id_): [shown(before.get(id_)), shown(after.get(id_))]
        for id_ in sorted(before.keys() | after.keys())
        if before.get(id_) != after.get(id_)
    }
