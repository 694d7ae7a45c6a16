"""What is wrong with a flow file: one shape for every message, with its place and a proposal.

`flow_file` and `check` find problems; the command line prints them, `library` logs them. `code` and `values` are
stable and have no language, so that a page can say it in the reader's (`admin.flows.words`).
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One mistake.

    Args:
        blocks: a flow that has it is not served; the others are only reported.
        values: what the message is about, by name.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    blocks: bool = True
    values: tuple[tuple[str, str], ...] = ()

    @property
    def near(self) -> str:
        """What was meant, perhaps, or ""."""
        found = re.search(r"; did you mean `(.+?)`\?", self.message)
        return found[1] if found else ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean `service`?` when one of `known` looks like `word`, else ""."""
    names = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.65)
    return f"; did you mean `{names[close[0]]}`?" if close else ""


MOST_PROPOSED = 5


def proposal(word: str, known: Iterable[str]) -> str:
    """As `did_you_mean`, else the first few that there are: a message never leaves its reader without a next step."""
    known = sorted(known)
    few = ", ".join(f"`{name}`" for name in known[:MOST_PROPOSED])
    more = ", …" if len(known) > MOST_PROPOSED else ""
    return did_you_mean(word, known) or (f"; there is {few}{more}" if known else "; there is none yet")
