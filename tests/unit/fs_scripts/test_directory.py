"""`xml_fetch`: the document of a SIP user, and how the users are kept when the database is away."""

import json
import stat
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from fs_scripts import directory, process, sip_users
from fs_scripts.users import SipUser, UserTable
from sql.engine import make_engine
from sql.models import Agent, Base, User
from uckefu.times import now


@pytest.fixture
def engine(instance):
    engine = process.engine(process.settings().sql_url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def add_agent(engine, extension, a1_hash="a" * 32, name="Anna", *, active=True):
    with Session(engine) as session:
        user = User(
            login=f"u{extension}", name=name, role="agent", password_hash="-", active=active, created_at=now()
        )
        session.add(Agent(user=user, extension=extension, a1_hash=a1_hash))
        session.commit()


def asked(event_of, **params):
    headers = {"section": "directory", "key_name": "name", "key_value": "uckefu.test"} | params
    return directory.xml_fetch(event_of(headers), "")


def user_of(text):
    root = ElementTree.fromstring(text)
    domain = root.find("section/domain")
    (user,) = domain.iter("user")
    values = {e.get("name"): e.get("value") for e in user.iter() if e.tag in ("param", "variable")}
    return domain.get("name"), user.get("id"), values


def test_a_known_user_gets_hash_dial_string_and_context(engine, event_of):
    add_agent(engine, "1001")
    domain, name, values = user_of(asked(event_of, user="1001", domain="uckefu.test"))
    assert (domain, name) == ("uckefu.test", "1001")
    assert values["a1-hash"] == "a" * 32
    assert "${sofia_contact(*/${dialed_user}@${dialed_domain})}" in values["dial-string"]
    assert values["user_context"] == "default"


def test_no_password_is_ever_in_the_document(engine, event_of):
    add_agent(engine, "1001")
    assert 'name="password"' not in asked(event_of, user="1001")


@pytest.mark.parametrize(
    "params",
    [
        {"user": "9999", "domain": "uckefu.test"},
        {"user": "", "domain": "uckefu.test"},
        {"domain": "uckefu.test", "purpose": "gateways"},
        {"user": "1001", "section": "dialplan"},
        {"user": "' OR 1=1 --"},
        {"user": '1001"/><user id="x'},
    ],
)
def test_whom_nobody_knows_is_not_found(engine, event_of, params):
    add_agent(engine, "1001")
    assert asked(event_of, **params) == sip_users.NOT_FOUND
    assert ElementTree.fromstring(sip_users.NOT_FOUND).find("section/result").get("status") == "not found"


def test_somebody_who_may_not_sign_in_may_not_register_either(engine, event_of):
    add_agent(engine, "1001", active=False)
    assert asked(event_of, user="1001") == sip_users.NOT_FOUND


def test_our_own_mistake_is_a_refused_phone_with_a_trace_in_the_log(instance, event_of, monkeypatch):
    def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(process, "users", broken)
    assert asked(event_of, user="1001") == sip_users.NOT_FOUND


@given(st.text(min_size=1), st.text(min_size=1), st.text())
def test_any_text_stays_one_attribute_of_well_formed_xml(extension, domain, name):
    text = sip_users.document(SipUser(extension, "a" * 32, name), domain)
    found_domain, found_id, values = user_of(text)

    def kept(given_text):
        return sip_users.NOT_XML.sub("", given_text)

    assert (found_domain, found_id) == (kept(domain), kept(extension))
    assert values["effective_caller_id_name"] == kept(name)
    assert len(list(ElementTree.fromstring(text).iter())) == 14


def test_stray_bytes_of_a_phone_never_reach_the_switch_as_text_that_is_no_utf_8(engine, event_of):
    add_agent(engine, "1001")
    text = asked(event_of, user="1001", domain="uckefu\udcff.test")
    assert user_of(text.encode("utf-8").decode())[0] == "uckefu.test"
    assert asked(event_of, user="10\udcff") == sip_users.NOT_FOUND


@pytest.mark.parametrize("params", [None, object(), 5])
def test_whatever_the_switch_asks_the_answer_is_a_text(instance, params):
    # Anything else ends the whole FreeSWITCH process.
    assert directory.xml_fetch(params, "") == sip_users.NOT_FOUND


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def table(engine, instance, clock):
    return UserTable(lambda: engine, instance / "directory.json", clock)


def away(instance, clock):
    """The users when the database does not answer."""
    return UserTable(lambda: make_engine("mysql://u:p@127.0.0.1:1/none"), instance / "directory.json", clock)


def test_the_table_is_read_again_after_a_few_seconds_only(engine, table, clock):
    assert table.find("1001") is None
    add_agent(engine, "1001")
    assert table.find("1001") is None
    clock.seconds += 5
    assert table.find("1001").name == "Anna"
    with Session(engine) as session:
        session.execute(delete(Agent))
        session.commit()
    assert table.find("1001") is not None
    clock.seconds += 5
    assert table.find("1001") is None


def test_when_the_database_goes_away_the_phones_go_on(engine, table, instance, clock):
    add_agent(engine, "1001")
    table.find("1001")
    table.engine = lambda: make_engine("mysql://u:p@127.0.0.1:1/none")
    clock.seconds += 60
    assert table.find("1001") is not None


def test_after_a_restart_without_a_database_the_last_known_users_come_from_the_file(
    engine, table, instance, clock
):
    add_agent(engine, "1001")
    table.find("1001")
    assert away(instance, clock).find("1001") == SipUser("1001", "a" * 32, "Anna")
    assert away(instance, clock).find("1002") is None


def test_while_the_database_is_away_it_is_not_asked_for_every_phone(instance, clock):
    asked_for = []

    def engine():
        asked_for.append(1)
        return make_engine("mysql://u:p@127.0.0.1:1/none")

    table = UserTable(engine, instance / "directory.json", clock)
    for _ in range(20):
        table.find("1001")
    assert len(asked_for) == 1


def test_only_the_owner_may_read_the_kept_hashes(engine, table, instance):
    add_agent(engine, "1001")
    table.find("1001")
    assert stat.S_IMODE((instance / "directory.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1}', json.dumps([{"extension": "1001"}])])
def test_a_spoilt_file_is_as_good_as_none(text, instance, clock):
    (instance / "directory.json").write_text(text)
    assert away(instance, clock).find("1001") is None
