"""What the web app signs for visitors: their id, and links to files. Nothing of it is kept on the server.

The keys are derived from the instance's secret with a salt each, so that one kind of token is never taken for another.
"""

import hashlib
import hmac
import time

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

LINK_SECONDS = 24 * 3600
_ROUND_SECONDS = 3600
"""A link's end is rounded up to the hour, so that the same file keeps the same address for a while (caches)."""


def _secret() -> str:
    secret: str = current_app.extensions["uckefu"]["settings"].secrets["flask_secret_key"]
    return secret


def visitor_token(visitor_id: str, site_key: str) -> str:
    """The signed id that the visitor's browser keeps."""
    return str(URLSafeSerializer(_secret(), salt="visitor").dumps([visitor_id, site_key]))


def read_visitor_token(token: str, site_key: str) -> str | None:
    """The visitor's id, or None for a token that is not ours or of another site."""
    try:
        visitor_id, of_site = URLSafeSerializer(_secret(), salt="visitor").loads(token[:512])
    except (BadSignature, ValueError, TypeError):
        return None
    return str(visitor_id) if of_site == site_key else None


def file_link(attachment_id: str) -> str:
    """An address of the file that works for a day."""
    ends = (int(time.time()) + LINK_SECONDS) // _ROUND_SECONDS * _ROUND_SECONDS + _ROUND_SECONDS
    return f"/chat/file/{attachment_id}?until={ends}&proof={_proof(attachment_id, ends)}"


def link_holds(attachment_id: str, until: str, proof: str) -> bool:
    """Whether a file's address is ours and has not ended."""
    if not until.isdecimal() or len(until) > 12 or int(until) < time.time():
        return False
    return hmac.compare_digest(proof.encode(), _proof(attachment_id, int(until)).encode())


def _proof(attachment_id: str, until: int) -> str:
    key = hashlib.sha256(b"chat file" + _secret().encode()).digest()
    return hmac.new(key, f"{attachment_id}:{until}".encode(), "sha256").hexdigest()[:40]
