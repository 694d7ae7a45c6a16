"""Puts mail into the outbox, in the caller's transaction: either both stand in the record, or neither.

Called by the chat (transcripts), `admin.mail.collector` (messages that nobody saw), `ivr.reader` (voicemails) and the
pages; `python -m uckefu.postman` sends what is there.
"""

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from sql.models import OutgoingMail
from uckefu.times import now


class BadAddress(ValueError):
    """No mail address; the message says why, in English, for the log."""

    code = "bad-address"


def proper_address(text: str) -> str:
    """The address in its normal form. Whether anybody is there is the mail server's business.

    Raises:
        BadAddress: it is none, or holds something that has no place in a header.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise BadAddress(str(error)) from error


def put(
    session: Session | scoped_session[Session], kind: str, recipient: str, *, key: str, language: str = "", **detail: object
) -> bool:  # fmt: skip
    """Add one mail; the caller commits. False when this cause has its mail already.

    Args:
        kind: `transcript`, `missed`, `voicemail`, `test`.
        recipient: one address.
        key: names the cause and the recipient; the same one never makes two.
        language: `zh` or `en`, of whoever reads it; "": the centre's.
        detail: what it is about, as `admin.mail.letters` reads it.

    Raises:
        BadAddress: the recipient is no address.
    """
    to, whole = proper_address(recipient), f"{kind}:{key}"[:128]
    if session.scalar(select(OutgoingMail.id).where(OutgoingMail.key == whole)) is not None:
        return False
    instant = now()
    session.add(
        OutgoingMail(
            key=whole, kind=kind, recipient=to, language=language if language in ("zh", "en") else "", detail=detail,
            created_at=instant, due_at=instant, state="waiting", attempts=0, reason="",
        )
    )  # fmt: skip
    return True
