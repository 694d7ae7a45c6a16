"""The forms of a queue, with who serves it, and of an outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Regexp, ValidationError

from admin.queues import announcements, limits, needs
from admin.queues.fields import TimeOfDay, WholeNumber, trimmed
from admin.queues.words import CHANNELS, MUSIC, STRATEGIES, strategies_for

LEVELS = range(1, 10)
POSITIONS = range(1, 100)


def _title(label: Any) -> StringField:
    return StringField(
        label,
        filters=[trimmed],
        validators=[
            InputRequired(_l("Enter a name; callers' screens and reports show it.")),
            Length(max=64, message=_l("At most 64 characters.")),
        ],
    )


def _code(label: Any, description: Any) -> StringField:
    return StringField(
        label,
        description=description,
        filters=[trimmed],
        validators=[
            InputRequired(_l("Enter a short name such as after-sales.")),
            Length(max=32, message=_l("At most 32 characters.")),
            Regexp(
                r"^[a-z][a-z0-9-]*$", message=_l("Small letters, digits and - only, beginning with a letter.")
            ),
        ],
    )


@dataclass(frozen=True)
class Place:
    """An agent's place in a queue."""

    level: int = 1
    position: int = 1


class QueueForm(FlaskForm):  # type: ignore[misc]
    """A queue. `places` is agent id -> place, of the agents that are ticked."""

    name = _code(
        _l("Short name"), _l("Flows and logs call the queue by it; it stays as it is once the queue exists.")
    )
    title_zh = _title(_l("Name in Chinese"))
    title_en = _title(_l("Name in English"))
    channel = SelectField(_l("What it takes"), choices=list(CHANNELS))
    strategy = SelectField(_l("Who is asked first"), choices=[choice.code for choice in STRATEGIES])
    offer_timeout_seconds = WholeNumber(
        5, 120, 20, label=_l("Ringing (seconds)"),
        description=_l("Nobody answers for that long: the next agent is asked, and the agent is set to not ready."),
    )  # fmt: skip
    wrap_up_seconds = WholeNumber(
        0, 3600, 30, label=_l("Wrap-up (seconds)"),
        description=_l("Time for the outcome and the note; 0 for none. Agents can end it earlier."),
    )  # fmt: skip
    max_wait_seconds = WholeNumber(
        10, 86_400, 600, label=_l("Longest wait (seconds)"),
        description=_l("Then the caller hears an apology, and the flow goes on."),
    )  # fmt: skip
    service_level_seconds = WholeNumber(
        1, 600, 20, label=_l("Service level within (seconds)"),
        description=_l("Reports and boards count who was answered within this time."),
    )  # fmt: skip
    number = StringField(
        _l("Number inside"),
        filters=[trimmed],
        validators=[Regexp(r"^(8[0-9]{3})?$", message=_l("Four digits from 8000 to 8999, or nothing."))],
        description=_l("Phones of the centre call the group by it, 8000 to 8999; empty for none. With all phones ringing at once, the first to answer has the call."),
    )  # fmt: skip
    is_paged = BooleanField(
        _l("Page instead of ringing"),
        description=_l("Phones of all who are free answer by themselves and hear who called the number."),
    )
    music = SelectField(_l("Music while waiting"), choices=[])
    tier_wait_seconds = WholeNumber(
        0, 3600, 0, label=_l("Next level after (seconds)"),
        description=_l("0: agents of all levels are asked, in their order. Else a level is left to itself for that long."),
    )  # fmt: skip
    historic_wait_seconds = WholeNumber(
        0, 3600, 60, label=_l("Wait for the former agent (seconds)"),
        description=_l("Who was served before is offered to the same agent first, and waits that long while that agent is full; 0 for nobody."),
    )  # fmt: skip
    ageing_seconds = WholeNumber(
        0, 86_400, 0, label=_l("One priority more per (seconds)"),
        description=_l("Waiting that long counts like one more priority, so that nobody waits for ever; 0: priorities stay."),
    )  # fmt: skip

    caller_number = StringField(
        _l("Number shown by its agents' calls"),
        filters=[trimmed],
        validators=[
            Regexp(r"^\+?[0-9]{0,20}$", message=_l("Digits only, at most 20, with or without a leading +."))
        ],
        description=_l("One of the trunk's numbers; an agent may choose another. Empty: the trunk's first."),
    )
    callback_on = BooleanField(
        _l("Callers can ask to be called back"),
        description=_l("They keep their place: when it is their turn, an agent is reserved and they are called."),
    )  # fmt: skip
    callback_caller_id = StringField(
        _l("Number shown to them"),
        filters=[trimmed],
        validators=[
            Regexp(r"^\+?[0-9]{0,20}$", message=_l("Digits only, at most 20, with or without a leading +."))
        ],
        description=_l("Empty: as the trunk has it."),
    )
    callback_opens = TimeOfDay(_l("Calls back from"), default="09:00")
    callback_closes = TimeOfDay(_l("Calls back until"), default="20:00")
    callback_attempts = WholeNumber(
        1, 10, 3, label=_l("Attempts"), description=_l("Who does not answer is called again so often.")
    )
    callback_retry_seconds = WholeNumber(
        30, 86_400, 300, label=_l("Next attempt after (seconds)"), description=_l("The place is kept.")
    )
    callback_dial_seconds = WholeNumber(
        10,
        120,
        40,
        label=_l("Their phone rings (seconds)"),
        description=_l("Then it counts as not answered."),
    )

    SECTIONS = (
        ("basics", _l("Basics"), ("title_zh", "title_en", "name", "channel")),
        (
            "who",
            _l("Distribution"),
            ("strategy", "offer_timeout_seconds", "tier_wait_seconds", "historic_wait_seconds"),
        ),
        ("waiting", _l("Waiting"), ("max_wait_seconds", "service_level_seconds", "ageing_seconds", "music")),
        ("after", _l("After the talk"), ("wrap_up_seconds",)),
        ("group", _l("Group call from inside"), ("number", "is_paged")),
        ("out", _l("Agents' own calls"), ("caller_number",)),
        ("callback", _l("Callback"), (
            "callback_on", "callback_caller_id", "callback_opens", "callback_closes", "callback_attempts",
            "callback_retry_seconds", "callback_dial_seconds",
        )),
    )  # fmt: skip
    CALLS_ONLY = frozenset({"callback", "group", "out"})
    """Sections that only a queue of calls has."""

    def __init__(
        self, *arguments: Any, exists: bool = False, places: dict[int, Place] | None = None, **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self.exists = exists
        self.places = places or {}
        self.agent_errors: list[str] = []
        self.limits: limits.Limits = {}
        self.limit_errors: list[str] = []
        self.needs: list[needs.Need] | None = []  # None: a text that rows can't show, which is kept
        self.need_errors: list[str] = []
        self.announcements: list[announcements.Row] = []
        self.announcement_errors: list[str] = []
        music = dict(MUSIC)
        if exists:  # one that a technician has set is kept
            music.setdefault(self.music.object_data, self.music.object_data)
        self.music.choices = list(music)
        self.words = {"channel": CHANNELS, "music": music}  # field -> code -> word
        if exists:  # what flows, logs and running talks count on
            self.name.data, self.channel.data = self.name.object_data, self.channel.object_data

    def validate_is_paged(self, field: BooleanField) -> None:
        """Only who is called can be paged."""
        if field.data and not self.number.data:
            raise ValidationError(_("Enter the number first."))

    def validate_callback_closes(self, field: StringField) -> None:
        """The window must have a length."""
        opens = self.callback_opens.data or ""
        if self.callback_on.data and not self.callback_opens.errors and field.data <= opens:
            raise ValidationError(_("Enter a later time than the beginning."))

    def read_places(self, given: Mapping[str, str], agent_ids: list[int]) -> bool:
        """Take the ticked agents of the sent form; False when a level or a position is none."""
        self.places = {
            id_: Place(_number(given.get(f"level-{id_}", "1")), _number(given.get(f"position-{id_}", "1")))
            for id_ in agent_ids
            if given.get(f"agent-{id_}")
        }
        places = self.places.values()
        if not all(place.level in LEVELS for place in places):
            self.agent_errors.append(_("A level is a whole number from 1 to 9."))
        if not all(place.position in POSITIONS for place in places):
            self.agent_errors.append(_("A position is a whole number from 1 to 99."))
        return not self.agent_errors

    def read_rest(self, given: Mapping[str, str], places: set[str], flows: set[str]) -> bool:
        """Take limits, announcements and skills of the sent form; False when something is wrong with them."""
        self.announcements, self.announcement_errors = announcements.read(given, flows)
        self.limits, self.limit_errors = limits.read(given, places)
        if self.needs is not None:
            self.needs, self.need_errors = needs.read(given)
        return not (self.limit_errors or self.need_errors or self.announcement_errors)

    def validate_strategy(self, field: SelectField) -> None:
        """The strategy must be one of the channel's."""
        if field.data not in {choice.code for choice in strategies_for(self.channel.data)}:
            raise ValidationError(_("Choose one that fits what the queue takes."))


def _number(text: str) -> int:
    return int(text) if text.strip().isdecimal() and len(text) < 4 else 0


class DispositionForm(FlaskForm):  # type: ignore[misc]
    """An outcome."""

    code = _code(_l("Short name"), _l("Reports and exports call the outcome by it."))
    title_zh = _title(_l("Name in Chinese"))
    title_en = _title(_l("Name in English"))
