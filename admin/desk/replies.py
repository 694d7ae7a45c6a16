"""Quick replies: the list for the picker, and the page where they are kept. Shared ones are the supervisors' to change."""

from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import func, or_, select, update

from admin.audit import audit
from admin.db import db
from admin.desk.views import blueprint
from admin.i18n import LANGUAGES
from admin.permissions import allowed, requires
from sql.models import QuickReply

LONGEST_TEXT = 1000
MOST = 500


def variables() -> dict[str, list[str]]:
    """What a reply may name in braces -> its names in every language; the first is the reader's."""
    names: dict[str, list[str]] = _names()
    for locale in LANGUAGES.values():
        with force_locale(locale):
            for key, (name,) in _names().items():
                if name not in names[key]:
                    names[key].append(name)
    return names


def _names() -> dict[str, list[str]]:
    return {
        "customer": [_("customer name")],
        "agent": [_("agent name")],
        "queue": [_("queue name")],
        "time": [_("time of day")],
    }


def of(agent_id: int | None) -> list[QuickReply]:
    """The shared ones and this agent's own, in order."""
    wanted = select(QuickReply).where(or_(QuickReply.agent_id.is_(None), QuickReply.agent_id == agent_id))
    return list(
        db.session.scalars(
            wanted.order_by(QuickReply.agent_id.is_(None), QuickReply.position, QuickReply.id).limit(MOST)
        )
    )


def shape(reply: QuickReply) -> dict[str, Any]:
    """A reply for the picker."""
    return {
        "id": reply.id,
        "title": reply.title,
        "shortcut": reply.shortcut,
        "text": reply.text,
        "own": reply.agent_id is not None,
        "category": reply.category,
    }


@blueprint.get("/desk/quick-replies")
@requires("desk.use")
def quick_replies() -> ResponseReturnValue:
    """For the picker."""
    return jsonify(replies=[shape(r) for r in of(current_user.agent_id)], variables=variables())


@blueprint.post("/desk/quick-replies/<int:reply_id>/used")
@requires("desk.use")
def quick_reply_used(reply_id: int) -> ResponseReturnValue:
    """Count a use."""
    db.session.execute(update(QuickReply).where(QuickReply.id == reply_id).values(uses=QuickReply.uses + 1))
    db.session.commit()
    return jsonify(ok=True)


@blueprint.get("/quick-replies")
@requires("desk.use")
def replies_page() -> ResponseReturnValue:
    """The page."""
    text = request.args.get("text", "").strip()[:64].casefold()
    rows = [r for r in of(current_user.agent_id) if text in f"{r.title}\n{r.shortcut}\n{r.text}".casefold()]
    names = [name for names in variables().values() for name in names[:1]]
    return render_template(
        "desk/replies.html", rows=rows, text=text, variables=names, longest=LONGEST_TEXT, may=_may
    )


def _may(reply: QuickReply) -> bool:
    """Whether the present user may change it."""
    if reply.agent_id is None:
        return allowed("replies.share")
    return bool(reply.agent_id == current_user.agent_id)


@blueprint.post("/quick-replies")
@requires("desk.use")
def save_reply() -> ResponseReturnValue:
    """Make or change one."""
    given = request.form
    reply_id, shared = given.get("id", type=int), given.get("shared") == "y"
    reply = (
        db.session.get(QuickReply, reply_id)
        if reply_id
        else QuickReply(agent_id=None if shared else current_user.agent_id)
    )
    if reply is None:
        abort(404)
    if not _may(reply):
        abort(403)
    title, text = given.get("title", "").strip()[:64], given.get("text", "").strip()[:LONGEST_TEXT]
    if not title or not text:
        flash(_("Not saved: a quick reply needs a title and a text."))
        return redirect(url_for("desk.replies_page"))
    reply.title, reply.text = title, text
    reply.shortcut = given.get("shortcut", "").strip().lstrip("/")[:32]
    reply.category = given.get("category", "").strip()[:32]
    if reply.id is None:
        last = db.session.scalar(
            select(func.max(QuickReply.position)).where(
                QuickReply.agent_id.is_(reply.agent_id)
                if reply.agent_id is None
                else QuickReply.agent_id == reply.agent_id
            )
        )
        reply.position = (last or 0) + 1
    db.session.add(reply)
    db.session.commit()
    if reply.agent_id is None:
        audit("shared-reply-saved", subject=title)
    return redirect(url_for("desk.replies_page"))


@blueprint.post("/quick-replies/<int:reply_id>/delete")
@requires("desk.use")
def delete_reply(reply_id: int) -> ResponseReturnValue:
    """Delete one."""
    reply = db.session.get(QuickReply, reply_id) or abort(404)
    if not _may(reply):
        abort(403)
    db.session.delete(reply)
    audit("reply-deleted", subject=reply.title)
    return redirect(url_for("desk.replies_page"))
