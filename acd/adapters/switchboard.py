"""Effects on one switch: on the caller's own socket where it is needed, else as API commands.

`service.core` hands effects over through `perform`. API commands go over the inbound connection, or over the
caller's socket while that one is away.
"""

import asyncio
import re
from urllib.parse import quote

import structlog

from acd.adapters.dial import UnsafeText, checked, dial_out_line, one_line, page_line
from acd.adapters.esl_client import SwitchLink
from acd.adapters.esl_server import CallerDesk
from acd.adapters.third_legs import ThirdLegs
from acd.domain.effects import (
    AnswerPhone,
    CallEffect,
    DialBack,
    DialOut,
    FetchCaller,
    HangUpCaller,
    HoldLeg,
    LetGo,
    MaskRecording,
    MuteLeg,
    OfferCall,
    PagePhones,
    PressKeys,
    RefuseLeg,
    TransferCaller,
    Withdraw,
)
from acd.domain.inputs import CallerGone, LegEnded, LegHeld
from acd.service.core import Core
from esl import EslError
from uckefu.times import from_us

log = structlog.get_logger(__name__)
REPLY_SLACK_SECONDS = 15


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
    if isinstance(effect, RefuseLeg):
        return [f"uuid_kill {caller} USER_BUSY"]
    if isinstance(effect, TransferCaller):
        return _transfer_lines(caller, effect)
    if isinstance(effect, AnswerPhone):
        return [f"uuid_phone_event {checked('id', effect.leg_id)} talk"]
    if isinstance(effect, MuteLeg):
        leg = checked("id", effect.leg_id)
        return [f"uuid_audio {leg} {'start read mute 1' if effect.on else 'stop'}"]
    if isinstance(effect, PressKeys):
        return [f"uuid_send_dtmf {caller} {checked('extension', effect.digits)}"]
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


def originate_line(effect: DialBack) -> str:
    """The command that calls a customer back; answered, the call goes the way of every caller. Raises UnsafeText."""
    queue = _queue_name(effect.queue)
    if set(queue) & set(",{}[]'^"):
        raise UnsafeText(f"{queue!r} can't stand in a dial string")
    channel_id = checked("id", effect.channel_id)
    variables = {
        "origination_uuid": channel_id,
        "originate_timeout": str(int(effect.timeout_seconds)),
        "ignore_early_media": "true",
        "origination_caller_id_number": checked("extension", effect.caller_id) if effect.caller_id else "",
        "interaction_id": checked("id", effect.interaction_id),
        "uckefu_role": "caller",
        "uckefu_queue": queue,
        "uckefu_language": checked("id", effect.language) if effect.language else "",
        "uckefu_recording": f"unfiled/{channel_id}.wav",
        "api_reporting_hook": "'python fs_scripts.cdr'",
    }
    braces = ",".join(f"{name}={value}" for name, value in variables.items() if value)
    number = checked("extension", effect.number)
    return f"originate {{{braces}}}sofia/gateway/{checked('id', effect.trunk)}/{number} queue XML uckefu"


def cause_of(reply: str) -> str:
    """The hangup cause in `-ERR NO_ANSWER`."""
    found = re.search(r"-ERR\s+([A-Z_]{3,64})", reply)
    return found[1] if found else "DESTINATION_OUT_OF_ORDER"


class Switchboard:
    """`service.ports.Switch` on the event socket."""

    def __init__(self, core: Core, desk: CallerDesk, link: SwitchLink, domain: str) -> None:
        self._core, self._desk, self._link, self._domain = core, desk, link, domain
        self._tasks: set[asyncio.Task[None]] = set()
        self._thirds = ThirdLegs(core, link, domain, self._api)

    def perform(self, effect: CallEffect) -> None:
        """See `Switch.perform`."""
        if self._desk.perform(effect):
            return
        if isinstance(effect, OfferCall):
            # The caller's socket went away in this very moment: the agent is free, the member's end follows.
            now = self._core.now_us()
            for leg_id in effect.leg_ids:
                self._core.submit(LegEnded(at_us=now, leg_id=leg_id, cause="CONTROL_FAILED"))
            return
        task = asyncio.create_task(self._carry_out(effect))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, effect: CallEffect) -> None:
        if isinstance(effect, HoldLeg):
            await self._hold(effect)
        elif isinstance(effect, DialBack):
            await self._dial_back(effect)
        elif isinstance(effect, DialOut):
            await self._dial_out(effect)
        elif isinstance(effect, MaskRecording):
            await self._mask(effect)
        elif isinstance(effect, PagePhones):
            await asyncio.gather(*(self._page(effect, *leg) for leg in effect.legs))
        elif isinstance(effect, ThirdLegs.KINDS):
            await self._thirds.carry_out(effect)
        else:
            await self._send(effect)

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

    async def _dial_back(self, effect: DialBack) -> None:
        """The call's own end is heard of as any caller's; one that never began has no other witness than the reply."""
        try:
            line = originate_line(effect)
            reply = await self._link.bgapi(line, effect.timeout_seconds + REPLY_SLACK_SECONDS)
        except (EslError, UnsafeText) as error:
            reply = f"-ERR {error}"
        if not reply.startswith("+OK"):
            log.info("acd_callback_not_answered", reply=reply.strip(), interaction_id=effect.interaction_id)
            now, cause = self._core.now_us(), cause_of(reply)
            self._core.submit(CallerGone(at_us=now, channel_id=effect.channel_id, cause=cause))

    async def _dial_out(self, effect: DialOut) -> None:
        """What comes of a phone that rings is heard of its leg; one that never rang has no other witness than the reply."""
        try:
            day = f"{from_us(self._core.now_us()):%Y/%m/%d}"
            line = dial_out_line(effect, self._domain, day)
            reply = await self._link.bgapi(line, effect.ring_seconds + REPLY_SLACK_SECONDS)
        except (EslError, UnsafeText) as error:
            reply = f"-ERR {error}"
        if not reply.startswith("+OK"):
            log.info("acd_phone_not_answered", reply=reply.strip(), interaction_id=effect.interaction_id)
            now, cause = self._core.now_us(), cause_of(reply)
            self._core.submit(LegEnded(at_us=now, leg_id=effect.leg_id, cause=cause))

    async def _page(self, effect: PagePhones, leg_id: str, extension: str) -> None:
        """A phone that does not answer has no other witness than the reply; the others end with the caller."""
        try:
            line = page_line(effect, leg_id, extension, self._domain)
            await self._link.bgapi(line, effect.timeout_seconds + REPLY_SLACK_SECONDS)
        except (EslError, UnsafeText) as error:
            log.info("acd_phone_not_paged", error=str(error), interaction_id=effect.interaction_id)
            self._core.submit(LegEnded(at_us=self._core.now_us(), leg_id=leg_id, cause=cause_of(str(error))))

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

    async def _mask(self, effect: MaskRecording) -> None:
        """The recording goes on with silence: its path is the one that the dialplan gave `record_session`."""
        try:
            caller = checked("id", effect.channel_id)
            path = one_line(await self._api(effect.channel_id, f"uuid_getvar {caller} uckefu_recording"))
            folder = one_line(await self._api(effect.channel_id, "global_getvar recordings_dir"))
            if path and folder and not path.startswith(("_undef_", "-")):
                what = "mask" if effect.on else "unmask"
                await self._api(effect.channel_id, f"uuid_record {caller} {what} {folder}/{path}")
        except (EslError, UnsafeText) as error:
            log.warning("acd_recording_not_masked", error=str(error), call_uuid=effect.channel_id)

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
