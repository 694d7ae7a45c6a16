"""What a flow's text means, as the editor's scripts need it: boxes, ways, places and problems. `api` and `views` send it."""

import json
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from admin.flows.words import problem_words
from admin.flows.workshop import Workshop
from ivr.layout import clean, placed
from ivr.outline import Outline, outline, place_of


def reading(shop: Workshop, name: str, text: str, positions: object) -> dict[str, Any]:
    """Everything that the three views show of a text.

    Args:
        positions: where boxes stand by now; the others get a place.
    """
    read, problems = shop.read(name, text)
    drawn = outline(read, text)
    shown = []
    for problem in problems:
        node, field = place_of(problem, read)
        shown.append(
            {
                "line": problem.line, "column": problem.column, "node": node, "field": list(field),
                "code": problem.code, "message": problem_words(problem), "blocks": problem.blocks,
            }
        )  # fmt: skip
    return {
        "text": text,
        "is_yaml": not any(problem.code in ("not-yaml", "too-big") for problem in problems),
        "playable": read.flow is not None and not any(problem.blocks for problem in problems),
        "problems": shown,
        "places": placed(drawn, clean(positions)),
        **_drawn(drawn),
    }


def ordered_json(data: Any) -> Markup:
    """As JSON that may stand in a page, with the keys in the order of the file: the lines of a `set` node have one."""
    return htmlsafe_json_dumps(data, dumps=json.dumps, ensure_ascii=False)


def _drawn(drawn: Outline) -> dict[str, Any]:
    head = {k: v for k, v in drawn.data.items() if k != "nodes"} if isinstance(drawn.data, dict) else {}
    nodes = drawn.data.get("nodes") if isinstance(drawn.data, dict) else {}
    return {
        "title": drawn.title,
        "start": drawn.start,
        "head": head,
        "nodes": nodes if isinstance(nodes, dict) else {},
        "boxes": [
            {
                "name": box.name, "type": box.type, "about": box.about, "lines": box.lines,
                "ways": [{"path": list(path), "target": target} for path, target in box.ways],
            }
            for box in drawn.boxes
        ],
    }  # fmt: skip
