"""What all node types have in common: fields, ways out, what is said and read, and one step of a call.

A node is a frozen pydantic model, read from the flow file; it keeps nothing between calls.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from ivr import wording
from ivr.call import Call
from ivr.expression import KEYWORDS, Expression, Value
from ivr.outcome import Outcome
from ivr.wording import NAME_PATTERN, Speech, TextPiece, prompt_name

__all__ = [
    "NAME_PATTERN",
    "VARIABLE_PATTERN",
    "Enter",
    "Finish",
    "Go",
    "Names",
    "Node",
    "PromptList",
    "Target",
]

VARIABLE_PATTERN = r"^[^\W\d]\w{0,31}$"
RESERVED = ("call", "now", *KEYWORDS)
RETURN = "return"
"""The way out of a subflow, where a node's name may stand."""

Target = Annotated[str, Field(pattern=NAME_PATTERN, json_schema_extra={"format": "node"})]
"""The name of another node, or `return`."""

PromptList = Speech


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        raise PydanticCustomError("reserved", "`{name}` is no name for a variable", {"name": name})
    return name


VariableName = Annotated[
    str,
    Field(pattern=VARIABLE_PATTERN, json_schema_extra={"format": "variable"}),
    AfterValidator(_not_reserved),
]
FlowName = Annotated[str, Field(pattern=NAME_PATTERN, json_schema_extra={"format": "flow"})]
QueueName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=32, json_schema_extra={"format": "queue"})]
Extension = Annotated[str, Field(pattern=r"^[0-9*#]{1,20}$", json_schema_extra={"format": "extension"})]
Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Intent = Annotated[str, Field(max_length=128)]

FieldPath = tuple[str, ...]
"""Where in a node something stands: `("next",)`, `("keys", "1")`."""


@dataclass(frozen=True)
class Go:
    """Leave by the way out that stands at `way`."""

    way: FieldPath


@dataclass(frozen=True)
class Finish:
    """The flow is over; the engine adds language, flow and events."""

    outcome: Outcome


@dataclass(frozen=True)
class Enter:
    """Go on at the start of another flow.

    Args:
        flow: its name.
        variables: what it begins with.
        back: the way out by which the call leaves this node when the flow has returned; None when it never comes back.
        result: the variable that gets the flow's result; "" for none.
    """

    flow: str
    variables: dict[str, Value]
    back: FieldPath | None = None
    result: str = ""


@dataclass(frozen=True)
class Names:
    """What a node names that must exist elsewhere, by field, for `check`."""

    queues: Mapping[FieldPath, str] = field(default_factory=dict)
    extensions: Mapping[FieldPath, str] = field(default_factory=dict)
    agents: Mapping[FieldPath, str] = field(default_factory=dict)
    trunks: Mapping[FieldPath, str] = field(default_factory=dict)
    skills: Mapping[FieldPath, str] = field(default_factory=dict)
    hosts: Mapping[FieldPath, str] = field(default_factory=dict)
    calls: Mapping[FieldPath, str] = field(default_factory=dict)
    """Flows that return to this node."""
    transfers: Mapping[FieldPath, str] = field(default_factory=dict)
    """Flows that don't."""


class Node(BaseModel):
    """One step of a flow."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: str
    waits: ClassVar[bool] = False
    """The node waits for the caller; every cycle of a flow must have such a node."""
    sample: ClassVar[str] = ""
    """YAML of one such node with all its fields, for the test and the handbook; each target is `there`."""
    also: ClassVar[tuple[str, ...]] = ()
    """More such nodes, where one can't show all that the type does."""

    @abstractmethod
    def ways_out(self) -> Mapping[FieldPath, str | None]:
        """Where the caller may go next, by field; None stands where the author has not said it: a dead end."""

    def names(self) -> Names:
        """What the node names that must exist elsewhere."""
        return Names()

    def sets(self) -> Mapping[FieldPath, str]:
        """The variables that the node sets, by field."""
        return {}

    def expressions(self) -> Mapping[FieldPath, Expression]:
        """The expressions that the node computes, by field; those in its speech come by themselves."""
        return {}

    def patterns(self) -> Mapping[FieldPath, str]:
        """Texts of the node with `{variable}` in them, by field."""
        return {}

    def speech(self) -> Iterator[tuple[FieldPath, Any]]:
        """The pieces that the node says, by field."""
        for name in speech_fields(type(self)):
            for index, piece in enumerate(getattr(self, name)):
                yield (name, str(index)), piece

    def prompts(self) -> Mapping[FieldPath, str]:
        """The prompts that the node plays, by field."""
        named = ((path, prompt_name(piece)) for path, piece in self.speech())
        return {path: name for path, name in named if name is not None}

    def texts(self) -> Mapping[FieldPath, TextPiece]:
        """The texts that the node speaks, by field."""
        return {path: piece for path, piece in self.speech() if isinstance(piece, TextPiece)}

    def reads(self) -> Iterator[tuple[FieldPath, Expression]]:
        """Every expression of the node, those of its speech too."""
        yield from self.expressions().items()
        for path, piece in self.speech():
            for value in wording.values(piece):
                yield path, value

    @abstractmethod
    def run(self, call: Call) -> "Go | Finish | Enter":
        """Do the node's work for one caller.

        Raises:
            CallerGone: from the session; not to be caught.
        """


@cache
def speech_fields(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a node type that say something."""
    return tuple(name for name, info in kind.model_fields.items() if wording.SPEECH in info.metadata)
