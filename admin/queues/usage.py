"""Why a queue can't be deleted now: each reason is a sentence that says what to do first."""

from pathlib import Path
from typing import Any

import yaml
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from admin.db import db
from admin.i18n import language
from admin.queues.limits import from_json
from sql.models import Queue, QueueRouting, Site
from uckefu.settings import PROJECT_ROOT

DEFAULT_QUEUE = "service"  # the ACD sends callers of an unknown queue there


def reasons(queue: Queue) -> list[str]:
    """Why it must stay; empty when it may go."""
    found = []
    view = current_app.extensions["uckefu"]["acd"].view() or {}
    now = view.get("queues", {}).get(queue.name, {})
    if busy := now.get("waiting", 0) + now.get("in_service", 0):
        found.append(
            _("%(n)s customers wait in it or are served from it now; wait until they are done.", n=busy)
        )
    if queue.name == DEFAULT_QUEUE:
        found.append(_("It is where customers go whose queue is not known; every centre needs it."))
    for flow in _flows_to(queue.name):
        found.append(_("The flow %(flow)s leads to it; let the flow lead to another queue first.", flow=flow))
    for title in _overflowing_to(queue.name):
        found.append(
            _(
                "The queue %(queue)s sends customers on to it; let that one send them elsewhere first.",
                queue=title,
            )
        )
    for site in db.session.scalars(select(Site.name).where(Site.queue_name == queue.name)):
        found.append(_("The chat entry %(site)s leads to it; choose another queue there first.", site=site))
    return found


def _overflowing_to(name: str) -> list[str]:
    """Queues whose limits lead there."""
    title = Queue.title_zh if language() == "zh" else Queue.title_en
    rows = db.session.execute(
        select(title, QueueRouting.limits)
        .join(QueueRouting, QueueRouting.queue_id == Queue.id)
        .where(Queue.name != name)
    )
    return sorted(
        words for words, limits in rows if f"queue:{name}" in {x.place for x in from_json(limits).values()}
    )


def flow_files() -> dict[str, Path]:
    """Flow -> file; the centre's own goes before ours of the same name."""
    own: Path = current_app.extensions["uckefu"]["settings"].instance / "flows"
    return {
        path.stem: path
        for folder in (PROJECT_ROOT / "ivr" / "flows", own)
        for path in sorted(folder.glob("*.yml"))
    }


def _flows_to(name: str) -> list[str]:
    """Flows that hand callers to the queue."""
    return sorted(flow for flow, path in flow_files().items() if _names_queue(path, name))


def _names_queue(path: Path, name: str) -> bool:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False  # a flow that can't be read leads nowhere; the flow page says so
    return name in _queues_in(data)


def _queues_in(data: Any) -> set[str]:
    if isinstance(data, dict):
        here = {str(data["queue"])} if isinstance(data.get("queue"), str) else set()
        return here.union(*(_queues_in(value) for value in data.values()))
    if isinstance(data, list):
        return set().union(*(_queues_in(value) for value in data))
    return set()
