"""What saving or deleting a queue does: rows, who serves it, the audit of each change, and telling the ACD."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from admin import directory
from admin.audit import audit
from admin.db import db
from admin.queues.forms import Place, QueueForm
from sql.models import Agent, Queue, Tier, User


class Taken(Exception):
    """Another one has this short name."""


def settings_of(queue: Queue) -> dict[str, Any]:
    """What the form has of a queue, for comparing."""
    names = [name for _key, _title, fields in QueueForm.SECTIONS for name in fields]
    return {name: getattr(queue, name) for name in names}


def save(queue: Queue, form: QueueForm) -> None:
    """Write the form into the queue and its tiers, with an audit entry of what is different.

    Raises:
        Taken: nothing was changed.
    """
    new = queue.id is None
    before: dict[str, Any] = {} if new else settings_of(queue)
    people = {} if new else places_of(queue)
    for name in settings_of(queue):
        setattr(queue, name, form[name].data)
    try:
        db.session.add(queue)
        db.session.flush()
        _save_places(queue, form.places)
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        raise Taken from error
    directory.forget()
    changes = {
        name: [before.get(name), value]
        for name, value in settings_of(queue).items()
        if before.get(name) != value
    }
    audit(
        "queue-created" if new else "queue-changed", subject=queue.name, changes=changes,
        agents=_differences(people, form.places),
    )  # fmt: skip


def remove(queue: Queue) -> None:
    """Delete the queue and its tiers; what happened in it stays in the record."""
    name = queue.name
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
