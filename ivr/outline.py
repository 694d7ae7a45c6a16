"""A flow as a picture needs it: its nodes, where each stands in the text, and the ways between them; also of a broken one.

`admin.flows` draws the canvas by it. Problems get their node and field here, from the place that they point at.
"""

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ivr.fields import targets
from ivr.flow_file import FlowFile
from ivr.nodes import node_types
from ivr.nodes.base import FieldPath
from ivr.problems import Problem
from ivr.yaml_source import Position

ABOUT = (
    "queue", "flow", "extension", "number", "agent", "variable", "how", "url", "source", "action", "language",
    "message", "prompt", "cause",
)  # fmt: skip
"""The fields that tell most of a node, the first that is there."""
MISSING_WAYS = ("dead-end", "no-timeout-way-out")


@dataclass(frozen=True, kw_only=True)
class Box:
    """A node; `lines` are the first and the last of its text, from 1."""

    name: str
    type: str
    about: str
    lines: tuple[int, int]
    ways: list[tuple[FieldPath, str | None]]


@dataclass(frozen=True, kw_only=True)
class Outline:
    """The whole flow."""

    start: str = ""
    title: str = ""
    boxes: list[Box] = field(default_factory=list)
    data: Any = None


def outline(read: FlowFile, text: str) -> Outline:
    """What can be drawn of a file that was read; nothing of one that is no YAML."""
    data = read.source.data
    if not isinstance(data, dict):
        return Outline()
    nodes = data.get("nodes")
    boxes = [_box(read, text, name, node) for name, node in nodes.items()] if isinstance(nodes, dict) else []
    return Outline(start=_text(data.get("start")), title=_text(data.get("title")), boxes=boxes, data=data)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _box(read: FlowFile, text: str, name: str, node: Any) -> Box:
    kind = _text(node.get("type")) if isinstance(node, dict) else ""
    first = read.source.key(("nodes", name)).line
    return Box(
        name=name, type=kind, about=_about(node), lines=(first, _last_line(read, text, name, first)),
        ways=_ways(kind, node),
    )  # fmt: skip


def _last_line(read: FlowFile, text: str, name: str, first: int) -> int:
    """The line before the next key that is no part of the node, without the empty ones and comments between."""
    others = [
        place.line for path, place in read.source.keys.items() if place.line > first and path[1:2] != (name,)
    ]
    lines = text.splitlines()
    last = min(others) - 1 if others else len(lines)
    while last > first and not lines[last - 1].partition("#")[0].strip():
        last -= 1
    return last


def _ways(kind: str, node: Any) -> list[tuple[FieldPath, str | None]]:
    """The ways out of a right node with those that are still missing; of another what stands there."""
    try:
        return list(node_types()[kind].model_validate(node).ways_out().items())
    except (KeyError, ValidationError):
        return [(path, target if isinstance(target, str) else None) for path, target in targets(kind, node)]


def _about(node: Any) -> str:
    found = next((node[name] for name in ABOUT if node.get(name)), "") if isinstance(node, dict) else ""
    while isinstance(found, list | dict):
        values = list(found) if isinstance(found, list) else list(found.values())
        found = values[0] if values else ""
    return str(found)[:60]


def place_of(problem: Problem, read: FlowFile) -> tuple[str, FieldPath]:
    """The node that a problem is in ("" for none) and the field in it, or in the head."""
    path = read.source.path_at(Position(problem.line, problem.column))
    if path[:1] != ("nodes",):
        return "", path
    if len(path) < 2:
        return "", path
    # What is missing stands nowhere: the problem points at the node, and says which field.
    values = dict(problem.values)
    missing = values.get("where") or (values.get("way") if problem.code in MISSING_WAYS else "")
    return path[1], tuple(missing.split(".")) if missing and len(path) == 2 else path[2:]
