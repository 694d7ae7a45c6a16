"""Puts mail into the outbox, in the caller's transaction: either both stand in the record, or neither.

Called by the chat (transcripts, messages left), `admin.mail.collector` (messages that nobody saw), `ivr.reader`
(voicemails) and the pages; `python -m uckefu.postman` sends what is there.
"""

import structlog
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from sql.models import OutgoingMail, User
from uckefu.times import now

log = structlog.get_logger(__name__)


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
        kind: `transcript`, `missed`, `voicemail`, `left`, `test`.
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


def tell(
    session: Session | scoped_session[Session], kind: str, whom: str, *, key: str, **detail: object
) -> None:
    """Put a mail for a colleague: `whom` is a mail address, or a login whose user has one; without any, none is sent.

    Everybody whom it concerns sees the thing on its page as well; an address that is none costs only its mail.
    """
    user = session.scalar(select(User).where(User.login == whom, User.active))
    address = (user.email if user else "") or (whom if "@" in whom else "")
    if not address:
        return
    try:
        put(session, kind, address, key=f"{key}:{whom}"[:118], language=user.locale if user else "", **detail)
    except BadAddress as error:
        log.warning("colleague_not_mailed", kind=kind, key=key, reason=str(error))
