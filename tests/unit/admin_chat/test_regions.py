"""Where visitors are by their address: with the list, the side panel and the rule of invitations."""

import io
import json
import shutil
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import update

from admin.chat import inviting, links, regions, sites
from admin.db import db
from sql.models import PageView, Site, Visit, Visitor
from tests.unit.admin_chat.test_sites import apart, form_of
from uckefu.times import now

SHENZHEN, BEIJING, GOOGLE = "116.30.1.2", "119.29.29.29", "8.8.8.8"


@pytest.mark.parametrize(
    ("address", "zh", "en"),
    [
        (SHENZHEN, "广东省 深圳市", "Guangdong"), ("::ffff:116.30.1.2", "广东省 深圳市", "Guangdong"), (GOOGLE, "美国", "United States"),
        (BEIJING, "北京 北京市", "Beijing"), ("203.80.96.10", "香港", "Hong Kong"),
    ],
)  # fmt: skip
def test_an_address_has_its_province_or_country_in_the_readers_language(
    app: Flask, address: str, zh: str, en: str
) -> None:
    region = regions.region_of(address)
    assert (regions.words(region, "zh"), regions.words(region, "en")) == (zh, en)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1", "10.1.2.3", "192.168.1.1", "2001:4860:4860::8888", "shop", "1.2.3"]
)
def test_an_address_that_is_nowhere_has_no_region(app: Flask, address: str) -> None:
    assert regions.region_of(address) == ""
    assert regions.words("", "zh") == ""


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ("", True),
        ("广东", True),
        ("北京、广东", True),
        ("浙江，上海", False),
        ("guangdong", True),
        ("中国", True),
        ("Germany", False),
    ],
)
def test_a_rule_names_regions_in_either_language(app: Flask, wanted: str, fits: bool) -> None:
    assert regions.fits(regions.region_of(SHENZHEN), wanted) is fits


def test_newer_data_in_the_instance_wins(app: Flask) -> None:
    carried = regions.data_file()
    assert carried is not None
    own = app.extensions["uckefu"]["settings"].instance / "ip2region.xdb"
    shutil.copy(carried, own)
    assert regions.data_file() == own
    assert regions.words(regions.region_of(SHENZHEN), "en") == "Guangdong"


def beat(app: Flask, visitor: Visitor, address: str) -> dict[str, object]:
    body = {
        "token": links.visitor_token(visitor.id, "shop"),
        "page_id": "p1",
        "url": "https://shop.example/",
        "title": "Lock",
    }
    client, at = app.test_client(), {"REMOTE_ADDR": address}
    answer = apart(lambda: client.post("/im/shop/here", data=json.dumps(body), environ_overrides=at))
    return dict(answer.json or {})


def test_the_list_of_visitors_says_where_each_one_is(app: Flask, visitor: Visitor, sign_in) -> None:
    beat(app, visitor, SHENZHEN)
    assert db.session.query(Visit).one().region == "中国|广东省|深圳市"
    assert inviting.on_the_sites()[0]["region"] == "广东省 深圳市"
    assert "广东省 深圳市" in sign_in("agent1").get("/visitors/").text


@pytest.mark.parametrize(("address", "invited"), [(SHENZHEN, True), (GOOGLE, False), ("127.0.0.1", False)])
def test_the_rule_invites_visitors_of_its_regions_only(
    app: Flask, site: Site, visitor: Visitor, address: str, invited: bool
) -> None:
    site.settings = {"invite": True, "invite_after_seconds": 5, "invite_region": "广东, 浙江"}
    db.session.commit()
    sites.forget()
    beat(app, visitor, address)
    db.session.execute(update(PageView).values(at=now() - timedelta(seconds=10)))
    db.session.commit()
    assert (beat(app, visitor, address)["invitation"] is not None) is invited


def test_an_invitation_shows_the_sites_picture_and_any_page_may_draw_it(
    app: Flask, site: Site, visitor: Visitor, sign_in
) -> None:
    assert apart(lambda: app.test_client().get("/im/shop/picture")).status_code == 404
    client, out = sign_in("admin"), io.BytesIO()
    Image.new("RGB", (40, 40)).save(out, "JPEG", exif=b"Exif\0\0secret")
    site.queue_name = "webchat"
    db.session.commit()
    for content, status in ((b"%PDF-1.4", 400), (out.getvalue(), 302)):
        form = form_of(client, f"/sites/{site.id}") | {
            "invite_picture": (io.BytesIO(content), "agent.jpg"),
            "invite": "y",
        }
        assert client.post(f"/sites/{site.id}", data=form).status_code == status
    sites.forget()
    inviting.invite(visitor.id, None, "Hello")
    assert beat(app, visitor, SHENZHEN)["invitation"] == {"id": 1, "text": "Hello", "picture": True}
    answer = apart(lambda: app.test_client().get("/im/shop/picture"))
    assert (answer.mimetype, answer.headers["Access-Control-Allow-Origin"]) == ("image/jpeg", "*")
    assert b"secret" not in answer.data
