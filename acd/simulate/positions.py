"""The line of a value in a YAML text, by its path; `scenario` names it in its messages."""

from collections.abc import Iterable

import yaml


def line_of(node: yaml.Node | None, path: Iterable[object]) -> int:
    """The line (from 1) of the deepest part of `path` that the text has; what it does not have is passed over."""
    if node is None:
        return 1
    line = node.start_mark.line + 1
    for part in path:
        found = _child(node, part)
        if found is not None:
            node, line = found
    return line


def _child(node: yaml.Node, part: object) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child = node.value[part]
        return child, child.start_mark.line + 1
    return None
