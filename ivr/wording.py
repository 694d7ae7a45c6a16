"""What a node says: prompts, texts to be spoken, and values read out from recorded pieces, in any mixture.

    prompt: welcome
    prompt: [welcome, {text: {zh: "您的订单号是{order|digits}，", en: "Your order is {order|digits}."}}]
    prompt: [{prompt: balance}, {say: money, value: contact.balance}]

A text is rendered when the flow is published (`ivr.speech`); a `{value|how}` in it is read from recorded pieces, for
nobody renders speech while a caller waits.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from ivr.expression import BadExpression, Expression, parse

NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$"
How = Literal["digits", "number", "money", "date", "time", "datetime"]
Language = Literal["zh", "en", "any"]
LONGEST_TEXT = 500
SPEECH = "speech"  # marks the fields of a node that hold a Speech
_SLOT = re.compile(r"\{([^{}|]*)\|?([^{}|]*)\}")


@dataclass(frozen=True)
class Said:
    """A value to read out."""

    how: How
    value: Expression


Part = str | Said
"""A stretch of a text: words to be rendered, or a value to read out."""


def split_text(text: str) -> list[Part]:
    """The words and the values of a text, in order.

    Raises:
        ValueError: a `{…}` that is not `{expression|how}`.
    """
    parts: list[Part] = []
    end = 0
    for slot in _SLOT.finditer(text):
        parts += _words(text[end : slot.start()])
        parts.append(_slot(slot[1], slot[2].strip()))
        end = slot.end()
    return parts + _words(text[end:])


def _words(text: str) -> list[Part]:
    if "{" in text or "}" in text:
        raise ValueError("a `{` or `}` without its other half")
    return [text.strip()] if re.search(r"\w", text) else []  # a lone comma is nothing to speak


def _slot(source: str, how: str) -> Said:
    if how not in get_args(How):
        raise ValueError(f"{{{source}|…}} needs how to say it: {', '.join(get_args(How))}")
    try:
        return Said(how, parse(source.strip()))  # type: ignore[arg-type] # looked at above
    except BadExpression as error:
        raise ValueError(f"{{{source}|{how}}}: {error}") from error


def _valid_text(text: str) -> str:
    try:
        split_text(text)
    except ValueError as error:
        raise PydanticCustomError("bad_text", "{message}", {"message": str(error)}) from error
    return text


SpokenText = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT), AfterValidator(_valid_text)]


class _Piece(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PromptPiece(_Piece):
    """A prompt by name; the same as the bare name."""

    prompt: Annotated[str, Field(pattern=NAME_PATTERN, json_schema_extra={"format": "prompt"})]


def _as_texts(value: Any) -> Any:
    return {"any": value} if isinstance(value, str) else value


Texts = Annotated[
    dict[Language, SpokenText],
    Field(min_length=1),
    BeforeValidator(_as_texts, json_schema_input_type=SpokenText | dict[Language, SpokenText]),
]


class TextPiece(_Piece):
    """A text, rendered at publish time: one for each language, or one (`any`) in the centre's own."""

    text: Texts
    voice: Annotated[str, Field(pattern=NAME_PATTERN)] = "default"

    @cached_property
    def parts(self) -> dict[str, list[Part]]:
        """The parts of the text by language."""
        return {language: split_text(text) for language, text in self.text.items()}

    def language(self, wanted: str, own: str) -> str:
        """Which of its texts a caller hears who speaks `wanted`, in a centre whose `own` language is this; "" for none."""
        found = next((each for each in (wanted, own, "any") if each in self.text), "")
        return found or next(iter(self.text))


class SayPiece(_Piece):
    """A value read out from recorded pieces."""

    say: How
    value: Expression

    @property
    def said(self) -> Said:
        """The same, as part of a text."""
        return Said(self.say, self.value)


def _kind(piece: Any) -> str:
    if isinstance(piece, dict):
        return "[text]" if "text" in piece else "[say]" if "say" in piece or "value" in piece else "[prompt]"
    if isinstance(piece, TextPiece):
        return "[text]"
    return (
        "[say]" if isinstance(piece, SayPiece) else "[prompt]" if isinstance(piece, PromptPiece) else "[name]"
    )


PromptName = Annotated[str, Field(pattern=NAME_PATTERN, json_schema_extra={"format": "prompt"})]
Piece = Annotated[
    Annotated[PromptName, Tag("[name]")]
    | Annotated[PromptPiece, Tag("[prompt]")]
    | Annotated[TextPiece, Tag("[text]")]
    | Annotated[SayPiece, Tag("[say]")],
    Discriminator(_kind),
]


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) or value is None else [value]


Speech = Annotated[list[Piece], BeforeValidator(_as_list, json_schema_input_type=Piece | list[Piece]), SPEECH]
"""The type of a field that says something: one piece or several, one after the other."""


def prompt_name(piece: Any) -> str | None:
    """The prompt that a piece names, or None."""
    return piece if isinstance(piece, str) else piece.prompt if isinstance(piece, PromptPiece) else None


def values(piece: Any) -> Iterator[Expression]:
    """The expressions that a piece reads."""
    if isinstance(piece, SayPiece):
        yield piece.value
    elif isinstance(piece, TextPiece):
        for parts in piece.parts.values():
            yield from (part.value for part in parts if isinstance(part, Said))
