"""One caller's channel in our hands: music, the bridge that rings an agent, and back to music, one at a time.

`esl_server` makes one a connection and feeds it the channel's events; the switchboard hands it effects. What it
sees goes back to the core as inputs. As seen on FreeSWITCH 1.10.12: an application that is executed while another
plays runs nested inside it, so music is broken off first (`uuid_break all`, which also flushes what is queued), in
the same breath as the bridge; what plays or rings is over with its CHANNEL_EXECUTE_COMPLETE. What plays goes on when we die, with the caller in it:
so music has an end (the dialplan's `playback_timeout_sec`) and is begun again here, and is broken off when we close.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog

from acd.adapters.announcing import sound
from acd.adapters.dial import UnsafeText, bridge_argument, one_line
from acd.domain.effects import Announce, CallEffect, HangUpCaller, LetGo, OfferCall, PlayMusic, Withdraw
from acd.domain.inputs import BridgeEnded, CallerGone, Input, KeyPressed, LegAnswered, LegEnded
from esl import EslError, Event
from esl.aio import OutboundCall
from ivr.prompts import Prompts

log = structlog.get_logger(__name__)

SILENCE = "silence_stream://-1"
RELEASE_SECONDS = 1.0
SHORT_SECONDS = 1.0  # music that ends sooner is broken: silence instead of a loop

AFTER = "after:XML:uckefu"  # `transfer_after_bridge` of a caller whose flow asked for a survey (ivr/nodes/queue.py)

Submit = Callable[[Input], None]
Now = Callable[[], int]


def after_of(data: Event) -> str:
    """Where the caller goes after the talk, "" for nowhere."""
    return AFTER if data.variable("uckefu_after") else ""


def ringback_of(data: Event) -> str:
    """What the caller hears while a phone rings, when the dialplan has set all that it takes; else ""."""
    music = data.variable("ringback") or ""
    is_set = data.variable("transfer_ringback") == music and data.variable("instant_ringback") == "true"
    return music if is_set else ""


class CallControl:
    """Drives one channel. All methods run on the loop of the connection."""

    def __init__(
        self, call: OutboundCall, domain: str, submit: Submit, now_us: Now, prompts: Prompts | None = None
    ) -> None:
        self.call, self.channel_id = call, call.uuid
        self.left = False  # it went elsewhere in the dialplan
        self._domain, self._submit, self._now_us = domain, submit, now_us
        self._prompts, self._listens = prompts, False
        self._playing = ""  # event uuid of the music, "" for none
        self._play_began = 0.0
        self._wanted_music = ""
        self._ringing: OfferCall | None = None  # its bridge runs or is on its way to the switch
        self._next: OfferCall | None = None  # to ring as soon as that bridge is over
        self._tasks: set[asyncio.Task[None]] = set()
        self._ringback = ringback_of(call.data)
        self._after = after_of(call.data)
        # What follows a talk is off, so that ending the ringing can't end the call or lead into a survey.
        self._is_guarded = bool(self._after) and not call.data.variable("transfer_after_bridge")

    def perform(self, effect: CallEffect) -> bool:
        """Carry out what needs the channel's own socket; False for everything else."""
        if isinstance(effect, PlayMusic):
            self._wanted_music = effect.music
            if self._ringing is None and not self._playing:
                self._play(effect.music)
        elif isinstance(effect, Announce):
            self._announce(effect)
        elif isinstance(effect, OfferCall):
            if self._ringing is None:
                self._ring(effect)
            else:
                self._next = effect
        elif isinstance(effect, Withdraw) and self._next and self._next.leg_id == effect.leg_id:
            self._give_back(self._next, "PICKED_OFF")
            self._next = None
        elif isinstance(effect, Withdraw):
            self._guard(True)
            self._api(f"uuid_kill {effect.leg_id} {effect.cause}")
        elif isinstance(effect, HangUpCaller) and effect.by == "agent" and self._after:
            # The agent's part is over, the caller's is not; this ends the agent's leg, too.
            self._api(f"uuid_transfer {self.channel_id} after XML uckefu")
        else:
            if isinstance(effect, LetGo):
                self._wanted_music = ""
            return False
        return True

    def _announce(self, effect: Announce) -> None:
        """In the music's place; a phone that rings goes before, and the music goes on afterwards."""
        if self._ringing is not None or self._prompts is None:
            return
        if effect.listen and not self._listens:
            self._listens = True
            self._start(self._listen())
        files = sound(effect, self._prompts)
        if not files:
            return
        if self._playing:
            self._api(f"uuid_break {self.channel_id} all")
        self._playing, self._play_began = str(uuid.uuid4()), 0.0
        self._start(self.call.execute(self.channel_id, "playback", one_line(files), event_uuid=self._playing))

    async def release(self) -> None:
        """We close: stop the music, so that the dialplan goes on with the caller at once."""
        self._wanted_music = ""
        if self._playing:
            with suppress(EslError, TimeoutError):
                async with asyncio.timeout(RELEASE_SECONDS):
                    await self.call.api(f"uuid_break {self.channel_id} all")

    # ---- what the channel tells ----------------------------------------------------------------------

    def take(self, event: Event) -> bool:
        """Take an event of the channel. False when the channel is not ours any more."""
        if event.uuid != self.channel_id:
            return True
        if event.name == "CHANNEL_BRIDGE":
            self._bridged(event)
        elif event.name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
            self._gone(event)
            # The connection has served: while it lingers, FreeSWITCH shows the dead channel in its lists.
            return event.name == "CHANNEL_HANGUP"
        elif event.name == "DTMF":
            key = (event.get("DTMF-Digit") or "")[:1]
            self._submit(KeyPressed(at_us=self._now_us(), channel_id=self.channel_id, key=key))
        elif event.name == "CHANNEL_EXECUTE_COMPLETE":
            return self._completed(event)
        return True

    def _bridged(self, event: Event) -> None:
        other = event.get("Bridge-B-Unique-ID") or event.get("Other-Leg-Unique-ID") or ""
        if self._ringing and other in self._ringing.leg_ids:
            self._submit(LegAnswered(at_us=self._now_us(), leg_id=other))

    def _gone(self, event: Event) -> None:
        self._submit(
            CallerGone(
                at_us=self._now_us(), channel_id=self.channel_id, cause=event.get("Hangup-Cause") or ""
            )
        )

    def _completed(self, event: Event) -> bool:
        application, event_uuid = event.get("Application"), event.get("Application-UUID") or ""
        if application == "socket":
            self.left = True
            return False  # it goes its own way (a transfer): later events are none of ours
        if event.get("Answer-State") == "hangup":
            self._gone(event)
        elif application == "bridge" and self._ringing and event_uuid in ("", self._ringing.leg_id):
            self._bridge_over(self._ringing, event)
        elif application == "playback" and event_uuid == self._playing:
            self._music_over()
        return True

    def _bridge_over(self, offer: OfferCall, event: Event) -> None:
        disposition = event.variable("originate_disposition") or ""
        cause = event.variable("bridge_hangup_cause") if disposition == "SUCCESS" else disposition
        self._ringing = None
        ended = BridgeEnded(
            at_us=self._now_us(), channel_id=self.channel_id, leg_id=offer.leg_id, cause=cause or ""
        )
        self._submit(ended)
        if self._next:
            following, self._next = self._next, None
            self._ring(following)

    def _music_over(self) -> None:
        """Played to its end (a file), or broken off for a bridge, which is on its way then."""
        self._playing = ""
        if self._ringing is None and self._wanted_music:
            is_broken = time.monotonic() - self._play_began < SHORT_SECONDS
            self._play(SILENCE if is_broken else self._wanted_music)

    # ---- what we tell the switch ---------------------------------------------------------------------

    def _play(self, music: str) -> None:
        self._playing, self._play_began = str(uuid.uuid4()), time.monotonic()
        self._hear_while_ringing(music)
        self._start(self.call.execute(self.channel_id, "playback", one_line(music), event_uuid=self._playing))

    def _ring(self, offer: OfferCall) -> None:
        try:
            argument = bridge_argument(offer, self._domain)
        except UnsafeText as error:
            log.error("acd_offer_refused", error=str(error), interaction_id=offer.interaction_id)
            self._give_back(offer, "INVALID_NUMBER_FORMAT")
            return
        self._ringing = offer
        if self._is_guarded:
            self._guard(False)
        self._hear_while_ringing(offer.music)
        if self._playing:
            self._playing = ""
            self._api(f"uuid_break {self.channel_id} all")
        self._start(self._bridge(offer, argument))

    def _guard(self, on: bool) -> None:
        self._is_guarded = on
        self._api(f"uuid_setvar {self.channel_id} hangup_after_bridge {'false' if on else 'true'}")
        if self._after:
            self._api(
                f"uuid_setvar {self.channel_id} transfer_after_bridge {'' if on else self._after}".rstrip()
            )

    async def _bridge(self, offer: OfferCall, argument: str) -> None:
        try:
            await self.call.execute(self.channel_id, "bridge", argument, event_uuid=offer.leg_id)
        except EslError as error:
            # The channel does not take it: it is gone or not ours. Its end follows; the agent is free at once.
            log.warning("acd_bridge_refused", error=str(error), interaction_id=offer.interaction_id)
            for leg_id in offer.leg_ids:
                self._submit(LegEnded(at_us=self._now_us(), leg_id=leg_id, cause="CONTROL_FAILED"))
            await self.call.close()

    def _hear_while_ringing(self, music: str) -> None:
        """An answered caller hears nothing while a phone rings, unless these are set on its channel."""
        music = one_line(music)
        if music != self._ringback:
            self._ringback = music
            for name, value in (
                ("ringback", music),
                ("transfer_ringback", music),
                ("instant_ringback", "true"),
            ):
                self._api(f"uuid_setvar {self.channel_id} {name} {value}")

    def _give_back(self, offer: OfferCall, cause: str) -> None:
        """An offer that never reached the switch is over."""
        now = self._now_us()
        for leg_id in offer.leg_ids:
            self._submit(LegEnded(at_us=now, leg_id=leg_id, cause=cause))
        self._submit(BridgeEnded(at_us=now, channel_id=self.channel_id, leg_id=offer.leg_id, cause=cause))

    def _api(self, line: str) -> None:
        self._start(self._told(line))

    async def _listen(self) -> None:
        """Keys are events that `esl_server` switched off."""
        await self.call.command("event json DTMF")

    async def _told(self, line: str) -> None:
        reply = await self.call.api(line)
        if reply.startswith("-"):
            log.info("acd_api_refused", line=line, reply=reply.strip(), call_uuid=self.channel_id)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Send it now (tasks start in the order in which they were made) and don't wait for the answer."""
        task = asyncio.create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except EslError as error:
            # The connection or the channel is gone; the handler that reads its events says so to the core.
            log.info("acd_control_failed", error=str(error), call_uuid=self.channel_id)
