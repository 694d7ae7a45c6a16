"""The conversation scripts, made ready to be real calls: the same flow, caller, centre and talk, at the present time.

A switch has the clock, the chance and the settings of its machine. So what a script says of them becomes the centre's
days, the flow's shares and its numbers; waits are short. `tests/integration/ivr/test_real_calls.py` makes the calls.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ivr.conversations import Conversation, Hears, Replay, read_script, replay
from ivr.events import NodeLeft
from ivr.flow_file import Flow, parse_flow
from ivr.library import PACKAGED
from ivr.prompts import Prompts
from uckefu import times
from uckefu.centre import Centre
from uckefu.settings import PROJECT_ROOT

PROMPTS = Prompts(PROJECT_ROOT / "sounds")
PATHS = {path.stem: path for folder in (PACKAGED, PACKAGED / "samples") for path in folder.glob("*.yml")}
CRM = "crm.example"
WAIT_SECONDS = "2"
RENDERED = re.compile(r"[0-9a-f]{32}")
Described = dict[str, Any]


@dataclass(frozen=True)
class RealConversation:
    """One conversation as a real call.

    Args:
        flow: the name of the flow file that it goes through; `published` is the name that its variant has in the stack.
        number: the caller's.
        settings: what the centre's settings have besides the usual.
    """

    flow: str
    script: Conversation
    published: str
    number: str
    settings: Described

    def __str__(self) -> str:
        return f"{self.flow}: {self.script.name}"

    def in_terminal(self, centre: Centre) -> Replay:
        """The conversation in the terminal runner, with the very flows and settings of the real call."""
        flows = {name: parsed(name, name) for name in PATHS}
        flows[self.flow] = parsed(self.flow, self.published)
        return replay(self.script, flows[self.flow], flows, PROMPTS, centre)


def every_conversation() -> list[RealConversation]:
    """All of all scripts."""
    scripts = [path.parent / "conversations" / path.name for path in PATHS.values()]
    told = [(path.stem, each) for path in scripts for each in read_script(path).conversations]
    return [_real(flow, script, f"138{index:08}") for index, (flow, script) in enumerate(told, 13_800)]


def _real(flow: str, script: Conversation, number: str) -> RealConversation:
    number = script.caller.number if script.caller.number == "anonymous" else number
    own = script.caller.model_copy(update={"at": None, "language": None, "did": "", "number": number})
    changes: Described = {"caller": own, "centre": {}, "variables": {}}
    changes["contacts"] = dict(zip([number], script.contacts.values(), strict=False))
    # What is heard is compared with the switch's own account; a date has its year at another time.
    changes["talk"] = [entry for entry in script.talk if not isinstance(entry, Hears)]
    changes["ends"] = {
        name: number if value == script.caller.number else value for name, value in script.ends.items()
    }
    told = script.model_copy(update=changes)
    settings = {name: value for name, value in script.centre.items() if name != "office_hours"}
    if script.caller.language:
        settings["language"] = script.caller.language
    return RealConversation(flow, told, _variant(flow, script), number, settings | _days(flow, script))


def _variant(flow: str, script: Conversation) -> str:
    """The name of the flow in which this script's chance and variables stand: `identify_3`, `reception_lucky`."""
    values = "".join(f"_{value}" for value in script.variables.values())
    return flow + values + ("_lucky" if script.chance < 0.2 else "")


def _days(flow: str, script: Conversation) -> Described:
    """Open days or closed ones, as the script's time was."""
    flows = {name: parse_flow(name, name, path.read_bytes()).flow for name, path in PATHS.items()}
    played = replay(script, flows[flow], flows, PROMPTS, Centre())
    ways = {event.way for event in played.outcome.events if isinstance(event, NodeLeft)}
    today = times.now().date()  # UTC's: the centre's day is this one or the next
    days = [str(today + timedelta(days=later)) for later in (0, 1)]
    if ways & {"closed", "holiday"}:
        return {"closed_days": days}
    return {"open_days": dict.fromkeys(days, "mon")} if "open" in ways else {}


@cache
def parsed(name: str, variant: str) -> Flow:
    """A flow as it is published under the name of the variant."""
    return parse_flow(name, name, text_of(name, variant).encode()).flow


def text_of(name: str, variant: str = "", crm: str = CRM) -> str:
    """A flow file with short waits, open all day, and the variant's numbers and shares."""
    told = yaml.load(PATHS[name].read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - text only
    for node in told["nodes"].values():
        if node["type"] in ("menu", "collect", "survey", "callback"):
            node["timeout_seconds"] = WAIT_SECONDS
        if node["type"] == "voicemail":
            node["silence_seconds"] = WAIT_SECONDS
        for opening in node.get("weekly", []):
            opening.update(begin="00:00", end="23:59:59.999999")
        for index, share in enumerate(node.get("split", [])):
            share["percent"] = "100" if (index == 0) == variant.endswith("_lucky") else "0"
    text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False).replace(
        f"https://{CRM}/", f"http://{crm}/"
    )
    length = variant.removeprefix(f"{name}_")
    return text.replace("== length", f"== {length}") if length.isdigit() else text


def sound(path: str | Path) -> str:
    """A sound file by its language and name; one that was rendered, by its language."""
    parts = Path(path).with_suffix("").parts
    begin = max(index for index, part in enumerate(parts) if part in ("zh", "en"))
    return f"{parts[begin]}: a text" if RENDERED.fullmatch(parts[-1]) else "/".join(parts[begin:])
