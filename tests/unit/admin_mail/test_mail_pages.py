"""The administrator's pages: the account with a password that never comes back, and mail that is not sent."""

import stat

from admin.db import db
from admin.mail import account, health
from sql.models import AuditEntry, OutgoingMail

GOOD = {
    "host": "smtp.example.com", "port": "587", "tls": "starttls", "user": "desk", "password": "s3cret-word", "sender": "desk@example.com",
    "sender_name": "优客服", "public_url": "https://desk.example.com/", "missed_after_minutes": "5",
}  # fmt: skip


def test_the_account_is_kept_in_a_file_of_ours_alone_and_its_password_never_shown(sign_in, settings):
    admin = sign_in("admin")
    assert admin.post("/mail/settings", data=GOOD).status_code == 302
    assert stat.S_IMODE(settings.mail_file.stat().st_mode) == 0o600
    kept = account.load(settings)
    assert kept is not None and (kept.password, kept.public_url) == (
        "s3cret-word",
        "https://desk.example.com",
    )
    page = admin.get("/mail/settings").text
    assert "smtp.example.com" in page and "s3cret-word" not in page


def test_an_empty_password_keeps_the_one_there_is_but_never_goes_to_another_server(sign_in, settings):
    admin = sign_in("admin")
    admin.post("/mail/settings", data=GOOD)
    admin.post("/mail/settings", data=GOOD | {"password": "", "port": "465"})
    assert account.load(settings).password == "s3cret-word"
    admin.post("/mail/settings", data=GOOD | {"password": "", "host": "elsewhere.example.com"})
    assert account.load(settings).password == ""


def test_an_account_that_cannot_work_is_refused_at_its_field(sign_in, settings):
    for wrong in (
        {"host": "a b"},
        {"port": "0"},
        {"sender": "nobody"},
        {"public_url": "javascript:alert(1)"},
        {"sender": "a@b.com\nBcc: c@d.com"},
    ):
        answer = sign_in("admin").post("/mail/settings", data=GOOD | wrong)
        assert answer.status_code == 400, wrong
    assert not settings.mail_file.exists()


def test_without_an_account_the_page_says_so(sign_in):
    assert "还没有设置邮件" in sign_in("admin").get("/mail/").text


def test_a_sender_that_is_silent_is_seen(sign_in, app, has_account):
    bus = app.extensions["uckefu"]["bus"]
    health.say_alive(bus)
    assert "没有响应" not in sign_in("admin").get("/mail/").text
    health.say_alive(bus, at=1.0)
    assert "没有响应" in sign_in("admin").get("/mail/").text


def test_unsent_mail_stands_there_with_its_reason_and_can_be_tried_again(
    sign_in, a_mail, sender, has_account, postbox
):
    id_ = a_mail().id
    postbox.says_to_recipient = "550 no such user"
    sender.step(has_account)
    page = sign_in("admin").get("/mail/").text
    assert "lin@example.com" in page and "邮件服务器拒收" in page and "550 no such user" in page
    postbox.says_to_recipient = ""
    sign_in("admin").post(f"/mail/{id_}/again")
    sender.step(has_account)
    assert len(postbox.mails) == 1
    assert "lin@example.com" in sign_in("admin").get("/mail/?view=sent").text
    assert db.session.query(AuditEntry).filter_by(action="mail-again").count() == 1


def test_an_unsent_mail_can_be_given_up(sign_in, a_mail, sender, has_account, postbox):
    id_ = a_mail().id
    sign_in("admin").post(f"/mail/{id_}/drop")
    assert sender.step(has_account) == 0
    assert sign_in("admin").post(f"/mail/{id_}/again").status_code == 404


def test_a_test_mail_shows_that_the_account_works(sign_in, sender, clock, has_account, postbox):
    sign_in("admin").post("/mail/test", data={"to": "me@example.com"})
    clock.wait(minutes=1)
    sender.step(has_account)
    assert [mail["To"] for mail in postbox.mails] == ["me@example.com"]


def test_what_is_not_sent_is_a_figure_of_prometheus(app, a_mail):
    a_mail()
    assert 'uckefu_mail_unsent{state="waiting"} 1.0' in app.test_client().get("/metrics").text


def test_only_an_administrator_sees_mail(sign_in):
    assert sign_in("supervisor").get("/mail/").status_code == 403
    assert db.session.query(OutgoingMail).count() == 0
