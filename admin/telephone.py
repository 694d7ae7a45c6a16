"""Telephone numbers as the pages show them: normalised, masked, with their place in the reader's language."""

import functools

import phonenumbers
from phonenumbers import geocoder

WHOLE_UP_TO = 6
"""Numbers this short are extensions and service numbers: shown whole."""
WITHHELD = frozenset({"anonymous", "restricted", "private", "unavailable", "unknown"})
"""What stands in place of a number that the caller doesn't show: nothing to hide."""


@functools.lru_cache(maxsize=10_000)
def parse(number: str, region: str = "CN") -> "phonenumbers.PhoneNumber | None":
    """The number as `phonenumbers` reads it, or None for what is no number (an extension, `anonymous`)."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_possible_number(parsed) else None


def e164(number: str, region: str = "CN") -> str:
    """`+8613800138000`; what can't be read comes back as it was."""
    parsed = parse(number, region)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if parsed else number


def national(number: str, region: str = "CN") -> str:
    """The number as somebody in `region` dials it, digits only: `13800138000`, `075788882016`."""
    parsed = parse(number, region)
    if parsed is None:
        return number
    if phonenumbers.region_code_for_number(parsed) != region:
        return e164(number, region)
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(c for c in shown if c.isdigit())


def spellings(number: str, region: str = "CN") -> set[str]:
    """How one number may stand in the record: as it came, `+86…`, `86…`, `0086…`, and as it is dialled here."""
    whole = e164(number, region)
    digits = whole.removeprefix("+")
    return {number, whole, digits, f"00{digits}", national(number, region)}


@functools.lru_cache(maxsize=10_000)
def masked(number: str, region: str = "CN") -> str:
    """`138****6621`: the last eight characters but four are hidden, in a SIP name too."""
    shown = national(number, region)
    if len(shown) <= WHOLE_UP_TO or shown.lower() in WITHHELD:
        return shown
    return f"{shown[:-8]}****{shown[-4:]}"


@functools.lru_cache(maxsize=10_000)
def place(number: str, language: str, region: str = "CN") -> str:
    """Where the number belongs (`江苏省南京市` / `Nanjing, Jiangsu`), or ''."""
    parsed = parse(number, region)
    return geocoder.description_for_number(parsed, "zh" if language == "zh" else "en") if parsed else ""
