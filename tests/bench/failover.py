"""`acd_failover_seconds`: `kill -9` of the ACD with many who wait and talk, until the next one attends to all who wait.

The ACDs are processes, Redis and SQL are real, the switch is the tests' scripted one: the same as in the fault test
(`tests/integration/acd/test_great_faults.py`), which says what must be true then; here it is timed. `value` is the worse
of the two ways, the one that is started again and the standby. Called by `tests.bench`.
"""

import asyncio
from typing import Any

from tests.integration.acd.conftest import Acd, until
from tests.integration.acd.scripted_switch import ScriptedSwitch
from tests.integration.acd.test_faults import attended, end, kill
from tests.integration.acd.test_great_faults import busy_centre
from tests.support.servers import redis_server, temporary_folder


def acd_failover_seconds(*, talking: int, waiting: int) -> dict[str, Any]:
    """The line: seconds to the restarted one and to the standby, and whether the order was the same."""
    restarted = asyncio.run(_measure(talking, waiting, standby=False))
    standby = asyncio.run(_measure(talking, waiting, standby=True))
    details = {"restarted": restarted, "standby": standby, "talking": talking, "waiting": waiting}
    return {"value": max(restarted, standby), "unit": "s", "reference": None, **details}


async def _measure(talking: int, waiting: int, *, standby: bool) -> float:
    with redis_server() as url, temporary_folder() as folder:
        acd = Acd(folder, url)
        acd.people(talking)
        switch = ScriptedSwitch(*acd.ports)
        switch.port = acd.switch_port
        try:
            async with switch:
                return await _kill_and_wait(acd, switch, talking, waiting, standby=standby)
        finally:
            acd.pages.bus.close()
            acd.record.dispose()


async def _kill_and_wait(
    acd: Acd, switch: ScriptedSwitch, talking: int, waiting: int, *, standby: bool
) -> float:
    switch.register(*(f"{1000 + n}" for n in range(1, talking + 1)))
    first = await acd.process(0)
    await until(lambda: acd.pages.agent(talking).get("registered"), "the ACD to be there")
    second = await acd.process(1) if standby else None
    if second:
        await until(lambda: "acd_waits_for_lease" in acd.log_of(1), "the standby to be there")
    await busy_centre(acd, switch, talking, waiting)
    line, began = acd.pages.line(), asyncio.get_running_loop().time()
    await kill(first)
    following = second or await acd.process(0)
    await until(lambda: attended(acd, str(following.pid)), "the callers to be back")
    seconds = round(asyncio.get_running_loop().time() - began, 2)
    if acd.pages.line() != line:
        raise TimeoutError("the order is another one")
    await end(following)
    return seconds
