"""The transcript of a conversation by mail: asked for by its visitor, to the one address that was given in it.

The mail is put into the outbox in the transaction that notes the address; `admin.mail` writes and sends it.
"""

from datetime import timedelta

from sqlalchemy import func, select

from admin.chat.refusals import ChatRefused
from admin.db import db
from admin.mail import account
from sql.models import Conversation, OutgoingMail
from sql.outbox import BadAddress, proper_address, put
from uckefu.times import now

MOST_OF_A_CONVERSATION = 3
MOST_TO_AN_ADDRESS_A_DAY = 6


def is_offered() -> bool:
    """Whether mail leaves at all; else nobody is offered one."""
    return account.present() is not None


def ask(row: Conversation, email: str) -> None:
    """Have it sent. Nothing new since the last one: that one was it.

    Args:
        row: a conversation of the visitor who asks.
        email: what the visitor typed; "" for what was given before the talk.

    Raises:
        ChatRefused: mail-off, bad-address, other-address (the conversation has another one), slow-down.
    """
    if not is_offered():
        raise ChatRefused("mail-off")
    before = str((row.prechat or {}).get("email", ""))
    try:
        to = proper_address(email or before)
        if before and to.lower() != proper_address(before).lower():
            raise ChatRefused("other-address")
    except BadAddress as error:
        raise ChatRefused("bad-address") from error
    key = f"{row.id}:{row.last_sequence}"
    if not _is_known(key):
        _limit(row, to)
        put(db.session, "transcript", to, key=key, language=row.language, conversation_id=row.id)
    row.prechat = {**(row.prechat or {}), "email": to}
    db.session.commit()


def _is_known(key: str) -> bool:
    return (
        db.session.scalar(select(OutgoingMail.id).where(OutgoingMail.key == f"transcript:{key}")) is not None
    )


def _limit(row: Conversation, to: str) -> None:
    """Nobody's letter-box is filled from here: few of one conversation, few to one address."""
    mine = select(func.count()).where(OutgoingMail.key.startswith(f"transcript:{row.id}:", autoescape=True))
    theirs = select(func.count()).where(
        OutgoingMail.kind == "transcript", OutgoingMail.recipient == to,
        OutgoingMail.created_at > now() - timedelta(days=1),
    )  # fmt: skip
    if (db.session.scalar(mine) or 0) >= MOST_OF_A_CONVERSATION:
        raise ChatRefused("slow-down", wait_seconds=3600)
    if (db.session.scalar(theirs) or 0) >= MOST_TO_AN_ADDRESS_A_DAY:
        raise ChatRefused("slow-down", wait_seconds=3600)
