"""Callers arrive here: the dialplan's `socket` application connects, and each call becomes a member.

The connection lives as long as the member is ours. Its end without a hangup is `ControlLost`: the dialplan goes on
and comes back, and the place is kept.
"""

import asyncio

import structlog

from acd.adapters.call_control import CallControl
from acd.adapters.dial import is_safe_id, one_line
from acd.adapters.legs import core_of
from acd.domain.effects import CallEffect
from acd.domain.inputs import CallerGone, ControlLost, MemberArrived
from acd.service.core import Core
from esl import Event
from esl.aio import OutboundCall, OutboundServer, serve
from ivr.prompts import Prompts

log = structlog.get_logger(__name__)

LINGER_SECONDS = 5
# Of what `myevents` brings; the switch would build and send each with all variables, half its work for a call.
UNWANTED = (
    "nixevent CHANNEL_ANSWER CHANNEL_APPLICATION CHANNEL_CREATE CHANNEL_DATA CHANNEL_DESTROY CHANNEL_EXECUTE "
    "CHANNEL_HANGUP_COMPLETE CHANNEL_ORIGINATE CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA "
    "CHANNEL_STATE CHANNEL_UNBRIDGE CHANNEL_UNPARK CHANNEL_UUID DETECTED_SPEECH DTMF NOTALK TALK"
)
LONGEST = 128


class CallerDesk:
    """The outbound socket's server, and the calls that are in our hands, by channel."""

    def __init__(self, core: Core, switch: str, domain: str, prompts: Prompts | None = None) -> None:
        self.controls: dict[str, CallControl] = {}
        self._core, self._switch, self._domain, self._prompts = core, switch, domain, prompts
        self._server: OutboundServer | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen; returns the port."""
        self._server = await serve(self._handle, host, port)
        return self._server.port

    async def close(self) -> None:
        """Stop listening and let every call go; the dialplan takes each one on to the other ACD."""
        await asyncio.gather(*(control.release() for control in self.controls.values()))
        if self._server:
            await self._server.close()

    def perform(self, effect: CallEffect) -> bool:
        """Carry out the effect on the caller's own socket; False when that is not possible."""
        control = self.controls.get(effect.channel_id)
        return control is not None and control.perform(effect)

    async def _handle(self, call: OutboundCall) -> None:
        with structlog.contextvars.bound_contextvars(call_uuid=call.uuid):
            control = CallControl(call, self._domain, self._core.submit, self._core.now_us, self._prompts)
            self.controls[call.uuid] = control
            # Sent before anything that the arrival leads to, and not waited for.
            preparations = asyncio.gather(
                call.linger(LINGER_SECONDS), call.my_events(), call.command(UNWANTED), return_exceptions=True
            )
            self._core.submit(arrival(call.data, self._switch, self._core.now_us()))
            try:
                async for event in call.events():
                    if not control.take(event):
                        break
                await preparations
            finally:
                self._ended(call, control)

    def _ended(self, call: OutboundCall, control: CallControl) -> None:
        if self.controls.get(call.uuid) is not control:
            return  # the caller came again meanwhile, over a new connection
        del self.controls[call.uuid]
        now = self._core.now_us()
        if call.hung_up.is_set():
            self._core.submit(CallerGone(at_us=now, channel_id=call.uuid, cause=call.hangup_cause or ""))
        else:
            self._core.submit(ControlLost(at_us=now, channel_id=call.uuid, left=control.left))


def arrival(data: Event, switch: str, at_us: int) -> MemberArrived:
    """The input for a caller, from its channel data. Every text is the caller's own and is cut and cleaned."""

    def read(name: str, default: str = "") -> str:
        return one_line(data.variable(name) or default)[:LONGEST]

    interaction_id = read("interaction_id")

    def number(name: str) -> int:
        text = read(name)
        return int(text) if text.isdecimal() and text.isascii() and len(text) <= 3 else 0

    return MemberArrived(
        at_us=at_us,
        channel_id=data.uuid,
        interaction_id=interaction_id if is_safe_id(interaction_id) else data.uuid,
        switch=switch,
        queue=read("uckefu_queue"),
        priority=number("uckefu_priority"),
        number=one_line(data.get("Caller-Caller-ID-Number") or "")[:LONGEST],
        name=one_line(data.get("Caller-Caller-ID-Name") or "")[:LONGEST],
        did=read("uckefu_did"),
        language=read("uckefu_language"),
        intent=read("uckefu_intent"),
        skills=read("uckefu_skills"),
        vip_level=number("uckefu_vip_level"),
        wanted_extension=read("uckefu_agent"),
        callback_number=read("uckefu_callback_number"),
        announced=read("uckefu_announced") != "false",
        core=core_of(data.get("Core-UUID") or ""),
    )
