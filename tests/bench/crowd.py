"""`agent_freed_to_offer_p99_ms` and `acd_calls_per_second`: a crowd before the real ACD, at the other end of its sockets.

The ACD is a process of its own with a real Redis and SQL; the switch is the tests' scripted one (`scripted_switch`), so
that no SIP and no sound count. What is measured is from the moment in which the switch says a thing (a leg is gone, a
caller is there) to the moment in which the ACD's `bridge` for it runs; the switch's own share is `offer_latency_p99_ms`.
As many subscribers of every event as there are desktops listen meanwhile. Called by `tests.bench`.
"""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from acd.contract import SetStatus
from tests.bench.meter import cpu_seconds, family, percentile
from tests.integration.acd import scripted_switch
from tests.integration.acd.conftest import Acd, until
from tests.integration.acd.scripted_switch import Channel, ScriptedSwitch
from tests.support.servers import redis_server, temporary_folder

FIRST_EXTENSION = 1001
PATIENCE_SECONDS = 120


class Crowd(ScriptedSwitch):
    """A switch whose agents answer at once and talk for a while."""

    def __init__(self, *acd_ports: int, talk_seconds: float) -> None:
        super().__init__(*acd_ports)
        self.talk_seconds = talk_seconds
        self.arrived: dict[str, float] = {}  # callers, by channel
        self.freed: dict[str, float] = {}  # agents, by extension
        self.arrival_ms: list[float] = []  # from the arrival to the offer
        self.freed_ms: list[float] = []  # from the end of a talk to the agent's next offer
        self.talks_over = 0
        self.replaces = False  # each caller who has talked is followed by another one

    def arrive(self) -> None:
        """A caller comes."""
        self.arrived[self.call().uuid] = time.perf_counter()

    async def _bridge(self, caller: Channel, argument: str) -> dict[str, str]:
        now = time.perf_counter()
        extension = argument.partition("}user/")[2].partition("@")[0]
        if (since := self.freed.pop(extension, None)) is not None:
            self.freed_ms.append((now - since) * 1000)
        self.arrival_ms.append((now - self.arrived.pop(caller.uuid, now)) * 1000)
        self.spawn(self._answer_and_talk(extension))
        return await super()._bridge(caller, argument)

    async def _answer_and_talk(self, extension: str) -> None:
        leg = self.phone(extension)
        while leg is None or leg.cause:
            await asyncio.sleep(0)
            leg = self.phone(extension)
        leg.answer()
        await asyncio.sleep(self.talk_seconds * random.uniform(0.5, 1.5))
        self.freed[extension] = time.perf_counter()
        leg.hang_up()
        self.talks_over += 1
        if self.replaces:
            self.arrive()

    def phone(self, extension: str) -> Channel | None:
        """As there, without looking through all legs."""
        return self._phones.get(extension)

    @property
    def _phones(self) -> dict[str, Channel]:
        return {c.variables["dialed_user"]: c for c in self.channels.values() if "dialed_user" in c.variables}

    async def _transferred(self, channel: Channel) -> None:
        await asyncio.Event().wait()  # nobody is


@asynccontextmanager
async def centre(agents: int, desktops: int, talk_seconds: float) -> AsyncIterator[tuple[Acd, Crowd, int]]:
    """A crowd before an ACD with that many ready agents; gives the ACD's process id, too."""
    scripted_switch.BEAT_SECONDS = 0.0
    with temporary_folder() as folder, redis_server() as url:
        acd = Acd(folder, url)
        acd.people(agents, wrap_up_seconds=0)
        listening = subprocess.Popen([sys.executable, "-m", "tests.bench.desktops", url, str(desktops)])
        crowd = Crowd(acd.ports[0], talk_seconds=talk_seconds)
        crowd.port = acd.switch_port
        try:
            async with crowd:
                crowd.register(*(str(FIRST_EXTENSION + n) for n in range(agents)))
                process = await acd.process()
                known = lambda: len(acd.pages.view().get("agents", {})) == agents  # noqa: E731
                await until(known, "the agents in the ACD", PATIENCE_SECONDS)
                for n in range(1, agents + 1):
                    await acd.pages.send(SetStatus(agent_id=n, status="ready"))
                yield acd, crowd, process.pid
                process.kill()
                await process.wait()
        finally:
            listening.kill()
            listening.wait()
            acd.pages.bus.close()
            acd.record.dispose()


async def _freed(people: int, talk_seconds: float, seconds: float) -> dict[str, Any]:
    agents = waiting = people
    async with centre(agents, 200, talk_seconds) as (acd, crowd, pid):
        for _ in range(agents + waiting):
            crowd.arrive()
            await asyncio.sleep(talk_seconds / agents / 5)
        await until(lambda: len(acd.pages.line()) >= waiting, "the queue to be full", PATIENCE_SECONDS)
        crowd.replaces = True
        crowd.freed_ms.clear()
        talks, began, used = crowd.talks_over, time.perf_counter(), cpu_seconds(family(pid))
        await asyncio.sleep(seconds)
        talks, spent = crowd.talks_over - talks, time.perf_counter() - began
        return {
            "value": round(percentile(crowd.freed_ms, 0.99), 1),
            "unit": "ms",
            "p50_ms": round(percentile(crowd.freed_ms, 0.5), 1),
            "max_ms": round(max(crowd.freed_ms), 1),
            "offers": len(crowd.freed_ms),
            "calls_per_second": round(talks / spent, 1),
            "agents": agents,
            "waiting": len(acd.pages.line()),
            "wrap_up_seconds": 0,
            "acd_cpu_ms_per_call": round((cpu_seconds(family(pid)) - used) / talks * 1000, 1),
            "reference": None,
        }


async def _rate(agents: int, rate: float, seconds: float) -> dict[str, Any]:
    async with centre(agents, 200, 1.0) as (_acd, crowd, pid):
        for _ in range(5):
            crowd.arrive()
        await until(lambda: crowd.talks_over >= 5, "the first talks", PATIENCE_SECONDS)
        crowd.arrival_ms.clear()
        calls = round(rate * seconds)
        began, used = time.perf_counter(), cpu_seconds(family(pid))
        for n in range(calls):
            await asyncio.sleep(max(0.0, began + n / rate - time.perf_counter()))
            crowd.arrive()
        await until(lambda: len(crowd.arrival_ms) >= calls, "all callers to be offered", PATIENCE_SECONDS)
        offered = calls / (time.perf_counter() - began)
        await until(lambda: crowd.talks_over >= calls, "all talks to end", PATIENCE_SECONDS)
        each = (cpu_seconds(family(pid)) - used) / calls
        return {
            "value": round(1 / each, 1),
            "unit": "calls a second of one core",
            "offered_per_second": round(offered, 1),
            "offer_p50_ms": round(percentile(crowd.arrival_ms, 0.5), 1),
            "offer_p99_ms": round(percentile(crowd.arrival_ms, 0.99), 1),
            "acd_cpu_ms_per_call": round(each * 1000, 1),
            "calls": calls,
            "desktops": 200,
            "reference": None,
        }


def agent_freed_to_offer_p99_ms(*, people: int, talk_seconds: float, seconds: float) -> dict[str, Any]:
    """With so many agents who talk and as many callers who wait; no wrap-up. `people / talk_seconds` calls a second."""
    return asyncio.run(_freed(people, talk_seconds, seconds))


def acd_calls_per_second(*, rate: float, seconds: float) -> dict[str, Any]:
    """What one core would carry, from the CPU that the ACD used at this rate."""
    return asyncio.run(_rate(max(4, round(rate * 3)), rate, seconds))
