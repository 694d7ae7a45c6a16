"""The app of the page tests, and a flow or two to work on."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from admin.flows.workshop import Workshop
from sql.models import User
from tests.unit.admin.conftest import agents, app, bus_url, session, settings, sign_in, template
from uckefu.settings import Settings

__all__ = ["agents", "app", "bus_url", "session", "settings", "sign_in", "template"]

FLOW = """\
# What night callers hear.
title: 夜间
start: menu
nodes:
  menu:
    type: menu
    prompt: main_menu
    keys: {1: desk}
    no_input: desk
  desk: {type: queue, queue: service}   # always there
"""


@pytest.fixture
def flow_text() -> str:
    return FLOW


@pytest.fixture
def shop(settings: Settings) -> Workshop:
    return Workshop(settings)


@pytest.fixture
def admin(sign_in: Callable[[str], FlaskClient], session: Session) -> FlaskClient:
    """The administrator, who reads English here."""
    session.execute(update(User).values(locale="en"))
    session.commit()
    return sign_in("administrator")


@pytest.fixture
def night(shop: Workshop, flow_text: str) -> str:
    """The mark of a draft `night`."""
    return shop.store.save_draft("night", flow_text, "admin").mark


@pytest.fixture
def ask(admin: FlaskClient) -> Callable[..., Any]:
    """Ask the editor's server side; gives (status, JSON)."""

    def send(what: str, flow: str = "night", **body: Any) -> Any:
        answer = admin.post(f"/flows/{flow}/{what}", json=body, headers={"Accept": "application/json"})
        return answer.status_code, answer.get_json(silent=True)

    return send
