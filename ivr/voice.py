"""From what a node says (`ivr.wording`) to files: prompts, rendered texts, recorded pieces. `ivr.call` plays them.

Whatever is missing is recorded and passed over: a prompt is sought in the caller's language, then as its text rendered
at publish time, then in the centre's language; the caller hears the next piece in any case.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ivr import saying
from ivr.events import ExpressionFailed, PromptMissing
from ivr.session import Sound
from ivr.wording import Said, SayPiece, TextPiece, prompt_name

if TYPE_CHECKING:
    from ivr.call import Call


class Speaker:
    """Finds the files for one call."""

    def __init__(self, call: "Call") -> None:
        self.call = call

    def sounds(self, pieces: Sequence[Any]) -> list[Sound]:
        """What to play for these pieces, in order."""
        found: list[Sound] = []
        for piece in pieces:
            if isinstance(piece, TextPiece):
                found += self._text(piece)
            elif isinstance(piece, SayPiece):
                found += self._said(piece.said, self.call.language)
            elif path := self._prompt(prompt_name(piece) or ""):
                found.append(path)
        return found

    def _prompt(self, name: str) -> Path | None:
        context, language = self.call.context, self.call.language
        if path := context.prompts.path(name, language):
            return path
        instead = ""
        for other in (language, context.centre.language):
            text = context.prompts.text(name, other)
            path = context.prompts.path(name, other)
            if path is None and text and context.speech is not None:
                path = context.speech.path(text, other)
            if path is not None:
                instead = other
                break
        self.call.record(PromptMissing, prompt=name, language=language, instead=instead)
        return path

    def _text(self, piece: TextPiece) -> list[Sound]:
        own = self.call.context.centre.language
        key = piece.language(self.call.language, own)
        language = own if key == "any" else key
        found: list[Sound] = []
        for part in piece.parts[key]:
            if isinstance(part, Said):
                found += self._said(part, language)
            elif path := self._rendered(part, language, piece.voice):
                found.append(path)
        return found

    def _rendered(self, text: str, language: str, voice: str) -> Path | None:
        speech = self.call.context.speech
        path = speech.path(text, language, voice) if speech is not None else None
        if path is None:
            self.call.record(PromptMissing, prompt=text, language=language, instead="")
        return path

    def _said(self, said: Said, language: str) -> list[Sound]:
        call = self.call
        value = call.value(said.value)
        if value is None:
            return []  # recorded already, or simply not known of this caller
        today = call.context.local_now().date()
        try:
            names = saying.pieces(said.how, value, language, today)
        except saying.NotSayable as error:
            call.record(ExpressionFailed, expression=said.value.source, reason=str(error))
            return []
        paths = [(name, call.context.prompts.path(name, language)) for name in names]
        for name, path in paths:
            if path is None:
                call.record(PromptMissing, prompt=name, language=language, instead="")
        found = tuple(path for _, path in paths if path is not None)
        return [found] if found else []
