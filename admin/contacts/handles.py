"""What a page may call a number by without knowing it: a keyed hash, of no use to anybody else."""

import hashlib
import hmac

from flask import current_app


def handle(number: str) -> str:
    """The number's handle, the same as long as the instance's secret is."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"number:{number}".encode(), hashlib.sha256).hexdigest()[:20]
