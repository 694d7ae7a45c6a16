"""Which voicemails a user may see: a supervisor all, an agent those of its queues and those that name its login."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from admin.accounts.identity import SignedIn
from admin.db import db
from admin.telephone import e164
from sql.models import Contact, ContactNumber, OutgoingMail, Queue, SurveyAnswer, Tier, User, Voicemail

MOST = 200
OF_ALL = ("administrator", "supervisor")


@dataclass(frozen=True)
class Row:
    """One message of the list."""

    message: Voicemail
    contact: str
    done_by: str


def _seen_by(user: SignedIn) -> Select[tuple[Voicemail]]:
    statement = select(Voicemail)
    if user.role in OF_ALL:
        return statement
    named = cast(Voicemail.notify, String).contains(f'"{user.login}"', autoescape=True)
    return statement.where(or_(of_my_queues(Voicemail.queue_name, user), named))


def of_my_queues(column: InstrumentedAttribute[str], user: SignedIn) -> ColumnElement[bool]:
    """Whether a message waits in a queue that this user serves."""
    queues = select(Queue.name).join(Tier, Tier.queue_id == Queue.id).where(Tier.agent_id == user.agent_id)
    return column.in_(queues)


def open_count(user: SignedIn) -> int:
    """How many messages wait for somebody."""
    waiting = _seen_by(user).where(Voicemail.done_at.is_(None)).subquery()
    return db.session.scalar(select(func.count()).select_from(waiting)) or 0


def newest(user: SignedIn) -> Voicemail | None:
    """The message that came last among those that wait."""
    waiting = _seen_by(user).where(Voicemail.done_at.is_(None))
    return db.session.scalar(waiting.order_by(Voicemail.at.desc(), Voicemail.id.desc()).limit(1))


def unsent_mails() -> int:
    """Mails about voicemails and messages left that have not left us."""
    unsent = (OutgoingMail.kind.in_(("voicemail", "left")), OutgoingMail.state.in_(("waiting", "failed")))
    return db.session.scalar(select(func.count()).select_from(OutgoingMail).where(*unsent)) or 0


def messages(user: SignedIn, *, done: bool, region: str) -> list[Row]:
    """The open ones with the oldest first: it has waited longest for us; the done ones with the latest first."""
    statement = _seen_by(user).where(Voicemail.done_at.is_not(None) if done else Voicemail.done_at.is_(None))
    order = Voicemail.done_at.desc() if done else Voicemail.at
    found = list(db.session.scalars(statement.order_by(order).limit(MOST)))
    contacts = _contacts((message.number for message in found), region)
    ids = {message.done_by_id for message in found if message.done_by_id}
    people = dict(db.session.execute(select(User.id, User.name).where(User.id.in_(ids))).all())
    return [
        Row(each, contacts.get(e164(each.number, region), ""), people.get(each.done_by_id or 0, ""))
        for each in found
    ]


def _contacts(numbers: Iterable[str], region: str) -> dict[str, str]:
    wanted = {e164(number, region) for number in numbers if number}
    rows = db.session.execute(
        select(ContactNumber.number, Contact.name)
        .join(Contact, Contact.id == ContactNumber.contact_id)
        .where(ContactNumber.number.in_(wanted))
    )
    return dict(rows.all())


def message(user: SignedIn, message_id: str) -> Voicemail | None:
    """One message, if there is one that this user may see."""
    return db.session.scalar(_seen_by(user).where(Voicemail.id == message_id))


def answer(answer_id: str) -> SurveyAnswer | None:
    """One answer of a survey."""
    return db.session.get(SurveyAnswer, answer_id)
