"""Every transition of agents and members, in two tables; the engine goes nowhere else to change a state.

An illegal transition raises and changes nothing; `Engine.apply` turns it into an anomaly, so that a wrong event
of a switch never ends the daemon. `python -m acd states` prints both tables as diagrams.
"""

from typing import Final

AGENT_STATES: Final = ("signed-out", "not-ready", "idle", "offered", "dialling", "talking", "wrap-up", "busy")
MEMBER_STATES: Final = ("waiting", "offered", "away", "talking", "left")

_RESTS: Final = {
    "rests signed-out": "signed-out",
    "rests not-ready": "not-ready",
    "rests idle": "idle",
    "rests busy": "busy",
}
"""Where an agent rests when no work of ours is left is a matter of its status and of its phone's other legs."""

AGENT: Final[dict[tuple[str, str], str]] = {
    **{
        (state, what): to
        for state in ("signed-out", "not-ready", "idle", "busy")
        for what, to in _RESTS.items()
    },
    ("idle", "offer made"): "offered",
    ("idle", "dials"): "dialling",
    ("not-ready", "dials"): "dialling",
    ("dialling", "answered"): "talking",
    # A colleague or supervisor who was a third at the talk has the caller now; `busy` is what its phone made it.
    **{(state, "answered"): "talking" for state in ("busy", "wrap-up", "not-ready", "signed-out", "idle")},
    **{("dialling", what): to for what, to in _RESTS.items()},
    ("offered", "answered"): "talking",
    **{("offered", what): to for what, to in _RESTS.items()},
    ("talking", "wrap-up began"): "wrap-up",
    **{("talking", what): to for what, to in _RESTS.items()},
    **{("wrap-up", what): to for what, to in _RESTS.items()},
}

MEMBER: Final[dict[tuple[str, str], str]] = {
    ("waiting", "offer made"): "offered",
    ("waiting", "control lost"): "away",  # its socket is gone; the place is kept for the grace time
    ("waiting", "left"): "left",
    ("away", "came back"): "waiting",
    ("away", "left"): "left",
    ("offered", "offer failed"): "waiting",
    ("offered", "offer failed unattended"): "away",  # it ended while its socket was gone
    ("offered", "answered"): "talking",
    ("offered", "left"): "left",
    ("talking", "left"): "left",
    ("waiting", "assigned"): "talking",  # a conversation
    ("talking", "assigned"): "talking",  # a colleague has it from now on
}


class IllegalTransition(Exception):
    """What happened does not fit the state; nothing was changed."""

    code = "illegal-transition"

    def __init__(self, who: str, state: str, what: str) -> None:
        super().__init__(f"{who} is {state}: {what!r} is not possible")


def next_agent_state(state: str, what: str) -> str:
    """The agent's state after `what` happened. Raises IllegalTransition."""
    return _next(AGENT, "agent", state, what)


def next_member_state(state: str, what: str) -> str:
    """The member's state after `what` happened. Raises IllegalTransition."""
    return _next(MEMBER, "member", state, what)


def _next(table: dict[tuple[str, str], str], who: str, state: str, what: str) -> str:
    try:
        return table[state, what]
    except KeyError:
        raise IllegalTransition(who, state, what) from None


def diagram() -> str:
    """Both tables as Graphviz text."""
    lines = ["digraph acd {"]
    for name, table in (("agent", AGENT), ("member", MEMBER)):
        lines.append(f"  subgraph cluster_{name} {{ label={name};")
        lines += [
            f'    "{name} {a}" -> "{name} {b}" [label="{what}"];' for (a, what), b in table.items() if a != b
        ]
        lines.append("  }")
    return "\n".join([*lines, "}"])
