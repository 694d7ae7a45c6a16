"""HTTP of the visitor's side: the access code, heartbeats, the window, files. No cookie plays a part in any of it.

Who asks is the signed visitor id that the page brings itself, so that another site can't make a browser act here, and
the blueprint needs no CSRF token. `blueprint` has the agents' upload, which does.
"""

import json
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, jsonify, render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import ValidationError
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from admin.chat import inviting, links, service, shapes, sites, trail, transcripts, uploads, visitors
from admin.chat.guests import lobby
from admin.chat.refusals import ChatRefused
from admin.chat.texts import entry_texts, file_refusal, window_texts
from admin.db import db
from admin.i18n import language
from admin.limits import address, limiter, takes_up_to
from admin.permissions import public, requires
from sql.models import Attachment, Conversation, Message, Visitor

blueprint = Blueprint("chat_files", __name__, url_prefix="/chat/agent")
visitors_blueprint = Blueprint("chat", __name__)
STATUSES = {
    "unknown-site": 404, "unknown-visitor": 403, "unknown-conversation": 404, "too-large": 413, "slow-down": 429,
    "blocked": 403, "try-again": 503,
}  # fmt: skip
CODE_SECONDS = 60
MOST_BEAT_BYTES = 8_000
AGENTS_MOST_BYTES = 20 * 1024 * 1024
FORM_BYTES = 10_000
"""What a form may have beside its file."""


@blueprint.errorhandler(ChatRefused)
def agents_file_refused(error: ChatRefused) -> ResponseReturnValue:
    """Why an agent's file is not taken, in words."""
    words = file_refusal(error.code, AGENTS_MOST_BYTES // 2**20)
    return jsonify(ok=False, code=error.code, message=words), STATUSES.get(error.code, 400)


@visitors_blueprint.errorhandler(ChatRefused)
def refused(error: ChatRefused) -> ResponseReturnValue:
    """The code, for the script that asked."""
    answer = jsonify(ok=False, code=error.code, wait_seconds=error.wait_seconds)
    return _open_to(answer), STATUSES.get(error.code, 400)


@visitors_blueprint.get("/im/<key>.js")
@public
@limiter.limit("600 per minute", key_func=address)
def access_code(key: str) -> ResponseReturnValue:
    """The script that a site embeds: it shows the entry, and loads the window when it is opened."""
    site = sites.find(key)
    s = site.settings
    config = {
        "key": site.key, "host": request.host_url.rstrip("/"), "style": s.entry_style, "colour": s.entry_colour,
        "position": s.entry_position, "text": s.entry_text, "delay": s.entry_delay_seconds, "texts": entry_texts(),
        "name": s.company or site.name,
    }  # fmt: skip
    code = _loader().replace('"%CONFIG%"', json.dumps(config, ensure_ascii=False).replace("<", "\\u003c"))
    g.public_seconds = CODE_SECONDS
    headers = {"Vary": "Accept-Language", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(code, content_type="text/javascript; charset=utf-8", headers=headers)


@visitors_blueprint.post("/im/<key>/here")
@public
@limiter.limit("600 per minute", key_func=address)
def here(key: str) -> ResponseReturnValue:
    """A page of the site is shown. Answers the visitor's token, unread messages and an invitation."""
    site = sites.find(key)
    request.max_content_length = MOST_BEAT_BYTES
    if not site.may_embed(_embedding_origin()):
        abort(403)
    try:
        given = json.loads(request.get_data(as_text=True) or "{}")
        beat = trail.Beat.model_validate(given)
        claim = visitors.Claim.model_validate(given["identity"]) if given.get("identity") else None
    except (ValueError, ValidationError, AttributeError):
        raise ChatRefused("bad-request") from None
    visitor, token = visitors.recognise(site, beat.token, language=language())
    if claim is not None:
        visitor, token = _identified(site, visitor, token, claim)
    if beat.answer is not None:
        inviting.answer(visitor, beat.answer.id, beat.answer.result)
    invitation = None
    if not lobby().buckets.wait_seconds([(f"beat:{visitor.id}", 60)]):
        agent = request.headers.get("User-Agent", "")
        visit = trail.note(site, visitor, beat, address=request.remote_addr or "", user_agent=agent)
        invitation = inviting.due(site, visitor, visit, beat.page_id, beat.url)
    return _open_to(jsonify(ok=True, token=token, unread=_unread(visitor.id), invitation=invitation))


@visitors_blueprint.get("/im/<key>/picture")
@public
@limiter.limit("600 per minute", key_func=address)
def invitation_picture(key: str) -> ResponseReturnValue:
    """The picture of the site's invitation; the entry draws it, so that the page's policy need not allow pictures."""
    row = db.session.get(Attachment, sites.find(key).settings.invite_picture) or abort(404)
    path = uploads.folder() / row.path
    if not row.width or not path.is_file():
        abort(404)
    g.public_seconds = CODE_SECONDS
    return _open_to(send_file(path, row.content_type, conditional=True))


@visitors_blueprint.get("/chat/<key>")
@public
def window(key: str) -> ResponseReturnValue:
    """The visitor's window: in the widget's frame, or as a page of its own."""
    site = sites.find(key)
    s = site.settings
    g.frame_ancestors = " ".join(s.origins) if s.origins else "*"
    config = {
        "key": site.key, "language": language(), "colour": s.dialog_colour, "longest": service.LONGEST_VISITOR_TEXT,
        "megabytes": s.most_file_megabytes, "ask": {"name": s.ask_name, "phone": s.ask_phone, "email": s.ask_email},
        "choose": bool(s.queues), "embedded": request.args.get("embedded") == "1", "texts": window_texts(),
        "recall": service.RECALL_SECONDS, "origins": s.origins,
        "mail": transcripts.is_offered(),
    }  # fmt: skip
    logo = links.file_link(s.logo) if s.logo else ""
    return render_template("chat/window.html", site=site, s=s, config=config, logo=logo)


@visitors_blueprint.post("/chat/<key>/files")
@public
@limiter.limit("60 per minute", key_func=address)
def upload(key: str) -> ResponseReturnValue:
    """A visitor's file; the answer's `id` goes into `send`."""
    site = sites.find(key)
    visitor = visitors.known(site, request.headers.get("X-Visitor", ""))
    if visitor is None:
        raise ChatRefused("unknown-visitor")
    if visitors.is_blocked(visitor.id, request.remote_addr or ""):
        raise ChatRefused("blocked")
    wait = lobby().limits.wait_seconds([(f"file:{visitor.id}", 20)])
    if wait:
        raise ChatRefused("slow-down", wait_seconds=int(wait) + 1)
    author = service.a_visitor(visitor.id, visitor.name)
    most_bytes = site.settings.most_file_megabytes * 1024 * 1024
    row = _stored(author, most_bytes)
    return jsonify(ok=True, attachment=shapes.attached(row))


@visitors_blueprint.get("/chat/file/<attachment_id>")
@public
def file(attachment_id: str) -> ResponseReturnValue:
    """A file, to whoever was given its address. Only pictures are shown; the rest is saved, and nothing runs."""
    if not links.link_holds(attachment_id, request.args.get("until", ""), request.args.get("proof", "")):
        abort(403)
    row = db.session.get(Attachment, attachment_id) or abort(404)
    path = uploads.folder() / row.path
    if not path.is_file():
        abort(404)
    is_picture = row.content_type in ("image/png", "image/jpeg")
    answer = send_file(
        path, row.content_type, as_attachment=not is_picture, download_name=row.name, conditional=True
    )
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


@blueprint.post("/files/<conversation_id>")
@requires("desk.use")
@takes_up_to(AGENTS_MOST_BYTES + FORM_BYTES)
def agents_upload(conversation_id: str) -> ResponseReturnValue:
    """An agent's file for a conversation; the answer's `id` goes into `post_message`."""
    row = db.session.get(Conversation, conversation_id)
    if row is None:
        raise ChatRefused("unknown-conversation")
    if current_user.agent_id is None or not service.agent_may(row, current_user.agent_id, current_user.role):
        abort(403)
    author = service.an_agent(current_user.agent_id, current_user.name)
    stored = _stored(author, AGENTS_MOST_BYTES, conversation_id)
    return jsonify(ok=True, attachment=shapes.attached(stored))


# ---- inside ------------------------------------------------------------------------------------------------


def _stored(author: service.Author, most_bytes: int, conversation_id: str | None = None) -> Attachment:
    request.max_content_length = most_bytes + FORM_BYTES
    given: FileStorage | None = request.files.get("file")
    if given is None:
        raise ChatRefused("bad-request")
    content = given.stream.read(most_bytes + 1)
    name = given.filename or ""
    return uploads.store(content, name, author, most_bytes=most_bytes, conversation_id=conversation_id)


def _identified(
    site: sites.SiteNow, visitor: Visitor, token: str, claim: visitors.Claim
) -> tuple[Visitor, str]:
    try:
        return visitors.identify(site, visitor, claim)
    except ChatRefused as error:  # the visitor stays who the token says; the site's log should know
        current_app.logger.warning("identity_refused site=%s code=%s", site.key, error.code)
        return visitor, token


def _unread(visitor_id: str) -> int:
    """The agents' messages of the open conversation that the visitor has not seen."""
    wanted = (
        select(func.count(Message.id))
        .join(Conversation, Conversation.id == Message.conversation_id)
        .join(Visitor, Visitor.open_conversation_id == Conversation.id)
        .where(Visitor.id == visitor_id, Message.is_public, Message.author == "agent",
               Message.sequence > Conversation.visitor_read_sequence)
    )  # fmt: skip
    return db.session.scalar(wanted) or 0


def _embedding_origin() -> str:
    return request.headers.get("Origin", "")


def _open_to(answer: Response) -> Response:
    """Let the embedding page's script read the answer; it carries no cookie."""
    if request.path.startswith("/im/"):
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def _loader() -> str:
    kept: dict[str, Any] = current_app.extensions["uckefu"]
    if "loader" not in kept:
        folder = current_app.static_folder or ""
        with open(f"{folder}/widget/loader.js", encoding="utf-8") as stream:
            kept["loader"] = stream.read()
    return str(kept["loader"])
