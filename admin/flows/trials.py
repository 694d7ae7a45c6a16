"""Dry runs for the browser: from the form's wishes to `ivr.trial`, and its steps in the reader's language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from admin.flows.words import step_words, type_words
from admin.flows.workshop import Workshop
from ivr.flow_file import Flow
from ivr.outcome import Outcome
from ivr.trial import MOST_SAYS, Trial, Wish, trial
from uckefu.times import now

Say = Annotated[str, Field(max_length=40)]


class Asked(BaseModel):
    """A text, a caller, and what the caller has done so far."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(max_length=1_000_000)]
    says: Annotated[list[Say], Field(max_length=MOST_SAYS)] = []
    at: datetime | None = None  # local time of the centre; now when left out
    number: Annotated[str, Field(pattern=r"^[+0-9]{0,20}$")] = ""
    did: Annotated[str, Field(pattern=r"^[+0-9]{0,20}$")] = ""
    language: Annotated[str, Field(pattern="^(zh|en)?$")] = ""
    contact: dict[str, JsonValue] | None = None
    answer: JsonValue = None
    chance: Annotated[float, Field(ge=0, lt=1)] = 0.5


class NotPlayable(ValueError):
    """The flow has mistakes that would keep a call from being served; the message says so to the reader."""


def played(shop: Workshop, name: str, asked: Asked) -> dict[str, Any]:
    """The steps of the dry run.

    Raises:
        NotPlayable: see there.
        BadScript, TooLong: from `trial`.
    """
    read, problems = shop.read(name, asked.text)
    if read.flow is None or any(problem.blocks for problem in problems):
        raise NotPlayable(_("Mend the marked problems, then try the flow."))
    flows = {other: flow for other, flow in (shop.known().flows or {}).items() if other != name}
    done = trial(read.flow, flows | {name: read.flow}, shop.prompts, shop.centre, _wish(shop, asked))
    flows[name] = read.flow
    return _shown(done, flows, name)


def _wish(shop: Workshop, asked: Asked) -> Wish:
    zone = ZoneInfo(shop.centre.timezone)
    at = asked.at or now()
    if asked.answer is None:
        answers = []
    elif isinstance(asked.answer, dict) and set(asked.answer) & {"fails", "status"}:
        answers = [asked.answer]
    else:
        answers = [{"status": 200, "data": asked.answer}]
    return Wish(
        number=asked.number, at=at if at.tzinfo else at.replace(tzinfo=zone), did=asked.did, language=asked.language,
        says=asked.says, contact=asked.contact, answers=answers, chance=asked.chance,
    )  # fmt: skip


def _shown(done: Trial, flows: Mapping[str, Flow], own: str) -> dict[str, Any]:
    words, steps, flow = type_words(), [], own
    for step in done.steps:
        text = step_words(step, done.outcome)
        flow = str(step.about.get("flow", flow)).partition("@")[0]
        if text:
            node = flows[flow].nodes.get(step.node) if flow in flows else None
            kind = words.get(node.type, node.type) if node else ""
            steps.append(
                {
                    "seconds": step.seconds, "kind": step.kind, "node": step.node if flow == own else "", "type": kind, "text": text,
                    "variables": _plain(step.variables),
                    "length": step.about.get("length", 0), "way": step.about.get("way", "") if step.kind == "NodeLeft" else "",
                }
            )  # fmt: skip
    return {
        "steps": steps, "waits": done.waits, "wait_seconds": done.wait_seconds, "seconds": done.seconds,
        "moved_seconds": done.moved_seconds,
        "node": next((step["node"] for step in reversed(steps) if step["kind"] != "FlowEnded"), ""), "outcome": _outcome(done.outcome),
    }  # fmt: skip


def _outcome(outcome: Outcome | None) -> dict[str, Any] | None:
    if outcome is None:
        return None
    return {"next": outcome.next, "queue": outcome.queue, "target": outcome.target, "intent": outcome.intent}


def _plain(value: Any) -> Any:
    """A value as JSON has it; deep or odd ones as text."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
