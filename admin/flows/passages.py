"""The numbers on the canvas: how many callers passed each arrow on a day, where they hung up, how long they stayed."""

from datetime import date
from typing import Any

from sqlalchemy import select

from admin.db import db
from ivr.passages import FAILED, LEFT
from sql.models import FlowCount


def passages_of_day(flow: str, day: date) -> dict[str, Any]:
    """`{"ways": {node: {way: n}}, "nodes": {node: {"count", "left", "failed", "seconds"}}}` of one flow."""
    ways: dict[str, dict[str, int]] = {}
    nodes: dict[str, dict[str, float]] = {}
    rows = db.session.execute(
        select(FlowCount.node, FlowCount.way, FlowCount.count, FlowCount.milliseconds).where(
            FlowCount.flow == flow, FlowCount.day == day
        )
    )
    for node, way, count, milliseconds in rows:
        about = nodes.setdefault(node, {"count": 0, "left": 0, "failed": 0, "seconds": 0})
        if way == "":
            about |= {"count": count, "seconds": round(milliseconds / 1000 / count, 1) if count else 0}
        elif way == LEFT:
            about["left"] = count
        elif way == FAILED:
            about["failed"] = count
        else:
            ways.setdefault(node, {})[way] = count
    return {"ways": ways, "nodes": nodes}
