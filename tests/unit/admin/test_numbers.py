"""Numbers by role, from `numbers` in `centre.yml`: seen whole, shown by a click that is noted, or never."""

import io
import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from acd import contract
from acd.messages import OfferMade
from admin.contacts.handles import handle
from admin.numbers import show_for
from admin.sockets import socketio
from sql.models import Agent, AuditEntry, Contact, ContactNumber, Conversation, Interaction, User, Voicemail
from tests.unit.admin.conftest import TALK_ID, view_with
from uckefu.centre import Centre
from uckefu.settings import Settings
from uckefu.times import now

SignIn = Callable[[str], FlaskClient]
ROLES = ("administrator", "supervisor", "agent")
WHOLE = "13912340873"
MASKED = "139****0873"
CALL = {
    "offer_id": "o1", "interaction_id": "call-9", "number": WHOLE, "queue": "service",
    "connected_at_us": 1,
}  # fmt: skip


def _set(settings: Settings, sight: str) -> None:
    settings.centre_file.write_text(
        "numbers:\n" + "".join(f"  {role}: {sight}\n" for role in ROLES), encoding="utf-8"
    )


def _handle(app: Flask) -> str:
    with app.app_context():
        return handle(f"+86{WHOLE}")


@pytest.fixture
def contact(session: Session, app: Flask, agents: dict[str, int]) -> int:
    """A contact with a number, its call of the past, its voicemail, and its call now with agent1."""
    made = Contact(name="林晓燕", company="", note="", email="", vip_level=0, created_at=now())
    made.numbers = [ContactNumber(number=f"+86{WHOLE}")]
    session.add(made)
    session.flush()
    session.add(
        Interaction(
            id="call-8", channel="voice", direction="inbound", from_number=WHOLE, to_number="4008001234",
            contact_id=made.id, started_at=now(), queue_name="service",
        )
    )  # fmt: skip
    session.add(
        Voicemail(
            id="v1",
            interaction_id="call-8",
            at=now(),
            number=WHOLE,
            queue_name="service",
            seconds=5,
            path="x.wav",
        )
    )
    session.commit()
    view = view_with(agents["agent1"], state="talking", call=CALL)
    view["members"] = [{**CALL, "interaction_id": "call-7", "channel": "voice"}]
    bus = app.extensions["uckefu"]["bus"]
    bus.set(contract.VIEW, json.dumps(view))
    return made.id


PAGES = {
    "contacts": "/contacts/?text=林晓燕", "contact": "/contacts/{contact}", "edit": "/contacts/{contact}/edit", "calls": "/calls/",
    "found": "/calls/?text=0873", "call": "/calls/call-8", "inbox": "/voicemail/", "supervision": "/supervision/now", "csv": "/calls/export.csv",
    "file": "/contacts/export?format=csv&numbers=masked",
}  # fmt: skip


def _read(client: FlaskClient, contact: int) -> dict[str, str]:
    found = {}
    for name, address in PAGES.items():
        answer = client.get(address.format(contact=contact))
        assert answer.status_code == 200, (name, answer.status_code)
        found[name] = answer.get_data(as_text=True)
    return found


@pytest.mark.parametrize("sight", ["click", "never"])
def test_no_page_and_no_file_says_a_number_to_a_role_that_sees_it_masked(
    sight: str, settings: Settings, sign_in: SignIn, contact: int
) -> None:
    _set(settings, sight)
    for name, text in _read(sign_in("supervisor"), contact).items():
        assert WHOLE not in text, name
        assert MASKED in text, name


@pytest.mark.parametrize("sight", ["click", "never"])
def test_a_contact_whose_name_is_its_number_is_masked_like_it_and_saving_does_not_write_the_mask(
    sight: str, settings: Settings, sign_in: SignIn, contact: int, session: Session, talk: str
) -> None:
    _set(settings, sight)
    session.get_one(Contact, contact).name = f"来电 {WHOLE}"
    session.commit()
    client = sign_in("supervisor")
    for name, text in (_read(client, contact) | _read_by_name(client)).items():
        assert WHOLE not in text, name
    agent = sign_in("agent1")
    for name in ("caller", "panel", "search"):
        assert WHOLE not in agent.get(WORKBENCH[name].replace("林晓燕", "来电")).text, name
    form = {"name": f"来电 {MASKED}", "vip_level": "2", "company": "锁厂"}
    assert client.post(f"/contacts/{contact}/edit", data=form).status_code == 302
    session.expire_all()
    kept = session.get_one(Contact, contact)
    assert (kept.name, kept.company) == (f"来电 {WHOLE}", "锁厂")
    _set(settings, "whole")
    assert f"来电 {WHOLE}" in client.get(f"/contacts/{contact}").text


def _read_by_name(client: FlaskClient) -> dict[str, str]:
    return {"list": client.get("/contacts/?text=来电").text}


@pytest.mark.parametrize("sight", ["whole", "click", "never"])
def test_the_preview_of_an_import_says_refused_numbers_as_the_role_sees_them(
    sight: str, settings: Settings, sign_in: SignIn
) -> None:
    _set(settings, sight)
    client = sign_in("supervisor")
    table = f"姓名,号码\n吉姆,1391234087a3\n,{WHOLE}\n{WHOLE},13912340874\n"
    preview = client.post("/contacts/import", data={"file": (io.BytesIO(table.encode()), "a.csv")})
    page = client.get(preview.headers["Location"]).text
    for number in ("1391234087a3", WHOLE, "13912340874"):
        assert (number in page) == (sight == "whole"), number
    assert ("13****4087a3" in page) == (sight != "whole")


def test_pages_say_whole_numbers_to_a_role_that_sees_them_whole(
    settings: Settings, sign_in: SignIn, contact: int
) -> None:
    _set(settings, "whole")
    for name, text in _read(sign_in("supervisor"), contact).items():
        assert (WHOLE in text) == (name != "file"), name  # that file was asked for masked
        assert "data-reveal" not in text, name  # there is nothing to reveal


def test_a_role_that_never_sees_a_number_reveals_none_and_is_shown_no_button(
    settings: Settings, app: Flask, sign_in: SignIn, contact: int, session: Session
) -> None:
    client, number = sign_in("supervisor"), _handle(app)
    assert "data-reveal" in client.get(f"/contacts/{contact}").text
    _set(settings, "never")
    assert "data-reveal" not in client.get(f"/contacts/{contact}").text
    assert client.post(f"/contacts/{contact}/reveal", data={"number": number}).status_code == 403
    assert client.post("/desk/reveal/call-8").status_code == 403
    assert client.get("/contacts/export?format=csv&numbers=whole").status_code == 403
    assert "numbers=whole" not in client.get("/contacts/").text
    desk = re.search(r'id="desk-data">(.*?)</script>', client.get("/").text, re.S)
    assert desk and json.loads(desk[1])["may_reveal"] is False
    assert not session.scalars(select(AuditEntry).where(AuditEntry.action == "number-revealed")).all()


@pytest.mark.parametrize(("sight", "shown"), [("whole", WHOLE), ("click", MASKED), ("never", MASKED)])
def test_the_sockets_of_the_workbench_say_numbers_as_the_role_sees_them(
    sight: str, shown: str, settings: Settings, app: Flask, sign_in: SignIn, contact: int
) -> None:
    _set(settings, sight)
    window = socketio.test_client(app, flask_test_client=sign_in("agent1"))
    live = app.extensions["live"]
    live.publish(json.loads(app.extensions["uckefu"]["bus"].get(contract.VIEW)), 1)
    events = [event for event in window.get_received() if event["name"] in ("my", "board")]
    window.disconnect()
    assert {event["name"] for event in events} == {"my", "board"}
    for event in events:
        assert shown in json.dumps(event["args"])
        assert (WHOLE in json.dumps(event["args"])) == (sight == "whole")


WORKBENCH = {
    "search": "/desk/contacts?text=林晓燕", "caller": "/desk/caller/call-9", "panel": "/desk/caller/call-9/panel",
    "chat": f"/desk/talk/{TALK_ID}/card",
}  # fmt: skip
NO_NUMBER = {"caller"}  # the card is who it is and what was; the number stands in the slice


@pytest.mark.parametrize("sight", ["whole", "click", "never"])
def test_searches_the_callers_card_and_the_panel_say_numbers_as_the_role_sees_them(
    sight: str, settings: Settings, sign_in: SignIn, contact: int, talk: str, session: Session
) -> None:
    _set(settings, sight)
    _typed_before(session)
    client = sign_in("agent1")
    for name, address in WORKBENCH.items():
        answer = client.get(address)
        assert answer.status_code == 200, name
        if sight != "whole":
            assert WHOLE not in answer.text, name
            assert (MASKED in answer.text) == (name not in NO_NUMBER), name
        else:
            assert (WHOLE in answer.text) == (name not in NO_NUMBER), name


@pytest.mark.parametrize("sight", ["click", "never"])
def test_the_list_of_conversations_and_the_card_that_is_sent_with_an_offer_say_no_number(
    sight: str, settings: Settings, app: Flask, sign_in: SignIn, contact: int, talk: str, session: Session
) -> None:
    _set(settings, sight)
    _typed_before(session)
    offer = OfferMade(
        event_id="e1", at_us=1, offer_id="o1", member_id="m1", interaction_id="call-9", leg_id="l", queue="service", number=WHOLE,
        agent_id=session.scalars(select(Agent.id).join(User).where(User.login == "agent1")).one(),
        did="4001", intent="", entered_at_us=1, expires_at_us=2, reason={},
    )  # fmt: skip
    window = socketio.test_client(app, flask_test_client=sign_in("agent1"))
    talks = window.emit("talks", {}, callback=True)
    opened = window.emit("talk-open", {"conversation_id": talk, "after": 0}, callback=True)
    app.extensions["live"]._introduce(offer)
    cards = [event for event in window.get_received() if event["name"] == "caller"]
    window.disconnect()
    assert [row["conversation_id"] for row in talks["talks"]] == [talk]
    assert opened["head"]["prechat"] == {"name": "林晓燕"}
    assert [card["args"][0]["card"]["contact"]["name"] for card in cards] == ["林晓燕"]
    for said in (talks, opened, cards):
        assert WHOLE not in json.dumps(said)


def _typed_before(session: Session) -> None:
    """The visitor told name and number in the form before the talk."""
    row = session.get(Conversation, TALK_ID)
    assert row is not None
    row.prechat = {"name": "林晓燕", "phone": WHOLE}
    session.commit()


def test_a_role_that_never_sees_a_number_still_calls_it(
    settings: Settings, app: Flask, sign_in: SignIn, contact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _set(settings, "never")
    asked: list[contract.PlaceCall] = []

    def send(command: contract.PlaceCall) -> contract.Reply:
        asked.append(command)
        return contract.Reply(ok=True, code="ok")

    monkeypatch.setattr(app.extensions["uckefu"]["acd"], "send", send)
    answer = sign_in("agent1").post("/desk/dial", data={"contact": contact, "handle": _handle(app)})
    assert answer.json["ok"] and WHOLE not in answer.text
    assert [command.number for command in asked] == [WHOLE]


def test_a_sight_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError):
        Centre.model_validate({"numbers": {"agent": "sometimes"}})
    assert show_for("agent", Centre())(WHOLE, "CN") == MASKED  # by default as it was
