"""The flow pages: the list, a new flow, the editor, versions with what each changed, roll back."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin import directory
from admin.audit import audit
from admin.desk.queries import day_begin
from admin.flows.reading import ordered_json, reading
from admin.flows.words import editor_words, problem_words, where_words
from admin.flows.workshop import SAMPLES, Workshop, workshop
from admin.i18n import language
from admin.permissions import requires
from admin.server import off_the_loop
from ivr.changes import changes
from ivr.layout import read_positions
from ivr.nodes.base import NAME_PATTERN
from ivr.versions import Draft, NoSuchVersion, NotPublished, Version, mark_of
from uckefu.centre import BLOCKED_FLOW

blueprint = Blueprint("flows", __name__, url_prefix="/flows")
LONGEST_TITLE = 64


@dataclass(frozen=True)
class Row:
    """One flow of the list."""

    name: str
    title: str
    draft: Draft | None
    changed: bool
    live: Version | None
    origin: str  # "published", "by-hand", "packaged" or "": nothing serves
    problems: int
    numbers: list[str]


def flow_or_404(name: str) -> str:
    """The name, if there is such a flow."""
    if not re.fullmatch(NAME_PATTERN, name) or name not in workshop().names():
        abort(404)
    return name


@blueprint.app_template_filter("instant")
def instant(text: str) -> datetime | None:
    """An instant from the text that the flow files have."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@blueprint.get("/")
@requires("flows.manage")
def page() -> ResponseReturnValue:
    """The list."""
    shop = workshop()
    return render_template("flows/page.html", rows=[_row(shop, name) for name in shop.names()])


def _row(shop: Workshop, name: str) -> Row:
    draft, served = shop.draft(name), shop.served_text(name)
    text = draft.text if draft else served
    read, problems = shop.read(name, text)
    live = next((version for version in shop.store.versions(name) if version.is_current), None)
    origin = "published" if live else ""
    if not live and served:
        origin = "by-hand" if (shop.folder / f"{name}.yml").is_file() else "packaged"
    title = read.source.data.get("title") if isinstance(read.source.data, dict) else ""
    return Row(
        name, str(title or ""), draft, draft is not None and bool(changes(served, text)), live, origin, len(problems),
        _served(shop, name),
    )  # fmt: skip


def _served(shop: Workshop, name: str) -> list[str]:
    """Which calls come to a flow first, in words: its numbers, all others, or callers on the blacklist."""
    named = [did for did, flow in shop.centre.flows.items() if flow == name]
    words = [_("All other numbers") if did == "default" else did for did in named]
    return [*words, _("Callers on the blacklist")] if name == BLOCKED_FLOW else words


@blueprint.route("/new", methods=["GET", "POST"])
@requires("flows.manage")
def create() -> ResponseReturnValue:
    """A new flow: from nothing, from a sample, or from one that is there."""
    shop = workshop()
    origins = {path.stem: path for path in sorted(SAMPLES.glob("*.yml"))}
    errors: dict[str, str] = {}
    name, title = request.form.get("name", "").strip(), request.form.get("title", "").strip()
    if request.method == "POST":
        if not re.fullmatch(NAME_PATTERN, name):
            errors["name"] = _("Use letters, digits, - and _ only.")
        elif name in shop.names():
            errors["name"] = _("Already taken; choose another.")
        if not title or len(title) > LONGEST_TITLE:
            errors["title"] = _("Enter a title of up to %(n)s characters.", n=LONGEST_TITLE)
        if not errors:
            text = _first_text(shop, request.form.get("origin", ""), title)
            shop.store.save_draft(name, text, current_user.login, expected="")
            audit("flow-created", subject=name)
            return redirect(url_for("flows.editor", flow=name))
    shown = {"name": name, "title": title, "origin": request.form.get("origin", "")}
    status = 400 if errors else 200
    return render_template(
        "flows/new.html", errors=errors, form=shown, samples=list(origins), flows=shop.names()
    ), status


def _first_text(shop: Workshop, origin: str, title: str) -> str:
    kind, _colon, name = origin.partition(":")
    text = ""
    if kind == "sample" and name in {path.stem for path in SAMPLES.glob("*.yml")}:
        text = (SAMPLES / f"{name}.yml").read_text(encoding="utf-8")
    elif kind == "flow" and name in shop.names():
        draft = shop.draft(name)
        text = draft.text if draft else shop.served_text(name)
    from ivr.editing import CHANGES, edited

    change = {"do": "set", "path": ["title"], "value": title}
    return edited(text or "version: 1\n", CHANGES.validate_python([change]))


@blueprint.get("/<flow>/")
@requires("flows.manage")
def editor(flow: str) -> ResponseReturnValue:
    """The editor."""
    from admin.flows.api import addresses

    name, shop = flow_or_404(flow), workshop()
    draft = shop.draft(name)
    text = draft.text if draft else shop.served_text(name)
    live = next((version for version in shop.store.versions(name) if version.is_current), None)
    known, names = shop.known(), directory.names(language())
    data = {
        "name": name,
        "mark": draft.mark if draft else "",
        "reading": reading(shop, name, text, read_positions(shop.folder / name)),
        "live": live.number if live else None,
        "next": max((version.number for version in shop.store.versions(name)), default=0) + 1,
        "urls": addresses(name),
        "choices": {
            "queue": {
                name_: names["queues"].get(name_, name_) for name_ in sorted(known.queues or names["queues"])
            },
            "flow": {other: other for other in shop.names()},
            "extension": {a["extension"]: f"{a['extension']} {a['name']}" for a in names["agents"].values()},
            "trunk": {trunk: trunk for trunk in sorted(known.trunks or ())},
            "prompt": _prompts(shop),
        },
        "today": day_begin(shop.centre.timezone).date().isoformat(),
        "languages": shop.centre.languages,
        "region": shop.centre.region,
        **editor_words(),
    }
    return render_template(
        "flows/editor.html", data=ordered_json(data), types=data["types"], draft=draft, live=live, name=name, numbers=_served(shop, name),
        title=data["reading"]["title"] or name,
    )  # fmt: skip


def _prompts(shop: Workshop) -> dict[str, str]:
    """Each prompt with its text; the form shows all of it below the list, where there is room for the beginning."""
    own = language()
    return {name: shop.prompts.text(name, own) for name in shop.prompts.names(shop.centre.language)}


# ---- versions


@blueprint.get("/<flow>/versions")
@requires("flows.manage")
def versions(flow: str) -> ResponseReturnValue:
    """Every version, what it changed, and the steps that were taken."""
    name, shop = flow_or_404(flow), workshop()
    store = shop.store
    every = store.versions(name)
    shown = []
    for index, version in enumerate(every):
        before = store.text(name, every[index + 1].number) if index + 1 < len(every) else ""
        text = store.text(name, version.number)
        shown.append((version, described_changes(before, text) if before else None))
    draft = shop.draft(name)
    pending = described_changes(shop.served_text(name), draft.text) if draft else []
    return render_template(
        "flows/versions.html", name=name, versions=shown, pending=pending, draft=draft,
        history=list(reversed(store.history(name)))[:50], actions=action_words(),
    )  # fmt: skip


def action_words() -> dict[str, str]:
    """The steps of a flow's history."""
    return {
        "drafted": _("Draft saved"), "checked": _("Checked without problems"), "published": _("Published"),
        "rolled back": _("Rolled back"),
    }  # fmt: skip


def described_changes(before: str, after: str) -> list[dict[str, Any]]:
    """What is different, each with words for its place."""
    if mark_of(before) == mark_of(after):
        return []
    return [
        {"kind": change.kind, "where": where_words(change.where), "before": _short(change.before), "after": _short(change.after)}
        for change in changes(before, after)
        if change.where != "version"
    ]  # fmt: skip


def _short(value: Any) -> str:
    if isinstance(value, dict):
        text = ", ".join(f"{key}: {_short(each)}" for key, each in value.items())
    elif isinstance(value, list):
        text = " · ".join(_short(each) for each in value)
    else:
        text = "" if value is None else str(value)
    return text if len(text) <= 200 else text[:199] + "…"


@blueprint.get("/<flow>/versions/<int:version>")
@requires("flows.manage")
def version_text(flow: str, version: int) -> ResponseReturnValue:
    """The text of a version."""
    try:
        text = workshop().store.text(flow_or_404(flow), version)
    except NoSuchVersion:
        return abort(404)
    return text, {"Content-Type": "text/plain; charset=utf-8"}


@blueprint.post("/<flow>/versions/<int:version>/serve")
@requires("flows.manage")
def roll_back(flow: str, version: int) -> ResponseReturnValue:
    """Let an older version serve the next call."""
    name, shop = flow_or_404(flow), workshop()
    note = request.form.get("note", "")[:500]
    try:
        off_the_loop(shop.store.rollback, name, version, current_user.login, note, shop.known())
    except NoSuchVersion:
        return abort(404)
    except NotPublished as refused:
        for problem in refused.problems:
            flash(
                _("Version %(n)s can't serve: line %(line)s: %(problem)s", n=version, line=problem.line,
                  problem=problem_words(problem)),
                "refused",
            )  # fmt: skip
        return redirect(url_for("flows.versions", flow=name))
    audit("flow-rolled-back", subject=f"{name}@{version}", note=note)
    flash(_("Version %(n)s serves from the next call on.", n=version))
    return redirect(url_for("flows.versions", flow=name))
