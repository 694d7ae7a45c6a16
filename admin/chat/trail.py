"""The visitor's trail: visits, pages, where from and with what. Fed by the widget's heartbeats."""

import functools
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from ua_parser import parse as parse_agent

from admin.chat.regions import region_of
from admin.chat.sites import SiteNow
from admin.db import db
from sql.models import PageView, Visit, Visitor
from uckefu.times import as_utc, now

VISIT_GAP = timedelta(minutes=30)


class Decision(BaseModel):
    """What the visitor made of an invitation."""

    id: int = Field(ge=1, le=2**31 - 1)
    result: Literal["accepted", "refused", "ignored"]


class Beat(BaseModel):
    """What a page of the site says of itself."""

    model_config = ConfigDict(extra="ignore")
    token: str = Field("", max_length=512)
    page_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")
    url: str = Field("", max_length=2048)
    title: str = Field("", max_length=512)
    referrer: str = Field("", max_length=2048)
    answer: Decision | None = None


@functools.lru_cache(maxsize=2000)
def device_of(user_agent: str) -> tuple[str, str, str]:
    """Device, system and browser with their versions, as words; '' for what can't be told."""
    found = parse_agent(user_agent[:512]).with_defaults()
    browser, system, device = found.user_agent, found.os, found.device
    return (
        _words(device.brand, device.model if device.model != device.brand else "") or _known(device.family),
        _words(system.family, system.major, system.minor),
        _words(browser.family, browser.major),
    )


def _known(family: str) -> str:
    return "" if family == "Other" else family


def _words(name: str | None, *versions: str | None) -> str:
    if not name or name == "Other":
        return ""
    version = ".".join(v for v in versions if v)
    return f"{name} {version}".strip()[:64]


def note(site: SiteNow, visitor: Visitor, beat: Beat, *, address: str, user_agent: str) -> Visit:
    """A page is shown (again): its row and its visit go on, or begin. Commits."""
    instant = now()
    visit = db.session.scalar(
        select(Visit).where(Visit.visitor_id == visitor.id).order_by(Visit.id.desc()).limit(1)
    )
    if visit is None or instant - as_utc(visit.seen_at) > VISIT_GAP:
        device, system, browser = device_of(user_agent)
        visit = Visit(
            visitor_id=visitor.id, site_id=site.id, began_at=instant, seen_at=instant, address=address[:45],
            region=region_of(address), device=device,
            system=system, browser=browser, source=_elsewhere(beat)[:512],
        )  # fmt: skip
        db.session.add(visit)
        visitor.visits += 1
        visitor.first_source = visitor.first_source or visit.source
    visit.seen_at = visitor.seen_at = instant
    db.session.flush()
    seen = db.session.execute(
        update(PageView)
        .where(PageView.visit_id == visit.id, PageView.page_id == beat.page_id)
        .values(left_at=instant)
    )
    if not seen.rowcount:  # type: ignore[attr-defined]
        db.session.add(
            PageView(
                visit_id=visit.id, site_id=site.id, page_id=beat.page_id, url=beat.url[:512], title=beat.title[:255],
                at=instant, left_at=instant,
            )
        )  # fmt: skip
        visit.pages += 1
        visitor.pages += 1
    try:
        db.session.commit()
    except IntegrityError:  # two heartbeats of one page at once: the other one has it
        db.session.rollback()
    return visit


def _elsewhere(beat: Beat) -> str:
    """Where the visitor came from, without the site's own pages and without what stands behind `?`."""
    source = beat.referrer.partition("?")[0]
    ours = "/".join(beat.url.split("/")[:3])
    return "" if ours and source.startswith(ours) else source
