"""A flow without a switch: nothing is dialled, asked, recorded or written. The terminal, the conversation scripts and the
page's dry run use it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ivr.contacts import Contact, normal
from ivr.speech import Speech
from ivr.web_request import Answer, LookupFailed, Request


class DrySpeech(Speech):
    """As if every text were spoken already; `text_of` tells the text of a file."""

    def __init__(self) -> None:
        super().__init__(Path("speech"))
        self._texts: dict[Path, str] = {}

    def path(self, text: str, language: str, voice: str = "default") -> Path | None:
        """As `Speech.path`, always there."""
        path = self._path(text, language, voice)
        self._texts[path] = text
        return path

    def text_of(self, path: Path) -> str:
        """The text of such a file, "" for another."""
        return self._texts.get(path, "")


class DryContacts:
    """Contacts from a mapping of numbers."""

    def __init__(self, contacts: Mapping[str, Contact]) -> None:
        self.contacts = contacts

    def find(self, number: str, region: str) -> Contact | None:
        """As `Contacts.find`."""
        wanted = normal(number, region)
        return next((c for n, c in self.contacts.items() if normal(n, region) == wanted), None)


class DryHttp:
    """A business system that gives these answers in turn, then fails. `asked` are the requests.

    Args:
        answers: `{status: 200, data: …}` or `{fails: reason}`.
    """

    def __init__(self, answers: Sequence[Mapping[str, Any]] = ()) -> None:
        self._answers: Iterator[Mapping[str, Any]] = iter(answers)
        self.asked: list[Request] = []

    def ask(
        self, request: Request, hosts: Mapping[str, Mapping[str, str]], limit_seconds: float, attempts: int
    ) -> Answer:
        """As `Http.ask`; the settings' hosts don't matter here."""
        self.asked.append(request)
        answer = next(self._answers, {"fails": "nothing answers in a dry run"})
        if "fails" in answer:
            raise LookupFailed(str(answer["fails"]))
        return Answer(int(answer.get("status", 200)), answer.get("data"))
