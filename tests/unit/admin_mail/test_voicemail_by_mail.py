"""A voicemail that a flow wants told: by mail to addresses, and to users' own; the recording goes with it."""

import json
import wave
from datetime import UTC, datetime

import pytest

from admin.db import db
from ivr.reader import SpoolReader
from sql.models import OutgoingMail, User, Voicemail
from tests.support.mail import text_of

AT = datetime(2025, 3, 4, 2, 0, tzinfo=UTC)


@pytest.fixture
def left(app, settings):
    """A caller leaves a message; the flow names whom to tell."""

    def leave(*notify: str, seconds: int = 2) -> str:
        folder = settings.instance / "spool/voicemail"
        path = settings.instance / "voicemail/2025/03/04/i-1-x.wav"
        for each in (folder, path.parent):
            each.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(8000)
            stream.writeframes(bytes(16_000 * seconds))
        given = {
            "id": "v-1", "interaction_id": "i-1", "number": "13800138000", "did": "4001", "path": str(path), "seconds": seconds,
            "queue": "service", "notify": list(notify), "language": "en", "flow": "main@1", "node": "tape", "at": AT.isoformat(),
        }  # fmt: skip

        (folder / "v-1.json").write_text(json.dumps(given), encoding="utf-8")
        assert SpoolReader(db.engine, settings.instance, "test", "Asia/Shanghai").step() == 1
        return "v-1"

    return leave


def _told() -> set[tuple[str, str]]:
    return {(row.recipient, row.language) for row in db.session.query(OutgoingMail)}


def test_addresses_and_users_with_an_address_get_a_mail_once(left):
    db.session.query(User).filter_by(login="supervisor").one().email = "boss@example.com"
    db.session.commit()
    left("desk@example.com", "supervisor", "agent1", "desk@example.com")
    assert _told() == {("desk@example.com", ""), ("boss@example.com", "zh")}
    left("desk@example.com", "supervisor")  # read a second time
    assert len(_told()) == db.session.query(OutgoingMail).count() == 2


def test_an_address_that_is_none_costs_no_voicemail(left):
    left("nobody@", "desk@example.com")
    assert {address for address, _language in _told()} == {"desk@example.com"}
    assert db.session.query(Voicemail).count() == 1


def test_the_mail_names_the_masked_caller_and_brings_the_recording(left, sender, clock, has_account, postbox):
    left("desk@example.com")
    clock.wait(minutes=1)
    sender.step(has_account)
    (mail,) = postbox.mails
    assert "138****8000" in str(mail["Subject"]) and "13800138000" not in mail.as_string()
    assert "https://desk.example.com/voicemail/" in text_of(mail)
    (sound,) = mail.iter_attachments()
    assert sound.get_filename() == "voicemail-20250304-1000.wav" and sound.get_content()[:4] == b"RIFF"


def test_a_recording_that_is_too_large_stays_behind_the_login(left, sender, clock, has_account, postbox):
    left("desk@example.com", seconds=400)
    clock.wait(minutes=1)
    sender.step(has_account)
    assert list(postbox.mails[0].iter_attachments()) == []


def test_a_voicemail_that_is_done_already_is_not_mailed(left, sender, clock, has_account, postbox):
    db_id = left("desk@example.com")
    db.session.get(Voicemail, db_id).done_at = AT
    db.session.commit()
    clock.wait(minutes=1)
    sender.step(has_account)
    assert postbox.mails == []


def test_without_a_mail_account_the_mail_waits_and_an_administrator_sees_why(left, sign_in):
    left("desk@example.com")
    page = sign_in("admin").get("/mail/").text
    assert "desk@example.com" in page and "还没有设置邮件" in page
