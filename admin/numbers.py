"""Who sees customers' numbers whole: `numbers` in `centre.yml`, a role -> `whole`, `click` (noted; the default) or `never`.

The pages, files and answers ask here; `live.py` asks for each role that looks. Calling needs no number: a page names
the contact or the interaction (`desk/dialing.py`). Notes in the audit and letters are masked for everybody.
"""

import re
from collections.abc import Callable

from flask import has_request_context
from flask_login import current_user

from admin.shell import centre
from admin.telephone import masked, national
from uckefu.centre import Centre

Show = Callable[[str, str], str]
NUMBER_IN_WORDS = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,}")
"""More digits than an extension has, written together or parted as people part them."""


def show_for(role: str, settings: Centre) -> Show:
    """How numbers are written for a role."""
    return national if settings.numbers_for(role) == "whole" else masked


def show_now() -> Show:
    """How numbers are written for the present user."""
    if not has_request_context() or not current_user.is_authenticated:
        return masked
    return show_for(current_user.role, centre())


def seen(number: str, region: str = "CN") -> str:
    """The number as the present user sees it at once; masked where nobody asks."""
    return show_now()(number, region)


def words_seen(words: str, region: str = "CN") -> str:
    """Words that people or networks put numbers into (a contact's name, a refused line), as the present user sees them."""
    if show_now() is national:
        return words
    return NUMBER_IN_WORDS.sub(lambda found: masked(found[0], region), words)
