"""Texts with variables in them, for machines and logs: `https://crm.example/orders/{order}`. Nodes fill them.

(What a caller hears is `ivr.wording`.) A `{…}` holds an expression; in a URL its value is quoted, so that a caller's
digits can never become another path, parameter or host.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ivr.expression import BadExpression, Expression, Value, parse

_SLOT = re.compile(r"\{([^{}]*)\}")


def _valid(text: str) -> str:
    try:
        expressions(text)
    except BadExpression as error:
        raise PydanticCustomError("bad_template", "{message}", {"message": str(error)}) from error
    return text


Template = Annotated[str, Field(max_length=500), AfterValidator(_valid)]


def expressions(text: str) -> list[Expression]:
    """The expressions in a text.

    Raises:
        BadExpression: one that is none.
    """
    return [parse(found[1].strip()) for found in _SLOT.finditer(text)]


def fill(text: str, value_of: Callable[[Expression], Value], *, in_url: bool = False) -> str:
    """The text with its values; none is "" and true/false are words."""

    def one(found: re.Match[str]) -> str:
        value = shown(value_of(parse(found[1].strip())))
        return quote(value, safe="") if in_url else value

    return _SLOT.sub(one, text)


def shown(value: Any) -> str:
    """A value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)[:1000]
