"""The calls page, the detail under a row, the recording. Filters live in the address."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, current_app, jsonify, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin import directory
from admin.audit import audit
from admin.calls import queries
from admin.calls.peaks import NotReadable, peaks_of
from admin.calls.why import told
from admin.calls.words import outcome_words, parties, result_words
from admin.desk.queries import day_begin
from admin.desk.texts import reason_words
from admin.i18n import language
from admin.numbers import seen
from admin.permissions import allowed, requires
from admin.security import style_nonce
from admin.server import off_the_loop
from admin.shell import centre
from admin.telephone import place
from admin.view import OLDEST_SECONDS, latest, live_calls
from sql.models import Interaction
from uckefu.times import elapsed, now, to_us

blueprint = Blueprint("calls", __name__, url_prefix="/calls")


def only_agent() -> int | None:
    """The agent whose calls alone the user may see; None for all calls."""
    if allowed("calls.view-all"):
        return None
    return current_user.agent_id if current_user.agent_id is not None else -1


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _filters(today: date) -> queries.Filters:
    args = request.args
    begin, end = _day("begin"), _day("end")
    if "begin" not in args and "end" not in args:
        begin = end = today
    return queries.Filters(
        text=args.get("text", "").strip()[:64],
        begin=begin,
        end=end,
        queue=args.get("queue", "")[:32],
        agent=args.get("agent", type=int),
        result=args.get("result", "") if args.get("result") in queries.RESULTS else "",
        only_agent=only_agent(),
    )


def _sort() -> str:
    wanted = request.args.get("sort", "-time")
    return wanted if wanted.removeprefix("-") in queries.SORTS else "-time"


def asked_for() -> tuple[queries.Filters, str]:
    """The filters and the order of the page's address, for the export too."""
    return _filters(day_begin(centre().timezone).date()), _sort()


def _address(**changes: Any) -> str:
    """This page with other filters; a new filter begins at the first page. `begin`/`end` may be empty: any day."""
    merged: dict[str, Any] = {**request.args.to_dict(), "page": "", **changes}
    kept = {k: v for k, v in merged.items() if v or (k in ("begin", "end") and k in merged)}
    return url_for("calls.page", **kept)


def _chips(filters: queries.Filters, names: dict[str, Any], today: date) -> list[tuple[str, str]]:
    chips = []
    if filters.text:
        chips.append((filters.text, _address(text="")))
    if (filters.begin, filters.end) != (today, today):
        days = [str(day) if day else "…" for day in (filters.begin, filters.end)]
        words = " – ".join(dict.fromkeys(days)) if filters.begin or filters.end else _("Any day")
        chips.append((words, _address(begin=today, end=today)))
    if filters.queue:
        title = names["queues"].get(filters.queue, filters.queue)
        chips.append((_("Queue: %(name)s", name=title), _address(queue="")))
    if filters.agent is not None:
        agent = names["agents"].get(str(filters.agent), {}).get("name", filters.agent)
        chips.append((_("Agent: %(name)s", name=agent), _address(agent="")))
    if filters.result:
        chips.append((result_words()[filters.result][2], _address(result="")))
    return chips


def _live() -> set[str] | None:
    view, true_at_us = latest(current_app.extensions["uckefu"]["bus"])
    if view is None or true_at_us is None or to_us(now()) - true_at_us > OLDEST_SECONDS * 1_000_000:
        return None
    return live_calls(view)


@blueprint.get("/")
@requires("calls.view")
def page() -> ResponseReturnValue:
    """The list."""
    here = centre()
    today = day_begin(here.timezone).date()
    filters, sort = _filters(today), _sort()
    wanted = request.args.get("size", 20, type=int)
    size = wanted if wanted in queries.PAGE_SIZES else 20
    total = queries.count(filters, here.timezone, here.region)
    pages = max(1, -(-total // size))
    number = min(max(1, request.args.get("page", 1, type=int)), pages)
    rows = queries.page(filters, here.timezone, here.region, number=number, size=size, sort=sort)
    live, names = _live(), directory.names(language())
    return render_template(
        "calls/page.html",
        rows=[(row, queries.settled(row, live)) for row in rows], total=total, page=number, pages=pages, size=size,
        sizes=queries.PAGE_SIZES, filters=filters, sort=sort, chips=_chips(filters, names, today), names=names,
        address=_address, results=result_words(), parties=parties(), today=today, week_ago=today - timedelta(days=6),
        masked=lambda n: seen(n, here.region), place=lambda n: place(n, language(), here.region),
        live=number == 1 and (filters.end is None or filters.end >= today), style_nonce=style_nonce(),
    )  # fmt: skip


def _visible(interaction_id: str) -> Interaction:
    return queries.visible(interaction_id, only_agent()) or abort(404)


@blueprint.get("/<interaction_id>")
@requires("calls.view")
def detail(interaction_id: str) -> ResponseReturnValue:
    """The story of one call, as the fragment under its row."""
    interaction = _visible(interaction_id)
    return render_template(
        "calls/detail.html",
        interaction=interaction, story=queries.story(interaction_id), elapsed=elapsed, parties=parties(),
        has_recording=_recording_path(interaction.recording) is not None, now=now(), outcomes=outcome_words(),
        queue_titles=directory.names(language())["queues"], reason_words=reason_words,
        number=seen(interaction.customer_number, centre().region),
        sentences=told(interaction_id, interaction.started_at or interaction.queued_at, interaction.ended_at),
    )  # fmt: skip


def _recording_path(relative: str) -> Path | None:
    """The file, if it lies below the recordings' folder; whatever the record says, nothing else is served."""
    folder = current_app.extensions["uckefu"]["settings"].recordings_dir.resolve()
    path = (folder / relative).resolve() if relative and "\0" not in relative else None
    return path if path and path.is_relative_to(folder) and path.is_file() else None


def _recording_of(interaction_id: str) -> Path:
    return _recording_path(_visible(interaction_id).recording) or abort(404)


@blueprint.get("/<interaction_id>/recording")
@requires("calls.view")
def recording(interaction_id: str) -> ResponseReturnValue:
    """The recording, in ranges as a player asks for them; the first byte heard is noted in the audit."""
    path = _recording_of(interaction_id)
    if request.range is None or request.range.ranges[0][0] == 0:
        audit("recording-played", subject=interaction_id)
    return send_file(path, mimetype="audio/wav", conditional=True, download_name=f"{interaction_id}.wav")


@blueprint.get("/<interaction_id>/peaks")
@requires("calls.view")
def peaks(interaction_id: str) -> ResponseReturnValue:
    """The recording's waveform and length, so that the player need not load it to draw it."""
    try:
        return jsonify(off_the_loop(peaks_of, _recording_of(interaction_id)))
    except NotReadable:
        return abort(404)
