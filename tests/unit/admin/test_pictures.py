"""Agents' pictures: a small square and nothing else, for colleagues and for the visitor that is served."""

import io

import pytest
from PIL import Image

from admin import directory
from admin.chat.shapes import picture_of
from sql.models import User


def photo(kind: str = "JPEG", size: tuple[int, int] = (600, 400)) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind, **({"exif": b"Exif\0\0secret"} if kind == "JPEG" else {}))
    out.seek(0)
    return out


def test_an_agent_gives_itself_a_picture_which_is_written_anew_as_a_square(sign_in, agents, session):
    agent = sign_in("agent1")
    assert agent.post("/users/picture/mine", data={"picture": (photo(), "me.jpg")}).status_code == 302
    shown = sign_in("supervisor").get(f"/users/picture/{agents['agent1']}")
    with Image.open(io.BytesIO(shown.data)) as picture:
        assert picture.size == (256, 256)
    assert b"secret" not in shown.data and shown.mimetype == "image/jpeg"
    assert shown.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "/users/picture/mine?v=" in agent.get("/profile").text


@pytest.mark.parametrize(
    "content", [b"%PDF-1.4", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG broken", b"MZ"]
)
def test_what_is_no_picture_is_refused(sign_in, session, content):
    sign_in("agent1").post("/users/picture/mine", data={"picture": (io.BytesIO(content), "me.png")})
    assert session.query(User).filter_by(login="agent1").one().picture == ""
    assert sign_in("agent1").get("/users/picture/mine").status_code == 404


def test_an_administrator_gives_a_user_picture_and_mail_address_and_takes_them_away(sign_in, session):
    admin, user = sign_in("administrator"), session.query(User).filter_by(login="agent1").one()
    fields = {
        "login": "agent1",
        "name": user.name,
        "role": "agent",
        "extension": "1001",
        "active": "y",
        "email": "fang@example.com",
    }
    assert (
        admin.post(f"/users/{user.id}", data=fields | {"picture": (photo("PNG"), "x.png")}).status_code == 302
    )
    session.expire_all()
    assert user.picture and user.email == "fang@example.com"
    assert (
        admin.post(f"/users/{user.id}", data=fields | {"picture": (io.BytesIO(b"MZ"), "x.png")}).status_code
        == 400
    )
    assert admin.post(f"/users/{user.id}", data=fields | {"email": "fang"}).status_code == 400
    assert admin.post(f"/users/{user.id}", data=fields | {"no_picture": "y", "email": ""}).status_code == 302
    session.expire_all()
    assert (user.picture, user.email) == ("", "")


def test_the_visitor_that_an_agent_serves_gets_a_link_to_its_picture(app, sign_in, agents):
    sign_in("agent1").post("/users/picture/mine", data={"picture": (photo(), "me.jpg")})
    with app.app_context():
        directory.forget()
        link = picture_of(agents["agent1"])
        assert picture_of(agents["agent2"]) == picture_of(None) == ""
    answer = app.test_client().get(link)
    assert answer.mimetype == "image/jpeg"
    assert app.test_client().get(link.split("?")[0]).status_code == 403
