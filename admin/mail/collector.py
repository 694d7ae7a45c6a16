"""Messages that an agent wrote while the visitor had no window open: collected into one mail, once, after a while.

Runs in `python -m uckefu.postman`. The web processes say who has a window open (`admin.chat.windows`); while that is not
known, nothing is written.
"""

from datetime import datetime, timedelta

import redis
from flask import Flask
from sqlalchemy import select, update

from admin.chat import windows
from admin.db import db
from admin.mail.account import Account
from sql.models import Conversation, Message, Visitor
from sql.outbox import BadAddress, put
from uckefu.times import as_utc, now

OLDEST = timedelta(days=3)
MOST_A_ROUND = 200


def collect(app: Flask, account: Account, at: datetime | None = None) -> int:
    """Put a mail into the outbox for each visitor who left an address and has missed something; returns how many.

    Raises:
        SQLAlchemyError, redis.RedisError: not known at the moment; the next round finds the same.
    """
    instant, delay = at or now(), timedelta(minutes=account.missed_after_minutes)
    if not delay:
        return 0
    with app.app_context():
        bus: redis.Redis = app.extensions["uckefu"]["bus"]
        rows = _unread(instant, delay)
        here = windows.open_now(bus, [visitor.id for _row, visitor in rows])
        return sum(_written(row, visitor, instant, delay) for row, visitor in rows if visitor.id not in here)


def _unread(instant: datetime, delay: timedelta) -> list[tuple[Conversation, Visitor]]:
    wanted = (
        select(Conversation, Visitor)
        .join(Visitor, Visitor.id == Conversation.visitor_id)
        .where(
            Conversation.opened_at > instant - OLDEST, Conversation.first_reply_at.is_not(None), Visitor.email != "",
            Conversation.last_public_sequence > Conversation.mailed_sequence,
            Conversation.last_public_sequence > Conversation.visitor_read_sequence,
            Conversation.last_message_at <= instant - delay,
        )
        .order_by(Conversation.last_message_at)
        .limit(MOST_A_ROUND)
    )  # fmt: skip
    return [(row, visitor) for row, visitor in db.session.execute(wanted)]


def _written(row: Conversation, visitor: Visitor, instant: datetime, delay: timedelta) -> bool:
    """One mail with all that is new, and the note that it was sent up to there, in one transaction."""
    after, up_to = max(row.mailed_sequence, row.visitor_read_sequence), row.last_public_sequence
    sent = db.session.scalars(
        select(Message.sent_at)
        .where(Message.conversation_id == row.id, Message.sequence > after, Message.sequence <= up_to)
        .where(Message.author == "agent", Message.is_public, Message.recalled_at.is_(None))
        .where(Message.kind.in_(("text", "picture", "file")))
    ).all()
    if sent and max(as_utc(at) for at in sent) > instant - delay:
        db.session.rollback()
        return False  # the agent still writes
    noted = db.session.execute(
        update(Conversation)
        .where(Conversation.id == row.id, Conversation.mailed_sequence == row.mailed_sequence)
        .values(mailed_sequence=up_to)
    )
    done = False
    if noted.rowcount and sent:  # type: ignore[attr-defined]
        try:
            done = put(
                db.session, "missed", visitor.email, key=f"{row.id}:{up_to}", language=row.language or visitor.language,
                conversation_id=row.id, after=after, up_to=up_to,
            )  # fmt: skip
        except BadAddress:
            done = False  # what was typed is no address; noted as sent, so that it is not tried for ever
    db.session.commit()
    return done
