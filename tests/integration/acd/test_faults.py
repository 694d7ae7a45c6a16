"""Processes that die, stand still or come twice: no place is lost, no talk ends, nothing is decided twice."""

import asyncio
import os
import signal
import socket
from typing import Any

import pytest
import redis.asyncio
from prometheus_client import generate_latest

from acd.adapters.lease import LEASE_SECONDS, RENEW_SECONDS, TOKEN
from acd.contract import (
    EVENTS,
    INPUTS,
    LEASE,
    SNAPSHOT,
    CallConnected,
    CallEnded,
    MemberEntered,
    MemberLeft,
    OfferMade,
    SetStatus,
)
from acd.daemon import Daemon, Ports, PortTaken
from tests.integration.acd.conftest import Acd, until
from tests.integration.acd.scripted_switch import Channel, ScriptedSwitch

CALLERS = 20


async def waiting(acd: Acd, switch: ScriptedSwitch, count: int = CALLERS) -> list[Channel]:
    """Callers of several priorities who all wait."""
    callers = [switch.call(number=f"{n}", uckefu_priority=str(n % 3)) for n in range(count)]
    await until(lambda: len(acd.pages.line()) == count, "all callers to wait")
    return callers


async def one_talks(acd: Acd, switch: ScriptedSwitch) -> tuple[Channel, Channel]:
    await acd.pages.send(SetStatus(agent_id=1, status="ready"))
    caller = switch.call()
    leg: Channel = await until(lambda: switch.phone("1001"), "the phone to ring")
    leg.answer()
    await until(lambda: acd.pages.agent(1)["state"] == "talking", "the talk")
    return caller, leg


def attended(acd: Acd, by: str) -> bool:
    """Every caller who waits is in the hands of this writer."""
    view = acd.pages.view()
    return f":{by}" in f":{view['writer']}" and not any(row["away"] for row in view["members"])


async def kill(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


async def end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_kill_9_while_callers_wait_and_talk_loses_no_place_and_no_talk(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    acd.people(2)
    switch.register("1001", "1002")
    process = await acd.process()
    await until(lambda: acd.pages.agent(2).get("registered"), "the ACD to be there")
    talker, leg = await one_talks(acd, switch)
    await waiting(acd, switch)
    line = acd.pages.line()
    await kill(process)

    process = await acd.process()
    await until(lambda: attended(acd, str(process.pid)), "the callers to be back")
    assert acd.pages.line() == line
    assert not talker.cause
    assert len(acd.pages.events(MemberEntered)) == CALLERS + 1
    assert acd.pages.agent(1)["state"] == "talking"
    await acd.pages.send(SetStatus(agent_id=2, status="ready"))
    await until(lambda: switch.phone("1002"), "the next offer")
    assert switch.rings[-1] == ("1002", line[0])
    leg.hang_up()
    await until(lambda: acd.pages.events(CallEnded), "the end of the talk")
    await end(process)


async def test_a_talk_that_ended_while_no_acd_was_there_is_over_for_the_next_one(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    acd.people(1)
    switch.register("1001")
    process = await acd.process()
    await until(lambda: acd.pages.agent(1).get("registered"), "the ACD to be there")
    _, leg = await one_talks(acd, switch)
    (left,) = await waiting(acd, switch, 1)
    await kill(process)
    leg.hang_up()
    left.hang_up()
    process = await acd.process()
    await until(lambda: acd.pages.agent(1)["state"] == "wrap-up", "wrap-up")
    await until(
        lambda: "abandoned" in [e.result for e in acd.pages.events(MemberLeft)], "the abandoned caller"
    )
    assert acd.pages.line() == []
    await end(process)


async def test_the_standby_takes_over_with_the_same_order_and_the_first_one_comes_back_as_standby(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    acd.people(0)
    first, second = await acd.process(0), await acd.process(1)
    await waiting(acd, switch)
    line = acd.pages.line()
    owner = acd.pages.bus.get(LEASE)
    active, standby = (first, second) if f":{first.pid}#" in owner else (second, first)
    await kill(active)
    await until(lambda: f":{standby.pid}#" in (acd.pages.bus.get(LEASE) or ""), "the standby to take over")
    await until(lambda: attended(acd, str(standby.pid)), "the callers to be back")
    assert acd.pages.line() == line
    port = 0 if active is first else 1
    told = acd.log_of(port).count("acd_waits_for_lease")
    third = await acd.process(port)
    await until(lambda: acd.log_of(port).count("acd_waits_for_lease") > told, "the first one to wait")
    await end(third)
    assert f":{standby.pid}#" in acd.pages.bus.get(LEASE)
    await end(standby)


async def test_the_lease_of_a_machine_that_is_gone_ends_by_itself_and_the_standby_has_the_next_token(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    """Nobody can ask whether a process of another machine lives: its lease ends `LEASE_SECONDS` after its last sign."""
    acd.people(1)
    switch.register("1001")
    acd.pages.bus.set(TOKEN, 7)
    acd.pages.bus.set(LEASE, "elsewhere:4711#7", px=round(LEASE_SECONDS * 1000))
    async with acd.daemon(name="here"):
        await until(lambda: acd.pages.bus.get(LEASE) == "here#8", "the standby to take over")
        await until(lambda: acd.pages.agent(1).get("registered"), "the phone to be known")
        await acd.pages.send(SetStatus(agent_id=1, status="ready"))
        switch.call()
        await until(lambda: switch.phone("1001"), "an offer")
    assert LEASE_SECONDS + RENEW_SECONDS < 3  # from the last sign of life to the next writer


async def test_a_writer_that_stood_still_can_do_no_harm_when_it_comes_back(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    acd.people(1)
    switch.register("1001")
    first = await acd.process(0, "--stall-seconds", "0")
    await until(lambda: acd.pages.agent(1).get("registered"), "the ACD to be there")
    await waiting(acd, switch, 3)
    line = acd.pages.line()
    second = await acd.process(1)
    os.kill(first.pid, signal.SIGSTOP)
    await until(lambda: f":{second.pid}#" in (acd.pages.bus.get(LEASE) or ""), "the standby to take over")
    os.kill(first.pid, signal.SIGCONT)
    await until(lambda: "acd_is_not_the_writer" in acd.log_of(0), "the first one to see it")
    await until(lambda: attended(acd, str(second.pid)), "the callers to be back")
    await acd.pages.send(SetStatus(agent_id=1, status="ready"))
    await until(lambda: switch.rings, "the offer")
    assert switch.rings == [("1001", line[0])]
    assert [e.event_id for e in acd.pages.events(object)] == list(range(1, len(acd.pages.events(object)) + 1))
    assert f":{second.pid}#" in acd.pages.bus.get(LEASE)
    await end(first)
    await end(second)


async def test_while_the_database_stands_still_a_restarted_acd_keeps_its_lease_and_has_its_callers_back(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    acd.people(1)
    first = await acd.process(0)
    await waiting(acd, switch, 3)
    line = acd.pages.line()
    with socket.create_server(
        ("127.0.0.1", 0), backlog=50
    ) as silent:  # takes connections and never says a word
        database = f"mysql+pymysql://nobody@127.0.0.1:{silent.getsockname()[1]}/record"
        await kill(first)
        second = await acd.process(0, database=database)
        await until(lambda: f":{second.pid}#" in (acd.pages.bus.get(LEASE) or ""), "the lease")
        third = await acd.process(1, database=database)
        await until(lambda: attended(acd, str(second.pid)), "the callers to be back")
        await until(lambda: "acd_waits_for_lease" in acd.log_of(1), "the standby to stand by")
    assert acd.pages.line() == line
    assert (
        acd.pages.bus.get(TOKEN) == "2"
    )  # the first one's, and one more: nobody took it from the second one
    await end(second)
    await end(third)


async def test_an_acd_that_stands_still_is_killed_and_its_callers_have_their_places_with_the_next(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    acd.people(1)
    switch.register("1001")
    first = await acd.process(0, "--stall-seconds", "1")
    await until(lambda: acd.pages.agent(1).get("registered"), "the ACD to be there")
    await waiting(acd, switch, 2)
    line = acd.pages.line()
    os.kill(first.pid, signal.SIGSTOP)
    switch.call(number="late")  # the kernel takes its connection, and nobody answers
    assert await asyncio.wait_for(first.wait(), 20) == -signal.SIGKILL
    assert "acd_stood_still_and_was_killed" in acd.log_of(0)
    second = await acd.process(0)
    await until(lambda: attended(acd, str(second.pid)), "the callers to be back")
    await until(lambda: len(acd.pages.line()) == 3, "the caller who came meanwhile")
    assert acd.pages.line()[:2] == line
    await end(second)


async def test_an_orderly_end_hands_the_callers_to_the_standby(acd: Acd, switch: ScriptedSwitch) -> None:
    acd.people(0)
    async with acd.daemon(1, name="second"):
        await until(lambda: acd.pages.view(), "the first writer")
        async with acd.daemon(0, name="first"):
            await waiting(acd, switch, 5)
            line = acd.pages.line()
        assert acd.pages.bus.get(LEASE).startswith("second#")
        await until(lambda: attended(acd, "second"), "the callers to be attended")
        assert acd.pages.line() == line


# ---- Redis ---------------------------------------------------------------------------------------------


class Stalled:
    """Redis stands still: it takes connections and commands, and answers nothing."""

    def __init__(self, acd: Acd) -> None:
        self.pid = int(acd.pages.bus.info("server")["process_id"])

    def __enter__(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGCONT)


async def test_while_redis_stands_still_calls_are_routed_and_afterwards_everything_is_in_the_log(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    acd.people(2)
    switch.register("1001", "1002")
    async with acd.daemon() as daemon:
        await until(lambda: acd.pages.agent(2).get("registered"), "the phones to be known")
        for agent in (1, 2):
            await acd.pages.send(SetStatus(agent_id=agent, status="ready"))
        with Stalled(acd):
            switch.call()
            leg: Channel = await until(lambda: switch.phone("1001"), "an offer without Redis")
            leg.answer()
            switch.call()
            await until(lambda: switch.phone("1002"), "another one")
        await until(lambda: len(acd.pages.events(OfferMade)) == 2, "the events")
        await until(lambda: acd.pages.agent(1)["state"] == "talking", "the view")
        assert len(acd.pages.events(CallConnected)) == 1
        numbers = [int(row.partition("-")[0]) for row, _ in acd.pages.bus.xrange(INPUTS)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert daemon.metrics.is_ready()


async def test_redis_loses_everything_and_gets_it_back_from_the_acd(acd: Acd, switch: ScriptedSwitch) -> None:
    acd.people(1)
    switch.register("1001")
    async with acd.daemon():
        await until(lambda: acd.pages.agent(1).get("registered"), "the phones to be known")
        callers = await waiting(acd, switch, 3)
        line, last = acd.pages.line(), acd.pages.events(object)[-1].event_id
        acd.pages.bus.flushall()
        await until(
            lambda: acd.pages.bus.get(SNAPSHOT) and acd.pages.line() == line, "the view to be back", 5
        )
        await acd.pages.send(SetStatus(agent_id=1, status="ready"))
        await until(lambda: acd.pages.events(OfferMade), "an offer")
        assert acd.pages.events(object)[0].event_id == last + 1
        assert len(callers) == 3


async def test_a_full_redis_stops_no_call(acd: Acd, switch: ScriptedSwitch) -> None:
    acd.people(1)
    switch.register("1001")
    async with acd.daemon():
        await until(lambda: acd.pages.agent(1).get("registered"), "the phones to be known")
        await acd.pages.send(SetStatus(agent_id=1, status="ready"))
        acd.pages.bus.config_set("maxmemory", "1")
        switch.call()
        leg: Channel = await until(lambda: switch.phone("1001"), "an offer")
        leg.answer()
        acd.pages.bus.config_set("maxmemory", "0")
        await until(lambda: acd.pages.events(CallConnected), "the events, late")


async def test_an_entry_that_is_written_twice_is_there_once(acd: Acd, switch: ScriptedSwitch) -> None:
    from acd.adapters.lease import Lease
    from acd.adapters.redis_connection import open_redis
    from acd.adapters.redis_journal import RedisJournal
    from acd.service.ports import Logged

    bus: Any = open_redis(acd.settings.bus_url)
    lease = Lease(bus, "test")
    await lease.acquire()
    journal = RedisJournal(bus, lease)
    records = [Logged(1, "{}", "", ((1, "{}"), (2, "{}"))), Logged(2, "{}", "", ())]
    await journal.write(records)
    await journal.write(records)
    assert (acd.pages.bus.xlen(INPUTS), acd.pages.bus.xlen(EVENTS)) == (2, 2)
    await bus.aclose()
    assert isinstance(bus, redis.asyncio.Redis)


# ---- the switch and the database -----------------------------------------------------------------------


async def test_the_connection_to_the_switch_is_opened_again_and_what_was_missed_is_found(
    acd: Acd, switch: ScriptedSwitch
) -> None:
    acd.people(1)
    switch.register("1001")
    async with acd.daemon():
        await until(lambda: acd.pages.agent(1).get("registered"), "the phones to be known")
        await acd.pages.send(SetStatus(agent_id=1, status="ready"))
        for connection in list(switch.inbound):
            connection.writer.close()
        own = switch.dial_out("1001")  # nobody hears of it
        await until(lambda: acd.pages.agent(1)["state"] == "busy", "the missed call")
        own.hang_up()
        await until(lambda: acd.pages.agent(1)["state"] == "idle", "its end")
        await until(lambda: acd.pages.view()["switches"] == {"switch1": True}, "the connection")


async def test_without_the_database_the_last_configuration_is_used(acd: Acd, switch: ScriptedSwitch) -> None:
    acd.people(1)
    switch.register("1001")
    async with acd.daemon():
        await until(lambda: acd.pages.agent(1).get("registered"), "the phones to be known")
    database = acd.settings.instance / "record.db"
    acd.record.dispose()
    for path in acd.settings.instance.glob("record.db*"):
        path.unlink()
    database.mkdir()
    async with acd.daemon():
        await until(
            lambda: (acd.pages.bus.get(LEASE) or "") and acd.pages.agent(1).get("registered"), "the ACD"
        )
        await acd.pages.send(SetStatus(agent_id=1, status="ready"))
        switch.call()
        await until(lambda: switch.phone("1001"), "an offer")


async def test_a_port_that_is_taken_is_named_with_its_setting(acd: Acd) -> None:
    with socket.create_server(("127.0.0.1", acd.ports[0])), pytest.raises(PortTaken, match="UCKEFU_ACD_PORT"):
        await asyncio.wait_for(Daemon(acd.settings, Ports(acd.ports[0], 0)).run(), 20)


async def test_health_is_told_of_a_writer_and_of_a_standby(acd: Acd) -> None:
    async with acd.daemon(0, name="first") as first:
        await until(lambda: first.metrics.is_ready(), "the writer")
        async with acd.daemon(1, name="second") as second:
            assert not second.metrics.is_ready()
            first.metrics.refresh()
            assert b"uckefu_acd_writer 1.0" in generate_latest(first.metrics.registry)
