"""Voicemails: who sees which, listening, marking done; ratings on the detail of a call."""

import re

import pytest
from sqlalchemy import update

from sql.models import AuditEntry, Voicemail
from sql.outbox import put

pytestmark = pytest.mark.usefixtures("messages")


def shown(client, view=""):
    page = client.get(f"/voicemail/?view={view}").get_data(as_text=True)
    return re.findall(r'src="/voicemail/(\w)/sound"', page)


def test_a_supervisor_sees_all_the_one_that_waits_longest_first(sign_in):
    client = sign_in("supervisor")
    assert shown(client) == ["a", "b", "c"]
    assert shown(client, "done") == ["d"]
    assert client.get("/voicemail/count").get_json()["count"] == 3


def test_an_agent_sees_those_of_its_queues_and_those_that_name_it(sign_in):
    client = sign_in("agent1")
    assert shown(client) == ["a", "c"]
    assert client.get("/voicemail/b/sound").status_code == 404
    assert client.post("/voicemail/b/done").status_code == 404


def test_the_number_is_masked_and_the_customer_is_named(admin):
    page = admin.get("/voicemail/").get_data(as_text=True)
    assert "138****8000" in page and "13800138000" not in page
    assert "陈静" in page and "01:01" in page


def test_done_with_a_note_and_open_again(admin, session):
    admin.post("/voicemail/a/done", data={"note": "called back"})
    message = session.get(Voicemail, "a")
    assert (message.note, message.done_by_id) == ("called back", 1)
    assert shown(admin) == ["b", "c"]
    assert "called back" in admin.get("/voicemail/?view=done").get_data(as_text=True)
    admin.post("/voicemail/a/open")
    session.refresh(message)
    assert (message.done_at, message.done_by_id, message.note) == (None, None, "called back")


def test_listening_is_noted_once_and_served_in_ranges(admin, session):
    assert admin.get("/voicemail/a/sound").status_code == 200
    assert admin.get("/voicemail/a/sound", headers={"Range": "bytes=100-"}).status_code == 206
    assert session.query(AuditEntry).filter_by(action="voicemail-played", subject="a").count() == 1


def test_whatever_the_record_says_no_other_file_is_served(admin, session):
    for path in ("secrets.json", "../x.wav", "voicemail/../secrets.json", "voicemail/2025/gone.wav", ""):
        session.execute(update(Voicemail).where(Voicemail.id == "a").values(path=path))
        session.commit()
        assert admin.get("/voicemail/a/sound").status_code == 404


def test_the_rating_and_its_comment_stand_at_the_call(admin, sign_in):
    page = admin.get("/calls/i-a").get_data(as_text=True)
    assert "2 of 5" in page and "To be dealt with" in page
    address = re.search(r'src="(/voicemail/comments/[^"]+)"', page)[1]
    assert admin.get(address).mimetype == "audio/wav"
    assert sign_in("agent1").get(address).status_code == 404  # a call that this agent had no part in


def test_the_rail_says_how_many_wait(admin):
    assert 'data-voicemail-count="/voicemail/count"' in admin.get("/voicemail/").get_data(as_text=True)


def test_the_newest_that_waits_is_told_to_be_announced(admin, sign_in):
    told = admin.get("/voicemail/count").json
    assert told["count"] == 3
    assert told["newest"]["id"] == "c" and "138****8000" in told["newest"]["words"]
    assert "13800138000" not in admin.get("/voicemail/count").text


def test_an_administrator_sees_that_mails_about_voicemails_have_not_left(admin, sign_in, session):
    assert "See why" not in admin.get("/voicemail/").text
    put(session, "voicemail", "desk@example.com", key="1", voicemail_id="a")
    session.commit()
    assert "See why" in admin.get("/voicemail/").text
    assert "See why" not in sign_in("agent1").get("/voicemail/").text
