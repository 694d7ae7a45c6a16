"""What each agent is good at, and how many conversations it takes at once."""

from dataclasses import dataclass

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import delete, select

from admin.audit import audit
from admin.db import db
from admin.permissions import requires
from admin.queues.blueprint import blueprint
from admin.queues.needs import LEVELS
from admin.queues.telling import tell
from sql.models import Agent, AgentRouting, AgentSkill, User

SPARE_ROWS = 3
LONGEST_NAME = 64
MOST_CONVERSATIONS = 50


@dataclass(frozen=True)
class Skill:
    """One row, as it was typed."""

    name: str
    level: str


@blueprint.get("/agents")
@requires("queues.manage")
def agents() -> ResponseReturnValue:
    """The list."""
    skills: dict[int, list[AgentSkill]] = {}
    for skill in db.session.scalars(select(AgentSkill).order_by(AgentSkill.name)):
        skills.setdefault(skill.agent_id, []).append(skill)
    rows = db.session.execute(
        select(Agent, User.name, AgentRouting.max_conversations)
        .join(User, User.id == Agent.user_id)
        .outerjoin(AgentRouting, AgentRouting.agent_id == Agent.id)
        .where(User.active)
        .order_by(Agent.extension)
    ).all()
    return render_template("queues/agents.html", rows=rows, skills=skills)


@blueprint.route("/agents/<int:agent_id>", methods=["GET", "POST"])
@requires("queues.manage")
def agent(agent_id: int) -> ResponseReturnValue:
    """One agent's skills and its own maximum of conversations."""
    chosen = db.session.get(Agent, agent_id) or abort(404)
    if request.method == "GET":
        routing = db.session.get(AgentRouting, agent_id)
        most = "" if routing is None or routing.max_conversations is None else str(routing.max_conversations)
        return _page(chosen, [Skill(name, str(level)) for name, level in _skills(agent_id).items()], most, {})
    skills = _sent_skills()
    most = request.form.get("max_conversations", "").strip()
    errors = _wrong(skills, most)
    if errors:
        return _page(chosen, skills, most, errors), 400
    _save(chosen, {skill.name: int(skill.level) for skill in skills}, int(most) if most else None)
    tell()
    return redirect(url_for("queues.agents"))


def known_skills() -> list[str]:
    """Every skill that some agent has, to choose from."""
    return list(db.session.scalars(select(AgentSkill.name).distinct().order_by(AgentSkill.name)))


def _skills(agent_id: int) -> dict[str, int]:
    rows = db.session.scalars(
        select(AgentSkill).where(AgentSkill.agent_id == agent_id).order_by(AgentSkill.name)
    )
    return {row.name: row.level for row in rows}


def _sent_skills() -> list[Skill]:
    names, levels = request.form.getlist("skill"), request.form.getlist("level")
    rows = [Skill(name.strip(), level.strip()) for name, level in zip(names, levels, strict=False)]
    return [row for row in rows if row.name]


def _wrong(skills: list[Skill], most: str) -> dict[str, str]:
    """Field -> what to do."""
    errors = {}
    names = [skill.name for skill in skills]
    if not all(
        len(name) <= LONGEST_NAME and name.replace("-", "").replace(".", "").replace("_", "").isalnum()
        for name in names
    ):
        errors["skills"] = _("A skill is one word of letters, digits, . _ and -.")
    elif len(set(names)) < len(names):
        errors["skills"] = _("Each skill can be named once.")
    elif not all(
        skill.level.isdecimal() and len(skill.level) == 1 and int(skill.level) in LEVELS for skill in skills
    ):
        errors["skills"] = _("A level is a whole number from 1 to 9.")
    if most and not (most.isdecimal() and len(most) < 4 and int(most) <= MOST_CONVERSATIONS):
        errors["max_conversations"] = _(
            "Enter a whole number from 0 to %(most)s, or nothing.", most=MOST_CONVERSATIONS
        )
    return errors


def _save(chosen: Agent, skills: dict[str, int], most: int | None) -> None:
    before = _skills(chosen.id)
    db.session.execute(delete(AgentSkill).where(AgentSkill.agent_id == chosen.id))
    db.session.add_all(
        AgentSkill(agent_id=chosen.id, name=name, level=level) for name, level in skills.items()
    )
    routing = db.session.get(AgentRouting, chosen.id) or AgentRouting(agent_id=chosen.id)
    was, routing.max_conversations = routing.max_conversations, most
    db.session.add(routing)
    db.session.commit()
    audit(
        "agent-routing-changed",
        subject=chosen.extension,
        skills=[before, skills],
        max_conversations=[was, most],
    )


def _page(chosen: Agent, skills: list[Skill], most: str, errors: dict[str, str]) -> str:
    return render_template(
        "queues/agent.html", agent=chosen, rows=[*skills, *[Skill("", "1")] * SPARE_ROWS], most=most, errors=errors,
        known_skills=known_skills(), most_conversations=MOST_CONVERSATIONS,
    )  # fmt: skip
