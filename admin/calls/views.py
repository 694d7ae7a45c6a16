"""The calls page, the detail under a row, the recording. Filters live in the address."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin import directory
from admin.audit import audit
from admin.calls import queries
from admin.desk.queries import day_begin
from admin.i18n import language
from admin.permissions import allowed, requires
from admin.shell import centre
from admin.telephone import masked, place
from uckefu.times import elapsed, now

blueprint = Blueprint("calls", __name__, url_prefix="/calls")


def result_words() -> dict[str, tuple[str, str, str]]:
    """Result -> state class ('' for a plain one), icon, word. Only the exception gets a pill."""
    return {
        "answered": ("", "circle-check", _("Answered")),
        "abandoned": ("alert", "phone-off", _("Abandoned")),
        "talking": ("talk", "phone-call", _("On a call")),
        "waiting": ("ring", "hourglass", _("Waiting")),
        "flow": ("", "sitemap", _("Ended in the menu")),
    }


def parties() -> dict[str, str]:
    """Who hung up, in words."""
    return {"caller": _("Customer"), "agent": _("Agent"), "system": _("System")}


def _only_agent() -> int | None:
    if allowed("calls.view-all"):
        return None
    return current_user.agent_id if current_user.agent_id is not None else -1


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _filters() -> queries.Filters:
    args = request.args
    today = day_begin(centre().timezone).date()
    begin, end = _day("begin"), _day("end")
    if "begin" not in args and "end" not in args:
        begin = end = today
    return queries.Filters(
        text=args.get("text", "").strip()[:64],
        begin=begin,
        end=end,
        queue=args.get("queue", ""),
        agent=args.get("agent", type=int),
        result=args.get("result", "") if args.get("result") in queries.RESULTS else "",
        only_agent=_only_agent(),
    )


def _address(**changes: Any) -> str:
    merged = {**request.args.to_dict(), **changes}
    if any(merged.get(key) for key in ("begin", "end")) or "begin" in changes:
        merged = {"begin": "", "end": "", **merged}
    return url_for("calls.page", **{k: v for k, v in merged.items() if v or k in ("begin", "end")})


def _chips(filters: queries.Filters, names: dict[str, Any]) -> list[tuple[str, str]]:
    chips = []
    if filters.text:
        chips.append((filters.text, _address(text="")))
    if filters.queue:
        chips.append(
            (_("Queue: %(name)s", name=names["queues"].get(filters.queue, filters.queue)), _address(queue=""))
        )
    if filters.agent is not None:
        agent = names["agents"].get(str(filters.agent), {}).get("name", filters.agent)
        chips.append((_("Agent: %(name)s", name=agent), _address(agent="")))
    if filters.result:
        chips.append((result_words()[filters.result][2], _address(result="")))
    return chips


@blueprint.get("/")
@requires("calls.view")
def page() -> ResponseReturnValue:
    """The list."""
    filters, place_ = _filters(), centre()
    wanted = request.args.get("size", 20, type=int)
    size = wanted if wanted in queries.PAGE_SIZES else 20
    total = queries.count(filters, place_.timezone, place_.region)
    pages = max(1, -(-total // size))
    number = min(max(1, request.args.get("page", 1, type=int)), pages)
    rows = queries.page(filters, place_.timezone, place_.region, number=number, size=size)
    names = directory.names(language())
    today = day_begin(place_.timezone).date()
    return render_template(
        "calls/page.html",
        rows=rows, total=total, page=number, pages=pages, size=size, sizes=queries.PAGE_SIZES, filters=filters,
        chips=_chips(filters, names), names=names, address=_address, results=result_words(), parties=parties(),
        masked=lambda n: masked(n, place_.region), place=lambda n: place(n, language(), place_.region),
        today=today, week_ago=today - timedelta(days=6),
    )  # fmt: skip


@blueprint.get("/<interaction_id>")
@requires("calls.view")
def detail(interaction_id: str) -> ResponseReturnValue:
    """The story of one call, as the fragment under its row."""
    interaction = queries.visible(interaction_id, _only_agent())
    if interaction is None:
        abort(404)
    return render_template(
        "calls/detail.html",
        interaction=interaction, story=queries.story(interaction_id), elapsed=elapsed, parties=parties(),
        has_recording=_recording_path(interaction.recording) is not None, now=now(), language_code=language(),
        outcomes=_outcomes(), queue_titles=directory.names(language())["queues"],
    )  # fmt: skip


def _outcomes() -> dict[str, str]:
    return {
        "accepted": _("answered"), "declined": _("declined"), "expired": _("no answer"),
        "withdrawn": _("caller left"), "failed": _("phone not reached"), "": _("ringing"),
        "answered": _("answered"), "abandoned": _("caller left"), "timeout": _("waited too long"),
        "transferred": _("transferred"),
    }  # fmt: skip


def _recording_path(relative: str) -> Path | None:
    folder = current_app.extensions["uckefu"]["settings"].recordings_dir.resolve()
    path = (folder / relative).resolve() if relative else None
    return path if path and path.is_relative_to(folder) and path.is_file() else None


@blueprint.get("/<interaction_id>/recording")
@requires("calls.view")
def recording(interaction_id: str) -> ResponseReturnValue:
    """The recording, in ranges as a player asks for them; the first byte heard is noted in the audit."""
    interaction = queries.visible(interaction_id, _only_agent())
    path = _recording_path(interaction.recording) if interaction else None
    if path is None:
        abort(404)
    if request.range is None or request.range.ranges[0][0] == 0:
        audit("recording-played", subject=interaction_id)
    return send_file(path, mimetype="audio/wav", conditional=True, max_age=0)
