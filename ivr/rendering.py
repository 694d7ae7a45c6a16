"""Speaks all texts of a flow, so that none is spoken while a caller waits. `ivr.versions` calls it at publish time.

Also the texts of the prompts that the flow names: when a prompt's file is gone one day, its text is heard.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress

from ivr.flow_file import Flow
from ivr.nodes.base import FieldPath
from ivr.prompts import Prompts
from ivr.speech import Speech, SpeechNotAvailable

Rendered = tuple[FieldPath, str, SpeechNotAvailable | None]


def render_texts(
    flow: Flow, prompts: Prompts, speech: Speech, languages: Collection[str], own_language: str
) -> Iterator[Rendered]:
    """Speak each text of the flow; gives its place, the text, and why it could not be spoken (None when it could).

    Raises:
        OSError: a file can't be written.
    """
    for name, node in flow.nodes.items():
        for field, piece in node.texts().items():
            for key, parts in piece.parts.items():
                language = own_language if key == "any" else key
                for text in (part for part in parts if isinstance(part, str)):
                    place = ("nodes", name, *field)
                    yield place, text, _render(speech, text, language, piece.voice)
        for prompt in node.prompts().values():
            for language in languages:
                if text := prompts.text(prompt, language):
                    with suppress(SpeechNotAvailable):  # only for a bad day: no voice is no reason to refuse
                        speech.render_spare(text, language)


def _render(speech: Speech, text: str, language: str, voice: str) -> SpeechNotAvailable | None:
    try:
        speech.render(text, language, voice)
    except SpeechNotAvailable as error:
        return error
    return None
