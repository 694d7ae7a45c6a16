"""Import (file -> preview -> done, with a report of what was refused) and export (CSV, XLSX).

Between preview and doing it the table waits in Redis for half an hour, under a random key of its user.
"""

import json
import secrets
from typing import Any

import redis
from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from admin.audit import audit
from admin.contacts import importing, queries, sheets
from admin.contacts.views import blueprint, filters, selected
from admin.limits import takes_up_to
from admin.numbers import seen, words_seen
from admin.permissions import number_sight, requires
from admin.server import off_the_loop
from admin.shell import centre
from admin.sockets import socketio
from admin.telephone import masked, national
from uckefu.times import now

LARGEST_BYTES = 8 * 1024 * 1024
KEPT_SECONDS = 1800
MOST_EXPORTED = 50_000
SHOWN = 20


def _bus() -> redis.Redis:
    bus: redis.Redis = current_app.extensions["uckefu"]["bus"]
    return bus


def _key(token: str) -> str:
    return f"uckefu:import:{current_user.id}:{token}"


@blueprint.route("/import", methods=["GET", "POST"])
@requires("contacts.manage")
@takes_up_to(LARGEST_BYTES)
def import_page() -> ResponseReturnValue:
    """Choose a file; the answer is what it would do."""
    if request.method == "GET":
        known = {key: names[0] for key, names in importing.headings(queries.custom_fields()).items()}
        return render_template("contacts/import.html", known=known, plan=None, wrong="")
    file = request.files.get("file")
    try:
        rows = off_the_loop(sheets.read, file.read() if file else b"")
    except sheets.NotReadable as error:
        return _refused(error.code)
    token = secrets.token_urlsafe(24)
    content = {"rows": rows, "change": request.form.get("known") == "change"}
    _bus().set(_key(token), json.dumps(content), ex=KEPT_SECONDS)
    return redirect(url_for("contacts.import_preview", token=token))


def _refused(code: str) -> ResponseReturnValue:
    words = {
        "format": _("This is no CSV or XLSX file. Save it as one of these and choose it again."),
        "empty": _("The file is empty."),
        "too-many": _("At most %(n)s lines at once; split the file.", n=f"{sheets.MOST_ROWS:,}"),
    }
    known = {key: names[0] for key, names in importing.headings(queries.custom_fields()).items()}
    return render_template("contacts/import.html", known=known, plan=None, wrong=words[code]), 400


def _waiting(token: str) -> dict[str, Any]:
    kept = _bus().get(_key(token))
    return dict(json.loads(kept)) if kept else abort(404)


def _plan(token: str) -> importing.Plan:
    kept = _waiting(token)
    return importing.plan(kept["rows"], queries.custom_fields(), centre().region, change_known=kept["change"])


@blueprint.get("/import/<token>")
@requires("contacts.manage")
def import_preview(token: str) -> ResponseReturnValue:
    """What the file would do, line by line for the first ones, and everything that is refused."""
    plan, region = _plan(token), centre().region
    known = {key: names[0] for key, names in importing.headings(queries.custom_fields()).items()}
    return render_template(
        "contacts/import.html", plan=plan, token_of_import=token, known=known, wrong="", shown=plan.lines[:SHOWN],
        refused=[line for line in plan.lines if line.act == "refuse"][:SHOWN],
        masked=lambda n: seen(n, region), words=act_words(),
    )  # fmt: skip


def act_words() -> dict[str, str]:
    """What a line would do -> words."""
    return {
        "new": _("new"),
        "change": _("changes a contact"),
        "skip": _("known, passed over"),
        "refuse": _("refused"),
    }


@blueprint.post("/import/<token>")
@requires("contacts.manage")
def import_now(token: str) -> ResponseReturnValue:
    """Do it. The token is used up first, so that a second click does nothing."""
    plan = _plan(token)
    if not _bus().delete(_key(token)):
        abort(404)
    late = importing.carry_out(plan, queries.custom_fields(), rest=lambda: socketio.sleep(0))
    new, changed = plan.count("new"), plan.count("change")
    audit("contacts-imported", new=new, changed=changed, refused=plan.count("refuse") + len(late))
    if late:
        flash(_("%(n)s lines were refused meanwhile: somebody else took the number.", n=len(late)))
    flash(_("Imported: %(new)s new contacts, %(changed)s changed.", new=new, changed=changed))
    return redirect(url_for("contacts.page"))


@blueprint.get("/import/<token>/refused")
@requires("contacts.manage")
def import_report(token: str) -> ResponseReturnValue:
    """The refused lines with their reasons, as they came, to be mended and imported again."""
    kept, plan = _waiting(token), _plan(token)
    heading = [_("Line"), _("Why it is refused"), *kept["rows"][0]]
    rows = [
        [line.place, line.wrong, *kept["rows"][line.place - 1]] for line in plan.lines if line.act == "refuse"
    ]
    return _file(sheets.to_csv([heading, *rows]), "text/csv; charset=utf-8", "refused.csv")


@blueprint.route("/export", methods=["GET", "POST"])
@requires("contacts.export")
def export() -> ResponseReturnValue:
    """The filtered or the selected contacts as a file; numbers are masked unless whole ones are asked for, which is noted."""
    region, fields = centre().region, queries.custom_fields()
    whole = request.values.get("numbers") == "whole"
    if whole and number_sight() == "never":
        abort(403)
    contacts = queries.everything(filters(), region, only=selected(), most=MOST_EXPORTED)
    if not audit(
        "contacts-exported", subject=f"{len(contacts)}", whole_numbers=whole, filters=request.args.to_dict()
    ):
        abort(503)
    show = national if whole else masked
    known = importing.headings(fields)
    tags = {} if not contacts else _tag_names([c.id for c in contacts])
    rows = [[names[0] for names in known.values()]] + [
        [
            c.name if whole else words_seen(c.name, region), c.company, "; ".join(show(n.number, region) for n in c.numbers), c.email, c.vip_level, "; ".join(tags.get(c.id, [])), c.note,
            *((c.fields or {}).get(f.key, "") for f in fields),
        ]
        for c in contacts
    ]  # fmt: skip
    name = f"contacts-{now():%Y%m%d-%H%M}"
    if request.values.get("format") == "csv":
        return _file(off_the_loop(sheets.to_csv, rows), "text/csv; charset=utf-8", f"{name}.csv")
    return _file(off_the_loop(sheets.to_xlsx, rows), sheets.XLSX, f"{name}.xlsx")


def _tag_names(ids: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for begin in range(0, len(ids), 500):
        for contact_id, tags in queries.tags_of(ids[begin : begin + 500]).items():
            found[contact_id] = [tag.name for tag in tags]
    return found


def _file(data: bytes, kind: str, name: str) -> Response:
    return Response(
        data,
        mimetype=None,
        headers={"Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'},
    )
