"""The workbench's conversations: whose they are, what may be written, drafts, putting off, who is who, quick replies."""

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from acd import contract
from admin.desk.queries import day_begin
from admin.sockets import socketio
from sql.models import (
    AuditEntry,
    Contact,
    Conversation,
    Draft,
    Interaction,
    Invitation,
    Message,
    Offer,
    QuickReply,
    StatusChange,
    SurveyAnswer,
    Talk,
    VisitorBlock,
)  # fmt: skip
from tests.unit.admin.conftest import view_with
from uckefu.times import now

SignIn = Callable[[str], FlaskClient]


def _socket(app: Flask, client: FlaskClient) -> Any:
    made = socketio.test_client(app, flask_test_client=client)
    made.get_received()
    return made


def _ask(socket: Any, event: str, **fields: Any) -> dict[str, Any]:
    answer: dict[str, Any] = socket.emit(event, fields, callback=True)
    return answer


def test_the_list_has_my_conversations_with_what_is_unread(app: Flask, sign_in: SignIn, talk: str) -> None:
    mine = _ask(_socket(app, sign_in("agent1")), "talks")["talks"]
    assert [(t["conversation_id"], t["unread"], t["last"]["text"]) for t in mine] == [(talk, 1, "你好")]
    assert _ask(_socket(app, sign_in("agent2")), "talks")["talks"] == []


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("talk-open", {}), ("talk-earlier", {"before": 5}), ("say", {"client_id": "x", "text": "hi"}), ("recall", {"sequence": 1}),
        ("read", {"sequence": 1}), ("typing", {}), ("draft", {"kind": "text", "text": "x"}), ("later", {"on": True}),
        ("talk-end", {}), ("talk-transfer", {"kind": "queue", "target": "webchat"}), ("talk-take", {}), ("look", {}),
    ],
)  # fmt: skip
def test_a_colleagues_conversation_is_refused_in_every_event(
    app: Flask, sign_in: SignIn, session: Session, talk: str, event: str, fields: dict[str, Any]
) -> None:
    answer = _ask(_socket(app, sign_in("agent2")), event, conversation_id=talk, **fields)
    assert answer["code"] == "not-yours"
    assert answer["message"]
    assert session.query(Message).count() == 1


def test_what_is_written_is_stored_once_and_reaches_the_other_window(
    app: Flask, sign_in: SignIn, session: Session, talk: str
) -> None:
    here, there = _socket(app, sign_in("agent1")), _socket(app, sign_in("agent1"))
    for socket in (here, there):
        assert _ask(socket, "talk-open", conversation_id=talk, after=0)["messages"][0]["text"] == "你好"
    first = _ask(here, "say", conversation_id=talk, client_id="a1", text="您好")
    again = _ask(here, "say", conversation_id=talk, client_id="a1", text="您好")
    assert first["sent"]["sequence"] == again["sent"]["sequence"] == 2
    assert session.query(Message).filter_by(author="agent").count() == 1
    assert [m["args"]["message"]["text"] for m in there.get_received() if m["name"] == "message"] == ["您好"]


def test_a_note_is_kept_from_the_visitor(app: Flask, sign_in: SignIn, session: Session, talk: str) -> None:
    _ask(
        _socket(app, sign_in("agent1")), "say", conversation_id=talk, client_id="n1", text="内部", kind="note"
    )
    note = session.query(Message).filter_by(kind="note").one()
    assert note.is_public is False


def test_a_supervisor_may_open_and_note_but_not_speak(
    app: Flask, sign_in: SignIn, agents: dict[str, int], session: Session, talk: str
) -> None:
    from sql.models import Agent, User

    supervisor = session.query(User).filter_by(login="supervisor").one()
    session.add(Agent(user_id=supervisor.id, extension="1009", a1_hash=""))
    session.commit()
    from admin.accounts import identity

    identity._kept.clear()
    socket = _socket(app, sign_in("supervisor"))
    assert _ask(socket, "talk-open", conversation_id=talk)["ok"]
    assert _ask(socket, "say", conversation_id=talk, client_id="s1", text="hi")["code"] == "not-yours"
    assert _ask(socket, "say", conversation_id=talk, client_id="s2", text="hi", kind="note")["ok"]


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("say", {"client_id": "", "text": "x"}), ("say", {"client_id": "x", "text": "y", "kind": "event"}), ("say", {"client_id": "x", "text": 5}),
        ("draft", {"kind": "text", "text": "x" * 5000}), ("talk-transfer", {"kind": "phone", "target": "x"}), ("read", {"sequence": 0}),
        ("later", {}), ("talk-open", {"after": -1}), ("talk-open", {"more": 1}),
    ],
)  # fmt: skip
def test_malformed_events_are_refused_with_a_code(
    app: Flask, sign_in: SignIn, talk: str, event: str, fields: dict[str, Any]
) -> None:
    assert (
        _ask(_socket(app, sign_in("agent1")), event, conversation_id=talk, **fields)["code"] == "bad-request"
    )


def test_reading_clears_the_count_in_every_window(app: Flask, sign_in: SignIn, talk: str) -> None:
    here, there = _socket(app, sign_in("agent1")), _socket(app, sign_in("agent1"))
    _ask(here, "read", conversation_id=talk, sequence=1)
    assert [m["args"][0]["sequence"] for m in there.get_received() if m["name"] == "talk-seen"] == [1]
    assert _ask(there, "talks")["talks"][0]["unread"] == 0


def test_a_draft_is_kept_for_its_writer_and_shown_in_the_other_window(
    app: Flask, sign_in: SignIn, session: Session, talk: str
) -> None:
    here, there = _socket(app, sign_in("agent1")), _socket(app, sign_in("agent1"))
    _ask(here, "draft", conversation_id=talk, kind="note", text="半句")
    assert [m["args"][0]["text"] for m in there.get_received() if m["name"] == "talk-draft"] == ["半句"]
    assert _ask(there, "talk-open", conversation_id=talk)["draft"] == {"kind": "note", "text": "半句"}
    assert _ask(there, "talks")["talks"][0]["has_draft"] is True
    assert session.query(Draft).count() == 1


def test_put_off_is_the_same_in_every_window(app: Flask, sign_in: SignIn, talk: str) -> None:
    here = _socket(app, sign_in("agent1"))
    assert _ask(here, "later", conversation_id=talk, on=True)["later_us"]
    assert _ask(_socket(app, sign_in("agent1")), "talks")["talks"][0]["later_us"]
    assert _ask(here, "later", conversation_id=talk, on=False)["later_us"] is None


def test_who_else_looks_is_told(app: Flask, sign_in: SignIn, session: Session, talk: str) -> None:
    session.get_one(Conversation, talk).agent_id = None  # it waits: anybody may look
    session.commit()
    _ask(_socket(app, sign_in("agent2")), "look", conversation_id=talk, writing=True)
    others = _ask(_socket(app, sign_in("agent1")), "look", conversation_id=talk)["others"]
    assert others == [{"name": "李伟", "writing": True}]


def _acd(app: Flask, seen: list[contract.Command]) -> Thread:
    bus = app.extensions["uckefu"]["bus"]

    def answer() -> None:
        last = "0"
        while True:
            for _stream, entries in bus.xread({contract.COMMANDS: last}, block=5000) or []:
                for entry_id, fields in entries:
                    last = entry_id
                    command = contract.decode_command(fields["data"])
                    if not isinstance(command, contract.Presence):
                        seen.append(command)
                        bus.lpush(
                            contract.REPLY + command.command_id,
                            json.dumps({"ok": True, "code": "ok", "message": ""}),
                        )
                        return

    thread = Thread(target=answer)
    thread.start()
    return thread


def test_a_transfer_takes_its_note_along(
    app: Flask, sign_in: SignIn, session: Session, agents: dict[str, int], talk: str
) -> None:
    seen: list[contract.Command] = []
    acd = _acd(app, seen)
    target = str(agents["agent2"])
    answer = _ask(
        _socket(app, sign_in("agent1")),
        "talk-transfer",
        conversation_id=talk,
        kind="agent",
        target=target,
        note="答应了换新",
    )
    acd.join()
    assert answer["ok"]
    command = seen[0]
    assert isinstance(command, contract.TransferConversation)
    assert (command.agent_id, command.kind, command.target) == (agents["agent1"], "agent", target)
    assert session.query(Message).filter_by(kind="note").one().text == "答应了换新"


def test_ending_is_told_to_the_record_and_to_routing(
    app: Flask, sign_in: SignIn, session: Session, agents: dict[str, int], talk: str
) -> None:
    seen: list[contract.Command] = []
    acd = _acd(app, seen)
    assert _ask(_socket(app, sign_in("agent1")), "talk-end", conversation_id=talk)["ok"]
    acd.join()
    assert isinstance(seen[0], contract.EndConversation)
    session.expire_all()
    assert session.get_one(Conversation, talk).ended_by == "agent"


def test_the_panel_tells_visitor_and_history_and_a_contact_is_linked_by_the_agent_only(
    sign_in: SignIn, session: Session, talk: str
) -> None:
    client = sign_in("agent1")
    card = client.get(f"/desk/talk/{talk}/card").get_json()
    assert card["contact"] is None  # a typed number proves nothing
    assert card["visitor"]["phone"] == "139****0873"
    assert sign_in("agent2").get(f"/desk/talk/{talk}/card").status_code == 404
    found = client.get("/desk/contacts?text=陈静").get_json()["found"][0]
    linked = client.post(f"/desk/talk/{talk}/link", data={"contact_id": found["id"]}).get_json()
    assert linked["contact"]["name"] == "陈静"
    session.expire_all()
    assert session.get_one(Interaction, talk).contact_id == found["id"]
    assert session.query(AuditEntry).filter_by(action="visitor-linked").count() == 1


def test_a_contact_is_made_of_what_the_visitor_told(sign_in: SignIn, session: Session, talk: str) -> None:
    card = sign_in("agent1").post(f"/desk/talk/{talk}/link", data={"contact_id": "0"}).get_json()
    made = session.get_one(Contact, card["contact"]["id"])
    assert (made.name, [n.number for n in made.numbers]) == ("林晓燕", ["+8613912340873"])


def test_a_blocked_visitor_is_noted_and_the_conversation_ends(
    app: Flask, sign_in: SignIn, session: Session, talk: str
) -> None:
    assert (
        sign_in("agent1").post(f"/desk/talk/{talk}/block", data={"reason": "", "days": "7"}).status_code
        == 400
    )
    assert (
        sign_in("agent1").post(f"/desk/talk/{talk}/block", data={"reason": "辱骂", "days": "7"}).status_code
        == 200
    )
    block = session.query(VisitorBlock).one()
    assert block.until is not None
    assert timedelta(days=6) < block.until - now() < timedelta(days=8)
    session.expire_all()
    assert session.get_one(Conversation, talk).ended_at is not None


def test_own_quick_replies_are_ones_own_and_shared_ones_the_supervisors(
    sign_in: SignIn, session: Session
) -> None:
    agent, other, supervisor = sign_in("agent1"), sign_in("agent2"), sign_in("supervisor")
    agent.post("/quick-replies", data={"title": "我的", "text": "{客户姓名}您好", "shortcut": "/hi"})
    supervisor.post("/quick-replies", data={"title": "公共", "text": "您好", "shared": "y"})
    assert (
        agent.post("/quick-replies", data={"title": "假公共", "text": "x", "shared": "y"}).status_code == 403
    )
    seen = agent.get("/desk/quick-replies").get_json()
    assert [(r["title"], r["own"], r["shortcut"]) for r in seen["replies"]] == [
        ("我的", True, "hi"),
        ("公共", False, ""),
    ]
    assert seen["variables"]["customer"] == ["客户姓名", "customer name"]
    assert [r["title"] for r in other.get("/desk/quick-replies").get_json()["replies"]] == ["公共"]
    own = session.scalars(select(QuickReply.id).where(QuickReply.title == "我的")).one()
    assert other.post(f"/quick-replies/{own}/delete").status_code == 403
    assert agent.get("/quick-replies").status_code == 200
    agent.post(f"/quick-replies/{own}/delete")
    assert session.get(QuickReply, own) is None


def test_my_day_counts_calls_and_conversations_apart(
    sign_in: SignIn, session: Session, agents: dict[str, int], talk: str
) -> None:
    begin = now() - timedelta(seconds=1)
    session.add(Interaction(id="call-1", channel="voice", started_at=begin))
    for id_, interaction in (("o1", "call-1"), ("o2", talk)):
        session.add(
            Talk(
                id=id_,
                interaction_id=interaction,
                agent_id=agents["agent1"],
                connected_at=begin,
                ended_at=now(),
            )
        )
    session.get_one(Conversation, talk).rating = 4
    session.commit()
    day = sign_in("agent1").get("/desk/my-day").get_json()
    assert (day["answered"], day["chats"], day["rating"]) == (1, 1, "4.0 (1)")


def test_my_day_and_the_calls_page_count_the_same_of_a_played_day(
    sign_in: SignIn, session: Session, agents: dict[str, int]
) -> None:
    """Two calls in, one of them back at the same agent after a transfer, one call out, two conversations, one missed."""
    begin = now() - timedelta(seconds=1)
    day = [("in-1", "voice", "inbound"), ("in-2", "voice", "inbound"), ("out-1", "voice", "outbound")]
    day += [("chat-1", "chat", "inbound"), ("chat-2", "chat", "inbound")]
    for id_, channel, direction in day:
        session.add(
            Interaction(
                id=id_, channel=channel, direction=direction, agent_id=agents["agent1"], queued_at=begin,
                started_at=begin, connected_at=begin, ended_at=now(),
            )
        )  # fmt: skip
    for offer_id, interaction in [("o", "in-2"), *((f"t-{row[0]}", row[0]) for row in day)]:
        session.add(
            Talk(
                id=offer_id, interaction_id=interaction, agent_id=agents["agent1"], connected_at=begin,
                ended_at=now(),
            )
        )  # fmt: skip
    session.add(
        Offer(
            id="m", member_id="m", interaction_id="in-9", agent_id=agents["agent1"], offered_at=begin,
            outcome="expired",
        )
    )  # fmt: skip
    session.commit()
    client = sign_in("agent1")
    seen = client.get("/desk/my-day").get_json()
    assert (seen["answered"], seen["called"], seen["chats"], seen["missed"]) == (2, 1, 2, 1)
    shown = client.get("/calls/?result=answered").get_data(as_text=True)
    assert shown.count('<tr data-call="') == 5


def test_my_day_says_what_the_calls_visitors_and_conversation_pages_say_of_the_same_data(
    sign_in: SignIn, session: Session, agents: dict[str, int], talk: str
) -> None:
    """Lengths, invitations, ratings and signed-in-since; a chat that came back and one call's two parts are one each."""
    mine, begin = agents["agent1"], day_begin("Asia/Shanghai")
    parts = [("call-1", 60), ("call-1", 30), ("call-2", 150), (talk, 100), (talk, 40)]
    for id_ in ("call-1", "call-2"):
        session.add(
            Interaction(
                id=id_, channel="voice", direction="inbound", agent_id=mine, queued_at=begin, started_at=begin,
                connected_at=begin, ended_at=begin + timedelta(minutes=5),
            )
        )  # fmt: skip
    for number, (id_, seconds) in enumerate(parts):
        at = begin + timedelta(minutes=number)
        session.add(
            Talk(
                id=f"t{number}", interaction_id=id_, agent_id=mine, connected_at=at,
                ended_at=at + timedelta(seconds=seconds),
            )
        )  # fmt: skip
    session.add(SurveyAnswer(id="call-1:ask", interaction_id="call-1", score=1, best=1, at=begin))
    session.get_one(Conversation, talk).rating = 4
    session.get_one(Conversation, talk).ended_at = begin + timedelta(minutes=5)
    visitor = session.get_one(Conversation, talk).visitor_id
    site = session.get_one(Conversation, talk).site_id
    for result in ("accepted", "accepted", "refused", "ignored"):
        session.add(
            Invitation(site_id=site, visitor_id=visitor, agent_id=mine, text="", made_at=begin, result=result)
        )
    for number, (minutes, status) in enumerate(((-9, "ready"), (-5, "offline"), (2, "offline"), (3, "break"), (4, "ready"))):  # fmt: skip
        at = begin + timedelta(minutes=minutes)
        session.add(StatusChange(id=number + 1, agent_id=mine, status=status, at=at, by="agent"))
    session.commit()
    client = sign_in("agent1")
    day = client.get("/desk/my-day").get_json()
    assert day["signed_in"] == "00:03:00"

    supervisor = sign_in("supervisor")
    exported = supervisor.get(f"/calls/export.csv?agent={mine}").get_data(as_text=True)
    talked = {row[-1]: row[-4] for row in csv.reader(exported.splitlines()[1:])}
    assert talked == {"call-1": "00:01:30", "call-2": "00:02:30", talk: "00:02:20"}
    assert (day["answered"], day["total_talk"], day["average_talk"]) == (2, "04:00", "02:00")
    assert (day["chats"], day["average_chat"]) == (1, talked[talk])

    visitors = supervisor.get("/visitors/").get_data(as_text=True)
    assert day["invited"] == "4 / 2 / 1"
    assert "邀请 4 次：接受 2，拒绝 1，未理会 1" in visitors
    assert "★ 4" in client.get(f"/conversations/{talk}").get_data(as_text=True)
    assert "1 分（满分 1）" in client.get("/calls/call-1").get_data(as_text=True)
    assert day["rating"] == "4.5 (2)"


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ([(-60, "ready")], "00:00:00"),
        ([(-60, "ready"), (5, "offline"), (6, "ready")], "00:00:00"),
        ([(-60, "offline"), (5, "offline")], "—"),
        ([], "—"),
    ],
)
def test_who_is_signed_in_over_midnight_is_so_since_midnight_and_an_end_is_no_sign_in(
    sign_in: SignIn, session: Session, agents: dict[str, int], changes: list[tuple[int, str]], shown: str
) -> None:
    begin = day_begin("Asia/Shanghai")
    for number, (minutes, status) in enumerate(changes):
        at = begin + timedelta(minutes=minutes)
        session.add(StatusChange(id=number + 1, agent_id=agents["agent1"], status=status, at=at, by="agent"))
    session.commit()
    assert sign_in("agent1").get("/desk/my-day").get_json()["signed_in"] == shown


def test_four_conversations_that_average_239_5_seconds_are_shown_as_00_04_00_in_my_day(
    sign_in: SignIn, session: Session, agents: dict[str, int]
) -> None:
    begin = now() - timedelta(seconds=1)
    for n, seconds in enumerate((239.0, 240.0, 238.9, 240.1)):
        session.add(Interaction(id=f"chat-{n}", channel="chat", started_at=begin))
        session.add(
            Talk(
                id=f"chat-{n}:1:1", interaction_id=f"chat-{n}", agent_id=agents["agent1"], connected_at=begin,
                ended_at=begin + timedelta(seconds=seconds),
            )
        )  # fmt: skip
    session.commit()
    day = sign_in("agent1").get("/desk/my-day").get_json()
    assert (day["chats"], day["average_chat"]) == (4, "00:04:00")


def test_a_transcript_is_for_who_took_part_and_a_supervisors_reading_is_noted(
    sign_in: SignIn, session: Session, talk: str
) -> None:
    assert "你好" in sign_in("agent1").get(f"/conversations/{talk}").get_data(as_text=True)
    assert sign_in("agent2").get(f"/conversations/{talk}").status_code == 404
    assert sign_in("supervisor").get(f"/conversations/{talk}").status_code == 200
    assert session.query(AuditEntry).filter_by(action="conversation-read", subject=talk).count() == 1


def test_recent_has_what_was_missed_and_what_has_no_disposition_yet(
    sign_in: SignIn, session: Session, agents: dict[str, int], talk: str
) -> None:
    begin = now() - timedelta(seconds=9)
    session.add(Interaction(id="call-1", channel="voice", started_at=begin, from_number="13800138000"))
    session.add(Interaction(id="call-2", channel="voice", started_at=begin, from_number="13912340873"))
    session.add(
        Talk(
            id="o1",
            interaction_id="call-1",
            agent_id=agents["agent1"],
            connected_at=begin,
            ended_at=now(),
            disposition_id=1,
        )
    )
    session.add(
        Talk(id="o2", interaction_id=talk, agent_id=agents["agent1"], connected_at=begin, ended_at=now())
    )
    session.add(
        Offer(
            id="o3",
            member_id="m",
            interaction_id="call-2",
            agent_id=agents["agent1"],
            offered_at=now(),
            outcome="expired",
        )
    )
    session.commit()
    rows = {row["offer_id"]: row for row in sign_in("agent1").get("/desk/recent").get_json()["recent"]}
    assert rows["o3"]["missed"] is True
    assert rows["o3"]["number"] == "139****0873"
    assert (rows["o1"]["name"], rows["o1"]["disposition"]) == ("陈静", "已解决")
    assert (rows["o2"]["name"], rows["o2"]["disposition"]) == ("林晓燕", None)
    assert sign_in("agent2").get("/desk/recent").get_json() == {"recent": []}


def test_a_callers_panel_is_for_who_has_the_call_and_makes_a_contact_of_the_caller(
    app: Flask, sign_in: SignIn, session: Session, agents: dict[str, int]
) -> None:
    offer = {
        "offer_id": "o",
        "interaction_id": "call-9",
        "queue": "service",
        "number": "13912340873",
        "entered_at_us": 1,
        "expires_at_us": 2,
    }
    view = view_with(agents["agent1"], state="offered", offer=offer)
    app.extensions["uckefu"]["bus"].set(contract.VIEW, json.dumps(view))
    client = sign_in("agent1")
    assert client.get("/desk/caller/call-9/panel").get_json()["contact"] is None
    assert sign_in("agent2").get("/desk/caller/call-9/panel").status_code == 404
    made = client.post("/desk/caller/call-9/contact", data={"name": "黄志强"}).get_json()["contact"]
    assert (made["name"], made["numbers"][0]["shown"]) == ("黄志强", "139****0873")
    assert client.post("/desk/caller/call-9/contact", data={"name": ""}).status_code == 400
    found = session.scalars(select(Contact).where(Contact.name == "陈静")).one()
    taken = client.post("/desk/caller/call-9/contact", data={"contact_id": str(found.id)})
    assert taken.status_code == 409
