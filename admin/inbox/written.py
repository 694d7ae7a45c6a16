"""Messages that web visitors left while nobody was there: a supervisor sees all, an agent those of its queues."""

from dataclasses import dataclass

from sqlalchemy import Select, func, select

from admin.accounts.identity import SignedIn
from admin.db import db
from admin.inbox.voicemails import MOST, OF_ALL, of_my_queues
from sql.models import Contact, LeftMessage, Site, User, Visitor


@dataclass(frozen=True)
class Row:
    """One message of the list."""

    message: LeftMessage
    site: str
    contact: str
    done_by: str

    @property
    def name(self) -> str:
        """Who wrote: the contact that we know, else what the visitor typed."""
        return self.contact or self.message.name

    @property
    def mail(self) -> str:
        """Where to answer, if that is a mail address; else it is a number."""
        return self.message.reach if "@" in self.message.reach else ""


def _seen_by(user: SignedIn) -> Select[tuple[LeftMessage]]:
    statement = select(LeftMessage)
    return statement if user.role in OF_ALL else statement.where(of_my_queues(LeftMessage.queue_name, user))


def open_count(user: SignedIn) -> int:
    """How many messages wait for somebody."""
    waiting = _seen_by(user).where(LeftMessage.done_at.is_(None)).subquery()
    return db.session.scalar(select(func.count()).select_from(waiting)) or 0


def newest(user: SignedIn) -> LeftMessage | None:
    """The message that came last among those that wait."""
    waiting = _seen_by(user).where(LeftMessage.done_at.is_(None))
    return db.session.scalar(waiting.order_by(LeftMessage.created_at.desc(), LeftMessage.id.desc()).limit(1))


def messages(user: SignedIn, *, done: bool) -> list[Row]:
    """The open ones with the oldest first, the done ones with the latest first, as the voicemails beside them."""
    wanted = LeftMessage.done_at.is_not(None) if done else LeftMessage.done_at.is_(None)
    order = LeftMessage.done_at.desc() if done else LeftMessage.created_at
    statement = (
        _seen_by(user)
        .where(wanted)
        .join(Site, Site.id == LeftMessage.site_id)
        .join(Visitor, Visitor.id == LeftMessage.visitor_id)
        .outerjoin(Contact, Contact.id == Visitor.contact_id)
        .outerjoin(User, User.id == LeftMessage.done_by_id)
        .add_columns(Site.name, func.coalesce(Contact.name, ""), func.coalesce(User.name, ""))
    )
    return [Row(*row) for row in db.session.execute(statement.order_by(order).limit(MOST))]


def message(user: SignedIn, message_id: int) -> LeftMessage | None:
    """One message, if there is one that this user may see."""
    return db.session.scalar(_seen_by(user).where(LeftMessage.id == message_id))
