"""Dialplan applications, one module a subject, found by name.

A module gives `APPLICATIONS`, a dictionary of name to `Application`. A leg runs them by `Leg.execute`, on its own
thread; each returns when it is done or when the leg must leave (hangup, transfer). Names and arguments are FreeSWITCH's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from softswitch.channel import Leg


@dataclass(frozen=True, slots=True)
class Application:
    """An application.

    Attributes:
        run: does it.
        needs_media: an unanswered call is pre-answered first (FreeSWITCH's lack of SAF_SUPPORT_NOMEDIA).
        after_hangup: may run when the leg is hung up (SAF_ZOMBIE_EXEC).
        expands: `${variables}` in the argument are filled in before it runs.
    """

    run: "Callable[[Leg, str], None]"
    needs_media: bool = False
    after_hangup: bool = False
    expands: bool = True


def registry() -> dict[str, Application]:
    """All applications by name."""
    from softswitch.applications import audio, calls, control, digits, joining, scripts, variables

    found: dict[str, Application] = {}
    for module in (audio, calls, control, digits, joining, scripts, variables):
        found |= module.APPLICATIONS
    return found
