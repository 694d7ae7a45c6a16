"""Contacts: added, refreshed, limited, expired, with FreeSWITCH's events."""

import pytest

from softswitch.sip.registrar import MOST_CONTACTS, Registrar, Registration


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def told():
    return []


@pytest.fixture
def registrar(clock, told):
    return Registrar(told.append, clock)


def contact(number=1, *, user="1001", call_id="", seconds=60):
    return Registration(
        user,
        "d",
        call_id or f"c{number}",
        f"sip:{user}@10.0.0.{number}:5060",
        ("10.0.0.1", 5060),
        1000.0 + seconds,
    )


def subclasses(told):
    return [event.subclass for event in told]


def test_a_refresh_is_told_and_stays_one_contact(registrar, told):
    registrar.register(contact())
    registrar.register(contact(seconds=120))
    assert subclasses(told) == ["sofia::register"] * 2
    assert told[1].get("expires") == "120"
    assert len(registrar.all()) == 1


def test_a_phone_with_a_new_address_replaces_its_old_contact(registrar):
    registrar.register(contact(1, call_id="same"))
    registrar.register(contact(2, call_id="same"))
    assert [each.uri for each in registrar.contacts("1001", "d")] == ["sip:1001@10.0.0.2:5060"]


@pytest.mark.parametrize(("several", "kept"), [(False, 1), (True, MOST_CONTACTS)])
def test_the_newest_contact_takes_the_place_of_the_oldest_in_silence(registrar, told, several, kept):
    for number in range(MOST_CONTACTS + 1):
        registrar.register(contact(number), several=several)
    assert len(registrar.contacts("1001")) == kept
    assert {event.subclass for event in told} == {"sofia::register"}


def test_a_contact_is_gone_when_its_time_is_over(registrar, told, clock):
    registrar.register(contact(1))
    clock.now += 61
    assert registrar.contacts("1001", "d") == []
    registrar.expire()
    assert (told[-1].subclass, told[-1].get("user"), told[-1].get("host")) == ("sofia::expire", "1001", "d")
    assert registrar.all() == []


def test_leaving_with_the_own_contact_or_all(registrar, told):
    registrar.register(contact(1))
    registrar.unregister("1001", "d", "sip:1001@10.0.0.2:5060")  # somebody else's address: nothing happens
    assert len(registrar.all()) == 1
    registrar.unregister("1001", "d", "sip:1001@10.0.0.1:5060")
    registrar.register(contact(2))
    registrar.unregister("1001", "d", None)
    registrar.unregister("1001", "d", None)
    assert registrar.all() == []
    assert subclasses(told).count("sofia::unregister") == 2


def test_another_realm_is_another_user(registrar):
    registrar.register(contact())
    assert registrar.contacts("1001", "elsewhere") == []


def test_the_row_of_show_registrations(registrar):
    row = contact().row()
    assert (row["url"], row["expires"], row["token"]) == (
        "sofia/internal/sip:1001@10.0.0.1:5060",
        "1060",
        "c1",
    )
