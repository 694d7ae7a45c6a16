"""What a node holds while a caller is in it: the session, the surroundings, the caller's language, keys and variables.

The engine makes one `Call` a run. Time and chance come from `Context` only, so that a test or a dry run can say
"as if it were Saturday 20:00".
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ivr.contacts import Contacts, NoContacts
from ivr.events import ExpressionFailed, FlowEvent, VariableSet
from ivr.expression import Expression, NotComputable, Value
from ivr.filing import Filing, NothingFiled
from ivr.prompts import Prompts
from ivr.recorder import Recorder
from ivr.session import Session, Sound
from ivr.speech import Speech
from ivr.surroundings import given_variables
from ivr.voice import Speaker
from ivr.web_request import Http, HttpClient
from uckefu import times
from uckefu.centre import Centre

if TYPE_CHECKING:
    from ivr.flow_file import Flow


@dataclass(frozen=True, kw_only=True)
class Context:
    """The surroundings of one call.

    Args:
        interaction_id: see docs/contracts.md.
        number: the caller's number.
        did: the number that was dialled.
        centre: the centre's settings (office hours, language).
        prompts: where the prompt files are.
        language: the caller's; the centre's when "".
        flows: the other flows that this one leads into, by name, as they were when the call began.
        speech: where rendered texts are; None when there are none.
        contacts: who calls.
        http: how a business system is asked.
        filing: where events, voicemails and answers go.
        variables: what the flow begins with, by name.
        now: the clock.
        chance: a number from 0 below 1.
        default_queue: where a caller goes when the flow can't say; "" ends the call (after a talk, say).
        step_limit: the most nodes that one call may enter.
        watch: is told of each event as it is recorded (a dry run shows the variables of that moment).
    """

    interaction_id: str
    number: str
    did: str
    centre: Centre
    prompts: Prompts
    language: str = ""
    flows: "Mapping[str, Flow]" = field(default_factory=dict)
    speech: Speech | None = None
    contacts: Contacts = field(default_factory=NoContacts)
    http: Http = field(default_factory=HttpClient)
    filing: Filing = field(default_factory=NothingFiled)
    variables: dict[str, Value] = field(default_factory=dict)
    now: Callable[[], datetime] = times.now
    chance: Callable[[], float] = random.random
    default_queue: str = "service"
    step_limit: int = 200
    watch: "Callable[[Call, FlowEvent], None] | None" = None

    def local_now(self) -> datetime:
        """The present time in the centre's zone."""
        return self.now().astimezone(ZoneInfo(self.centre.timezone))


@dataclass
class Call:
    """One caller on the way through a flow and those that it leads into."""

    session: Session
    context: Context
    language: str
    flow: str = ""
    node: str = ""
    typed_ahead: str = ""  # a key that interrupted a prompt, for the next menu
    variables: dict[str, Value] = field(default_factory=dict)  # of the flow that the call is in
    extra: dict[str, str] = field(default_factory=dict)  # channel variables for whatever comes after the flow
    events: list[FlowEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.session, self.context.filing, self.context.interaction_id)
        self._speaker = Speaker(self)
        self._given = given_variables(self)

    def record(self, event: type[FlowEvent], /, **fields: Any) -> None:
        """Record that something happened now, in the present node."""
        at_us = times.to_us(self.context.now())
        self.events.append(event(at_us=at_us, node=self.node, flow=self.flow, **fields))
        if self.context.watch is not None:
            self.context.watch(self, self.events[-1])

    # ---- variables

    def look_up(self, name: str) -> Value:
        """A variable by its name (`contact.vip`): of the flow, else of the call; None when there is none."""
        first, *rest = name.split(".")
        if first in self.variables:
            value = self.variables[first]
        else:
            given = self._given.get(name)
            return given() if given else None
        for part in rest:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def value(self, expression: Expression) -> Value:
        """What an expression comes to; one that has no value here is recorded, and is None."""
        try:
            return expression.compute(self.look_up)
        except NotComputable as error:
            self.record(ExpressionFailed, expression=expression.source, reason=str(error))
            return None

    def set(self, name: str, value: Value, *, secret: bool = False) -> None:
        """Give a variable of the flow a value."""
        self.variables[name] = value
        self.record(VariableSet, name=name, value="***" if secret else str(value)[:200])

    # ---- sound and keys

    def play(self, pieces: Sequence[Any], *, barge_in: bool) -> None:
        """Say pieces (`ivr.wording`) one after the other; with `barge_in` a key stops them and is kept for the next menu."""
        self._play(self._speaker.sounds(pieces), barge_in)

    def ask(self, pieces: Sequence[Any], timeout_seconds: float, *, barge_in: bool) -> str:
        """Say pieces and wait for a key; "" when none came. Without `barge_in` only keys after the pieces count."""
        sounds = self._speaker.sounds(pieces)
        if not barge_in:
            self._play(sounds, barge_in)
            self.forget_keys()
            return self.session.read_key(None, timeout_seconds)
        self._play(sounds[:-1], barge_in)
        if self.typed_ahead:
            key, self.typed_ahead = self.typed_ahead, ""
            return key
        return self.session.read_key(sounds[-1] if sounds else None, timeout_seconds)

    def forget_keys(self) -> None:
        """Forget what the caller has keyed so far."""
        self.typed_ahead = ""
        self.session.flush_keys()

    def _play(self, sounds: Sequence[Sound], barge_in: bool) -> None:
        for sound in sounds:
            if not barge_in:
                self.session.play(sound)
            elif not self.typed_ahead:
                self.typed_ahead = self.session.read_key(sound, 0)
