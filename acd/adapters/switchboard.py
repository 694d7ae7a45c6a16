"""Effects on one switch: on the caller's own socket where it is needed, else as API commands.

`service.core` hands effects over through `perform`. API commands go over the inbound connection, or over the
caller's socket while that one is away.
"""

import asyncio
from urllib.parse import quote

import structlog

from acd.adapters.dial import UnsafeText, checked, one_line
from acd.adapters.esl_client import SwitchLink
from acd.adapters.esl_server import CallerDesk
from acd.domain.effects import (
    CallEffect,
    FetchCaller,
    HangUpCaller,
    HoldLeg,
    LetGo,
    OfferCall,
    TransferCaller,
    Withdraw,
)
from acd.domain.inputs import LegEnded, LegHeld
from acd.service.core import Core
from esl import EslError

log = structlog.get_logger(__name__)


def api_lines(effect: CallEffect) -> list[str]:
    """The API commands that carry the effect out, in order. Raises UnsafeText.

    A caller who leaves us takes no `playback_timeout_sec` along: the dialplan sets it so that our music has an end.
    """
    caller = checked("id", effect.channel_id)
    if isinstance(effect, Withdraw):
        leg = checked("id", effect.leg_id)
        # Should the phone have been answered in this moment, ending its leg must not end the call.
        return [
            f"uuid_setvar {caller} hangup_after_bridge false",
            f"uuid_setvar {caller} transfer_after_bridge",
            f"uuid_kill {leg} {effect.cause}",
        ]
    if isinstance(effect, LetGo):
        flow = (
            [f"uuid_setvar {caller} uckefu_overflow_flow {checked('id', effect.flow)}"] if effect.flow else []
        )
        return [
            f"uuid_setvar {caller} playback_timeout_sec",
            f"uuid_setvar {caller} uckefu_queue_result {checked('id', effect.result)}",
            *flow,
            f"uuid_transfer {caller} {checked('id', effect.place)} XML uckefu",
        ]
    if isinstance(effect, FetchCaller):
        return [f"uuid_transfer {caller} join XML uckefu"]
    if isinstance(effect, HangUpCaller):
        by = checked("id", effect.by)
        return [f"uuid_setvar {caller} uckefu_hangup_by {by}", f"uuid_kill {caller} NORMAL_CLEARING"]
    if isinstance(effect, TransferCaller):
        return _transfer_lines(caller, effect)
    return []


def _transfer_lines(caller: str, effect: TransferCaller) -> list[str]:
    if effect.kind == "queue":
        return [
            f"uuid_setvar {caller} playback_timeout_sec",
            f"uuid_setvar {caller} uckefu_queue {_queue_name(effect.target)}",
            f"uuid_transfer {caller} queue XML uckefu",
        ]
    return [
        f"uuid_setvar {caller} playback_timeout_sec",
        f"uuid_setvar {caller} uckefu_target {checked('extension', effect.target)}",
        f"uuid_transfer {caller} transfer XML uckefu",
    ]


def _queue_name(name: str) -> str:
    """A queue's name is an administrator's text: no line end may be in it."""
    if any(ord(c) < 32 for c in name) or not name.strip():
        raise UnsafeText(f"{quote(name)} is no queue name for a channel variable")
    return name


class Switchboard:
    """`service.ports.Switch` on the event socket."""

    def __init__(self, core: Core, desk: CallerDesk, link: SwitchLink) -> None:
        self._core, self._desk, self._link = core, desk, link
        self._tasks: set[asyncio.Task[None]] = set()

    def perform(self, effect: CallEffect) -> None:
        """See `Switch.perform`."""
        if self._desk.perform(effect):
            return
        if isinstance(effect, OfferCall):
            # The caller's socket went away in this very moment: the agent is free, the member's end follows.
            self._core.submit(
                LegEnded(at_us=self._core.now_us(), leg_id=effect.leg_id, cause="CONTROL_FAILED")
            )
            return
        task = asyncio.create_task(self._hold(effect) if isinstance(effect, HoldLeg) else self._send(effect))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, effect: CallEffect) -> None:
        try:
            for line in api_lines(effect):
                await self._api(effect.channel_id, line)
        except (EslError, UnsafeText) as error:
            log.warning(
                "acd_effect_failed",
                effect=type(effect).__name__,
                error=str(error),
                call_uuid=effect.channel_id,
            )

    async def _hold(self, effect: HoldLeg) -> None:
        """Music in the agent's place, without a re-INVITE: after `uuid_hold` of the agent's leg FreeSWITCH 1.10.12
        sends the caller no RTP at all when the phone answers as it should. A switch without `uuid_displace` is asked
        to hold, as is one that has nothing displaced (the phone's own hold)."""
        try:
            caller, leg = checked("id", effect.channel_id), checked("id", effect.leg_id)
            what = f"start {one_line(effect.music)} 0" if effect.on else f"stop {one_line(effect.music)}"
            reply = await self._api(effect.channel_id, f"uuid_displace {caller} {what}")
            if reply.startswith("+OK"):
                self._core.submit(LegHeld(at_us=self._core.now_us(), leg_id=leg, on=effect.on))
            else:
                await self._api(effect.channel_id, f"uuid_hold {'' if effect.on else 'off '}{leg}")
        except (EslError, UnsafeText) as error:
            log.warning("acd_hold_failed", error=str(error), call_uuid=effect.channel_id)

    async def _api(self, channel_id: str, line: str) -> str:
        try:
            reply = await self._link.api(line)
        except EslError:
            control = self._desk.controls.get(channel_id)
            if control is None:
                raise
            reply = await control.call.api(line)
        if reply.startswith("-"):
            log.info("acd_api_refused", line=line, reply=reply.strip(), call_uuid=channel_id)
        return reply
