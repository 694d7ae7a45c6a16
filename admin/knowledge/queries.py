"""Finds articles. Called by the pages and by the workbench's side panel.

LIKE on both databases: MariaDB's FULLTEXT has no parser for Chinese (MySQL's `ngram` is not in it), and a centre's
answers are some hundreds. Words are asked for all together first; when nothing has them all, pairs of letters are
counted, so that a question as the customer wrote it (门锁没电了怎么办) finds 智能锁电量低.
"""

import re

from sqlalchemy import ColumnElement, and_, func, or_, select

from admin.db import db
from sql.models import Article

MOST_WORDS, MOST_PAIRS, CANDIDATES = 8, 24, 200
_RUNS = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+")


def _has(word: str) -> ColumnElement[bool]:
    columns = (Article.title, Article.text, Article.tags, Article.category)
    return or_(*(column.contains(word, autoescape=True) for column in columns))


def found(text: str, *, drafts: bool = False, category: str = "", most: int = 8) -> list[Article]:
    """The articles that fit, the best first; without a text the most used.

    Args:
        drafts: also what is not published.
        category: only of this one.
    """
    wanted = select(Article) if drafts else select(Article).where(Article.is_published)
    if category:
        wanted = wanted.where(Article.category == category)
    words = text.split()[:MOST_WORDS]
    used_first = (Article.uses.desc(), Article.updated_at.desc(), Article.id)
    if not words:
        return list(db.session.scalars(wanted.order_by(*used_first).limit(most)))
    rows = list(
        db.session.scalars(wanted.where(and_(*map(_has, words))).order_by(*used_first).limit(CANDIDATES))
    )
    parts = [word.casefold() for word in words]
    if not rows and (parts := pairs(text)):
        rows = list(
            db.session.scalars(wanted.where(or_(*map(_has, parts))).order_by(*used_first).limit(CANDIDATES))
        )
    return sorted(rows, key=lambda row: -weight(row, parts))[:most]


def pairs(text: str) -> list[str]:
    """Every two letters that stand together in Chinese, and the words of other scripts."""
    found: list[str] = []
    for run in _RUNS.findall(text.casefold()):
        is_chinese = "\u3400" <= run[0] <= "\u9fff"
        found += (
            [run[i : i + 2] for i in range(len(run) - 1)] if is_chinese else [run] if len(run) > 2 else []
        )
    return list(dict.fromkeys(found))[:MOST_PAIRS]


def weight(row: Article, parts: list[str]) -> int:
    """How well an article fits: a title counts more than tags, and these more than the text."""
    title, tags, text = row.title.casefold(), f"{row.tags} {row.category}".casefold(), row.text.casefold()
    return sum(4 * (part in title) + 2 * (part in tags) + (part in text) for part in parts)


def categories() -> list[tuple[str, int]]:
    """The categories in use with how many articles each has."""
    rows = db.session.execute(
        select(Article.category, func.count()).where(Article.category != "").group_by(Article.category)
    )
    return [(name, n) for name, n in rows.all()]
