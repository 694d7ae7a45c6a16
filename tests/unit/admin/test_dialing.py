"""Click-to-dial and what waits beside the strip: whose number is found by what, and what is never shown."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from acd import contract
from admin.contacts.handles import handle
from sql.models import (
    AgentRouting,
    BlacklistEntry,
    Contact,
    ContactNumber,
    Conversation,
    Interaction,
    LeftMessage,
    Offer,
    Site,
    Talk,
    Visitor,
    Voicemail,
)
from tests.unit.admin.test_desk import _answer_next
from uckefu.times import now

SignIn = Callable[[str], FlaskClient]
NUMBER = "+8613912340873"


def dials(
    app: Flask, client: FlaskClient, reply: contract.Reply | None = None, **fields: Any
) -> tuple[Any, dict[str, Any]]:
    """Ask for a call while an ACD answers; the command that it got, and the page's answer."""
    seen: list[contract.Command] = []
    acd = _answer_next(app, reply or contract.Reply(True), seen)
    answer = client.post("/desk/dial", data=fields).get_json()
    acd.join()
    return seen[0], answer


def contact(session: Session, name: str = "周文", number: str = NUMBER) -> Contact:
    row = Contact(name=name, company="", note="", created_at=now(), updated_at=now())
    row.numbers = [ContactNumber(number=number)]
    session.add(row)
    session.commit()
    return row


def missed(session: Session, agent_id: int, call: str = "missed-1", *, outcome: str = "expired") -> None:
    at = now()
    session.add(Interaction(id=call, from_number=NUMBER, started_at=at, ended_at=at, queue_name="service"))
    session.add(
        Offer(id=f"{call}:1:1", member_id=f"{call}:1", interaction_id=call, agent_id=agent_id, leg_id="l", offered_at=at,
              ended_at=at, outcome=outcome, reason={})
    )  # fmt: skip
    session.commit()


@pytest.mark.parametrize("typed", ["139 1234 0873", "139-1234-0873", "+86 139 1234 0873", "（139）12340873"])
def test_a_number_may_be_typed_as_people_write_it(app: Flask, sign_in: SignIn, typed: str) -> None:
    command, answer = dials(app, sign_in("agent1"), number=typed)
    assert (type(command), command.number) == (contract.PlaceCall, "13912340873")
    assert answer["ok"] is True


def test_a_name_calls_its_only_contact(app: Flask, session: Session, sign_in: SignIn) -> None:
    contact(session)
    command, _answer = dials(app, sign_in("agent1"), number="周文")
    assert command.number == "13912340873"


def test_a_name_of_nobody_or_of_several_is_refused_with_a_word(
    app: Flask, session: Session, sign_in: SignIn
) -> None:
    client = sign_in("agent1")
    assert client.post("/desk/dial", data={"number": "没有这个人"}).get_json()["code"] == "unknown-name"
    assert client.post("/desk/dial", data={"number": " "}).get_json()["code"] == "no-number"
    contact(session)
    contact(session, number="+8613912340874")
    assert client.post("/desk/dial", data={"number": "周文"}).get_json()["code"] == "several-contacts"


def test_a_contacts_number_is_called_by_its_handle_and_never_sent_to_the_page(
    app: Flask, session: Session, sign_in: SignIn
) -> None:
    row, client = contact(session), sign_in("agent1")
    with app.test_request_context():
        named = handle(NUMBER)
    command, answer = dials(app, client, contact=row.id, handle=named)
    assert command.number == "13912340873"
    assert "13912340873" not in json.dumps(answer)
    assert client.post("/desk/dial", data={"contact": row.id, "handle": "other"}).status_code == 404


def test_the_customer_of_a_call_that_the_agent_had_nothing_to_do_with_is_not_called(
    app: Flask, session: Session, agents: dict[str, int], sign_in: SignIn
) -> None:
    missed(session, agents["agent2"])
    client = sign_in("agent1")
    assert client.post("/desk/dial", data={"interaction": "missed-1"}).status_code == 404
    missed(session, agents["agent1"], "missed-2")
    assert dials(app, client, interaction="missed-2")[0].number == "13912340873"


@pytest.mark.parametrize(
    "code", ["number-not-allowed", "do-not-call", "phone-lost", "in-call", "wrap-up-first", "signed-out"]
)
def test_a_refusal_of_the_acd_is_told_in_words(app: Flask, sign_in: SignIn, code: str) -> None:
    _command, answer = dials(app, sign_in("agent1"), contract.Reply(False, code), number="13912340873")
    assert (answer["ok"], answer["code"]) == (False, code)
    assert code not in answer["message"]
    assert answer["message"]


def test_somebody_without_an_extension_calls_nobody(sign_in: SignIn) -> None:
    answer = sign_in("administrator").post("/desk/dial", data={"number": "13912340873"}).get_json()
    assert answer["code"] == "no-agent"


def test_a_missed_call_is_shown_masked_until_somebody_has_talked_to_the_number(
    session: Session, agents: dict[str, int], sign_in: SignIn
) -> None:
    missed(session, agents["agent1"])
    missed(session, agents["agent2"], "not-mine")
    client = sign_in("agent1")
    shown = client.get("/desk/callbar").get_json()["missed"]
    assert [(row["interaction_id"], row["number"]) for row in shown] == [("missed-1", "139****0873")]
    later = now() + timedelta(seconds=1)
    session.add(
        Interaction(
            id="back", direction="outbound", from_number="4001", to_number="13912340873", started_at=later
        )
    )
    session.add(
        Talk(
            id="back:out", interaction_id="back", agent_id=agents["agent2"], queue_name="", connected_at=later
        )
    )
    session.commit()
    assert client.get("/desk/callbar").get_json()["missed"] == []


def test_the_voicemails_of_the_agents_queues_can_be_heard_and_called_back_from_the_call_bar(
    app: Flask, session: Session, sign_in: SignIn
) -> None:
    session.add(
        Voicemail(
            id="v1",
            interaction_id="c1",
            number=NUMBER,
            queue_name="service",
            path="voicemail/v1.wav",
            seconds=7,
            at=now(),
        )
    )
    session.commit()
    client = sign_in("agent1")
    row = client.get("/desk/callbar").get_json()["voicemails"][0]
    assert (row["number"], row["sound"], row["is_new"]) == ("139****0873", "/voicemail/v1/sound", True)
    assert dials(app, client, voicemail="v1")[0].number == "13912340873"


@pytest.mark.parametrize("by", ["talk", "left"])
def test_the_number_that_a_visitor_told_is_called_from_the_chat_and_from_the_message_it_left(
    app: Flask, session: Session, agents: dict[str, int], sign_in: SignIn, by: str
) -> None:
    site = Site(key="x", name="X", secret="s" * 32, queue_name="service", created_at=now())
    session.add(site)
    session.flush()
    session.add(Visitor(id="v", site_id=site.id, phone="139 1234 0873", created_at=now(), seen_at=now()))
    session.flush()
    session.add(Interaction(id="talk-1", channel="chat", started_at=now()))
    session.flush()
    session.add(Conversation(id="talk-1", site_id=site.id, visitor_id="v", queue_name="service", agent_id=agents["agent1"],
                             opened_at=now(), last_message_at=now()))  # fmt: skip
    session.add(LeftMessage(id=7, client_id="1", site_id=site.id, visitor_id="v", reach="139 1234 0873", text="x",
                            queue_name="service", created_at=now()))  # fmt: skip
    session.commit()
    number = {"talk": "talk-1", "left": "7"}[by]
    assert dials(app, sign_in("agent1"), **{by: number})[0].number == "13912340873"
    assert sign_in("agent1").post("/desk/dial", data={by: "8"}).status_code == 404


def test_what_a_visitor_typed_is_dialled_as_a_number_only(
    session: Session, agents: dict[str, int], sign_in: SignIn
) -> None:
    contact(session, "lin@example.com")
    site = Site(key="x", name="X", secret="s" * 32, queue_name="service", created_at=now())
    session.add(site)
    session.flush()
    session.add(Visitor(id="v", site_id=site.id, created_at=now(), seen_at=now()))
    session.flush()
    session.add(LeftMessage(id=7, client_id="1", site_id=site.id, visitor_id="v", reach="lin@example.com", text="x",
                            queue_name="service", created_at=now()))  # fmt: skip
    session.commit()
    answer = sign_in("agent1").post("/desk/dial", data={"left": "7"}).get_json()
    assert (answer["ok"], answer["code"]) == (False, "no-number")


def test_a_number_on_the_blacklist_can_be_called_by_its_handle(
    app: Flask, session: Session, agents: dict[str, int], sign_in: SignIn
) -> None:
    session.add(BlacklistEntry(number=NUMBER, reason="x", created_at=now()))
    session.commit()
    with app.app_context():
        name = handle(NUMBER)
    assert dials(app, sign_in("agent1"), blocked=name)[0].number == "13912340873"
    assert sign_in("agent1").post("/desk/dial", data={"blocked": "no"}).status_code == 404
    assert f"blocked={name}" in sign_in("agent1").get("/contacts/blacklist").text


def test_a_voicemail_is_new_until_somebody_has_listened_to_it(
    app: Flask, session: Session, sign_in: SignIn
) -> None:
    session.add(Voicemail(id="v1", interaction_id="c1", number=NUMBER, queue_name="service", path="voicemail/v1.wav", at=now()))  # fmt: skip
    session.commit()
    sound = app.extensions["uckefu"]["settings"].instance / "voicemail" / "v1.wav"
    sound.parent.mkdir(parents=True, exist_ok=True)
    sound.write_bytes(b"RIFF")
    client = sign_in("agent1")
    assert "还没听" in client.get("/voicemail/").get_data(as_text=True)
    with client.get("/voicemail/v1/sound") as played:
        assert played.status_code == 200
    assert client.get("/desk/callbar").get_json()["voicemails"][0]["is_new"] is False
    assert "还没听" not in client.get("/voicemail/").get_data(as_text=True)


def test_missed_calls_are_new_until_the_agent_has_looked_at_them_and_stay_to_be_called_back(
    session: Session, agents: dict[str, int], sign_in: SignIn
) -> None:
    missed(session, agents["agent1"])
    client = sign_in("agent1")
    assert client.get("/desk/callbar").get_json()["missed"][0]["is_new"] is True
    assert client.post("/desk/callbar/seen").get_json()["ok"]
    assert client.get("/desk/callbar").get_json()["missed"][0]["is_new"] is False


def test_an_agent_chooses_auto_answer_and_only_a_number_of_the_centre(
    app: Flask, session: Session, agents: dict[str, int], sign_in: SignIn
) -> None:
    settings = app.extensions["uckefu"]["settings"]
    settings.centre_file.write_text(
        json.dumps({"trunks": {"trunk": {"prefixes": ["1"], "caller_id": "4001"}}})
    )
    client = sign_in("agent1")
    refused = client.post("/desk/calling", data={"caller_number": "110"}).get_json()
    assert refused["code"] == "caller-number-not-ours"
    acd = _answer_next(app, contract.Reply(True), [])
    assert client.post("/desk/calling", data={"caller_number": "4001", "auto_answer": "1"}).get_json()["ok"]
    acd.join()
    row = session.get(AgentRouting, agents["agent1"])
    assert row is not None
    assert (row.caller_number, row.auto_answer) == ("4001", True)


def test_the_days_figures_tell_calls_answered_from_calls_made(
    session: Session, agents: dict[str, int], sign_in: SignIn
) -> None:
    for id_, direction in (("in", "inbound"), ("out", "outbound")):
        session.add(Interaction(id=id_, direction=direction, started_at=now()))
        session.add(
            Talk(
                id=f"{id_}:1",
                interaction_id=id_,
                agent_id=agents["agent1"],
                queue_name="",
                connected_at=now(),
            )
        )
    session.commit()
    day = sign_in("agent1").get("/desk/my-day").get_json()
    assert (day["answered"], day["called"]) == (1, 1)
