"""Changes to a flow's text that leave the rest as its author wrote it: comments, order, quotes, empty lines.

The editor's form and canvas send such changes (`admin.flows`); the text is the flow, whatever it was edited with. A
scalar stays the text that stands in the file, as in `ivr.yaml_source`: no `no` becomes false, no `09:00` a number.
"""

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import SingleQuotedScalarString
from ruamel.yaml.tokens import CommentToken

from ivr import yaml_source
from ivr.fields import targets
from ivr.nodes.base import NAME_PATTERN, FieldPath
from ivr.templates import shown

MOST_CHANGES = 200


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid")


Step = Annotated[str, Field(max_length=128)]
Steps = Annotated[list[Step], Field(min_length=1, max_length=12)]
NodeName = Annotated[str, Field(pattern=NAME_PATTERN)]


class SetValue(_Change):
    """Put a value at a path, e.g. `nodes`, `menu`, `keys`, `1`."""

    do: Literal["set"]
    path: Steps
    value: JsonValue


class Unset(_Change):
    """Take away what stands at a path."""

    do: Literal["unset"]
    path: Steps


class AddNode(_Change):
    """Add a node at the end; the first one becomes the start."""

    do: Literal["add"]
    node: NodeName
    data: dict[str, JsonValue]


class RemoveNode(_Change):
    """Take away a node; what leads to it stays, and is marked as leading nowhere."""

    do: Literal["remove"]
    node: NodeName


class RenameNode(_Change):
    """Give a node another name, wherever it is named."""

    do: Literal["rename"]
    node: NodeName
    to: NodeName


Change = Annotated[SetValue | Unset | AddNode | RemoveNode | RenameNode, Field(discriminator="do")]
CHANGES: TypeAdapter[list[Change]] = TypeAdapter(Annotated[list[Change], Field(max_length=MOST_CHANGES)])


class NotEditable(ValueError):
    """The change does not fit the text, e.g. there is no such node."""

    code = "not-editable"


class _AsWritten(VersionedResolver):
    """No plain scalar is anything but text."""

    @property
    def versioned_resolver(self) -> dict[str, Any]:
        return {}


def edited(text: str, changes: Sequence[Change]) -> str:
    """The text with the changes made.

    Raises:
        NotYaml: the text is none, so nothing in it can be changed.
        NotEditable: see there.
    """
    yaml_source.read(text)  # its limits (depth, aliases) hold here too
    yaml = _yaml()
    document = yaml.load(text)
    if document is None:
        document = CommentedMap()
    if not isinstance(document, CommentedMap):
        raise NotEditable("the flow is no mapping")
    for change in changes:
        _apply(document, change)
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _yaml() -> YAML:
    yaml = YAML()
    yaml.Resolver = _AsWritten
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _apply(document: CommentedMap, change: Change) -> None:
    if isinstance(change, SetValue):
        _set(document, change.path, change.value)
    elif isinstance(change, Unset):
        _unset(document, change.path)
    elif isinstance(change, AddNode):
        _add(document, change)
    elif isinstance(change, RemoveNode):
        _unset(document, ["nodes", change.node])
    else:
        _rename(document, change.node, change.to)


def _nodes(document: CommentedMap) -> CommentedMap:
    nodes = document.get("nodes")
    if not isinstance(nodes, CommentedMap):
        nodes = document["nodes"] = CommentedMap()
    return nodes


def _set(document: CommentedMap, path: Sequence[str], value: JsonValue) -> None:
    at: Any = document
    for step in path[:-1]:
        inner = _child(at, step)
        if not isinstance(inner, CommentedMap | CommentedSeq):
            if isinstance(at, CommentedSeq):
                raise NotEditable(f"nothing stands at {'.'.join(path)}")
            inner = at[step] = CommentedMap()
        at = inner
    if isinstance(at, CommentedSeq):
        at[_index(at, path[-1])] = _merged(_child(at, path[-1]), value)
    else:
        at[path[-1]] = _merged(at.get(path[-1]), value)


def _unset(document: CommentedMap, path: Sequence[str]) -> None:
    at: Any = document
    for step in path[:-1]:
        at = _child(at, step)
    if isinstance(at, CommentedSeq):
        del at[_index(at, path[-1])]
    elif isinstance(at, CommentedMap):
        _drop(at, path[-1])


def _drop(at: CommentedMap, key: str) -> None:
    """Take a key out, but not the empty lines and comments below it: they belong to what follows."""
    if key not in at:
        return
    keys = list(at)
    tokens = at.ca.items.get(key) or _last_leaf(at[key], [None] * 4)
    below = (tokens[2].value if tokens[2] is not None else "").partition("\n")[2]
    del at[key]
    at.ca.items.pop(key, None)
    if below and keys.index(key):
        _append_below(at, keys[keys.index(key) - 1], below)


def _last_leaf(value: Any, otherwise: list[Any]) -> list[Any]:
    """The comment tokens of the last line of a block."""
    while isinstance(value, CommentedMap | CommentedSeq) and len(value) and not value.fa.flow_style():
        last = list(value)[-1] if isinstance(value, CommentedMap) else len(value) - 1
        if last in value.ca.items:
            tokens = list(value.ca.items[last])
            return [None, None, tokens[2 if isinstance(value, CommentedMap) else 0], None]
        value = value[last]
    return otherwise


def _append_below(at: Any, key: Any, below: str) -> None:
    """Put empty lines and comments below the last line of what stands at a key."""
    value = at[key]
    if isinstance(value, CommentedMap | CommentedSeq) and len(value) and not value.fa.flow_style():
        last = list(value)[-1] if isinstance(value, CommentedMap) else len(value) - 1
        _append_below(value, last, below)
        return
    tokens = at.ca.items.setdefault(key, [None] * 4 if isinstance(at, CommentedMap) else [None] * 2)
    place = 2 if isinstance(at, CommentedMap) else 0
    if tokens[place] is None:
        tokens[place] = CommentToken("\n" + below, CommentMark(0))
    else:
        tokens[place].value += below


def _child(at: Any, step: str) -> Any:
    if isinstance(at, CommentedMap):
        return at.get(step)
    return at[_index(at, step)] if isinstance(at, CommentedSeq) else None


def _index(at: CommentedSeq, step: str) -> int:
    if not (step.isascii() and step.isdigit() and int(step) < len(at)):
        raise NotEditable(f"there is no entry {step}")
    return int(step)


def _merged(old: Any, value: JsonValue) -> Any:
    """The value in the shape of the file; what was there and stays keeps its comments."""
    if isinstance(value, Mapping):
        kept = old if isinstance(old, CommentedMap) else CommentedMap()
        for key in [key for key in kept if key not in value]:
            _drop(kept, key)
        for key, each in value.items():
            kept[key] = _merged(kept.get(key), each)
        return kept
    if isinstance(value, list):
        entries = old if isinstance(old, CommentedSeq) else CommentedSeq()
        del entries[len(value) :]
        for index, each in enumerate(value):
            if index < len(entries):
                entries[index] = _merged(entries[index], each)
            else:
                entries.append(_merged(None, each))
        return entries
    return old if isinstance(old, str) and value == str(old) else _scalar(value)


def _scalar(value: JsonValue) -> str:
    """A scalar as the file has it; `~` for nothing, and quotes round a text that would read as nothing."""
    if value is None:
        return "~"
    text = value if isinstance(value, str) else shown(value)
    return SingleQuotedScalarString(text) if text in yaml_source.NULLS else text


def _add(document: CommentedMap, change: AddNode) -> None:
    nodes = _nodes(document)
    if change.node in nodes:
        raise NotEditable(f"there is a node {change.node} already")
    nodes[change.node] = _merged(None, change.data)
    if not document.get("start"):
        if "start" in document:
            document["start"] = change.node
        else:
            document.insert(list(document).index("nodes"), "start", change.node)


def _rename(document: CommentedMap, old: str, new: str) -> None:
    nodes = _nodes(document)
    if old not in nodes or new in nodes:
        raise NotEditable(f"{old} can't become {new}")
    for path in _namings(document, old):
        _set(document, path, new)
    position, comment = list(nodes).index(old), nodes.ca.items.pop(old, None)
    nodes.insert(position, new, nodes.pop(old))
    if comment is not None:
        nodes.ca.items[new] = comment


def _namings(document: CommentedMap, name: str) -> Iterator[FieldPath]:
    for head in ("start", "on_error"):
        if document.get(head) == name:
            yield (head,)
    for node, data in _nodes(document).items():
        kind = data.get("type") if isinstance(data, dict) else None
        for path, target in list(targets(str(kind), data)):
            if target == name:
                yield ("nodes", node, *path)
