"""Who hears whom, through a whole engine with real sockets and time by hand."""

import pytest

from softswitch.media.g711 import PCMA, PCMU
from tests.unit.softswitch_media.phone import Phone, Studio, amplitude_of, decode, encode, tone

CALLER_HZ, AGENT_HZ, SUPERVISOR_HZ = 300, 500, 700
FRAMES = 60
LAST = 40


def hears(phone: Phone, hz: float) -> float:
    """How loud a frequency is at the end of what a phone heard."""
    return amplitude_of(phone.heard(LAST), hz)


@pytest.fixture
def three(studio: Studio) -> tuple[Phone, Phone, Phone]:
    """Caller and agent in talk, a supervisor apart."""
    caller = studio.phone("caller", CALLER_HZ, PCMA)
    agent = studio.phone("agent", AGENT_HZ, PCMU)
    supervisor = studio.phone("supervisor", SUPERVISOR_HZ, PCMA)
    studio.bridge("caller", "agent")
    return caller, agent, supervisor


def test_a_bridge_is_heard_by_its_two_legs_and_by_nobody_else(
    studio: Studio, three: tuple[Phone, Phone, Phone]
) -> None:
    caller, agent, supervisor = three
    studio.run(FRAMES)
    assert hears(agent, CALLER_HZ) == pytest.approx(8000, rel=0.1) and hears(agent, AGENT_HZ) < 100
    assert hears(caller, AGENT_HZ) == pytest.approx(8000, rel=0.1) and hears(caller, CALLER_HZ) < 100
    assert not supervisor.heard(LAST).astype(int).clip(0).any() or hears(supervisor, CALLER_HZ) < 20


def test_an_eavesdropper_hears_both_and_is_heard_by_none(
    studio: Studio, three: tuple[Phone, Phone, Phone]
) -> None:
    caller, agent, supervisor = three
    studio.engine.connect("supervisor", "caller", 1.0)
    studio.engine.connect("supervisor", "agent", 1.0)
    studio.run(FRAMES)
    assert hears(supervisor, CALLER_HZ) > 7000 and hears(supervisor, AGENT_HZ) > 7000
    assert hears(caller, SUPERVISOR_HZ) < 100 and hears(agent, SUPERVISOR_HZ) < 100


def test_a_whisper_is_heard_by_the_agent_only_at_its_gain(
    studio: Studio, three: tuple[Phone, Phone, Phone]
) -> None:
    caller, agent, _ = three
    studio.engine.connect("agent", "supervisor", 0.25)
    studio.run(FRAMES)
    assert hears(agent, SUPERVISOR_HZ) == pytest.approx(2000, rel=0.15)
    assert hears(agent, CALLER_HZ) > 7000 and hears(caller, SUPERVISOR_HZ) < 100


def test_after_disconnect_a_talker_is_no_longer_heard(
    studio: Studio, three: tuple[Phone, Phone, Phone]
) -> None:
    caller, agent, _ = three
    studio.run(FRAMES)
    studio.engine.disconnect("agent", "caller")
    studio.run(FRAMES)
    assert hears(agent, CALLER_HZ) < 20 and hears(caller, AGENT_HZ) > 7000


def test_a_muted_leg_is_not_heard_until_it_is_unmuted(
    studio: Studio, three: tuple[Phone, Phone, Phone]
) -> None:
    _, agent, _ = three
    studio.engine.mute("caller", True)
    studio.run(FRAMES)
    assert hears(agent, CALLER_HZ) < 20
    studio.engine.mute("caller", False)
    studio.run(FRAMES)
    assert hears(agent, CALLER_HZ) > 7000


def test_a_leg_connected_to_itself_is_an_echo(studio: Studio) -> None:
    phone = studio.phone("alone", CALLER_HZ)
    studio.engine.connect("alone", "alone", 1.0)
    studio.run(FRAMES)
    assert hears(phone, CALLER_HZ) > 7000


def test_loud_talkers_are_limited_and_do_not_wrap_round(studio: Studio) -> None:
    listener = studio.phone("listener")
    for name in ("a", "b"):
        talker = studio.phone(name)
        loud = encode(tone(400, 1000, 30_000))
        talker._sound.extend(loud[i : i + 160] for i in range(0, len(loud), 160))
        studio.engine.connect("listener", name, 1.0)
    studio.run(FRAMES)
    assert listener.heard(LAST).max() > 31_000
    assert amplitude_of(listener.heard(LAST), 400) > 30_000


def test_when_a_leg_closes_the_others_go_on(studio: Studio, three: tuple[Phone, Phone, Phone]) -> None:
    caller, _, _ = three
    studio.run(FRAMES)
    studio.engine.close("agent")
    before = len(caller.packets)
    studio.run(FRAMES)
    assert len(caller.packets) == before + FRAMES and hears(caller, AGENT_HZ) < 20


def test_the_stream_has_no_gap_and_one_clock(studio: Studio, three: tuple[Phone, Phone, Phone]) -> None:
    _, agent, _ = three
    studio.run(FRAMES)
    sequences = [p.sequence - agent.packets[0].sequence & 0xFFFF for p in agent.packets]
    clocks = [p.timestamp - agent.packets[0].timestamp & 0xFFFFFFFF for p in agent.packets]
    assert sequences == list(range(FRAMES)) and clocks == [160 * n for n in range(FRAMES)]
    assert agent.markers == [True] + [False] * (FRAMES - 1) and len({p.ssrc for p in agent.packets}) == 1


def test_a_held_phone_is_sent_nothing_and_its_clock_runs_on(
    studio: Studio, three: tuple[Phone, Phone, Phone]
) -> None:
    caller, agent, _ = three
    studio.run(10)
    studio.engine.set_direction("agent", "recvonly")
    studio.run(10)
    assert len(agent.packets) == 10
    studio.engine.set_direction("agent", "sendrecv")
    studio.run(10)
    assert len(agent.packets) == 20 and agent.markers[10]
    assert agent.packets[10].timestamp - agent.packets[9].timestamp & 0xFFFFFFFF == 11 * 160
    assert agent.packets[10].sequence - agent.packets[9].sequence & 0xFFFF == 1
    assert hears(caller, AGENT_HZ) > 6000


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_a_leg_that_is_not_received_from_is_not_heard(
    studio: Studio, three: tuple[Phone, Phone, Phone], direction: str
) -> None:
    caller, agent, _ = three
    studio.engine.set_direction("agent", direction)
    studio.run(FRAMES)
    assert hears(caller, AGENT_HZ) < 20
    assert bool(agent.packets) == (direction == "sendonly")


def test_an_address_of_zeros_is_sent_nothing(studio: Studio, three: tuple[Phone, Phone, Phone]) -> None:
    _, agent, _ = three
    studio.engine.set_remote("agent", "0.0.0.0", agent.port, PCMU, 101)
    studio.run(5)
    assert not agent.packets


def test_a_phone_may_change_its_law_in_the_talk(studio: Studio, three: tuple[Phone, Phone, Phone]) -> None:
    caller, agent, _ = three
    studio.run(5)
    agent.payload_type = PCMA
    agent.packets.clear()
    studio.engine.set_remote("agent", "127.0.0.1", agent.port, PCMA, 101)
    studio.run(FRAMES)
    assert {p.payload_type for p in agent.packets} == {PCMA} and hears(agent, CALLER_HZ) > 7000
    assert caller.heard(LAST).any()


def test_a_phone_that_moved_to_another_port_is_followed_but_a_stranger_is_not(studio: Studio) -> None:
    phone, other = studio.phone("phone"), studio.phone("other", CALLER_HZ)
    studio.bridge("phone", "other")
    studio.engine.set_remote("phone", "127.0.0.1", 9, PCMU, 101)  # What its SDP said is not what it uses.
    phone.send(encode(tone(500, 20)))
    studio.run(3)
    assert phone.packets
    stranger = Phone(SUPERVISOR_HZ, host="127.0.0.2")
    stranger.engine_port = phone.engine_port
    for _ in range(30):
        stranger.say()
        studio.run(1)
    stranger.hear()
    assert not stranger.packets and hears(other, SUPERVISOR_HZ) < 20
    stranger.close()


def test_a_leg_that_hears_nothing_for_its_limit_is_told_once_and_again_after_it_was_back() -> None:
    studio = Studio(rtp_timeout_seconds=1.0)
    phone = studio.phone("phone")
    studio.run(120)
    assert studio.told("rtp_lost") == [{"seconds": 1.0}]
    phone.send(encode(tone(400, 20)))
    studio.run(60)
    assert len(studio.told("rtp_lost")) == 2
    studio.close()


def test_a_phone_that_need_not_send_is_not_missed() -> None:
    studio = Studio(rtp_timeout_seconds=1.0)
    studio.phone("held")
    studio.engine.set_direction("held", "sendonly")
    studio.phone("never")
    studio.engine.set_rtp_timeout("never", 0)
    studio.run(200)
    assert not studio.told("rtp_lost")
    studio.close()


def test_missed_time_moves_the_clock_but_not_the_sequence(
    studio: Studio, three: tuple[Phone, Phone, Phone]
) -> None:
    _, agent, _ = three
    studio.run(2)
    studio.engine.skip(7)
    studio.run(1)
    assert agent.packets[2].timestamp - agent.packets[1].timestamp & 0xFFFFFFFF == 8 * 160
    assert agent.packets[2].sequence - agent.packets[1].sequence & 0xFFFF == 1


def test_lost_packets_of_a_talker_leave_the_listeners_stream_whole(studio: Studio) -> None:
    talker, listener = studio.phone("talker"), studio.phone("listener")
    studio.bridge("talker", "listener")
    sound = encode(tone(CALLER_HZ, 2000))
    for number in range(100):
        payload = sound[number * 160 : number * 160 + 160]
        if number % 10 == 5:
            talker.sequence, talker.timestamp = talker.sequence + 1, talker.timestamp + 160
        else:
            talker.send(payload)
        studio.run(1)
    assert len(listener.packets) == 100
    assert amplitude_of(listener.heard(80), CALLER_HZ) > 6500
    assert studio.engine.stats()["by_leg"]["talker"]["packets_lost"] == 10


def test_the_helper_decodes_what_it_encodes() -> None:
    assert abs(int(decode(encode(tone(400, 20)))[5]) - int(tone(400, 20)[5])) < 500
