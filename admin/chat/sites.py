"""A site's settings, as the administrator's form writes them and the widget, the socket and the rules read them.

Each process keeps a site for a moment, and goes on with it while the database is away.
"""

import re
import time
from dataclasses import dataclass
from typing import Literal

import structlog
from flask import current_app
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from admin.chat.refusals import ChatRefused
from admin.db import db
from sql.models import Site

log = structlog.get_logger(__name__)
FRESH_SECONDS = 5
STYLES = ("round", "pill", "tab")
POSITIONS = ("right-bottom", "right-middle", "right-top", "left-bottom", "left-middle", "left-top")
COLOUR = r"^#[0-9a-fA-F]{6}$"
ORIGIN = r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?$"
Asked = Literal["off", "ask", "need"]


class SiteSettings(BaseModel):
    """Everything about a site that an administrator may set."""

    model_config = ConfigDict(extra="ignore")

    entry_style: Literal["round", "pill", "tab"] = "pill"
    entry_colour: str = Field("#3451c6", pattern=COLOUR)
    entry_position: Literal[
        "right-bottom", "right-middle", "right-top", "left-bottom", "left-middle", "left-top"
    ] = "right-bottom"
    entry_text: str = Field("", max_length=20)  # "": the catalogue's, in the visitor's language
    entry_delay_seconds: int = Field(0, ge=0, le=600)
    dialog_colour: str = Field("#3451c6", pattern=COLOUR)
    logo: str = Field("", max_length=36)  # an attachment's id
    company: str = Field("", max_length=64)
    address: str = Field("", max_length=128)
    telephone: str = Field("", max_length=32, pattern=r"^[0-9+() -]*$")
    email: str = Field("", max_length=128, pattern=r"^([^@\s<>]+@[^@\s<>]+)?$")
    notice: str = Field("", max_length=200)
    hours: str = Field("", max_length=64)  # said when nobody is there
    left_to: list[str] = Field(
        default_factory=list, max_length=20
    )  # who gets messages left by mail: address or login
    greeting: str = Field("", max_length=300)
    ask_name: Asked = "off"
    ask_phone: Asked = "off"
    ask_email: Asked = "off"
    queues: list[str] = Field(default_factory=list, max_length=20)  # to choose from; none: no choice
    origins: list[str] = Field(default_factory=list, max_length=50)  # who may embed it; none: everybody
    idle_minutes: int = Field(30, ge=0, le=1440)  # 0: a conversation is never ended by itself
    most_file_megabytes: int = Field(10, ge=1, le=50)
    visitor_per_minute: int = Field(60, ge=1, le=6000)
    address_per_minute: int = Field(600, ge=1, le=100_000)
    site_per_minute: int = Field(30_000, ge=1, le=1_000_000)
    invite: bool = False
    invite_after_seconds: int = Field(30, ge=0, le=3600)
    invite_after_pages: int = Field(1, ge=1, le=100)
    invite_visits: int = Field(1, ge=1, le=1000)
    invite_path: str = Field("", max_length=128)  # what the page's address must contain
    invite_text: str = Field("", max_length=200)
    invite_region: str = Field("", max_length=200)  # provinces or countries, by commas; "": everywhere
    invite_picture: str = Field("", max_length=36)  # an attachment's id

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, value: list[str]) -> list[str]:
        if wrong := [origin for origin in value if not re.match(ORIGIN, origin)]:
            raise ValueError(f"not an origin: {wrong[0]}")
        return value


@dataclass(frozen=True)
class SiteNow:
    """A site as this process knows it."""

    id: int
    key: str
    name: str
    secret: str
    queue_name: str
    settings: SiteSettings

    def may_embed(self, origin: str) -> bool:
        """Whether a page of this origin may hold the widget."""
        return not self.settings.origins or origin in self.settings.origins


def read_settings(stored: dict[str, object] | None) -> SiteSettings:
    """Stored settings; one that does not fit any more falls back to its default instead of taking the site down."""
    values = dict(stored or {})
    while True:
        try:
            return SiteSettings.model_validate(values)
        except ValidationError as error:
            wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]} & set(values)
            log.warning("site_settings_refused", names=sorted(wrong))
            if not wrong:
                return SiteSettings()
            values = {name: value for name, value in values.items() if name not in wrong}


def find(key: str) -> SiteNow:
    """The active site with this key.

    Raises:
        ChatRefused: unknown-site.
        SQLAlchemyError: the database is away, and this process has never read the site.
    """
    kept: dict[str, tuple[float, SiteNow | None]] = current_app.extensions["uckefu"].setdefault("sites", {})
    at, site = kept.get(key, (0.0, None))
    if not at or time.monotonic() - at > FRESH_SECONDS:
        try:
            row = db.session.scalar(select(Site).where(Site.key == key[:32], Site.active))
        except SQLAlchemyError:
            db.session.rollback()
            if not at:
                raise
        else:
            site = None if row is None else of(row)
            if len(kept) > 1000:  # keys that somebody guesses
                kept.clear()
            kept[key] = (time.monotonic(), site)
    if site is None:
        raise ChatRefused("unknown-site")
    return site


def of(row: Site) -> SiteNow:
    """A row as this process uses it."""
    return SiteNow(row.id, row.key, row.name, row.secret, row.queue_name, read_settings(row.settings))


def forget() -> None:
    """Read all sites anew at the next use."""
    current_app.extensions["uckefu"].pop("sites", None)
