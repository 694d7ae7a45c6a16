"""Third legs on the switch: dialled beside a talk, steered, and joined with the caller (`acd/domain/thirds.py`).

`switchboard` hands these effects over. The third leg runs `eavesdrop` on the agent's leg: with both whispers it talks
with everybody there. To change that it is transferred to the same application anew, which takes no keys, so that nobody
steers past the pages. Nothing here touches the talk itself before the two are joined.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

import structlog

from acd.adapters.call_control import AFTER
from acd.adapters.dial import UnsafeText, checked, one_line
from acd.adapters.esl_client import SwitchLink
from acd.domain.effects import CallEffect, DialThird, DropThird, GuardCaller, JoinThird, SteerThird
from acd.domain.inputs import LegEnded, LegHeld, ThirdAnswered
from acd.service.core import Core
from esl import EslError

log = structlog.get_logger(__name__)
REPLY_SLACK_SECONDS = 15
WAIT_MILLISECONDS = 5000  # whose target is gone waits that long for the caller's dialplan to take it
HEARD = {"whisper": ("false", "true"), "listen": ("false", "false"), "take-over": ("false", "false")}
"""mode -> heard by the caller, by the agent; every other mode by both."""
ROLES = {"consult": "consult", "watch": "supervisor"}

Api = Callable[[str, str], Awaitable[str]]


def dial_line(effect: DialThird, domain: str) -> str:
    """The command that rings the third phone and lets it into the talk. Raises UnsafeText."""
    aleg, bleg = HEARD.get(effect.mode, ("true", "true"))
    variables = {
        "origination_uuid": checked("id", effect.leg_id),
        "originate_timeout": str(int(effect.timeout_seconds)),
        "ignore_early_media": "true",
        "origination_caller_id_number": checked("extension", effect.shown) if effect.shown else "",
        "interaction_id": checked("id", effect.interaction_id),
        "uckefu_role": ROLES[effect.purpose],
        "eavesdrop_enable_dtmf": "false",
        "eavesdrop_whisper_aleg": aleg,
        "eavesdrop_whisper_bleg": bleg,
        "api_reporting_hook": "'python fs_scripts.cdr'",
    }
    braces = ",".join(f"{name}={value}" for name, value in variables.items() if value)
    number = checked("extension", effect.number)
    if effect.trunk:
        phone = f"sofia/gateway/{checked('id', effect.trunk)}/{number}"
    else:
        phone = f"user/{number}@{checked('domain', domain)}"
    return f"originate {{{braces}}}{phone} {_listening(effect.talk_leg_id)} inline"


def _listening(talk_leg_id: str) -> str:
    return f"eavesdrop:{checked('id', talk_leg_id)},sleep:{WAIT_MILLISECONDS}"


class ThirdLegs:
    """Carries out what concerns third legs, in order.

    Args:
        api: runs an API command about a channel (its id, the line) and returns the text. Raises EslError.
    """

    KINDS: ClassVar = (DialThird, SteerThird, JoinThird, DropThird, GuardCaller)

    def __init__(self, core: Core, link: SwitchLink, domain: str, api: Api) -> None:
        self._core, self._link, self._domain, self._api = core, link, domain, api
        self._in_turn = asyncio.Lock()  # several commands each: one effect after the other

    async def carry_out(self, effect: CallEffect) -> None:
        """Do it; what comes of it returns as inputs."""
        if isinstance(effect, DialThird):
            await self._dial(effect)
            return
        try:
            async with self._in_turn:
                if isinstance(effect, SteerThird):
                    await self._steer(effect)
                elif isinstance(effect, JoinThird):
                    await self._join(effect)
                elif isinstance(effect, GuardCaller):
                    await self._guard(effect)
                elif isinstance(effect, DropThird):
                    await self._api(effect.channel_id, f"uuid_kill {checked('id', effect.leg_id)}")
        except (EslError, UnsafeText) as error:
            log.warning(
                "acd_third_failed",
                effect=type(effect).__name__,
                error=str(error),
                call_uuid=effect.channel_id,
            )

    async def _dial(self, effect: DialThird) -> None:
        """The reply comes with the answer, or with the cause why there is none."""
        try:
            reply = await self._link.bgapi(
                dial_line(effect, self._domain), effect.timeout_seconds + REPLY_SLACK_SECONDS
            )
        except (EslError, UnsafeText) as error:
            reply = f"-ERR {error}"
        now = self._core.now_us()
        if reply.startswith("+OK"):
            self._core.submit(ThirdAnswered(at_us=now, leg_id=effect.leg_id))
            return
        log.info("acd_third_not_answered", reply=reply.strip(), interaction_id=effect.interaction_id)
        words = reply.split()
        cause = words[1] if len(words) == 2 else "DESTINATION_OUT_OF_ORDER"
        self._core.submit(LegEnded(at_us=now, leg_id=effect.leg_id, cause=cause))

    async def _steer(self, effect: SteerThird) -> None:
        """First who must not hear any more, then who may."""
        channel, leg, music = effect.channel_id, checked("id", effect.leg_id), one_line(effect.music)
        if effect.mode == "customer":
            await self._api(channel, f"uuid_transfer {leg} playback:{music} inline")
            await self._displace(effect, on=False)
            return
        if effect.mode == "private":
            await self._displace(effect, on=True)
        elif effect.mode == "together":
            await self._displace(effect, on=False)
        else:
            aleg, bleg = HEARD.get(effect.mode, ("true", "true"))
            values = f"eavesdrop_whisper_aleg={aleg};eavesdrop_whisper_bleg={bleg}"
            await self._api(channel, f"uuid_setvar_multi {leg} {values}")
        if effect.was not in ("private", "together"):
            await self._api(channel, f"uuid_transfer {leg} {_listening(effect.talk_leg_id)} inline")

    async def _displace(self, effect: SteerThird | JoinThird, *, on: bool) -> None:
        caller, leg, music = checked("id", effect.channel_id), effect.talk_leg_id, one_line(effect.music)
        what = f"start {music} 0" if on else f"stop {music}"
        reply = await self._api(effect.channel_id, f"uuid_displace {caller} {what}")
        if reply.startswith("+OK"):
            self._core.submit(LegHeld(at_us=self._core.now_us(), leg_id=leg, on=on))

    async def _join(self, effect: JoinThird) -> None:
        await self._displace(effect, on=False)
        await self._guard(GuardCaller(effect.switch, effect.channel_id, False, ""))
        caller, leg = checked("id", effect.channel_id), checked("id", effect.leg_id)
        await self._api(effect.channel_id, f"uuid_bridge {caller} {leg}")

    async def _guard(self, effect: GuardCaller) -> None:
        """What the flow wants after the talk (a survey) comes after the last talk, whoever has it."""
        channel, caller = effect.channel_id, checked("id", effect.channel_id)
        wanted = await self._api(channel, f"uuid_getvar {caller} uckefu_after")
        after = AFTER if wanted.strip() and not wanted.startswith(("_undef_", "-")) else ""
        values = {
            "uckefu_consult_after": after if effect.on else "",
            "uckefu_consult_leg": checked("id", effect.leg_id) if effect.leg_id else "",
            "transfer_after_bridge": "consulted:XML:uckefu" if effect.on else after,
        }
        for name, value in values.items():
            await self._api(channel, f"uuid_setvar {caller} {name} {value}".rstrip())
