"""Form fields whose messages say what to enter, for somebody who is no programmer."""

from typing import Any

from flask_babel import gettext as _
from wtforms import Field, StringField
from wtforms.widgets import TextInput


class WholeNumber(Field):  # type: ignore[misc]
    """A whole number between two limits; `usual` is named in the message and in the hint."""

    widget = TextInput()

    def __init__(self, low: int, high: int, usual: int, **named: Any) -> None:
        super().__init__(default=usual, **named)
        self.low, self.high, self.usual = low, high, usual
        self.text: str | None = None

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed; it is shown again as it was when it is wrong."""
        if not valuelist:
            return
        self.text = valuelist[0].strip()
        number = int(self.text) if self.text.isdecimal() and len(self.text) < 10 else -1
        if not self.low <= number <= self.high:
            raise ValueError(
                _("Enter a whole number from %(low)s to %(high)s. %(usual)s is usual.",
                  low=self.low, high=self.high, usual=self.usual)
            )  # fmt: skip
        self.data = number

    def _value(self) -> str:
        return self.text if self.text is not None else str(self.data if self.data is not None else "")


class TimeOfDay(StringField):  # type: ignore[misc]
    """A time of day, `HH:MM`; 24:00 is the day's end."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was typed, `9:00` as 09:00."""
        if not valuelist:
            return
        hours, _colon, minutes = valuelist[0].strip().partition(":")
        self.data = valuelist[0].strip()
        digits = hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2 and len(hours) <= 2
        if not digits or int(hours) * 60 + int(minutes) > 24 * 60 or int(minutes) > 59:
            raise ValueError(_("Enter a time such as 09:00; 24:00 is the end of the day."))
        self.data = f"{int(hours):02d}:{minutes}"


def trimmed(value: str | None) -> str:
    """A filter: without spaces around it."""
    return (value or "").strip()
