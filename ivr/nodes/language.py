"""`language`: from here on the caller hears this language; the agent's page and the queue's announcements know it too."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from ivr.call import Call
from ivr.nodes.base import FieldPath, Go, Node, Target


class Language(Node):
    """Change the language."""

    type: Literal["language"]
    language: Literal["zh", "en"]
    next: Target | None = None
    sample: ClassVar[str] = "{type: language, language: en, next: there}"

    def ways_out(self) -> Mapping[FieldPath, str | None]:
        return {("next",): self.next}

    def run(self, call: Call) -> Go:
        call.language = self.language
        return Go(("next",))


NODE = Language
