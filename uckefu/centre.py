"""The centre's own settings that the call path reads: name, zone, languages, office hours, numbers.

They live in `instance/centre.yml`, so that no call depends on the database; the web form (later) writes the
same file. `load_centre` caches by the file's time, and keeps the last good version when an edit is broken.
"""

from datetime import date, datetime, time
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import structlog
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

log = structlog.get_logger(__name__)
Role = Literal["administrator", "supervisor", "agent"]
NumberSight = Literal["whole", "click", "never"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Opening(BaseModel):
    """Open from `begin` to `end` (local time, `end` excluded; 24:00 is written 23:59:59.999999)."""

    model_config = ConfigDict(extra="forbid")
    days: list[Weekday]
    begin: time
    end: time


BLOCKED_FLOW = "blocked"
"""The flow of callers on the blacklist, before that of the number they dialled."""


class HttpHost(BaseModel):
    """A business system that flows may ask; `headers` (a token, say) go with every request and stand in no flow."""

    model_config = ConfigDict(extra="forbid")
    headers: dict[str, str] = {}


class TrunkRights(BaseModel):
    """Which outside numbers flows and agents may call over a trunk, by how they begin; none without a list.

    `numbers` are the centre's own that an agent may show; `caller_id` is shown when none is chosen.
    """

    model_config = ConfigDict(extra="forbid")
    prefixes: list[str] = []
    caller_id: str = ""
    numbers: list[str] = []

    def to_show(self) -> list[str]:
        """The numbers that may be shown, the usual one first."""
        return list(dict.fromkeys(number for number in (self.caller_id, *self.numbers) if number))


class Centre(BaseModel):
    """What an administrator sets about the centre; every field has a working default."""

    model_config = ConfigDict(extra="forbid")
    name: str = "UCKeFu"
    timezone: str = "Asia/Shanghai"
    language: Literal["zh", "en"] = "zh"
    languages: list[Literal["zh", "en"]] = ["zh", "en"]
    region: str = "CN"  # default region of a national number, ISO 3166
    office_hours: list[Opening] = [Opening(days=list(WEEKDAYS), begin=time(0), end=time(23, 59, 59, 999999))]
    closed_days: list[date] = []
    open_days: dict[date, Weekday] = {}  # an extra working day, and the weekday whose hours it has
    # CN: closed on them, open on the working weekends that make up for them.
    public_holidays: Literal["", "CN"] = ""
    makeup_day_as: Weekday = "mon"  # the hours of such a working weekend day
    flows: dict[str, str] = Field(default={"default": "main"})  # DID -> flow name; `default` for the rest
    # What a flow's `lookup` may ask: `crm.example` or `crm.example:8443`.
    http_hosts: dict[str, HttpHost] = {}
    trunks: dict[str, TrunkRights] = {}  # what may be called outside, by the gateway's name
    # Whether an agent sees that a supervisor listens or whispers; that one has barged in, it sees always.
    agents_see_listening: bool = False
    # Who sees customers' numbers whole; a role that isn't named may show one by a click, which is noted.
    numbers: dict[Role, NumberSight] = {}
    fallback_extension: str = ""  # rung when ACD and flow have failed; "" plays the apology only

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}, e.g. Asia/Shanghai") from error
        return value

    def numbers_for(self, role: str) -> NumberSight:
        """How a role sees customers' numbers."""
        return next((sight for named, sight in self.numbers.items() if named == role), "click")

    def is_open(self, instant: datetime) -> bool:
        """Whether the aware `instant` lies in the office hours."""
        local = instant.astimezone(ZoneInfo(self.timezone))
        if local.date() in self.closed_days:
            return False
        day = WEEKDAYS[local.weekday()]
        return any(day in o.days and o.begin <= local.time() < o.end for o in self.office_hours)


_cache: dict[Path, tuple[int, Centre]] = {}


def load_centre(path: Path) -> Centre:
    """Return the settings in `path`, the defaults when there is no file, the last good when it is broken."""
    try:
        stamp = path.stat().st_mtime_ns
    except FileNotFoundError:
        return Centre()
    kept = _cache.get(path)
    if kept and kept[0] == stamp:
        return kept[1]
    try:
        # Everything as text, the model knows the types: YAML would read 18:00 as the number 1080 (base 60).
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - builds text only
        centre = Centre.model_validate(data or {})
    except (yaml.YAMLError, ValidationError) as error:
        log.error("centre_settings_refused", path=str(path), error=str(error))
        centre = kept[1] if kept else Centre()
    _cache[path] = (stamp, centre)
    return centre
