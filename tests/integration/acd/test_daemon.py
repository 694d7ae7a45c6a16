"""The daemon end to end, with a scripted switch on the other end of real sockets."""

import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.orm import Session

from acd.adapters.redis_connection import open_redis
from acd.contract import (
    VIEW_CHANNEL,
    CallbackTried,
    CallConnected,
    CallEnded,
    DeclineOffer,
    FinishWrapUp,
    HangUpCall,
    HoldCall,
    MemberEntered,
    MemberLeft,
    OfferEnded,
    Presence,
    SetStatus,
    TransferCall,
)
from acd.replay import export, replay
from sql.models import QueueRouting
from tests.integration.acd.conftest import Acd, until
from tests.integration.acd.scripted_switch import Channel, ScriptedSwitch


@pytest.fixture
async def centre(acd: Acd, switch: ScriptedSwitch) -> AsyncIterator[Acd]:
    """Two agents with registered phones, and an ACD that takes calls."""
    acd.people(2)
    switch.register("1001", "1002")
    async with acd.daemon():
        await until(lambda: acd.pages.agent(2).get("registered"), "the phones to be known")
        yield acd


async def ready(acd: Acd, *agents: int) -> None:
    for agent in agents:
        assert (await acd.pages.send(SetStatus(agent_id=agent, status="ready")))["ok"]


async def rings(switch: ScriptedSwitch, extension: str) -> Channel:
    return await until(lambda: switch.phone(extension), f"{extension} to ring")


async def test_a_call_from_the_queue_to_the_end_of_wrap_up(centre: Acd, switch: ScriptedSwitch) -> None:
    await ready(centre, 1)
    caller = switch.call(uckefu_intent="sales", uckefu_did="4001")
    leg = await rings(switch, "1001")
    assert caller.heard[0].startswith("bridge {origination_uuid=")  # no music before
    assert (caller.variables["ringback"], caller.variables["instant_ringback"]) == (
        "local_stream://moh",
        "true",
    )
    assert leg.variables["interaction_id"] == caller.uuid
    assert leg.variables["api_reporting_hook"] == "'python fs_scripts.cdr'"
    offer = await until(lambda: centre.pages.agent(1)["offer"], "the pop-up")
    assert (offer["number"], offer["intent"], offer["did"], offer["leg_id"]) == (
        "13800138000",
        "sales",
        "4001",
        leg.uuid,
    )
    leg.answer()
    await until(lambda: centre.pages.agent(1)["state"] == "talking", "the talk")
    leg.hang_up()
    await until(lambda: centre.pages.agent(1)["state"] == "wrap-up", "wrap-up")
    assert caller.cause == "NORMAL_CLEARING"
    reply = await centre.pages.send(FinishWrapUp(agent_id=1, offer_id=offer["offer_id"], note="done"))
    assert reply == {"ok": True, "code": "ok", "message": ""}
    await until(lambda: centre.pages.agent(1)["state"] == "idle", "idle")
    assert [e.result for e in centre.pages.events(MemberLeft)] == ["answered"]


async def test_who_waits_hears_music_and_is_offered_when_an_agent_turns_ready(
    centre: Acd, switch: ScriptedSwitch
) -> None:
    caller = switch.call()
    await until(lambda: caller.heard, "music")
    assert caller.heard == ["playback local_stream://moh"]
    await ready(centre, 1)
    await rings(switch, "1001")
    assert caller.heard[1].startswith("bridge ")
    assert caller.nested == 0


@pytest.mark.parametrize("cause", ["USER_BUSY", "NO_ANSWER", "CALL_REJECTED"])
async def test_a_refusing_phone_brings_the_next_agent(
    centre: Acd, switch: ScriptedSwitch, cause: str
) -> None:
    switch.behaviour["1001"] = cause
    await ready(centre, 1, 2)
    caller = switch.call()
    leg = await rings(switch, "1002")
    leg.answer()
    await until(lambda: centre.pages.agent(2)["state"] == "talking", "the talk")
    assert [extension for extension, _ in switch.rings] == ["1001", "1002"]
    assert caller.nested == 0


async def test_a_phone_that_is_not_registered_any_more_has_no_leg_and_brings_the_next(
    centre: Acd, switch: ScriptedSwitch
) -> None:
    await ready(centre, 1, 2)
    switch.registered.discard("1001")  # and nobody tells
    switch.call()
    await rings(switch, "1002")
    (ended,) = centre.pages.events(OfferEnded)
    assert (ended.outcome, ended.cause) == ("failed", "USER_NOT_REGISTERED")


async def test_declining_stops_the_ringing_and_brings_the_next(centre: Acd, switch: ScriptedSwitch) -> None:
    await ready(centre, 1, 2)
    caller = switch.call()
    leg = await rings(switch, "1001")
    offer = await until(lambda: centre.pages.agent(1)["offer"], "the pop-up")
    assert (await centre.pages.send(DeclineOffer(agent_id=1, offer_id=offer["offer_id"])))["ok"]
    await rings(switch, "1002")
    assert leg.cause == "PICKED_OFF"
    assert caller.variables["hangup_after_bridge"] == "true"


async def test_a_phone_answered_in_the_moment_of_declining_does_not_end_the_call(
    centre: Acd, switch: ScriptedSwitch
) -> None:
    await ready(centre, 1, 2)
    caller = switch.call()
    leg = await rings(switch, "1001")
    offer = await until(lambda: centre.pages.agent(1)["offer"], "the pop-up")
    sent = len(switch.commands)
    await centre.pages.send(DeclineOffer(agent_id=1, offer_id=offer["offer_id"]))
    await until(lambda: any(c.startswith("uuid_kill") for c in switch.commands[sent:]), "the kill")
    leg.answer()  # before the kill has taken effect
    other = await rings(switch, "1002")
    assert not caller.cause
    other.answer()
    await until(lambda: centre.pages.agent(2)["state"] == "talking", "the talk")


async def test_the_caller_hangs_up_while_the_phone_rings(centre: Acd, switch: ScriptedSwitch) -> None:
    await ready(centre, 1, 2)
    caller = switch.call()
    leg = await rings(switch, "1001")
    caller.hang_up()
    await until(lambda: leg.cause, "the ringing to stop")
    assert leg.cause == "ORIGINATOR_CANCEL"
    await until(lambda: centre.pages.events(OfferEnded), "the end of the offer")
    await until(lambda: centre.pages.agent(1)["state"] == "idle", "idle")
    assert [extension for extension, _ in switch.rings] == ["1001"]
    assert [e.result for e in centre.pages.events(MemberLeft)] == ["abandoned"]


async def test_an_offer_that_nobody_answers_expires(acd: Acd, switch: ScriptedSwitch) -> None:
    acd.people(2, offer_timeout_seconds=1)
    switch.register("1001", "1002")
    async with acd.daemon():
        await until(lambda: acd.pages.agent(2).get("registered"), "the phones to be known")
        await ready(acd, 1, 2)
        switch.call()
        await rings(switch, "1002")
        await until(lambda: acd.pages.agent(1)["status"] == "no-answer", "no-answer")
        assert [e.outcome for e in acd.pages.events(OfferEnded)] == ["expired"]


async def test_an_agent_who_phones_is_not_offered(centre: Acd, switch: ScriptedSwitch) -> None:
    await ready(centre, 1)
    own = switch.dial_out("1001")
    await until(lambda: centre.pages.agent(1)["state"] == "busy", "busy")
    caller = switch.call()
    await until(lambda: centre.pages.line() == [caller.uuid], "the caller to wait")
    assert switch.rings == []
    own.hang_up()
    await rings(switch, "1001")


async def talking(centre: Acd, switch: ScriptedSwitch) -> tuple[Channel, Channel]:
    await ready(centre, 1)
    caller = switch.call()
    leg = await rings(switch, "1001")
    leg.answer()
    await until(lambda: centre.pages.agent(1)["state"] == "talking", "the talk")
    return caller, leg


async def test_hold_and_off_hold(centre: Acd, switch: ScriptedSwitch) -> None:
    await talking(centre, switch)
    await centre.pages.send(HoldCall(agent_id=1, on=True))
    await until(lambda: centre.pages.agent(1)["call"]["held_since_us"], "hold")
    await centre.pages.send(HoldCall(agent_id=1, on=False))
    await until(lambda: centre.pages.agent(1)["call"]["held_since_us"] is None, "no hold")


async def test_the_agent_hangs_up_from_the_page(centre: Acd, switch: ScriptedSwitch) -> None:
    caller, _leg = await talking(centre, switch)
    await centre.pages.send(HangUpCall(agent_id=1))
    await until(lambda: caller.cause, "the hangup")
    assert caller.variables["uckefu_hangup_by"] == "agent"
    await until(lambda: centre.pages.agent(1)["state"] == "wrap-up", "wrap-up")


async def test_a_transfer_to_a_queue_comes_back_as_a_new_visit(centre: Acd, switch: ScriptedSwitch) -> None:
    caller, _leg = await talking(centre, switch)
    await centre.pages.send(TransferCall(agent_id=1, kind="queue", target="service"))
    await until(lambda: centre.pages.agent(1)["state"] == "wrap-up", "wrap-up")
    await until(lambda: centre.pages.line() == [caller.uuid], "the caller to wait again")
    assert [e.member_id for e in centre.pages.events(MemberEntered)] == [
        f"{caller.uuid}:1",
        f"{caller.uuid}:2",
    ]
    assert not caller.cause


async def test_a_transfer_to_an_extension_leaves_the_acd(centre: Acd, switch: ScriptedSwitch) -> None:
    caller, _leg = await talking(centre, switch)
    await centre.pages.send(TransferCall(agent_id=1, kind="extension", target="1003"))
    await until(lambda: caller.transferred_to, "the transfer")
    assert (caller.transferred_to, caller.variables["uckefu_target"]) == ("transfer", "1003")
    await until(lambda: centre.pages.agent(1)["state"] == "wrap-up", "wrap-up")
    assert not caller.cause


async def test_who_has_waited_too_long_goes_to_the_fallback(acd: Acd, switch: ScriptedSwitch) -> None:
    acd.people(0, max_wait_seconds=1)
    async with acd.daemon():
        caller = switch.call()
        await until(lambda: caller.transferred_to, "the fallback")
        assert (caller.transferred_to, caller.variables["uckefu_queue_result"]) == ("fallback", "timeout")


async def test_a_web_process_that_is_down_takes_nobody_away_and_a_closed_page_does(
    centre: Acd, switch: ScriptedSwitch
) -> None:
    await centre.pages.send(Presence(agent_id=1, window_id="w"))
    await ready(centre, 1)
    await until(lambda: centre.pages.agent(1)["standing"] == "free", "free")
    await centre.pages.send(Presence(agent_id=1, window_id="w", here=False))
    await until(lambda: centre.pages.agent(1)["standing"] == "page-gone", "not asked")
    await centre.pages.send(Presence(agent_id=1, window_id="w"))
    await until(lambda: centre.pages.agent(1)["standing"] == "free", "free again")


async def test_refused_commands_say_why(centre: Acd) -> None:
    assert (await centre.pages.send(SetStatus(agent_id=77, status="ready")))["code"] == "unknown-agent"
    assert (await centre.pages.send(HangUpCall(agent_id=1)))["code"] == "no-call"
    assert (await centre.pages.send(DeclineOffer(agent_id=1, offer_id="x")))["code"] == "not-your-offer"


async def test_a_changed_view_is_published(centre: Acd) -> None:
    listener = centre.pages.bus.pubsub()
    listener.subscribe(VIEW_CHANNEL)
    await ready(centre, 2)

    def shown() -> bool:
        message = listener.get_message()
        return bool(
            message
            and message["type"] == "message"
            and json.loads(message["data"])["agents"]["2"]["status"] == "ready"
        )

    await until(shown, "the view")
    listener.close()


async def test_the_log_of_a_day_replays_bit_for_bit(centre: Acd, switch: ScriptedSwitch) -> None:
    _caller, leg = await talking(centre, switch)
    leg.hang_up()
    await until(lambda: centre.pages.events(CallEnded), "the end")
    bus = open_redis(centre.settings.bus_url)
    lines = [line async for line in export(bus)]
    await bus.aclose()
    outcome = replay(lines)
    assert outcome.different_at is None
    assert outcome.inputs == len(lines) - 1
    assert len(centre.pages.events(CallConnected)) == 1
    worse = [line.replace('"queue": "service"', '"queue": "sales"') for line in lines]
    assert replay(worse).different_at is not None


async def test_a_caller_is_called_back_when_it_is_its_turn(acd: Acd, switch: ScriptedSwitch) -> None:
    acd.people(1, wrap_up_seconds=0)
    with Session(acd.record) as session, session.begin():
        callback = {"trunk": "gateway1", "retry_seconds": 1, "attempts": 2}
        session.add(QueueRouting(queue_id=1, callback=callback))
    switch.register("1001")
    async with acd.daemon():
        await until(lambda: acd.pages.agent(1).get("registered"), "the phone to be known")
        asker = switch.call(number="13800138000", uckefu_callback_number="13800138000")
        await until(lambda: asker.cause, "the call to be over")
        holder = switch.call(number="13900139000")
        await until(lambda: len(acd.pages.line()) == 2, "both to wait")
        await ready(acd, 1)
        leg = await rings(switch, "1001")  # the next one, for nobody answered the callback
        assert leg.variables["interaction_id"] == holder.uuid
        assert [event.cause for event in acd.pages.events(CallbackTried)] == ["NO_ANSWER"]
        switch.customers.add("13800138000")
        leg.answer()
        await until(lambda: acd.pages.agent(1)["state"] == "talking", "the talk")
        leg.hang_up()
        leg = await rings(switch, "1001")
        leg.answer()
        call = await until(lambda: acd.pages.agent(1)["call"], "the talk with the customer")
        assert (call["interaction_id"], call["number"]) == (asker.uuid, "13800138000")


async def test_those_who_wait_hear_their_place_and_take_up_an_offer(acd: Acd, switch: ScriptedSwitch) -> None:
    acd.people(1)
    place = {"after_seconds": 1, "say": "position"}
    offer = {"after_seconds": 1, "prompt": "queue_callback_offer", "key": "1", "flow": "callback"}
    with Session(acd.record) as session, session.begin():
        session.add(QueueRouting(queue_id=1, announcements={"items": [place, offer]}))
    async with acd.daemon():
        await until(lambda: acd.pages.view().get("queues"), "the daemon to know its queues")
        caller = switch.call()
        heard = await until(lambda: [h for h in caller.heard if "queue_place" in h], "the announcement")
        assert heard[0].startswith("playback file_string://")
        assert heard[0].endswith("/zh/queue_callback_offer.wav")
        caller.broken.set()  # it was played to its end
        await until(lambda: caller.heard[-1] == "playback local_stream://moh", "the music again")
        caller.tell("DTMF", **{"DTMF-Digit": "1"})
        await until(lambda: caller.transferred_to == "overflow", "the way into the flow")
        assert caller.variables["uckefu_overflow_flow"] == "callback"
