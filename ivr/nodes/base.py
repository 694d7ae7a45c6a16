"""What all node types have in common: fields, ways out, prompts, and one step of a call.

A node is a frozen pydantic model, read from the flow file; it keeps nothing between calls.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ivr.call import Call
from ivr.outcome import Outcome

NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"

Target = Annotated[str, Field(pattern=NAME_PATTERN, json_schema_extra={"format": "node"})]
"""The name of another node."""

PromptName = Annotated[str, Field(pattern=NAME_PATTERN, json_schema_extra={"format": "prompt"})]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


PromptList = Annotated[
    list[PromptName], BeforeValidator(_as_list, json_schema_input_type=PromptName | list[PromptName])
]
"""One prompt or several that are played one after the other."""

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


class Node(BaseModel):
    """One step of a flow."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: str
    waits: ClassVar[bool] = False
    """The node waits for the caller; every cycle of a flow must have such a node."""
    sample: ClassVar[str] = ""
    """YAML of one such node, for the test and the handbook; each target is `there`."""

    @abstractmethod
    def ways_out(self) -> Mapping[FieldPath, str | None]:
        """Where the caller may go next, by field; None stands where the author has not said it: a dead end."""

    def prompts(self) -> Mapping[FieldPath, str]:
        """The prompts that the node plays, by field."""
        return {}

    @abstractmethod
    def run(self, call: Call) -> Go | Finish:
        """Do the node's work for one caller.

        Raises:
            CallerGone: from the session; not to be caught.
        """


def listed(field: str, names: list[str]) -> dict[FieldPath, str]:
    """The prompts of a list field, by field path."""
    return {(field, str(i)): name for i, name in enumerate(names)}
