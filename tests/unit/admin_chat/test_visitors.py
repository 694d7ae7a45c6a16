"""Who a visitor is: the signed id, the site's word for it, blocks; and how fast it may write."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from admin.chat import links, sites, trail, visitors
from admin.chat.refusals import ChatRefused
from admin.chat.throttling import Buckets
from admin.contacts import service
from admin.db import db
from sql.models import Contact, PageView, Site, Visit, Visitor, VisitorBlock
from uckefu.times import now

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def here(site: Site) -> sites.SiteNow:
    return sites.find("shop")


def claim(**more: Any) -> visitors.Claim:
    values = {
        "id": "customer-7", "name": "Lin", "phone": "", "email": "", "expires": int(time.time()) + 300,
        "nonce": "n" * 16, **more,
    }  # fmt: skip
    return visitors.Claim(**{"proof": visitors.sign("s" * 32, values), **values})


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(ChatRefused) as caught:
        act()
    return caught.value.code


def test_a_token_brings_the_visitor_back_and_another_sites_does_not(here: sites.SiteNow) -> None:
    visitor, token = visitors.recognise(here, "")
    assert visitors.recognise(here, token)[0].id == visitor.id
    assert links.read_visitor_token(token, "another") is None
    assert visitors.known(here, token + "x") is None
    assert visitors.known(here, visitor.id) is None
    assert visitors.recognise(here, visitor.id)[0].id != visitor.id


def test_the_sites_word_gives_the_visitor_a_name_and_another_browser_the_same_visitor(
    here: sites.SiteNow, visitor: Visitor, stranger: Visitor
) -> None:
    first, _token = visitors.identify(here, visitor, claim())
    assert (first.id, first.identity, first.name) == (visitor.id, "customer-7", "Lin")
    again, token = visitors.identify(here, stranger, claim(nonce="m" * 16))
    assert again.id == visitor.id
    assert links.read_visitor_token(token, "shop") == visitor.id


@pytest.mark.parametrize("signed", [{"phone": "150 1111 2222"}, {"email": "lin@example.com"}])
def test_the_sites_word_merges_the_visitor_with_the_contact_and_what_the_visitor_types_does_not(
    here: sites.SiteNow, visitor: Visitor, stranger: Visitor, signed: dict[str, str]
) -> None:
    contact = Contact(name="Lin", company="", note="", email="lin@example.com", vip_level=0)
    service.save(contact, add=["+8615011112222"])
    visitors.introduce(stranger, name="Lin", phone="15011112222", email="lin@example.com")
    assert db.session.get(Visitor, stranger.id).contact_id is None
    named, _token = visitors.identify(here, visitor, claim(**signed))
    assert named.contact_id == contact.id


def test_a_contact_that_an_agent_confirmed_stays(here: sites.SiteNow, visitor: Visitor) -> None:
    mine, other = (service.save(Contact(name=n, company="", note="", email="", vip_level=0), add=numbers)
                   for n, numbers in (("Lin", []), ("Wang", ["+8615011112222"])))  # fmt: skip
    visitor.contact_id = mine.id
    db.session.commit()
    assert visitors.identify(here, visitor, claim(phone="15011112222"))[0].contact_id == mine.id != other.id


def test_the_next_customer_at_the_same_browser_is_another_visitor(
    here: sites.SiteNow, visitor: Visitor
) -> None:
    visitors.identify(here, visitor, claim())
    other, _token = visitors.identify(here, visitor, claim(id="customer-8", nonce="m" * 16))
    assert other.id != visitor.id and other.identity == "customer-8"


@pytest.mark.parametrize(
    "wrong",
    [
        {"proof": "0" * 64},
        {"expires": int(time.time()) - 1},
        {"expires": int(time.time()) + 100_000},
    ],
)
def test_a_wrong_or_ended_word_is_refused(
    here: sites.SiteNow, visitor: Visitor, wrong: dict[str, Any]
) -> None:
    assert refusal(lambda: visitors.identify(here, visitor, claim(**wrong))) == "bad-identity"


def test_the_sites_word_counts_once(here: sites.SiteNow, visitor: Visitor, stranger: Visitor) -> None:
    word = claim()
    visitors.identify(here, visitor, word)
    assert refusal(lambda: visitors.identify(here, stranger, word)) == "bad-identity"


def test_without_redis_nobody_is_believed(
    app: Flask, here: sites.SiteNow, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    import redis

    def away(*_given: object, **_more: object) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(app.extensions["uckefu"]["bus"], "set", away)
    assert refusal(lambda: visitors.identify(here, visitor, claim())) == "try-again"


def test_a_block_holds_until_it_ends_or_is_lifted(visitor: Visitor, stranger: Visitor) -> None:
    def block(**values: Any) -> VisitorBlock:
        row = VisitorBlock(created_at=now(), reason="spam", **values)
        db.session.add(row)
        db.session.commit()
        return row

    assert not visitors.is_blocked(visitor.id, "10.0.0.1")
    row = block(visitor_id=visitor.id, until=now() + timedelta(hours=1))
    assert visitors.is_blocked(visitor.id, "") and not visitors.is_blocked(stranger.id, "")
    row.until = now() - timedelta(seconds=1)
    db.session.commit()
    assert not visitors.is_blocked(visitor.id, "")
    row = block(address="10.0.0.1")
    assert visitors.is_blocked(stranger.id, "10.0.0.1")
    row.lifted_at = now()
    db.session.commit()
    assert not visitors.is_blocked(stranger.id, "10.0.0.1")


def test_a_bucket_lets_a_minutes_worth_through_and_then_the_rate() -> None:
    buckets = Buckets()
    assert [buckets.wait_seconds([("a", 3)], now=0.0) for _ in range(3)] == [0, 0, 0]
    assert buckets.wait_seconds([("a", 3)], now=0.0) == 20
    assert buckets.wait_seconds([("b", 3)], now=0.0) == 0
    assert buckets.wait_seconds([("a", 3)], now=20.0) == 0
    assert buckets.wait_seconds([("b", 3), ("a", 3)], now=20.0) == 20
    assert buckets.wait_seconds([("b", 3)], now=20.0) == 0, "a refused try takes nothing of the other limits"


def test_settings_that_fit_no_more_fall_back_alone(here: sites.SiteNow) -> None:
    read = sites.read_settings({"entry_colour": "red", "company": "Youjia", "idle_minutes": -1, "unknown": 1})
    assert (read.entry_colour, read.company, read.idle_minutes) == ("#3451c6", "Youjia", 30)


def test_a_site_is_served_from_memory_while_the_database_is_away(
    here: sites.SiteNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    def away(*_given: object) -> None:
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(sites, "FRESH_SECONDS", -1)
    monkeypatch.setattr(db.session, "scalar", away)
    assert sites.find("shop").key == "shop"


def test_pages_of_one_stay_are_one_visit(here: sites.SiteNow, visitor: Visitor) -> None:
    def see(page_id: str, url: str, referrer: str = "") -> Visit:
        beat = trail.Beat(page_id=page_id, url=url, title="T", referrer=referrer)
        return trail.note(here, visitor, beat, address="10.0.0.1", user_agent=FIREFOX)

    first = see("p1", "https://shop.example/a", "https://search.example/?q=secret")
    see("p1", "https://shop.example/a")
    again = see("p2", "https://shop.example/b", "https://shop.example/a")
    assert first.id == again.id and again.pages == 2 and visitor.visits == 1
    assert again.source == "https://search.example/"
    assert (again.system, again.browser) == ("Windows 10", "Firefox 128")
    again.seen_at = now() - timedelta(minutes=31)
    db.session.commit()
    assert see("p3", "https://shop.example/c").id != first.id
    assert len(db.session.scalars(select(PageView)).all()) == 3
