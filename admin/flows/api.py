"""What the editor's scripts ask: read a text, change it, keep it, publish it, play it dry. JSON in, JSON out.

The text is the flow; the scripts hold it and send it with each question, so nothing of an editor lives in the server.
"""

from datetime import date
from typing import Annotated, Any, Literal

from flask import abort, current_app, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from admin.audit import audit
from admin.flows import trials
from admin.flows.passages import passages_of_day
from admin.flows.reading import ordered_json, reading
from admin.flows.views import blueprint, flow_or_404
from admin.flows.words import problem_words
from admin.flows.workshop import workshop
from admin.permissions import requires
from admin.server import off_the_loop
from ivr.adapters.terminal import BadScript
from ivr.editing import CHANGES, NotEditable, edited
from ivr.flow_file import BIGGEST_FILE_BYTES
from ivr.layout import clean, write_positions
from ivr.trial import TooLong
from ivr.versions import DraftChanged, NoSuchVersion, NotPublished
from ivr.yaml_source import NotYaml

Text = Annotated[str, Field(max_length=BIGGEST_FILE_BYTES)]


class Asked(BaseModel):
    """A text with the places of its boxes."""

    model_config = ConfigDict(extra="forbid")
    text: Text
    positions: dict[str, JsonValue] = {}
    changes: list[JsonValue] = []


class Kept(BaseModel):
    """A draft to be kept. `mark` is of the draft that was edited; `over` replaces whatever is there."""

    model_config = ConfigDict(extra="forbid")
    text: Text
    positions: dict[str, JsonValue] = {}
    mark: Annotated[str, Field(max_length=64)] = ""
    over: bool = False


class Wanted(BaseModel):
    """Publish the draft that has this mark."""

    model_config = ConfigDict(extra="forbid")
    mark: Annotated[str, Field(max_length=64)]
    note: Annotated[str, Field(max_length=500)] = ""
    action: Literal["publish"] = "publish"


def _asked(model: type[BaseModel]) -> Any:
    try:
        return model.model_validate(request.get_json(silent=True))
    except ValidationError:
        return abort(400)


def _refused(code: str, message: str, status: int, **more: Any) -> ResponseReturnValue:
    return jsonify({"code": code, "message": message, **more}), status


@blueprint.post("/<flow>/read")
@requires("flows.manage")
def read(flow: str) -> ResponseReturnValue:
    """What a text means, after these changes."""
    name, asked = flow_or_404(flow), _asked(Asked)
    text = asked.text
    if asked.changes:
        try:
            text = edited(text, CHANGES.validate_python(asked.changes))
        except NotYaml:
            return _refused("not-yaml", _("The YAML can't be read; mend it there first."), 409)
        except (NotEditable, ValidationError):
            return _refused("not-editable", _("This change doesn't fit the flow any more."), 409)
    told = reading(workshop(), name, text, asked.positions)
    return current_app.response_class(ordered_json(told), mimetype="application/json")


@blueprint.post("/<flow>/draft")
@requires("flows.manage")
def save(flow: str) -> ResponseReturnValue:
    """Keep the draft, broken or not, and the places of its boxes."""
    name, kept, shop = flow_or_404(flow), _asked(Kept), workshop()
    try:
        draft = shop.store.save_draft(
            name, kept.text, current_user.login, expected=None if kept.over else kept.mark
        )
        write_positions(shop.folder / name, clean(kept.positions))
    except DraftChanged:
        there = shop.store.draft(name)
        return _refused(
            "draft-changed",
            _(
                "%(author)s has saved another draft meanwhile. Yours is kept here.",
                author=there.author or "?",
            ),
            409,
            mark=there.mark,
        )
    audit("flow-draft-saved", subject=name, mark=draft.mark)
    return jsonify({"mark": draft.mark, "author": draft.author, "at": draft.at})


@blueprint.post("/<flow>/publish")
@requires("flows.manage")
def publish(flow: str) -> ResponseReturnValue:
    """Make the draft the version that the next call gets; its texts are spoken first, which can take a while."""
    name, wanted, shop = flow_or_404(flow), _asked(Wanted), workshop()
    store = shop.store
    try:
        if store.draft(name).mark != wanted.mark:
            return _refused(
                "draft-changed", _("The draft was changed meanwhile. Look at it again, then publish."), 409
            )
        version = off_the_loop(store.publish, name, current_user.login, wanted.note, shop.known())
    except NoSuchVersion:
        return abort(404)
    except NotPublished as refused:
        problems = [
            {"line": p.line, "column": p.column, "code": p.code, "message": problem_words(p)}
            for p in refused.problems
        ]
        message = _("Not published: %(n)s problems. They are marked.", n=len(problems))
        return _refused("not-published", message, 409, problems=problems)
    audit("flow-published", subject=f"{name}@{version.number}", note=wanted.note)
    return jsonify(
        {"number": version.number, "at": version.at, "author": version.author, "mark": wanted.mark}
    )


@blueprint.get("/<flow>/changes")
@requires("flows.manage")
def changes_page(flow: str) -> ResponseReturnValue:
    """What the draft changes against the version that serves, as a fragment of the publishing dialog."""
    from admin.flows.views import described_changes

    name, shop = flow_or_404(flow), workshop()
    try:
        text = shop.store.draft(name).text
    except NoSuchVersion:
        text = shop.served_text(name)
    return render_template("flows/changes.html", changes=described_changes(shop.served_text(name), text))


@blueprint.post("/<flow>/dry")
@requires("flows.manage")
def dry(flow: str) -> ResponseReturnValue:
    """Play the text with a caller who has done this much so far."""
    name, asked, shop = flow_or_404(flow), _asked(trials.Asked), workshop()
    try:
        return jsonify(trials.played(shop, name, asked))
    except trials.NotPlayable as refused:
        return _refused("not-playable", str(refused), 409)
    except (BadScript, TooLong):
        return _refused("too-long", _("This dry run is too long; begin a new one."), 409)


@blueprint.get("/<flow>/passages")
@requires("flows.manage")
def passages(flow: str) -> ResponseReturnValue:
    """How many callers passed each arrow on a day of the centre."""
    try:
        day = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return abort(400)
    return jsonify(passages_of_day(flow_or_404(flow), day))


def addresses(name: str) -> dict[str, str]:
    """Where the scripts of one flow's editor send their questions."""
    routes = {
        "read": "read",
        "save": "save",
        "publish": "publish",
        "changes": "changes_page",
        "dry": "dry",
        "passages": "passages",
    }
    found = {key: url_for(f"flows.{view}", flow=name) for key, view in routes.items()}
    listen = url_for("prompts.sound", lang=workshop().centre.language, prompt="x").removesuffix("x")
    return found | {"listen": listen}
