"""The app of the page tests, with messages and a rating in the record and their sound on the disk."""

import wave
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from sql.models import Interaction, LeftMessage, Site, SurveyAnswer, Visitor, Voicemail
from tests.unit.admin.conftest import agents, app, bus_url, session, settings, sign_in, template
from tests.unit.admin_flows.conftest import admin
from uckefu.settings import Settings

__all__ = ["admin", "agents", "app", "bus_url", "session", "settings", "sign_in", "template"]
AT = datetime(2025, 3, 4, 2, 0, tzinfo=UTC)


def write_sound(settings: Settings, relative: str) -> str:
    path = settings.instance / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(8000)
        stream.writeframes(bytes(16_000))
    return relative


@pytest.fixture
def messages(settings: Settings, session: Session) -> None:
    """`a` for a queue of agent1, `b` for no queue, `c` names agent1, `d` is done; a rating with a comment."""
    given = [
        ("a", "service", [], None),
        ("b", "", [], None),
        ("c", "", ["agent1"], None),
        ("d", "service", [], AT),
    ]
    for index, (id_, queue, notify, done) in enumerate(given):
        session.add(
            Voicemail(
                id=id_, interaction_id=f"i-{id_}", number="13800138000", at=AT.replace(minute=index), seconds=61, queue_name=queue,
                notify=notify, done_at=done, note="", path=write_sound(settings, f"voicemail/2025/03/04/{id_}.wav"),
            )
        )  # fmt: skip
    session.add(Interaction(id="i-a", from_number="13800138000", started_at=AT, ended_at=AT))
    session.add(
        SurveyAnswer(
            id="i-a:ask", interaction_id="i-a", score=2, best=5, at=AT, node="ask",
            comment=write_sound(settings, "survey/2025/03/04/i-a.wav"),
        )
    )  # fmt: skip
    session.commit()


@pytest.fixture
def written(session: Session) -> None:
    """Messages of web visitors: 1 for a queue of agent1, with a number; 2 for another, with a mail address; 3 is done."""
    site = Site(key="shop", name="Shop", secret="s" * 32, queue_name="service", created_at=AT)
    session.add(site)
    session.flush()
    given = [
        ("service", "+86 138 0013 8000", None, "<b>Please</b>\ncall me"),
        ("vip", "lin@example.com", None, "A second invoice, please"),
        ("service", "wang@example.com", AT, "Thank you"),
    ]
    for index, (queue, reach, done, text) in enumerate(given, 1):
        visitor = Visitor(id=f"visitor-{index}", site_id=site.id, name="", created_at=AT, seen_at=AT)
        session.add(visitor)
        session.flush()
        session.add(
            LeftMessage(
                id=index, client_id="a", site_id=site.id, visitor_id=visitor.id, name=f"Guest {index}", reach=reach, text=text,
                page_url="https://shop.example.com/cart", created_at=AT.replace(minute=30 + index), queue_name=queue, done_at=done,
            )
        )  # fmt: skip
    session.commit()
