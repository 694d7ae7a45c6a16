"""The prompt library in the browser: upload, speak, listen, put back; a bad file is refused with the reason."""

import io
import re
import wave

import numpy as np
import pytest

from ivr.speech import Espeak, Hibari, SpeechNotAvailable
from sql.models import AuditEntry


def wav(samples=None, rate=8000):
    out = io.BytesIO()
    with wave.open(out, "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        tone = np.sin(np.arange(8000) / 3) if samples is None else samples
        stream.writeframes((tone * 20_000).astype("<i2").tobytes())
    return out.getvalue()


def upload(admin, data, name="welcome", **more):
    form = {"file": (io.BytesIO(data), "hello.wav"), "text": "您好", **more}
    return admin.post(f"/prompts/zh/{name}/sound", data=form, content_type="multipart/form-data")


def test_the_list_shows_text_use_and_what_is_missing(admin, shop):
    shop.store.save_draft(
        "x", "start: a\nnodes:\n  a: {type: hangup, prompt: [welcome, not_there]}\n", "admin"
    )
    page = admin.get("/prompts/?language=en").get_data(as_text=True)
    row = next(row for row in page.split("<tr>") if "<code>welcome</code>" in row)
    assert ">main</a>, <a" in row and ">x</a>" in row and "As delivered" in row
    assert "Flows name prompts that are not there" in page and ">not_there</a>" in page


def test_an_upload_is_what_callers_hear_and_is_noted(admin, shop, session):
    assert upload(admin, wav()).status_code == 302
    assert shop.prompts.path("welcome", "zh").is_relative_to(shop.settings.instance)
    assert shop.prompts.text("welcome", "zh") == "您好"
    page = admin.get("/prompts/zh/welcome").get_data(as_text=True)
    assert "Version 1: callers hear it from now on." in page and "hello.wav" in page and "Heard now" in page
    entry = session.query(AuditEntry).filter_by(action="prompt-changed").one()
    assert (entry.subject, entry.detail["origin"]) == ("zh/welcome", "uploaded")


def test_a_recording_of_the_browser_is_told_apart(admin, shop):
    upload(admin, wav(), name="fresh", origin="recorded")
    assert "Recorded here" in admin.get("/prompts/zh/fresh").get_data(as_text=True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html>no sound</html>", "neither wav, mp3, m4a, ogg nor webm"),
        (wav(np.zeros(8000)), "nothing to hear"),
        (wav(np.ones(80)), "less than a fifth of a second"),
        (b"RIFF0000WAVE" + b"x" * 500, "broken"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason_and_changes_nothing(admin, shop, data, reason):
    answer = upload(admin, data, name="fresh")
    assert answer.status_code == 400
    assert reason in answer.get_data(as_text=True)
    assert shop.prompts.path("fresh", "zh") is None


def test_no_file_and_too_large_a_file_are_refused(admin):
    answer = admin.post("/prompts/zh/fresh/sound", data={"text": "x"}, content_type="multipart/form-data")
    assert (answer.status_code, "Choose a file first." in answer.get_data(as_text=True)) == (400, True)
    assert upload(admin, bytes(21_000_000)).status_code in (400, 413)


def test_a_large_file_passes_the_check_against_forgery_too(admin, app, shop):
    app.config["WTF_CSRF_ENABLED"] = True
    page = admin.get("/prompts/zh/welcome").get_data(as_text=True)
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    large = wav(np.tile(np.sin(np.arange(8000) / 3), 150))
    assert len(large) > 2_000_000
    assert upload(admin, large, csrf_token=token).status_code == 302
    assert upload(admin, large, csrf_token="forged").status_code == 400
    assert shop.prompts.path("welcome", "zh").is_relative_to(shop.settings.instance)


def test_a_text_is_spoken(admin, shop, monkeypatch):
    monkeypatch.setattr(Hibari, "render", lambda self, text, language: np.sin(np.arange(4000) / 3))
    assert admin.post("/prompts/en/fresh/text", data={"text": "Spring offer"}).status_code == 302
    assert shop.prompts.text("fresh", "en") == "Spring offer"


def test_a_voice_that_is_not_here_says_so(admin, monkeypatch):
    def away(self, text, language):
        raise SpeechNotAvailable("espeak-ng is not installed")

    monkeypatch.setattr(Hibari, "render", away)
    monkeypatch.setattr(Espeak, "render", away)
    answer = admin.post("/prompts/en/fresh/text", data={"text": "Spring offer"})
    assert answer.status_code == 400
    assert "espeak-ng is not installed" in answer.get_data(as_text=True)
    assert admin.post("/prompts/en/fresh/text", data={"text": " "}).status_code == 400


def test_an_older_version_and_the_packaged_one_can_be_heard_again(admin, shop):
    upload(admin, wav(), text="eins")
    upload(admin, wav(), text="zwei")
    admin.post("/prompts/zh/welcome/versions/1/serve")
    assert shop.prompts.text("welcome", "zh") == "eins"
    admin.post("/prompts/zh/welcome/versions/0/serve")
    assert shop.prompts.text("welcome", "zh") == "您好，欢迎致电优客服。"
    assert admin.post("/prompts/zh/welcome/versions/9/serve").status_code == 404


def test_every_sound_can_be_listened_to_and_nothing_else(admin):
    assert admin.get("/prompts/sound/zh/welcome").mimetype == "audio/wav"
    upload(admin, wav())
    assert admin.get("/prompts/sound/zh/welcome?version=1").status_code == 200
    for path in ("zh/nobody", "fr/welcome", "zh/..%2f..%2fsecrets", "zh/welcome?version=7"):
        assert admin.get(f"/prompts/sound/{path}").status_code == 404


def test_only_the_page_that_records_may_use_the_microphone(admin):
    assert "microphone=(self)" in admin.get("/prompts/zh/welcome").headers["Permissions-Policy"]
    assert "microphone=()" in admin.get("/prompts/").headers["Permissions-Policy"]


def test_a_new_prompt_begins_with_a_name(admin):
    assert admin.get("/prompts/new?name=spring&language=en").headers["Location"] == "/prompts/en/spring"
    assert admin.get("/prompts/new?name=a b").status_code == 400
