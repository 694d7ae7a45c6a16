"""The pages of the knowledge base, and the search of the workbench. Drafts are their editors' only."""

from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import update

from admin.audit import audit
from admin.db import db
from admin.knowledge import queries
from admin.permissions import allowed, requires
from sql.models import Article
from uckefu.times import now

blueprint = Blueprint("knowledge", __name__, url_prefix="/knowledge")
LONGEST_TITLE, LONGEST_TEXT = 128, 4000
MOST = 200
_COMMAS = {0xFF0C: " ", 0x3001: " ", ord(","): " "}


@blueprint.get("/")
@requires("knowledge.view")
def page() -> ResponseReturnValue:
    """The list, searched by the words of the address."""
    text, category = request.args.get("text", "").strip()[:128], request.args.get("category", "")[:64]
    rows = queries.found(text, drafts=allowed("knowledge.edit"), category=category, most=MOST)
    return render_template(
        "knowledge/page.html", rows=rows, text=text, category=category, categories=queries.categories()
    )


@blueprint.get("/search")
@requires("knowledge.view")
def search() -> ResponseReturnValue:
    """What the workbench shows: published answers only."""
    rows = queries.found(request.args.get("text", "").strip()[:128])
    return jsonify(
        found=[{"id": r.id, "title": r.title, "text": r.text, "category": r.category} for r in rows]
    )


@blueprint.post("/<int:article_id>/used")
@requires("knowledge.view")
def used(article_id: int) -> ResponseReturnValue:
    """It was put into a reply: the most used stand first."""
    db.session.execute(update(Article).where(Article.id == article_id).values(uses=Article.uses + 1))
    db.session.commit()
    return jsonify(ok=True)


@blueprint.get("/new")
@requires("knowledge.edit")
def new() -> ResponseReturnValue:
    """The form of a new article."""
    return _form(None, {})


@blueprint.get("/<int:article_id>")
@requires("knowledge.edit")
def edit(article_id: int) -> ResponseReturnValue:
    """The form of one."""
    return _form(_article(article_id), {})


def _article(article_id: int) -> Article:
    return db.session.get(Article, article_id) or abort(404)


def _form(article: Article | None, given: Any, wrong: tuple[str, ...] = ()) -> str:
    names = ("title", "text", "category", "tags")
    values = {name: given.get(name, getattr(article, name) if article else "") for name in names}
    return render_template(
        "knowledge/edit.html", article=article, values=values, wrong=wrong, longest_title=LONGEST_TITLE,
        longest_text=LONGEST_TEXT, categories=queries.categories(),
        is_published="is_published" in given if given else bool(article and article.is_published),
    )  # fmt: skip


@blueprint.post("/new", defaults={"article_id": None})
@blueprint.post("/<int:article_id>")
@requires("knowledge.edit")
def save(article_id: int | None) -> ResponseReturnValue:
    """Make or change one."""
    article, form = _article(article_id) if article_id else None, request.form
    title, text = form.get("title", "").strip(), form.get("text", "").strip()
    wrong = tuple(
        name
        for name, value, most in (("title", title, LONGEST_TITLE), ("text", text, LONGEST_TEXT))
        if not 0 < len(value) <= most
    )
    if wrong:
        return _form(article, form, wrong), 400
    if article is None:
        article = Article(created_at=now())
        db.session.add(article)
    article.title, article.text = title, text
    article.category = form.get("category", "").strip()[:64]
    article.tags = " ".join(dict.fromkeys(form.get("tags", "").translate(_COMMAS).split()))[:255]
    article.is_published = "is_published" in form
    article.updated_at, article.updated_by_id = now(), current_user.id
    db.session.flush()
    audit("article-saved", subject=str(article.id), title=title, published=article.is_published)
    flash(_("“%(title)s” is saved.", title=title))
    return redirect(url_for("knowledge.page"))


@blueprint.post("/<int:article_id>/delete")
@requires("knowledge.edit")
def delete(article_id: int) -> ResponseReturnValue:
    """Delete one; what was put into replies stays there."""
    article = _article(article_id)
    db.session.delete(article)
    audit("article-deleted", subject=str(article_id), title=article.title)
    flash(_("“%(title)s” is deleted.", title=article.title))
    return redirect(url_for("knowledge.page"))
