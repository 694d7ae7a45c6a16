"""The variables that every flow has without setting them: `call.…` and `now.…`. `ivr.call` looks them up here.

Each is computed when a flow asks for it: the region of a number alone needs tables of some megabytes.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import phonenumbers

from ivr.contacts import normal
from uckefu.centre import WEEKDAYS

if TYPE_CHECKING:
    from ivr.call import Call
    from ivr.flow_file import Flow

Given = dict[str, Callable[[], Any]]

GIVEN_NAMES = (
    "call.number", "call.e164", "call.did", "call.region", "call.mobile", "call.id", "call.language", "call.flow",
    "now.date", "now.time", "now.datetime", "now.hour", "now.weekday", "now.year", "now.month", "now.day",
)  # fmt: skip
"""What `check` knows; a test holds it equal to what `given_variables` gives."""


def given_variables(call: "Call") -> Given:
    """The given variables of one call, by name."""
    context = call.context
    given: Given = {
        "call.number": lambda: context.number,
        "call.e164": lambda: normal(context.number, context.centre.region),
        "call.did": lambda: context.did,
        "call.region": lambda: region(context.number, context.centre.region, call.language),
        "call.mobile": lambda: is_mobile(context.number, context.centre.region),
        "call.id": lambda: context.interaction_id,
        "call.language": lambda: call.language,
        "call.flow": lambda: call.flow,
        "now.date": lambda: f"{context.local_now():%Y-%m-%d}",
        "now.time": lambda: f"{context.local_now():%H:%M}",
        "now.datetime": lambda: f"{context.local_now():%Y-%m-%dT%H:%M:%S}",
        "now.hour": lambda: context.local_now().hour,
        "now.weekday": lambda: WEEKDAYS[context.local_now().weekday()],
        "now.year": lambda: context.local_now().year,
        "now.month": lambda: context.local_now().month,
        "now.day": lambda: context.local_now().day,
    }
    return given


def region(number: str, home: str, language: str) -> str:
    """Where a number belongs (`广东省广州市`), or ""."""
    from phonenumbers import (
        geocoder,
    )  # its tables take a second to load: when the first flow asks, or at warm-up

    parsed = _parsed(number, home)
    return geocoder.description_for_number(parsed, "zh" if language == "zh" else "en") if parsed else ""


def warm_up(flows: "Iterable[Flow]", home: str) -> bool:
    """Load the tables of regions now if one of these flows asks for a region; whether it did."""
    asked = any(
        "call.region" in expression.names
        for flow in flows
        for node in flow.nodes.values()
        for _path, expression in node.reads()
    )
    if asked:
        region("+8613800138000", home, "zh")
    return asked


def is_mobile(number: str, home: str) -> bool:
    """Whether a number is a mobile's."""
    parsed = _parsed(number, home)
    return parsed is not None and phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE


@lru_cache(maxsize=1000)
def _parsed(number: str, home: str) -> "phonenumbers.PhoneNumber | None":
    try:
        return phonenumbers.parse(number, home)
    except phonenumbers.NumberParseException:
        return None
