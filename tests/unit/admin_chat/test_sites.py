"""The settings of sites, the access code and the window that follow them."""

import contextvars
import gzip
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from admin.chat import sites
from admin.db import db
from sql.models import Site

SignIn = Callable[[str], FlaskClient]


def apart(act: Callable[[], Any]) -> Any:
    """Outside of the test's own application context, which would lend a request its language and its headers."""
    return contextvars.Context().run(act)


def form_of(client: FlaskClient, address: str) -> dict[str, Any]:
    """The fields of the page's form as a browser would send them."""
    text = client.get(address).get_data(as_text=True)
    fields: dict[str, Any] = dict(
        re.findall(r'<input class="form-control"[^>]*name="(\w+)" value="([^"]*)"', text)
    )
    fields.update(re.findall(r'<textarea class="form-control" id="\w+" name="(\w+)" rows="3">([^<]*)', text))
    for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.findall(r'value="([^"]*)" selected', options) or re.findall(r'value="([^"]*)"', options)
        fields[name] = chosen[0]
    return fields | {"active": "y"}


def test_an_administrator_makes_a_site_and_gets_its_access_code(sign_in: SignIn, app: Flask) -> None:
    client = sign_in("admin")
    form = form_of(client, "/sites/new") | {
        "name": "Shop & Co",
        "entry_style": "tab",
        "entry_position": "left-top",
        "left_to": "desk@example.com\nsupervisor",
    }
    answer = client.post("/sites/new", data=form)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    site = db.session.scalar(select(Site).where(Site.name == "Shop & Co"))
    assert site is not None and site.queue_name == "webchat"
    assert (site.settings["entry_style"], site.settings["entry_position"]) == ("tab", "left-top")
    assert site.settings["left_to"] == ["desk@example.com", "supervisor"]
    page = client.get(f"/sites/{site.id}").get_data(as_text=True)
    assert f"&lt;script src=&#34;http://localhost/im/{site.key}.js&#34; async&gt;&lt;/script&gt;" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("entry_colour", "red"), ("entry_delay_seconds", "601"), ("entry_delay_seconds", "x"), ("email", "nobody"),
        ("telephone", "call"), ("origins", "javascript:alert(1)"), ("origins", "https://a.example\n" * 51), ("left_to", "nobody"), ("left_to", "nobody@"), ("entry_style", "other"), ("queue_name", "service"),
        ("greeting", "x" * 301), ("entry_text", "x" * 21),
    ],
)  # fmt: skip
def test_a_value_that_cannot_work_is_refused_at_its_field(
    sign_in: SignIn, app: Flask, field: str, value: str
) -> None:
    client = sign_in("admin")
    form = form_of(client, "/sites/new") | {"name": "Shop", field: value}
    answer = client.post("/sites/new", data=form)
    assert answer.status_code == 400
    assert f'href="#{field}"' in answer.get_data(as_text=True)
    assert db.session.scalar(select(Site).where(Site.name == "Shop")) is None


def test_the_page_says_what_a_strict_policy_of_the_site_must_allow(sign_in: SignIn, site: Site) -> None:
    page = sign_in("admin").get(f"/sites/{site.id}").get_data(as_text=True)
    assert "script-src http://localhost; connect-src http://localhost; frame-src http://localhost" in page


def test_only_an_administrator_sees_the_sites(sign_in: SignIn, app: Flask) -> None:
    assert sign_in("supervisor").get("/sites/").status_code == 403


def test_the_logo_must_be_a_picture(sign_in: SignIn, site: Site) -> None:
    client, out = sign_in("admin"), io.BytesIO()
    Image.new("RGB", (40, 40)).save(out, "PNG")
    site.queue_name = "webchat"
    db.session.commit()
    for content, name, status in ((b"%PDF-1.4", "a.png", 400), (out.getvalue(), "logo.png", 302)):
        form = form_of(client, f"/sites/{site.id}") | {"logo": (io.BytesIO(content), name)}
        assert client.post(f"/sites/{site.id}", data=form).status_code == status
    sites.forget()
    assert sites.find("shop").settings.logo
    assert '<img class="ava"' in client.get("/chat/shop").get_data(as_text=True)


def test_the_access_code_carries_the_settings_safely_and_is_small(app: Flask, site: Site) -> None:
    site.settings = {"entry_text": "</script>'\"", "entry_position": "left-middle"}
    db.session.commit()
    answer = apart(lambda: app.test_client().get("/im/shop.js", headers={"Accept-Language": "en"}))
    text = answer.get_data(as_text=True)
    assert (
        answer.content_type.startswith("text/javascript") and "max-age=60" in answer.headers["Cache-Control"]
    )
    assert "</script>" not in text and "left-middle" in text and "Chat with us" in text
    assert len(gzip.compress(answer.data)) < 15_000
    chinese = apart(lambda: app.test_client().get("/im/shop.js", headers={"Accept-Language": "zh-CN"}))
    assert "在线客服" in chinese.get_data(as_text=True)
    assert "Set-Cookie" not in answer.headers


def test_the_window_may_be_framed_by_its_own_sites_only(app: Flask, site: Site) -> None:
    client = app.test_client()
    free = apart(lambda: client.get("/chat/shop"))
    assert "frame-ancestors *" in free.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in free.headers
    site.settings = {"origins": ["https://shop.example"]}
    db.session.commit()
    sites.forget()
    answer = apart(lambda: client.get("/chat/shop"))
    assert "frame-ancestors https://shop.example" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" in apart(lambda: client.get("/login")).headers
    beat = '{"page_id": "p1"}'
    assert (
        client.post("/im/shop/here", data=beat, headers={"Origin": "https://evil.example"}).status_code == 403
    )
    assert (
        client.post("/im/shop/here", data=beat, headers={"Origin": "https://shop.example"}).status_code == 200
    )


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"page_id": "a b"}', '{"page_id": "p", "identity": {"id": 1}}']
)
def test_a_heartbeat_that_is_none_gets_a_code(app: Flask, site: Site, body: str) -> None:
    answer = app.test_client().post("/im/shop/here", data=body)
    assert (answer.status_code, answer.json) == (400, {"ok": False, "code": "bad-request", "wait_seconds": 0})


def test_an_unknown_or_switched_off_site_is_not_there(app: Flask, site: Site) -> None:
    client = app.test_client()
    assert client.get("/chat/nowhere").status_code == 404
    site.active = False
    db.session.commit()
    assert client.get("/im/shop.js").status_code == 404
