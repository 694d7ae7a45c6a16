"""The knowledge base: written by those who may, found in Chinese and English, by words or by the customer's question."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from sql.models import Article, AuditEntry
from uckefu.times import now

SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def articles(session: Session) -> None:
    rows = [
        ("智能锁电量低", "新电池也报警时，把固件升级到 1.9.0。", "门锁", "没电 报警", True),
        ("换货流程", "顺丰上门取件，检测一个工作日。", "售后", "", True),
        ("Warranty", "Two years from the day of delivery, 100% of parts.", "", "guarantee", True),
        ("锁的内部成本", "这是草稿。", "门锁", "", False),
    ]
    session.add_all(
        Article(title=t, text=x, category=c, tags=g, is_published=p, created_at=now(), updated_at=now())
        for t, x, c, g, p in rows
    )
    session.commit()


def _found(client: FlaskClient, text: str) -> list[str]:
    return [
        row["title"] for row in client.get("/knowledge/search", query_string={"text": text}).json["found"]
    ]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("电量", "智能锁电量低"), ("固件 升级", "智能锁电量低"), ("没电", "智能锁电量低"), ("顺丰", "换货流程"),
        ("门锁没电了怎么办", "智能锁电量低"), ("我想换货", "换货流程"), ("warranty", "Warranty"),
        ("how long is the guarantee", "Warranty"), ("100%", "Warranty"),
    ],
)  # fmt: skip
def test_an_answer_is_found_by_words_and_by_the_customers_question(
    sign_in: SignIn, articles: None, asked: str, first: str
) -> None:
    assert _found(sign_in("agent"), asked)[:1] == [first]


def test_what_nobody_wrote_is_not_found(sign_in: SignIn, articles: None) -> None:
    assert _found(sign_in("agent"), "qqqq") == [] and _found(sign_in("agent"), "%") == ["Warranty"]


def test_a_draft_is_its_editors_only(sign_in: SignIn, articles: None) -> None:
    assert "锁的内部成本" not in _found(sign_in("supervisor"), "成本")
    assert "锁的内部成本" not in sign_in("agent").get("/knowledge/").text
    assert "锁的内部成本" in sign_in("supervisor").get("/knowledge/").text


def test_an_article_is_written_changed_and_deleted_by_a_supervisor_and_noted(
    sign_in: SignIn, session: Session
) -> None:
    client = sign_in("supervisor")
    client.post(
        "/knowledge/new", data={"title": "退款", "text": "三天到账", "tags": "退钱，钱", "is_published": "y"}
    )
    row = session.scalars(select(Article)).one()
    assert (row.is_published, row.tags) == (True, "退钱 钱")
    client.post(f"/knowledge/{row.id}", data={"title": "退款", "text": "五天到账"})
    session.expire_all()
    assert session.scalars(select(Article)).one().text == "五天到账" and _found(client, "退款") == []
    client.post(f"/knowledge/{row.id}/delete")
    session.expire_all()
    assert session.scalars(select(Article)).all() == []
    assert [e.action for e in session.scalars(select(AuditEntry).order_by(AuditEntry.id))] == [
        "article-saved", "article-saved", "article-deleted",
    ]  # fmt: skip


def test_an_agent_reads_and_does_not_write(sign_in: SignIn, articles: None) -> None:
    client = sign_in("agent")
    assert client.get("/knowledge/").status_code == 200
    assert client.get("/knowledge/new").status_code == client.post("/knowledge/1").status_code == 403


def test_an_article_without_text_is_refused_and_its_title_stays(sign_in: SignIn, session: Session) -> None:
    answer = sign_in("supervisor").post("/knowledge/new", data={"title": "留下的标题", "text": " "})
    assert answer.status_code == 400 and "留下的标题" in answer.text and 'href="#text"' in answer.text
    assert session.scalars(select(Article)).all() == []


def test_text_of_an_article_appears_as_text(sign_in: SignIn) -> None:
    client = sign_in("supervisor")
    client.post(
        "/knowledge/new", data={"title": "<b>x</b>", "text": "<script>alert(1)</script>", "is_published": "y"}
    )
    assert "<script>alert(1)" not in client.get("/knowledge/").text


def test_what_is_used_most_stands_first(sign_in: SignIn, articles: None, session: Session) -> None:
    client = sign_in("agent")
    row = session.scalars(select(Article).where(Article.title == "换货流程")).one()
    client.post(f"/knowledge/{row.id}/used")
    assert _found(client, "")[0] == "换货流程"
