"""After a change of what call routing reads: ask it to read, and say so when it does not answer."""

from flask import flash
from flask_babel import gettext as _

from admin.users.service import tell_acd


def tell() -> None:
    """Tell the ACD; the next page says when it could not be told."""
    if not tell_acd():
        flash(_("Saved. Call routing doesn't answer at the moment; it reads this when it is back."))
