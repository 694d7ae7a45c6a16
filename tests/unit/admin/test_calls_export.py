"""The calls of the list as a file: what the address asks for, masked, noted, and nothing in it is a formula."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from sql.models import AuditEntry, Interaction, QueueVisit
from uckefu.times import now

SignIn = Callable[[str], FlaskClient]


def _call(session: Session, id_: str, number: str, queue: str = "service") -> None:
    began = now() - timedelta(minutes=5)
    session.add(Interaction(id=id_, from_number=number, started_at=began, queued_at=began, queue_name=queue))
    session.commit()


def _rows(client: FlaskClient, address: str) -> list[list[str]]:
    answer = client.get(address)
    assert answer.headers["Content-Disposition"].endswith('.csv"')
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def test_the_export_has_what_the_list_shows_with_numbers_masked_and_is_noted(
    sign_in: SignIn, session: Session
) -> None:
    _call(session, "e1", "13912340873")
    _call(session, "e2", "13900000000", queue="other")
    client = sign_in("supervisor")
    rows = _rows(client, "/calls/export.csv?begin=&end=&queue=service")
    assert [row[-1] for row in rows[1:]] == ["e1"]
    assert "13912340873" not in str(rows) and "0873" in rows[1][2]
    noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "calls-exported")).one()
    assert noted.subject == "1" and noted.detail["filters"]["queue"] == "service"
    assert "/calls/export.csv?" in client.get("/calls/?begin=&end=&queue=service").text


def test_a_wait_of_49_minutes_and_32_seconds_stands_in_it_as_00_49_32(
    sign_in: SignIn, session: Session
) -> None:
    _call(session, "e4", "13912340873")
    entered = now() - timedelta(hours=1)
    left = entered + timedelta(minutes=49, seconds=32)
    session.add(
        QueueVisit(
            id="e4:1",
            interaction_id="e4",
            queue_name="service",
            entered_at=entered,
            left_at=left,
            result="abandoned",
        )
    )
    session.commit()
    assert "00:49:32" in _rows(sign_in("supervisor"), "/calls/export.csv?begin=&end=")[1]


def test_a_number_that_looks_like_a_formula_is_text(sign_in: SignIn, session: Session) -> None:
    _call(session, "e3", "=1+1")
    cells = [cell for row in _rows(sign_in("supervisor"), "/calls/export.csv?begin=&end=") for cell in row]
    assert not [cell for cell in cells if cell.startswith("=")]


def test_agents_do_not_export(sign_in: SignIn) -> None:
    client = sign_in("agent")
    assert client.get("/calls/export.csv").status_code == 403
    assert "export.csv" not in client.get("/calls/").text


def test_the_button_counts_calls_not_people(sign_in: SignIn, session: Session) -> None:
    _call(session, "e5", "13912340873")
    client = sign_in("supervisor")
    page = client.get("/calls/?begin=&end=", headers={"Accept-Language": "zh-CN"}).text
    assert "导出 1 条" in page and "导出 1 位" not in page
