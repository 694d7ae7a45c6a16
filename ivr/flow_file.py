"""A flow file: its schema, and how it is read. One YAML file a flow; the file's name is the flow's name.

    version: 3
    start: hello
    on_error: desk          # optional: where a caller goes when a node fails; the default queue when left out
    nodes:
      hello: {type: play, prompt: welcome, next: desk}
      desk: {type: queue, queue: service}

A flow that others go through with a `subflow` node has `result: EXPRESSION` (and `arguments: [names]`), and `return`
where a node's name may stand.

`read_flow` finds what is wrong with the text and the fields; `check` what is wrong with the whole.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from ivr import yaml_source
from ivr.expression import Expression
from ivr.nodes import node_types
from ivr.nodes.base import NAME_PATTERN, RETURN, Node, Target, VariableName
from ivr.problems import Problem, did_you_mean
from ivr.yaml_source import NotYaml, Position, Source

BIGGEST_FILE_BYTES = 1_000_000
M = TypeVar("M", bound=BaseModel)


class FlowHead(BaseModel):
    """All of a flow file but its nodes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Annotated[int, Field(ge=1)] = 1
    title: str = ""
    start: Target
    on_error: Target | None = None
    arguments: list[VariableName] = []  # what a `subflow` node gives, for `check`
    result: Expression | None = None  # of a subflow, computed at `return`


@dataclass(frozen=True)
class Flow:
    """A flow as the engine runs it. A call keeps the one that it began with."""

    name: str
    head: FlowHead
    nodes: dict[str, Node]

    @cached_property
    def leads_to(self) -> frozenset[str]:
        """The names of the flows that this one calls or goes over into."""
        names = (node.names() for node in self.nodes.values())
        return frozenset(name for each in names for name in (*each.calls.values(), *each.transfers.values()))

    @property
    def label(self) -> str:
        """`name@version`, for the CDR."""
        return f"{self.name}@{self.head.version}"


@dataclass
class FlowFile:
    """What was read from one file: the flow when its fields are right, and every problem found.

    `part` are the nodes of a flow with mistakes that are right by themselves, so that all mistakes are told at once.
    """

    file: str
    source: Source = field(default_factory=Source)
    flow: Flow | None = None
    part: Flow | None = None
    problems: list[Problem] = field(default_factory=list)

    def add(self, place: Position, code: str, message: str, *, blocks: bool = True, **values: object) -> None:
        """Note a problem; `values` are what the message is about, for who says it in another language."""
        about = tuple((name, str(value)) for name, value in values.items())
        self.problems.append(
            Problem(
                file=self.file, line=place.line, column=place.column, code=code, message=message, blocks=blocks,
                values=about,
            )
        )  # fmt: skip


def read_flow(path: Path) -> FlowFile:
    """Read a flow file; whatever is wrong with it becomes a problem, never an exception."""
    read = FlowFile(str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        read.add(Position(), "unreadable", f"can't be read: {error.strerror}", reason=error.strerror)
        return read
    return parse_flow(flow_name(path), str(path), data)


def flow_name(path: Path) -> str:
    """The name of the flow in a file: the file's, or its folder's for `main/published.yml` and `main/draft.yml`."""
    return path.parent.name if path.stem in ("published", "draft") else path.stem


def parse_flow(name: str, file: str, data: bytes) -> FlowFile:
    """As `read_flow`, from the bytes of the file."""
    read = FlowFile(file)
    if len(data) > BIGGEST_FILE_BYTES:
        read.add(
            Position(),
            "too-big",
            f"larger than {BIGGEST_FILE_BYTES} bytes; split the flow",
            limit=BIGGEST_FILE_BYTES,
        )
        return read
    try:
        read.source = yaml_source.read(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        read.add(Position(line, column), "not-utf-8", "not UTF-8 text; save the file as UTF-8")
    except NotYaml as error:
        read.add(error.position, "not-yaml", f"YAML: {error}", reason=error)
    else:
        _fields(name, read)
    return read


def _fields(name: str, read: FlowFile) -> None:
    for path, place in read.source.duplicates:
        read.add(place, "duplicate-key", f"`{path[-1]}` stands here twice", name=path[-1])
    data = read.source.data
    if not isinstance(data, dict):
        read.add(Position(), "no-flow", "a flow needs `start:` and `nodes:`")
        return
    head = _model(FlowHead, {k: v for k, v in data.items() if k != "nodes"}, (), "a flow", read, ("nodes",))
    nodes = data.get("nodes")
    if not isinstance(nodes, dict) or not nodes:
        read.add(read.source.value(("nodes",)), "no-nodes", "a flow needs `nodes:` with at least one node")
        return
    made = {key: _node(key, value, read) for key, value in nodes.items()}
    whole = {key: node for key, node in made.items() if node is not None}
    if head is not None and len(whole) == len(made) and not read.problems:
        read.flow = Flow(name, head, whole)
    elif head is not None:
        read.part = Flow(name, head, whole)


def _node(key: str, data: Any, read: FlowFile) -> Node | None:
    path = ("nodes", key)
    types = node_types()
    if key == RETURN:
        read.add(
            read.source.key(path),
            "bad-name",
            f"`{RETURN}` is the way out of a subflow and no name for a node",
            name=key,
        )
    if not re.fullmatch(NAME_PATTERN, key):
        read.add(
            read.source.key(path),
            "bad-name",
            f"`{key}` is no name for a node; use letters, digits, - and _",
            name=key,
        )
    kind = data.get("type") if isinstance(data, dict) else None
    if not isinstance(kind, str):
        message = f"node `{key}` needs `type:`, one of {', '.join(types)}"
        read.add(read.source.key(path), "no-type", message, name=key)
        return None
    if kind not in types:
        place = read.source.value((*path, "type"))
        read.add(place, "unknown-type", f"unknown node type `{kind}`" + did_you_mean(kind, types), name=kind)
        return None
    return _model(types[kind], data, path, f"a `{kind}` node", read)


def _model(
    model: type[M],
    data: dict[str, Any],
    path: yaml_source.Path,
    what: str,
    read: FlowFile,
    also: tuple[str, ...] = (),
) -> M | None:
    try:
        return model.model_validate(data)
    except ValidationError as refused:
        errors = refused.errors(include_url=False)
        known = [*model.model_fields, *also]
        # A misspelt field is one mistake, not an unknown one and a missing one.
        unknown = [str(e["loc"][-1]) for e in errors if e["type"] == "extra_forbidden"]
        misspelt = {field for field in known for word in unknown if did_you_mean(word, [field])}
        for error in errors:
            if error["type"] != "missing" or error["loc"][-1] not in misspelt:
                _field_problem(error, path, what, known, read)
        return None


def _field_problem(
    error: ErrorDetails, path: yaml_source.Path, what: str, known: list[str], read: FlowFile
) -> None:
    # Tags of unions and of keys stand in brackets; they are no part of the file.
    where = tuple(str(part) for part in error["loc"] if not str(part).startswith("["))
    place, name = path + where, where[-1] if where else ""
    if error["type"] == "extra_forbidden":
        read.add(
            read.source.key(place),
            "unknown-field",
            f"{what} has no field `{name}`" + did_you_mean(name, known),
            name=name,
        )
    elif error["type"] == "missing":
        read.add(
            read.source.key(path),
            "missing-field",
            f"{what} needs `{name}:`",
            name=name,
            where=".".join(where),
        )
    elif "[key]" in error["loc"]:
        _key_problem(error, place, name, read)
    elif not where:
        read.add(read.source.key(path), "bad-node", f"{what}: {error['msg']}", **_about(error))
    else:
        message = f"`{'.'.join(where)}`: {error['msg'].lower()}, not {error['input']!r}"
        read.add(read.source.value(place), "bad-value", message, name=".".join(where), **_about(error))


def _about(error: ErrorDetails) -> dict[str, Any]:
    """What a refused value is, and which rule refused it with which limit."""
    limits = [value for value in error.get("ctx", {}).values() if isinstance(value, str | int | float)]
    limit = limits[0] if limits else ""
    return {"kind": error["type"], "limit": limit, "reason": error["msg"], "input": error.get("input")}


def _key_problem(error: ErrorDetails, place: yaml_source.Path, name: str, read: FlowFile) -> None:
    is_menu = place[-2:-1] == ("keys",)
    message = (
        f"`{name}` is no key; use 0-9, * or #"
        if is_menu
        else f"`{name}` can't stand here: {error['msg'].lower()}"
    )
    read.add(read.source.key(place), "bad-key" if is_menu else "bad-entry", message, name=name)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a flow file, for editors (`python -m ivr schema`)."""
    node = Annotated[Union[tuple(node_types().values())], Field(discriminator="type")]  # type: ignore[valid-type] # noqa: UP007 - built at run time
    names = Annotated[str, Field(pattern=NAME_PATTERN)]
    whole = create_model("Flow", __base__=FlowHead, nodes=(dict[names, node], ...))  # type: ignore[valid-type]
    return whole.model_json_schema()
