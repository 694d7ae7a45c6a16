"""Files of contacts and agents: checked by content, kept outside of what is served, gone with their contact."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from sql.models import AuditEntry, Contact, ContactAttachment
from uckefu.settings import Settings

SignIn = Callable[[str], FlaskClient]


def _picture(size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, "PNG")
    return out.getvalue()


def _keep(client: FlaskClient, contact_id: int, content: bytes, name: str) -> None:
    answer = client.post(f"/contacts/{contact_id}/attachments", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 302


@pytest.fixture
def contact(session: Session) -> int:
    return session.scalars(select(Contact.id).limit(1)).one()


def test_a_file_is_kept_with_a_contact_shown_and_noted(
    sign_in: SignIn, session: Session, contact: int, settings: Settings
) -> None:
    client = sign_in("agent")
    _keep(client, contact, _picture(), "../../合同.exe")
    row = session.scalars(select(ContactAttachment)).one()
    assert (row.name, row.content_type) == ("合同.png", "image/png")  # its content says what it is
    assert "合同.png" in client.get(f"/contacts/{contact}").text
    answer = client.get(f"/contacts/{contact}/attachments/{row.id}")
    assert answer.content_type == "image/png" and "sandbox" in answer.headers["Content-Security-Policy"]
    answer.close()
    assert (settings.instance / "attachments" / row.path).is_file()
    assert session.scalars(
        select(AuditEntry).where(AuditEntry.action == "contact-file-kept")
    ).one().subject == str(contact)


@pytest.mark.parametrize(
    "content", [b"", b"<script>alert(1)</script>", b"\x89PNG broken", b"MZ\x90\x00 program"]
)
def test_what_is_not_taken_is_refused_in_words(
    sign_in: SignIn, session: Session, contact: int, content: bytes
) -> None:
    client = sign_in("agent")
    _keep(client, contact, content, "x.png")
    assert session.scalars(select(ContactAttachment)).all() == []
    assert 'role="status"' in client.get(f"/contacts/{contact}").text


def test_a_deleted_file_and_a_deleted_contacts_files_are_gone(
    sign_in: SignIn, session: Session, contact: int, settings: Settings
) -> None:
    client = sign_in("supervisor")
    for name in ("a.png", "b.png"):
        _keep(client, contact, _picture(), name)
    rows = session.scalars(select(ContactAttachment)).all()
    paths: list[Path] = [settings.instance / "attachments" / row.path for row in rows]
    client.post(f"/contacts/{contact}/attachments/{rows[0].id}/delete")
    assert [path.exists() for path in paths] == [False, True]
    client.post(f"/contacts/{contact}/delete")
    assert [path.exists() for path in paths] == [False, False]


def test_another_contacts_file_is_not_found_under_this_one(
    sign_in: SignIn, session: Session, contact: int
) -> None:
    client = sign_in("agent")
    _keep(client, contact, _picture(), "a.png")
    row = session.scalars(select(ContactAttachment)).one()
    other = session.scalars(select(Contact.id).where(Contact.id != contact).limit(1)).one()
    assert client.get(f"/contacts/{other}/attachments/{row.id}").status_code == 404
    assert client.post(f"/contacts/{other}/attachments/{row.id}/delete").status_code == 404


def test_an_agents_screenshot_may_be_larger_than_a_form(
    sign_in: SignIn,
    talk: str,
) -> None:
    screenshot = io.BytesIO()
    Image.effect_noise((1600, 1000), 90).save(screenshot, "PNG")
    assert len(screenshot.getvalue()) > 1024 * 1024
    screenshot.seek(0)
    answer = sign_in("agent1").post(f"/chat/agent/files/{talk}", data={"file": (screenshot, "image.png")})
    assert answer.status_code == 200 and answer.json["attachment"]["width"] == 1600
