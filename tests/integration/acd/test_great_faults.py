"""The great faults with real processes: a hundred wait and fifty talk, Redis stands still for ten seconds or is full."""

import asyncio
from collections import Counter
from typing import Any

import pytest
import redis

from acd.contract import (
    INPUTS,
    LEASE,
    AcdClient,
    CallConnected,
    CallEnded,
    HangUpCall,
    MemberEntered,
    MemberLeft,
    OfferMade,
    SetStatus,
)
from tests.integration.acd.conftest import Acd, until
from tests.integration.acd.scripted_switch import Channel, ScriptedSwitch
from tests.integration.acd.test_faults import Stalled, attended, end, kill

TALKING, WAITING = 50, 100
STALL_SECONDS = 10.0


async def busy_centre(
    acd: Acd, switch: ScriptedSwitch, talking: int = TALKING, waiting: int = WAITING
) -> tuple[list[Channel], list[Channel]]:
    """Fifty talk, a hundred wait; returns the callers who talk and the phones' legs."""
    callers = []
    for n in range(1, talking + 1):
        await acd.pages.send(SetStatus(agent_id=n, status="ready"))
    for _ in range(talking):
        callers.append(switch.call())
    await until(lambda: len(switch.rings) == talking, "all phones to ring")
    legs: list[Any] = [switch.phone(extension) for extension, _caller in switch.rings]
    for leg in legs:
        leg.answer()
    await until(lambda: len(acd.pages.events(CallConnected)) == talking, "all talks")
    for n in range(waiting):
        switch.call(number=str(n), uckefu_priority=str(n % 3))
    await until(lambda: len(acd.pages.line()) == waiting, "all callers to wait")
    return callers, legs


@pytest.mark.parametrize("standby", [False, True], ids=["restarted", "standby"])
async def test_kill_9_with_100_waiting_and_50_talking_loses_nobody_and_offers_nobody_twice(
    acd: Acd, switch: ScriptedSwitch, standby: bool
) -> None:
    """How long it takes is `acd_failover_seconds` of `make bench`."""
    acd.people(TALKING)
    switch.register(*(f"{1000 + n}" for n in range(1, TALKING + 1)))
    first = await acd.process(0)
    await until(lambda: acd.pages.agent(TALKING).get("registered"), "the ACD to be there")
    second = None
    if standby:
        second = await acd.process(1)
        await until(lambda: "acd_waits_for_lease" in acd.log_of(1), "the standby to be there")
    talkers, legs = await busy_centre(acd, switch)
    line = acd.pages.line()
    await kill(first)
    next_one = second or await acd.process(0)
    await until(lambda: attended(acd, str(next_one.pid)), "the callers to be back")

    assert acd.pages.line() == line
    assert not [talker for talker in talkers if talker.cause]
    assert not [leg for leg in legs if leg.cause]
    assert len(acd.pages.events(MemberEntered)) == TALKING + WAITING
    assert len(acd.pages.events(OfferMade)) == len(switch.rings) == TALKING
    legs[0].hang_up()
    agent_id = acd.pages.events(OfferMade)[0].agent_id
    await until(lambda: acd.pages.agent(agent_id)["state"] == "wrap-up", "wrap-up")
    await acd.pages.send(SetStatus(agent_id=agent_id, status="ready"))
    await until(lambda: len(switch.rings) == TALKING + 1, "the next offer")
    assert switch.rings[-1][1] == line[0]
    offers = Counter(event.offer_id for event in acd.pages.events(OfferMade))
    assert max(offers.values()) == 1
    await end(next_one)


async def test_redis_stands_still_for_10_seconds_and_no_agent_is_told_anything_wrong(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    """Calls are routed from memory; a page is told that nobody answers, and what it asked for is not done later."""
    acd.people(2)
    switch.register("1001", "1002")
    first, second = await acd.process(0), await acd.process(1)
    await until(lambda: acd.pages.agent(2).get("registered"), "the ACD to be there")
    writer = str(acd.pages.view()["writer"])
    for agent in (1, 2):
        await acd.pages.send(SetStatus(agent_id=agent, status="ready"))
    page = AcdClient(redis.Redis.from_url(acd.settings.bus_url, decode_responses=True, socket_timeout=2))
    assert page.send(SetStatus(agent_id=2, status="ready")).ok
    talker = switch.call()
    leg: Channel = await until(lambda: switch.phone("1001"), "the first offer")
    leg.answer()
    await until(lambda: acd.pages.agent(1)["state"] == "talking", "the talk")
    loop = asyncio.get_running_loop()
    with Stalled(acd):
        stalled_at = loop.time()
        asked = asyncio.create_task(asyncio.to_thread(page.send, HangUpCall(agent_id=1)))
        switch.call()
        other: Channel = await until(lambda: switch.phone("1002"), "an offer without Redis")
        other.answer()
        reply = await asked
        assert (reply.ok, reply.code) == (False, "acd-unavailable")
        await until(lambda: loop.time() - stalled_at > STALL_SECONDS, "ten seconds")
    await until(
        lambda: acd.pages.agent(2).get("state") == "talking", "the view of what was decided meanwhile"
    )
    await until(lambda: page.send(SetStatus(agent_id=2, status="ready")).ok, "commands to be done again")
    assert str(acd.pages.view()["writer"]) == writer, "a stall is no reason for another writer"
    assert f"{writer}#" in acd.pages.bus.get(LEASE)
    assert not talker.cause, "what was refused must not be done later"
    assert acd.pages.events(CallEnded) == []
    assert len(acd.pages.events(OfferMade)) == 2
    numbers = [int(row.partition("-")[0]) for row, _ in acd.pages.bus.xrange(INPUTS)]
    assert numbers == list(range(1, len(numbers) + 1))
    page.bus.close()
    await end(first)
    await end(second)


async def test_with_a_full_redis_calls_go_on_a_page_is_refused_and_nothing_is_lost(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    acd.people(1)
    switch.register("1001")
    async with acd.daemon():
        await until(lambda: acd.pages.agent(1).get("registered"), "the phone to be known")
        await acd.pages.send(SetStatus(agent_id=1, status="ready"))
        page = AcdClient(redis.Redis.from_url(acd.settings.bus_url, decode_responses=True, socket_timeout=2))
        acd.pages.bus.config_set("maxmemory", "1")
        reply = await asyncio.to_thread(page.send, SetStatus(agent_id=1, status="break"))
        assert (reply.ok, reply.code) == (False, "acd-unavailable")
        first = switch.call()
        leg: Channel = await until(lambda: switch.phone("1001"), "an offer")
        leg.answer()
        second = switch.call()
        await until(lambda: second.heard, "music for who waits")
        acd.pages.bus.config_set("maxmemory", "0")
        await until(lambda: acd.pages.events(CallConnected), "the events, late")
        await until(lambda: acd.pages.line() == [second.uuid], "the view")
        assert acd.pages.agent(1)["status"] == "ready", "what was refused was not done"
        assert [event.interaction_id for event in acd.pages.events(MemberEntered)] == [
            first.uuid,
            second.uuid,
        ]
        page.bus.close()


async def test_calls_that_come_back_after_a_restart_of_the_switch_have_their_place(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    """FreeSWITCH recovers its calls (`sofia recover`): the same channels come to the socket again, in any order."""
    acd.people(1)
    switch.register("1001")
    async with acd.daemon():
        await until(lambda: acd.pages.agent(1).get("registered"), "the phone to be known")
        callers = [switch.call(number=str(n)) for n in range(5)]
        await until(lambda: len(acd.pages.line()) == 5, "all callers to wait")
        line = acd.pages.line()
        switch.crash()
        await until(lambda: acd.pages.view()["switches"] == {"switch1": False}, "the loss to be seen")
        lost = callers[2]
        switch.restart([caller for caller in reversed(callers) if caller is not lost])
        await until(
            lambda: (
                acd.pages.view()["switches"] == {"switch1": True}
                and not any(row["away"] for row in acd.pages.view()["members"])
            ),
            "the callers to be back",
        )
        expected = [interaction_id for interaction_id in line if interaction_id != lost.uuid]
        await until(lambda: acd.pages.line() == expected, "the one who did not come back to be gone")
        assert [event.result for event in acd.pages.events(MemberLeft)] in (["abandoned"], ["failed"])
        switch.register("1001")
        await until(lambda: acd.pages.agent(1).get("registered"), "the phone to be back")
        await acd.pages.send(SetStatus(agent_id=1, status="ready"))
        await until(lambda: switch.rings, "the next offer")
        assert switch.rings[0][1] == expected[0]


async def test_callers_who_call_again_after_a_restart_of_the_switch_have_their_place(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    """No call was recovered: each comes back as a new call from its number, the last one first."""
    acd.people(0)
    async with acd.daemon():
        await until(lambda: acd.pages.view().get("switches") == {"switch1": True}, "the switch")
        numbers = [f"1380000000{n}" for n in range(5)]
        for number in numbers:
            switch.call(number=number)
        await until(lambda: len(acd.pages.line()) == 5, "all callers to wait")
        switch.crash()
        await until(lambda: acd.pages.view()["switches"] == {"switch1": False}, "the loss to be seen")
        switch.restart([])
        await until(lambda: acd.pages.line() == [], "the lost calls to be gone")
        switch.call(number="13900000009")
        for number in reversed(numbers[:4]):
            switch.call(number=number)
        await until(lambda: len(acd.pages.line()) == 5, "all to be back")
        waiting = [row["number"] for row in acd.pages.view()["members"]]
        assert waiting == [*numbers[:4], "13900000009"]
