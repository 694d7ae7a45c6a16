"""The fields of each node type, from its JSON Schema, in the few kinds that a form can show. The editor's page uses them.

A new node type or field appears in the editor by itself. Also where in a node's data the names of other nodes stand,
whether or not the node is right: `ivr.editing` renames by it, `ivr.outline` draws by it.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from ivr.nodes import node_types
from ivr.nodes.base import FieldPath, Node, speech_fields

Field = dict[str, Any]
"""`name`, `kind`, `required`, `default`, `only_when` (values of other fields; without them it means nothing), and what
belongs to the kind.

Kinds: `node`, `queue`, `flow`, `extension`, `agent`, `trunk`, `prompt`, `variable`, `expression`, `pattern`, `time` (all
text), `text`, `number`, `whole`, `flag`, `choice` (`choices`), `choices` (several of them), `speech`, `object`
(`fields`), `list` (`item`), `map` (`item`, `keys`: the pattern of a key).
"""
FORMATS = frozenset(
    {
        "node",
        "queue",
        "flow",
        "extension",
        "agent",
        "trunk",
        "prompt",
        "variable",
        "expression",
        "pattern",
        "time",
    }
)


@cache
def fields_of(kind: str) -> tuple[Field, ...]:
    """The fields of a node type in the order of its model, without `type`."""
    return tuple(_fields(node_types()[kind]))


def _fields(model: type[Node]) -> Iterator[Field]:
    schema = model.model_json_schema()
    said = speech_fields(model)
    required = schema.get("required", [])
    for name, part in schema["properties"].items():
        if name == "type":
            continue
        shape = {"kind": "speech"} if name in said else _shape(part, schema.get("$defs", {}))
        relevance = {"only_when": part["only_when"]} if "only_when" in part else {}
        yield {
            "name": name,
            "required": name in required,
            "default": part.get("default"),
            **relevance,
            **shape,
        }


def _shape(part: dict[str, Any], defs: dict[str, Any]) -> Field:
    part = _plain(part, defs)
    limits: Field = {key: part[key] for key in ("minimum", "maximum", "maxLength", "pattern") if key in part}
    if part.get("format") in FORMATS:
        return {"kind": part["format"], **limits}
    if "enum" in part:
        return {"kind": "choice", "choices": part["enum"]}
    kind = part.get("type")
    if kind == "object":
        return _object(part, defs)
    if kind == "array":
        item = _shape(part["items"], defs)
        return (
            {"kind": "choices", "choices": item["choices"]}
            if "choices" in item
            else {"kind": "list", "item": item}
        )
    plain = {"boolean": "flag", "integer": "whole", "number": "number"}.get(str(kind), "text")
    return {"kind": plain, **limits}


def _plain(part: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, out of references and of `or null`; of several the mapping, which can say most."""
    if "$ref" in part:
        return _plain(defs[part["$ref"].rpartition("/")[2]], defs)
    if "anyOf" not in part:
        return part
    shapes = [_plain(each, defs) for each in part["anyOf"] if each.get("type") != "null"]
    return next((each for each in shapes if each.get("type") == "object"), shapes[0])


def _object(part: dict[str, Any], defs: dict[str, Any]) -> Field:
    if "properties" in part:
        required = part.get("required", [])
        inner = [
            {"name": name, "required": name in required, "default": each.get("default"), **_shape(each, defs)}
            for name, each in part["properties"].items()
        ]
        return {"kind": "object", "fields": inner}
    patterns = part.get("patternProperties") or {"": part.get("additionalProperties") or {"type": "string"}}
    keys, value = next(iter(patterns.items()))
    return {"kind": "map", "keys": keys, "item": _shape(value, defs)}


def targets(kind: str, data: Any) -> Iterator[tuple[FieldPath, Any]]:
    """Where in a node's data the names of other nodes stand, and what stands there now (None for nothing)."""
    if kind in node_types() and isinstance(data, dict):
        yield from _targets(fields_of(kind), data, ())


def _targets(
    fields: tuple[Field, ...] | list[Field], data: dict[str, Any], path: FieldPath
) -> Iterator[tuple[FieldPath, Any]]:
    for field in fields:
        if field["name"] in data:
            yield from _in_value(field, data[field["name"]], (*path, field["name"]))


def _in_value(field: Field, value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, Any]]:
    if field["kind"] == "node":
        yield path, value
    elif field["kind"] == "object" and isinstance(value, dict):
        yield from _targets(field["fields"], value, path)
    elif field["kind"] == "list" and isinstance(value, list):
        for index, each in enumerate(value):
            yield from _in_value(field["item"], each, (*path, str(index)))
    elif field["kind"] == "map" and isinstance(value, dict):
        for key, each in value.items():
            yield from _in_value(field["item"], each, (*path, key))
