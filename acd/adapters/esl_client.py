"""The inbound connection to one switch: events of every leg, API commands, and what the switch really has.

It is opened again whenever it is lost. After each (re)connect, and then each `COMPARE_SECONDS`, what the switch has is
compared with the engine's state; an input is made only when they differ, so quiet times leave no trace in the log.
"""

import asyncio
import json
from typing import Any

import structlog

from acd.adapters.dial import checked
from acd.adapters.lately import Lately
from acd.adapters.legs import core_of, extension_of_event, extension_of_row
from acd.adapters.recovering import bring_back
from acd.adapters.stranded import Stranded
from acd.domain.inputs import (
    CallerGone,
    CustomerDialed,
    EndpointChanged,
    Input,
    LegAnswered,
    LegEnded,
    LegHeld,
    PhoneLegStarted,
    SeenLeg,
    SwitchConnected,
    SwitchLost,
    SwitchSeen,
)
from acd.domain.reconcile import differences
from acd.service.clock import set_within
from acd.service.core import Core
from esl import AuthenticationRefused, ConnectionLost, EslError, Event
from esl.aio import Client, connect

log = structlog.get_logger(__name__)

EVENTS = (
    "CHANNEL_CREATE", "CHANNEL_BRIDGE", "CHANNEL_HOLD", "CHANNEL_UNHOLD", "CHANNEL_HANGUP",
    "CUSTOM sofia::register", "CUSTOM sofia::unregister", "CUSTOM sofia::expire",
)  # fmt: skip
COMPARE_SECONDS = 1.5  # no agent is busy without a leg for over two
RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
API_SECONDS = 5.0


class SwitchLink:
    """One switch's event socket, kept open."""

    def __init__(
        self, core: Core, name: str, host: str, port: int, password: str, stranded: Stranded | None = None
    ) -> None:
        self.name = name
        self._core, self._address, self._password = core, (host, port), password
        self._client: Client | None = None
        self._compare_now = asyncio.Event()
        self._lately = Lately()
        self._stranded = stranded

    async def api(self, line: str) -> str:
        """Run an API command. Raises EslError."""
        if self._client is None:
            raise ConnectionLost(f"{self.name} is not connected")
        return await self._client.api(line, timeout_seconds=API_SECONDS)

    async def bgapi(self, line: str, timeout_seconds: float) -> str:
        """Run an API command that takes long and wait for its text. Raises EslError."""
        if self._client is None:
            raise ConnectionLost(f"{self.name} is not connected")
        return await self._client.bgapi(line, timeout_seconds=timeout_seconds)

    async def run(self) -> None:
        """Keep the connection open for ever."""
        failures = 0
        while True:
            try:
                client = await connect(*self._address, self._password)
                failures = 0
                await self._attend(client)
            except (EslError, OSError) as error:
                level = log.error if isinstance(error, AuthenticationRefused) or not failures else log.debug
                level("acd_switch_unreachable", switch=self.name, error=str(error))
            await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            failures += 1

    async def _attend(self, client: Client) -> None:
        comparing: asyncio.Task[None] | None = None
        try:
            await client.subscribe(*EVENTS)
            self._client = client
            core = await client.api("global_getvar core_uuid", timeout_seconds=API_SECONDS)
            now = self._core.now_us()
            self._core.submit(SwitchConnected(at_us=now, switch=self.name, core=core_of(core)))
            log.info("acd_switch_connected", switch=self.name)
            comparing = asyncio.create_task(self._compare(client))
            async for event in client.events():
                self._take(event)
        finally:
            self._client = None
            self._core.submit(SwitchLost(at_us=self._core.now_us(), switch=self.name))
            if comparing:
                comparing.cancel()
                await asyncio.gather(comparing, return_exceptions=True)
            await client.close()

    # ---- what the switch tells ----------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        self._lately.note(event)
        for made in self._inputs(event):
            self._core.submit(made)

    def _inputs(self, event: Event) -> list[Input]:
        """The inputs that an event means; none for legs that are nobody's here."""
        engine, now, leg = self._core.engine, self._core.now_us(), event.uuid
        if event.name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
            cause = event.get("Hangup-Cause") or ""
            if engine.knows_caller(leg):
                return [CallerGone(at_us=now, channel_id=leg, cause=cause)]
            return [LegEnded(at_us=now, leg_id=leg, cause=cause)] if engine.knows_leg(leg) else []
        if event.name == "CHANNEL_BRIDGE":
            sides = {event.get(name) or "" for name in ("Bridge-A-Unique-ID", "Bridge-B-Unique-ID")} | {leg}
            return [LegAnswered(at_us=now, leg_id=side) for side in sorted(sides) if engine.knows_leg(side)]
        if event.name in ("CHANNEL_HOLD", "CHANNEL_UNHOLD"):
            return (
                [LegHeld(at_us=now, leg_id=leg, on=event.name == "CHANNEL_HOLD")]
                if engine.knows_leg(leg)
                else []
            )
        if event.name == "CHANNEL_CREATE":
            return self._created(event, now)
        return self._registration(event, now)

    def _created(self, event: Event, now: int) -> list[Input]:
        engine, extension = self._core.engine, extension_of_event(event)
        if event.uuid in engine.dialled:  # perhaps a colleague's phone, which is in a call of its own then
            dialed: list[Input] = [CustomerDialed(at_us=now, channel_id=event.uuid)]
            return dialed + self._phones_own(event, extension, now)
        is_ours = engine.knows_leg(event.uuid) or event.variable("uckefu_offer_id")
        return [] if is_ours else self._phones_own(event, extension, now)

    def _phones_own(self, event: Event, extension: str, now: int) -> list[Input]:
        if extension not in self._core.engine.extensions:
            return []
        called = event.get("Call-Direction") == "outbound"
        return [
            PhoneLegStarted(
                at_us=now, leg_id=event.uuid, extension=extension, switch=self.name, called=called
            )
        ]

    def _registration(self, event: Event, now: int) -> list[Input]:
        if event.subclass != "sofia::register":
            self._compare_now.set()  # another phone of the same extension may be left: ask
            return []
        extension = event.get("from-user") or event.get("username") or ""
        if self.name in self._core.engine.state.registrations.get(extension, ()):
            return []
        return [EndpointChanged(at_us=now, switch=self.name, extension=extension, registered=True)]

    # ---- what the switch has -------------------------------------------------------------------------

    async def _compare(self, client: Client) -> None:
        await self._bring_back(client)
        while True:
            try:
                seen = await self._ask(client)
                if differences(self._core.engine, seen):
                    self._core.submit(seen)
            except (EslError, ValueError) as error:
                log.warning("acd_not_compared", switch=self.name, error=str(error))
            self._compare_now.clear()
            await set_within(self._compare_now, COMPARE_SECONDS)

    async def _bring_back(self, client: Client) -> None:
        try:
            count = await bring_back(client.api)
        except EslError as error:
            log.warning("acd_calls_not_recovered", switch=self.name, error=str(error))
            return
        if count:
            log.warning("acd_calls_recovered", switch=self.name, calls=count)

    async def _ask(self, client: Client) -> SwitchSeen:
        asked_at_us = self._core.now_us()
        channels = _rows(await client.api("show channels as json", timeout_seconds=API_SECONDS))
        await self._fetch_stranded(client, channels)
        registrations = _rows(await client.api("show registrations as json", timeout_seconds=API_SECONDS))
        legs = tuple(
            SeenLeg(
                leg_id=row["uuid"],
                extension=extension_of_row(row),
                bridged=row.get("callstate") in ("ACTIVE", "HELD"),
            )
            for row in channels
            if row.get("uuid")
        )
        registered = (row["reg_user"] for row in registrations if row.get("reg_user"))
        return SwitchSeen(
            at_us=self._core.now_us(),
            switch=self.name,
            asked_at_us=asked_at_us,
            legs=self._lately.legs(legs),
            registered=self._lately.registered(registered),
        )

    async def _fetch_stranded(self, client: Client, channels: list[dict[str, Any]]) -> None:
        for channel_id in self._stranded.look(channels) if self._stranded else ():
            log.warning("acd_stranded_caller_fetched", call_uuid=channel_id)
            line = f"uuid_transfer {checked('id', channel_id)} join XML uckefu"
            await client.api(line, timeout_seconds=API_SECONDS)


def _rows(text: str) -> list[dict[str, Any]]:
    """Rows of a `show … as json`; without any, FreeSWITCH leaves the list out. Raises ValueError."""
    if not text.lstrip().startswith("{"):
        raise ValueError(text.strip()[:80] or "no answer")
    rows = json.loads(text).get("rows", [])
    return [row for row in rows if isinstance(row, dict)]
