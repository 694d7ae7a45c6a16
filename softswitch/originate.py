"""Dialling: from a dial string to an answered leg, or the cause why there is none.

`applications.bridge` runs it on the caller's thread, the command `originate` on its own. Follows
switch_ivr_originate, the user endpoint of mod_dptools, and mod_sofia's outgoing calls; causes as in the transcripts.
"""

import threading
import time
import uuid as uuids
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from softswitch import dialstring, playback
from softswitch.caller import CallerProfile
from softswitch.channel import Leg, is_true
from softswitch.dialstring import DialLeg
from softswitch.sip import causes

if TYPE_CHECKING:
    from softswitch.routes import Endpoint
    from softswitch.switch import SoftSwitch

DEFAULT_SECONDS = 60.0
DIAL_STATUS = {
    "ORIGINATOR_CANCEL": "CANCEL",
    "USER_BUSY": "BUSY",
    "NO_ANSWER": "NOANSWER",
    "DESTINATION_OUT_OF_ORDER": "INVALIDARGS",
    "INVALID_PROFILE": "INVALIDARGS",
    "CALL_REJECTED": "DONTCALL",
}
logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Try:
    """One leg of an attempt."""

    leg: Leg
    give_up_at: float  # monotonic; infinity without leg_timeout
    give_up_cause: str


class Originate:
    """One run. `caller` is None for an API command."""

    def __init__(
        self,
        switch: "SoftSwitch",
        caller: Leg | None,
        text: str,
        variables: Mapping[str, str],
        seconds: float,
    ) -> None:
        self._switch = switch
        self._caller = caller
        self._dial = dialstring.parse(text)
        self._variables = dict(variables) | self._dial.variables
        self._seconds = self._time_limit(seconds)
        self._changed = threading.Event()
        self._ringback_id = ""
        self._tries: list[Try] = []
        self._cause = ""
        self._timed_out = False

    def run(self) -> tuple[Leg | None, str]:
        """Dial until one answers. Returns it, or None and the cause."""
        caller = self._caller
        if caller is not None:
            caller.set_variables({"originate_disposition": "failure", "DIALSTATUS": "INVALIDARGS"})
            if caller.is_answered:
                caller.set_call_state("RING_WAIT")
        winner: Leg | None = None
        try:
            for attempt in self._dial.attempts:
                winner = self._attempt(attempt)
                if winner is not None or self._caller_left() or self._timed_out:
                    break
        finally:
            self._stop_ringback()
            if caller is not None and caller.is_up:
                caller.set_call_state("ACTIVE" if caller.is_answered else caller.call_state)
        return winner, self._conclude(winner)

    # --- one attempt

    def _attempt(self, legs: tuple[DialLeg, ...]) -> Leg | None:
        self._tries = []
        self._cause = ""
        try:
            self._dial_all(legs)
        except BaseException:
            for each in self._tries:  # a leg that was made must end, also when another one failed to be made
                each.leg.hangup("DESTINATION_OUT_OF_ORDER")
                self._switch.start_thread(each.leg)
            raise
        if not self._tries:
            self._cause = self._cause or "DESTINATION_OUT_OF_ORDER"
            return None
        deadline = time.monotonic() + self._seconds
        unwatch = [each.leg.watch(self._wake) for each in self._tries]
        try:
            for each in self._tries:
                self._switch.start_thread(each.leg)
            if self._caller is not None and is_true(self._caller.get_variable("instant_ringback")):
                self._start_ringback()
            winner = self._wait(deadline)
        finally:
            for stop in unwatch:
                stop()
        self._drop_others(winner)
        return winner

    def _dial_all(self, legs: tuple[DialLeg, ...]) -> None:
        for leg in legs:
            endpoints, cause = self._switch.routes.resolve(leg)
            if not endpoints:
                self._cause = cause
                logger.info("can't dial", kind=leg.kind, to=leg.rest, cause=cause)
            for endpoint in endpoints:
                self._tries.append(self._prepare(leg, endpoint))

    def _prepare(self, dial: DialLeg, endpoint: "Endpoint") -> Try:
        """Make the leg with its variables; its thread dials."""
        inherited = self._exported()
        variables = inherited | dict(endpoint.variables) | dial.variables | self._variables
        wanted = variables.pop("origination_uuid", "")
        uuid = wanted if wanted and self._switch.find(wanted) is None else str(uuids.uuid4())
        self._variables.pop("origination_uuid", None)  # only the first leg can have it
        profile = self._caller_profile(uuid, endpoint, variables)
        leg = self._switch.make_outbound(endpoint, profile, variables)
        leg.flags.originating = True
        leg.set_variables(variables)
        leg.set_variables(
            {
                "direction": "outbound",
                "is_outbound": "true",
                "uuid": uuid,
                "channel_name": leg.name,
                "call_uuid": uuid,
                "originate_endpoint": dial.kind,
            }
        )
        caller = self._caller
        if caller is not None:
            leg.other = ("originator", caller.caller, caller.times)
            leg.set_variables(
                {"signal_bond": caller.uuid, "originating_leg_uuid": caller.uuid, "originator": caller.uuid}
            )
            caller.set_variable("originate_signal_bond", uuid)
            for name in ("dialed_user", "dialed_domain"):
                caller.set_variable(name, endpoint.variables.get(name) or caller.variables.get(name))
        leg.publish("CHANNEL_OUTGOING")
        if caller is not None:
            leg.set_variable("call_uuid", caller.get_variable("call_uuid") or caller.uuid)
        leg.go("CS_INIT")
        seconds = _number(variables.get("leg_timeout"))
        give_up_at = time.monotonic() + seconds if seconds else float("inf")
        return Try(leg, give_up_at, "NO_ANSWER" if dial.kind == "user" else "ALLOTTED_TIMEOUT")

    def _exported(self) -> dict[str, str]:
        caller = self._caller
        if caller is None:
            return {}
        exported: dict[str, str] = {}
        for name in (caller.get_variable("export_vars") or "").split(","):
            plain = name.removeprefix("nolocal:")
            value = caller.variables.get(name) if name.startswith("nolocal:") else caller.get_variable(plain)
            if plain and value:
                exported[plain] = value
        return exported

    def _caller_profile(self, uuid: str, endpoint: "Endpoint", variables: dict[str, str]) -> CallerProfile:
        base = self._caller.caller if self._caller is not None else CallerProfile("", "inbound")
        get = self._caller.get_variable if self._caller is not None else variables.get
        number = (
            variables.get("origination_caller_id_number")
            or get("effective_caller_id_number")
            or base.caller_id_number
            or "0000000000"
        )
        name = (
            variables.get("origination_caller_id_name")
            or get("effective_caller_id_name")
            or base.caller_id_name
        )
        return CallerProfile(
            uuid=uuid,
            direction="outbound",
            destination_number=endpoint.number,
            caller_id_name=name,
            caller_id_number=number,
            orig_caller_id_name=base.caller_id_name,
            orig_caller_id_number=base.caller_id_number,
            callee_id_name=variables.get("origination_callee_id_name", "Outbound Call"),
            callee_id_number=variables.get("origination_callee_id_number", endpoint.number),
            network_addr=base.network_addr,
            ani=base.ani or number,
            context=base.context,
            channel_name=endpoint.channel_name,
        )

    # --- waiting

    def _wake(self) -> None:
        self._changed.set()
        if self._caller is not None:
            self._caller.wake()

    def _wait(self, deadline: float) -> Leg | None:
        while True:
            self._changed.clear()
            winner = next((each.leg for each in self._tries if each.leg.is_answered and each.leg.is_up), None)
            if winner is not None:
                return winner
            if self._caller_left():
                self._give_up("ORIGINATOR_CANCEL")
                return None
            living = [each for each in self._tries if each.leg.is_up]
            if not living:
                self._cause = self._tries[0].leg.hangup_cause
                return None
            self._pass_on_progress(living)
            now = time.monotonic()
            if now >= deadline:
                self._timed_out = True
                self._give_up("NO_ANSWER")
                return None
            for each in living:
                if now >= each.give_up_at:
                    each.leg.hangup(each.give_up_cause)
            until = min(deadline, *(each.give_up_at for each in living))
            if until > now:
                self._pause(until - now)

    def _pause(self, seconds: float) -> None:
        caller = self._caller
        if caller is None:
            self._changed.wait(seconds)
        else:
            caller.wait_until(self._changed.is_set, seconds)

    def _pass_on_progress(self, living: list[Try]) -> None:
        """Tell the caller that it rings, and what it hears meanwhile."""
        caller = self._caller
        if caller is None:
            return
        early = next((each.leg for each in living if each.leg.flags.early_media), None)
        ringing = early is not None or any(each.leg.flags.ring_ready for each in living)
        ignore = is_true(
            self._variables.get("ignore_early_media") or caller.get_variable("ignore_early_media")
        )
        if early is not None and not ignore:
            if caller.pre_answer():
                self._stop_ringback()
                caller.audio.media.connect(caller.uuid, early.uuid)
            return
        if not ringing:
            return
        if caller.has_media:
            self._start_ringback()
        elif not caller.flags.ring_ready:
            caller.ring()

    def _start_ringback(self) -> None:
        caller = self._caller
        if caller is None or self._ringback_id or not caller.is_up:
            return
        wanted = caller.get_variable("transfer_ringback") if caller.is_answered else None
        source = wanted or caller.get_variable("ringback")
        if not source or source.lower() == "silence":
            return
        if not caller.has_media and not caller.pre_answer():
            return
        self._ringback_id = f"ringback-{uuids.uuid4()}"
        path = playback.resolve(caller, source)
        caller.audio.media.play(caller.uuid, path, play_id=self._ringback_id, loop=True)

    def _stop_ringback(self) -> None:
        if self._caller is not None and self._ringback_id:
            self._caller.audio.media.stop_play(self._caller.uuid, self._ringback_id)
        self._ringback_id = ""

    def _caller_left(self) -> bool:
        return self._caller is not None and not self._caller.is_ready

    def _give_up(self, cause: str) -> None:
        self._cause = cause
        for each in self._tries:
            each.leg.hangup(cause)

    def _drop_others(self, winner: Leg | None) -> None:
        for each in self._tries:
            if each.leg is not winner:
                each.leg.hangup("LOSE_RACE" if winner is not None else self._cause or "NO_ANSWER")
            each.leg.flags.originating = False

    # --- the result

    def _time_limit(self, seconds: float) -> float:
        caller = self._caller
        limit = _number(self._variables.get("originate_timeout")) or seconds
        if not limit and caller is not None:
            limit = _number(caller.get_variable("call_timeout")) or _number(
                caller.get_variable("originate_timeout")
            )
        return limit or _number(self._variables.get("call_timeout")) or DEFAULT_SECONDS

    def _conclude(self, winner: Leg | None) -> str:
        caller = self._caller
        if winner is not None:
            cause = "SUCCESS"
        elif caller is not None and not caller.is_up:
            cause = "ORIGINATOR_CANCEL"
        else:
            cause = self._cause if self._cause in causes.NUMBERS else "DESTINATION_OUT_OF_ORDER"
        if caller is None:
            return cause
        caller.set_variables({"originate_disposition": cause, "DIALSTATUS": DIAL_STATUS.get(cause, cause)})
        if self._tries:
            outcome = [f"{each.leg.uuid};{each.leg.hangup_cause or 'NONE'}" for each in self._tries]
            caller.set_variable("originate_causes", "ARRAY::" + "|:".join(outcome))
        if winner is not None:
            caller.other = ("originatee", winner.caller, winner.times)
            caller.set_variable("signal_bond", winner.uuid)
        caller.set_variable("originate_signal_bond", None)
        return cause


def _number(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
