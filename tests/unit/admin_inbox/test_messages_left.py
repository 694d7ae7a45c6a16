"""Messages that visitors left: on the page of whoever serves their queue, with a way to answer, until they are done."""

import re

import pytest

from sql.models import AuditEntry, LeftMessage, User

pytestmark = pytest.mark.usefixtures("written")


def shown(client, view=""):
    page = client.get(f"/voicemail/?view={view}").get_data(as_text=True)
    return re.findall(r'action="/voicemail/written/(\d)/', page)


def test_a_supervisor_sees_all_the_one_that_waits_longest_first(sign_in):
    client = sign_in("supervisor")
    assert shown(client) == ["1", "2"]
    assert shown(client, "done") == ["3"]
    assert client.get("/voicemail/count").get_json()["count"] == 2


def test_an_agent_sees_those_of_its_queues_alone(sign_in):
    client = sign_in("agent1")
    assert shown(client) == ["1"]
    assert client.post("/voicemail/written/2/done").status_code == 404
    assert client.post("/desk/dial", data={"left": "2"}).status_code == 404


def test_what_was_written_is_text_and_a_number_is_masked(sign_in):
    page = sign_in("agent1").get("/voicemail/").text
    assert "&lt;b&gt;Please&lt;/b&gt;" in page and "<b>Please" not in page
    assert "138****8000" in page and "0013 8000" not in page
    assert 'data-dial="left=1"' in page


def test_a_mail_address_is_a_link_to_answer(admin):
    assert 'href="mailto:lin%40example.com"' in admin.get("/voicemail/").text


def test_done_with_a_note_and_open_again(sign_in, session):
    client = sign_in("agent1")
    client.post("/voicemail/written/1/done", data={"note": "called back"})
    row = session.get(LeftMessage, 1)
    me = session.query(User).filter_by(login="agent1").one()
    assert (row.note, row.done_by_id) == ("called back", me.id)
    assert shown(client) == [] and "called back" in client.get("/voicemail/?view=done").text
    client.post("/voicemail/written/1/open")
    session.refresh(row)
    assert (row.done_at, row.done_by_id, row.note) == (None, None, "called back")
    actions = [entry.action for entry in session.query(AuditEntry).filter_by(subject="1")]
    assert actions == ["left-message-done", "left-message-reopened"]


def test_the_newest_is_announced_whichever_kind_it_is(sign_in, request):
    client = sign_in("agent1")
    assert "Guest 1" in client.get("/voicemail/count").get_json()["newest"]["words"]
    request.getfixturevalue("messages")  # voicemails that came before
    told = client.get("/voicemail/count").get_json()
    assert told["count"] == 3 and "Guest 1" in told["newest"]["words"]
