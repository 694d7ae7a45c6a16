"""Visitors who may not write: the list, a block by hand (of an address), and lifting one. Every act is audited.

The block itself is asked for in `visitors.is_blocked`; agents block a visitor from its conversation (`desk.talk_views`).
"""

import ipaddress
from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import or_, select

from admin.audit import audit
from admin.chat import service
from admin.db import db
from admin.permissions import requires
from sql.models import Conversation, Site, User, Visitor, VisitorBlock
from uckefu.times import now

blueprint = Blueprint("blocks", __name__, url_prefix="/visitors/blocks")
DAYS = (1, 7, 30, 365, 0)
"""For how long; 0 is for good."""
MOST = 300


@blueprint.get("/")
@requires("visitors.view")
def page() -> ResponseReturnValue:
    """Who is blocked now, the latest first; or those that are over or lifted."""
    over, instant = request.args.get("view") == "over", now()
    lasting = VisitorBlock.lifted_at.is_(None) & or_(
        VisitorBlock.until.is_(None), VisitorBlock.until > instant
    )
    rows = db.session.execute(
        select(VisitorBlock, Visitor, Site.name, User.name)
        .outerjoin(Visitor, Visitor.id == VisitorBlock.visitor_id)
        .outerjoin(Site, Site.id == Visitor.site_id)
        .outerjoin(User, User.id == VisitorBlock.by_user_id)
        .where(~lasting if over else lasting)
        .order_by(VisitorBlock.id.desc())
        .limit(MOST)
    ).all()
    return render_template("chat/blocks.html", rows=rows, over=over, days=DAYS)


@blueprint.post("/")
@requires("visitors.block")
def block() -> ResponseReturnValue:
    """Block an address by hand."""
    reason, days = request.form.get("reason", "").strip()[:255], request.form.get("days", type=int)
    try:
        address = str(ipaddress.ip_address(request.form.get("address", "").strip()))
    except ValueError:
        address = ""
    if not address or not reason or days not in DAYS:
        flash(_("Not blocked: an IP address, a reason and a time are needed."))
        return redirect(url_for("blocks.page"))
    instant = now()
    db.session.add(
        VisitorBlock(
            address=address, reason=reason, by_user_id=current_user.id, created_at=instant,
            until=instant + timedelta(days=days) if days else None,
        )
    )  # fmt: skip
    if not audit("address-blocked", subject=address, reason=reason, days=days):
        abort(503)
    here = Conversation.address == address, Conversation.ended_at.is_(None)
    for conversation_id in db.session.scalars(select(Conversation.id).where(*here)).all():
        service.end_conversation(conversation_id, "system", reason="blocked")
    return redirect(url_for("blocks.page"))


@blueprint.post("/<int:block_id>/lift")
@requires("visitors.block")
def lift(block_id: int) -> ResponseReturnValue:
    """The visitor may write again, at once."""
    row = db.session.get(VisitorBlock, block_id) or abort(404)
    if row.lifted_at is None:
        row.lifted_at = now()
        if not audit(
            "block-lifted", subject=str(row.visitor_id or row.address), block=block_id, reason=row.reason
        ):
            abort(503)
        flash(_("Lifted. The visitor may write again."))
    return redirect(url_for("blocks.page"))
