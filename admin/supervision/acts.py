"""What supervisors did at calls and conversations: who, what, at whose, when. `/supervision/acts` shows it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from admin import directory
from admin.db import db
from admin.desk.texts import js_texts
from admin.i18n import language
from admin.permissions import requires
from admin.supervision.views import blueprint
from sql.models import AuditEntry, User

SHOWN = 100


@dataclass(frozen=True)
class Act:
    """One line."""

    entry_id: int
    at: datetime
    who: str
    what: str
    whom: str
    subject: str
    is_call: bool
    is_talk: bool
    address: str


def act_words() -> dict[str, str]:
    """The acts that are told, and what each is called."""
    return {
        "call-listened": _("Listened in"), "call-whispered": _("Whispered to the agent"), "call-barged": _("Barged in"),
        "call-taken-over": _("Took the call over"), "call-left": _("Left the call"),
        "conversation-watched": _("Read along"), "conversation-left": _("Stopped reading along"),
        "conversation-whispered": _("Whispered to the agent"), "conversation-taken-over": _("Gave the chat to an agent"),
        "conversation-taken": _("Took the chat"), "conversation-read": _("Read the whole chat"),
        "status-forced": _("Set an agent's status"),
    }  # fmt: skip


@blueprint.get("/supervision/acts")
@requires("supervise")
def acts() -> ResponseReturnValue:
    """The list, the latest first; `who` is a user's id, `before` the entry after which the older ones begin."""
    who, before = request.args.get("who", type=int), request.args.get("before", type=int)
    words = act_words()
    wanted = (
        select(AuditEntry, User.name)
        .outerjoin(User, User.id == AuditEntry.user_id)
        .where(AuditEntry.action.in_(words))
        .order_by(AuditEntry.id.desc())
        .limit(SHOWN + 1)
    )
    if who:
        wanted = wanted.where(AuditEntry.user_id == who)
    if before:
        wanted = wanted.where(AuditEntry.id < before)
    rows = db.session.execute(wanted).all()
    names = directory.names(language())["agents"]
    shown = [_act(entry, name, words, names) for entry, name in rows[:SHOWN]]
    people = db.session.execute(
        select(User.id, User.name).where(User.role.in_(("administrator", "supervisor"))).order_by(User.name)
    ).all()
    older = shown[-1].entry_id if len(rows) > SHOWN else None
    return render_template("supervision/acts.html", rows=shown, people=people, who=who, older=older)


def _act(entry: AuditEntry, name: str | None, words: dict[str, str], agents: dict[str, Any]) -> Act:
    agent_id = str(entry.detail.get("agent") or entry.subject.removeprefix("agent:"))
    agent = agents.get(agent_id)
    is_named = not entry.subject.startswith("agent:")
    status = str(entry.detail.get("status", ""))
    status = f" ({js_texts().get(f'status.{status}', status)})" if status else ""
    return Act(
        entry_id=entry.id, at=entry.at, who=name or "", what=words[entry.action] + status,
        whom=(agent or {}).get("name", ""), subject=entry.subject,
        is_call=is_named and entry.action.startswith("call-"), is_talk=entry.action.startswith("conversation-"),
        address=entry.address,
    )  # fmt: skip
