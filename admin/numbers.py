"""Who sees customers' numbers whole: `numbers` in `centre.yml`, a role -> `whole`, `click` (noted; the default) or `never`.

The pages, files and answers ask here; `live.py` asks for each role that looks. Calling needs no number: a page names
the contact or the interaction (`desk/dialing.py`). Notes in the audit and letters are masked for everybody.
"""

from collections.abc import Callable

from flask import has_request_context
from flask_login import current_user

from admin.shell import centre
from admin.telephone import masked, national
from uckefu.centre import Centre

Show = Callable[[str, str], str]


def show_for(role: str, settings: Centre) -> Show:
    """How numbers are written for a role."""
    return national if settings.numbers_for(role) == "whole" else masked


def seen(number: str, region: str = "CN") -> str:
    """The number as the present user sees it at once; masked where nobody asks."""
    if not has_request_context() or not current_user.is_authenticated:
        return masked(number, region)
    return show_for(current_user.role, centre())(number, region)
