"""Where the boxes of a flow stand on the canvas: as somebody put them, beside the flow file (`positions.json`), never in it.

A node that nobody has placed gets a place by itself: rows by the distance from the start, columns near the ones above.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ivr.outline import Outline

Positions = dict[str, tuple[int, int]]
COLUMN, ROW = 200, 120
"""Pixels from box to box."""
FAR = 100_000
MOST = 2_000


def read_positions(folder: Path) -> Positions:
    """What was kept for a flow; nothing when there is none or it can't be read."""
    try:
        kept = json.loads((folder / "positions.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return clean(kept)


def clean(given: object) -> Positions:
    """What of it are positions."""
    if not isinstance(given, dict):
        return {}
    found: Positions = {}
    for name, place in list(given.items())[:MOST]:
        if isinstance(place, list | tuple) and len(place) == 2:
            x, y = place
            if all(isinstance(n, int | float) and abs(n) < FAR for n in (x, y)):
                found[str(name)] = (round(x), round(y))
    return found


def write_positions(folder: Path, positions: Mapping[str, tuple[int, int]]) -> None:
    """Keep them.

    Raises:
        OSError: they can't be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / "positions.json.part"
    part.write_text(json.dumps(positions, ensure_ascii=False), encoding="utf-8")
    part.replace(folder / "positions.json")


def placed(outline: Outline, kept: Mapping[str, tuple[int, int]]) -> Positions:
    """A place for every node: the kept one, else a free one."""
    rows = _rows(outline)
    order = _ordered(rows, outline)
    taken = set(kept.values())
    places: Positions = {}
    for depth, names in enumerate(order):
        for index, name in enumerate(names):
            place = kept.get(name) or (
                round((index - (len(names) - 1) / 2) * COLUMN),
                depth * ROW,
            )
            while name not in kept and place in taken:
                place = (place[0] + COLUMN, place[1])
            taken.add(place)
            places[name] = place
    return places


def _rows(outline: Outline) -> list[list[str]]:
    """The nodes by their longest distance from the start that no loop stretches; the unreachable ones last."""
    ways = {box.name: [target for _, target in box.ways if target] for box in outline.boxes}
    depth: dict[str, int] = {}
    _descend(outline.start, ways, depth)
    deepest = max(depth.values(), default=-1)
    rows: list[list[str]] = [[] for _ in range(deepest + 2)]
    for name in ways:
        rows[depth.get(name, deepest + 1)].append(name)
    return [row for row in rows if row]


def _descend(start: str, ways: Mapping[str, Sequence[str]], depth: dict[str, int]) -> None:
    """Breadth first, then each node below all that lead to it, unless that is a way back."""
    if start not in ways:
        return
    depth[start] = 0
    ahead = [start]
    for name in ahead:
        for target in ways[name]:
            if target in ways and target not in depth:
                depth[target] = depth[name] + 1
                ahead.append(target)
    for name in ahead:
        for target in ways[name]:
            if target in depth and ahead.index(target) > ahead.index(name):
                depth[target] = max(depth[target], depth[name] + 1)


def _ordered(rows: list[list[str]], outline: Outline) -> list[list[str]]:
    """Each row in the order of the ways that lead into it from the row above."""
    ways = {box.name: [target for _, target in box.ways if target] for box in outline.boxes}
    ordered: list[list[str]] = []
    for row in rows:
        led_to = [target for name in (ordered[-1] if ordered else []) for target in ways[name]]
        rank = {name: led_to.index(name) if name in led_to else len(led_to) for name in row}
        ordered.append(sorted(row, key=lambda name: rank[name]))
    return ordered
