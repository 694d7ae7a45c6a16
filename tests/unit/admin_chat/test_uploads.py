"""Files: known by their content, pictures made anew, names harmless, handed out with a safe type to whoever has the link."""

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from PIL import Image

from admin.chat import links, reading, service, uploads
from admin.chat.refusals import ChatRefused
from sql.models import Conversation, Site, Visitor

MEGABYTE = 1024 * 1024


def picture(kind: str = "JPEG", **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "#123456").save(out, kind, **more)
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as writer:
        for name in names:
            writer.writestr(name, "x")
    return out.getvalue()


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(ChatRefused) as caught:
        act()
    return caught.value.code


@pytest.mark.parametrize(
    ("content", "name", "content_type", "shown"),
    [
        (picture("PNG"), "a.gif", "image/png", "a.png"),
        (picture("JPEG"), "b.exe", "image/jpeg", "b.jpg"),
        (picture("WEBP"), "c.webp", "image/png", "c.png"),
        (b"%PDF-1.7 ...", "d.html", "application/pdf", "d.pdf"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "e.zip", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "e.xlsx"),
        (archive("readme"), "f.docx", "application/zip", "f.zip"),
        ("你好".encode(), "g.txt", "text/plain; charset=utf-8", "g.txt"),
    ],
)  # fmt: skip
def test_the_type_follows_from_the_content(
    app: Flask, visitor: Visitor, content: bytes, name: str, content_type: str, shown: str
) -> None:
    row = uploads.store(content, name, service.a_visitor(visitor.id), most_bytes=MEGABYTE)
    assert (row.content_type, row.name) == (content_type, shown)
    kept = uploads.folder() / row.path
    assert kept.is_file() and kept.stat().st_size == row.size_bytes


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MZ\x90\0", "a.exe"),
        (b"<html><script>alert(1)</script>", "a.html"),
        (b"<svg onload='alert(1)'/>", "a.svg"),
        (b"\x89PNG\r\n\x1a\nrubbish", "a.png"),
        (b"\xff\xd8\xff" + b"x" * 50, "a.jpg"),
        (b"PK\x03\x04rubbish", "a.zip"),
        (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "a.docx"),
        (b"a\0b", "a.txt"),
        (b"\xff\xfe\xfa", "a.csv"),
    ],
)
def test_what_is_not_on_the_list_or_broken_is_refused(
    app: Flask, visitor: Visitor, content: bytes, name: str
) -> None:
    who = service.a_visitor(visitor.id)
    assert refusal(lambda: uploads.store(content, name, who, most_bytes=MEGABYTE)) == "bad-attachment"
    assert not list(uploads.folder().rglob("*")) if uploads.folder().exists() else True


def test_empty_and_large_files_are_refused(app: Flask, visitor: Visitor) -> None:
    who = service.a_visitor(visitor.id)
    assert refusal(lambda: uploads.store(b"", "a.txt", who, most_bytes=10)) == "empty"
    assert refusal(lambda: uploads.store(b"x" * 11, "a.txt", who, most_bytes=10)) == "too-large"


def test_a_picture_keeps_nothing_but_the_picture(app: Flask, visitor: Visitor) -> None:
    content = picture("JPEG", exif=b"Exif\0\0secret place") + b"<script>hidden behind</script>"
    row = uploads.store(content, "a.jpg", service.a_visitor(visitor.id), most_bytes=MEGABYTE)
    kept = (uploads.folder() / row.path).read_bytes()
    assert b"secret" not in kept and b"hidden" not in kept
    assert (row.width, row.height) == (60, 40)


def test_a_picture_with_too_many_points_is_refused_before_it_is_read(
    app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_PIXELS", 2000)
    who = service.a_visitor(visitor.id)
    assert refusal(lambda: uploads.store(picture(), "a.jpg", who, most_bytes=MEGABYTE)) == "too-large"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\x\\报价单.txt", "报价单.txt"),
        ("a\r\nSet-Cookie: b.txt", "aSet-Cookie b.txt"),
        ("....txt", "file.txt"),
        ("x" * 300 + ".txt", "x" * 100 + ".txt"),
    ],
)
def test_the_senders_name_is_never_a_path(name: str, shown: str) -> None:
    assert uploads.shown_name(name, "txt") == shown


def test_a_file_is_handed_out_by_its_link_only_and_never_runs(
    app: Flask, visitor: Visitor, conversation: Conversation
) -> None:
    who = service.a_visitor(visitor.id)
    row = uploads.store(b"hello", "a.txt", who, most_bytes=MEGABYTE)
    client, link = app.test_client(), links.file_link(row.id)
    with client.get(link) as answer:
        assert (answer.status_code, answer.data) == (200, b"hello")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(f"/chat/file/{row.id}").status_code == 403
    assert client.get(link.replace("proof=", "proof=0")).status_code == 403
    assert client.get(link.replace("until=1", "until=2")).status_code == 403
    other = uploads.store(b"other", "b.txt", who, most_bytes=MEGABYTE)
    assert client.get(link.replace(row.id, other.id)).status_code == 403


def test_only_its_sender_can_post_a_file_and_only_into_one_conversation(
    conversation: Conversation, visitor: Visitor, stranger: Visitor
) -> None:
    mine = uploads.store(picture(), "a.jpg", service.a_visitor(visitor.id), most_bytes=MEGABYTE).id
    theirs = uploads.store(picture(), "b.jpg", service.a_visitor(stranger.id), most_bytes=MEGABYTE).id
    me = service.a_visitor(visitor.id)
    assert refusal(
        lambda: service.post_message(conversation.id, me, client_id="a", attachment_id=theirs)
    ) == ("bad-attachment")
    posted = service.post_message(conversation.id, me, client_id="b", attachment_id=mine)
    assert posted.message["kind"] == "picture" and posted.message["attachment"]["width"] == 60
    service.recall_message(conversation.id, me, posted.message["sequence"])
    assert reading.messages_since(conversation.id)[0]["attachment"] is None


def test_a_visitor_sends_a_file_up_with_its_own_token(app: Flask, site: Site, visitor: Visitor) -> None:
    client = app.test_client()

    def send(token: str) -> int:
        data = {"file": (io.BytesIO(picture()), "a.jpg")}
        return client.post("/chat/shop/files", data=data, headers={"X-Visitor": token}).status_code

    assert send(links.visitor_token(visitor.id, "shop")) == 200
    assert send("") == 403
    assert send(links.visitor_token(visitor.id, "another")) == 403
    assert send(visitor.id) == 403


def test_an_agent_sends_a_file_up_for_a_conversation_it_may_touch(
    conversation: Conversation, sign_in: Callable[[str], FlaskClient], agent_id: int
) -> None:
    def send(who: str) -> int:
        data = {"file": (io.BytesIO(picture()), "a.jpg")}
        g.pop("_login_user", None)  # the test's own application context outlives the request
        return sign_in(who).post(f"/chat/agent/files/{conversation.id}", data=data).status_code

    service.assigned(conversation.id, agent_id, offer_id="o1", name="Chen")
    assert send("agent1") == 200
    assert send("agent2") == 403
