"""Notes who did what (`audit_entry`). A note that can't be written is logged; who must have it written asks for the answer."""

import structlog
from flask import request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from admin.db import db
from sql.models import AuditEntry
from uckefu.times import now

log = structlog.get_logger(__name__)


def audit(action: str, *, subject: str = "", **detail: object) -> bool:
    """Write one entry and commit it with what the session holds. Returns whether it stands in the record.

    Args:
        action: stable word, e.g. `number-revealed`.
        subject: what it was done to, e.g. an interaction id.
        detail: further facts; never a secret.
    """
    user_id = current_user.id if current_user.is_authenticated else None
    entry = AuditEntry(
        at=now(), user_id=user_id, action=action, subject=subject[:128], detail=detail,
        address=(request.remote_addr or "")[:45],
    )  # fmt: skip
    try:
        db.session.add(entry)
        db.session.commit()
    except SQLAlchemyError as error:
        db.session.rollback()
        log.error("audit_not_written", action=action, subject=subject, user_id=user_id, error=str(error))
        return False
    return True
