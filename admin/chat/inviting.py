"""Invitations to talk: by an agent who looks at the list of visitors, or by the site's rule; and what came of them.

A page learns of its invitation with a heartbeat (`views.here`) and tells what the visitor made of it the same way.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from admin.chat import presence, regions, visitors
from admin.chat.refusals import ChatRefused
from admin.chat.sites import SiteNow
from admin.db import db
from sql.models import Conversation, Invitation, PageView, Site, Visit, Visitor
from uckefu.times import as_utc, now, to_us

HERE_SECONDS = 60
"""A page that has not been heard for this long is closed."""
WAITS = timedelta(minutes=5)
"""An invitation that reached no page within this time has come to nothing."""
DECIDES = timedelta(minutes=3)
MOST_SHOWN = 200
RESULTS = ("accepted", "refused", "ignored")


def due(site: SiteNow, visitor: Visitor, visit: Visit, page_id: str, url: str) -> dict[str, Any] | None:
    """The invitation to show on this page now, if there is one; it is noted as shown."""
    if visitor.open_conversation_id:
        return None
    instant = now()
    found = db.session.scalar(
        select(Invitation)
        .where(Invitation.visitor_id == visitor.id, Invitation.shown_at.is_(None), Invitation.made_at > instant - WAITS)
        .order_by(Invitation.id.desc())
        .limit(1)
    )  # fmt: skip
    if found is None and _fits(site, visitor, visit, page_id, url, instant):
        found = Invitation(
            site_id=site.id, visitor_id=visitor.id, text=site.settings.invite_text, made_at=instant
        )
        db.session.add(found)
    if found is None:
        return None
    if visitors.is_blocked(visitor.id, visit.address):
        db.session.rollback()
        return None
    found.shown_at = instant
    db.session.commit()
    return {"id": found.id, "text": found.text, "picture": bool(site.settings.invite_picture)}


def _fits(site: SiteNow, visitor: Visitor, visit: Visit, page_id: str, url: str, instant: datetime) -> bool:
    rule = site.settings
    if not rule.invite or visit.pages < rule.invite_after_pages or visitor.visits < rule.invite_visits:
        return False
    if not regions.fits(visit.region, rule.invite_region):
        return False
    if rule.invite_path not in url or not presence.is_staffed(site.queue_name):
        return False
    since = db.session.scalar(
        select(PageView.at).where(PageView.visit_id == visit.id, PageView.page_id == page_id)
    )
    if since is None or (instant - as_utc(since)).total_seconds() < rule.invite_after_seconds:
        return False
    before = select(Invitation.id).where(
        Invitation.visitor_id == visitor.id, Invitation.made_at >= visit.began_at
    )
    return db.session.scalar(before.limit(1)) is None


def answer(visitor: Visitor, invitation_id: int, result: str) -> bool:
    """What the visitor made of its own invitation; the first answer counts."""
    if result not in RESULTS:
        raise ChatRefused("bad-request")
    done = db.session.execute(
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.visitor_id == visitor.id, Invitation.result == "")
        .values(result=result, decided_at=now())
    )
    db.session.commit()
    return bool(done.rowcount)  # type: ignore[attr-defined]


def invite(visitor_id: str, agent_id: int | None, text: str) -> Invitation:
    """An agent invites a visitor who is on the site now.

    Raises:
        ChatRefused: unknown-visitor (or gone), in-conversation, too-long.
    """
    if len(text) > 200:
        raise ChatRefused("too-long")
    visitor = db.session.get(Visitor, visitor_id)
    if visitor is None or (now() - as_utc(visitor.seen_at)).total_seconds() > HERE_SECONDS:
        raise ChatRefused("unknown-visitor")
    if visitor.open_conversation_id:
        raise ChatRefused("in-conversation")
    made = Invitation(
        site_id=visitor.site_id, visitor_id=visitor.id, agent_id=agent_id, text=text.strip(), made_at=now()
    )
    db.session.add(made)
    db.session.commit()
    return made


def on_the_sites(language: str = "zh") -> list[dict[str, Any]]:
    """Who is on the sites now, the longest stay first: device, page, source, visits, invitations; regions in `language`."""
    instant = now()
    last = select(func.max(Visit.id)).group_by(Visit.visitor_id)
    rows = db.session.execute(
        select(Visitor, Visit, Site.name)
        .join(Visit, Visit.visitor_id == Visitor.id)
        .join(Site, Site.id == Visitor.site_id)
        .where(Visit.seen_at > instant - timedelta(seconds=HERE_SECONDS), Visit.id.in_(last))
        .order_by(Visit.began_at)
        .limit(MOST_SHOWN)
    ).all()
    visits = [visit.id for _visitor, visit, _site in rows]
    pages: dict[int, PageView] = {
        page.visit_id: page
        for page in db.session.scalars(
            select(PageView).where(PageView.visit_id.in_(visits)).order_by(PageView.left_at)
        )
    }
    people = [visitor.id for visitor, _visit, _site in rows]
    invited = Counter(
        db.session.scalars(select(Invitation.visitor_id).where(Invitation.visitor_id.in_(people)))
    )
    return [
        {
            "visitor_id": visitor.id, "name": visitor.name, "site": site, "address": visit.address,
            "region": regions.words(visit.region, language), "device": visit.device,
            "system": visit.system, "browser": visit.browser, "source": visitor.first_source, "source_now": visit.source, "visits": visitor.visits,
            "pages": visit.pages, "stay_seconds": int((instant - as_utc(visit.began_at)).total_seconds()),
            "began_at_us": to_us(as_utc(visit.began_at)), "invitations": invited[visitor.id],
            "page_url": pages[visit.id].url if visit.id in pages else "",
            "page_title": pages[visit.id].title if visit.id in pages else "",
            "in_conversation": visitor.open_conversation_id is not None,
        }
        for visitor, visit, site in rows
    ]  # fmt: skip


def of_the_day(begin: datetime) -> dict[str, int]:
    """Since `begin`: addresses, page views, conversations, and invitations by what came of them."""
    instant = now()
    addresses = db.session.scalar(
        select(func.count(func.distinct(Visit.address))).where(Visit.began_at >= begin)
    )
    views = db.session.scalar(select(func.count(PageView.id)).where(PageView.at >= begin))
    talks = db.session.scalar(select(func.count(Conversation.id)).where(Conversation.opened_at >= begin))
    results: Counter[str] = Counter()
    for result, shown_at in db.session.execute(
        select(Invitation.result, Invitation.shown_at).where(Invitation.made_at >= begin)
    ):
        late = shown_at is not None and instant - as_utc(shown_at) > DECIDES
        results[result or ("ignored" if late else "pending")] += 1
    return {
        "addresses": addresses or 0, "page_views": views or 0, "conversations": talks or 0, "invited": results.total(),
        **{name: results[name] for name in RESULTS},
    }  # fmt: skip
