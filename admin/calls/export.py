"""The filtered calls as a CSV file, numbers masked, the export noted in the audit."""

from collections.abc import Iterator

from flask import Response, abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from admin import directory
from admin.audit import audit
from admin.calls import queries
from admin.calls.views import asked_for, blueprint
from admin.calls.words import parties, result_words
from admin.contacts import sheets
from admin.i18n import language
from admin.numbers import seen, words_seen
from admin.permissions import requires
from admin.server import off_the_loop
from admin.shell import centre
from admin.telephone import place
from uckefu.times import hms, now, shown

MOST_EXPORTED = 20_000
AT_ONCE = 500


@blueprint.get("/export.csv")
@requires("calls.export")
def export() -> ResponseReturnValue:
    """What the page's address asks for, all pages of it, at most 20,000 calls."""
    rows = [_heading(), *_lines()]
    if not audit("calls-exported", subject=str(len(rows) - 1), filters=request.args.to_dict()):
        abort(503)
    name = f"calls-{now():%Y%m%d-%H%M}.csv"
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(off_the_loop(sheets.to_csv, rows), headers=headers)


def _heading() -> list[str]:
    return [
        _("Time"), _("Customer"), _("Number"), _("Region"), _("Queue"), _("Agent"), _("Waited"), _("Talk"), _("Result"),
        _("Hung up by"), _("Call id"),
    ]  # fmt: skip


def _lines() -> Iterator[list[str]]:
    filters, sort = asked_for()
    here, names = centre(), directory.names(language())
    words, sides = result_words(), parties()
    for number in range(1, MOST_EXPORTED // AT_ONCE + 1):
        rows = queries.page(filters, here.timezone, here.region, number=number, size=AT_ONCE, sort=sort)
        for row in rows:
            i = row.interaction
            began = shown(i.started_at or i.queued_at, here.timezone)
            yield [
                began.strftime("%Y-%m-%d %H:%M:%S") if began else "", words_seen(row.contact.name, here.region) if row.contact else "",
                seen(i.customer_number, here.region), place(i.customer_number, language(), here.region),
                names["queues"].get(i.queue_name, i.queue_name), f"{row.agent} {row.extension}".strip(),
                hms(row.waited), hms(row.talked), words[row.result][2], sides.get(i.hangup_by, ""), i.id,
            ]  # fmt: skip
        if len(rows) < AT_ONCE:
            return
