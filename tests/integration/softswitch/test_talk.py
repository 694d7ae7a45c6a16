"""What two phones hear of each other, and legs that are dialled and joined from outside."""

import wave

import numpy as np
import pytest

from tests.support import sipp as s
from tests.support.ports import free_port
from tests.support.waiting import wait_until

PHONE, OTHER = free_port(), free_port()
DIAL = f"sofia/external/1001@127.0.0.1:{PHONE}"


def a_law(samples):
    """G.711 A-law of 16-bit samples, by the table's definition (ITU-T G.711)."""
    magnitude = np.minimum(np.abs(samples).astype(int), 32635) >> 3
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(int) - 4, 0)
    mantissa = np.where(exponent <= 1, magnitude >> 1, magnitude >> exponent) & 15
    segment = np.where(magnitude < 32, magnitude >> 5, exponent + 0)
    return ((segment << 4 | mantissa) | np.where(samples >= 0, 128, 0)).astype(np.uint8) ^ 0x55


def tone_file(folder, hertz):
    path = folder / f"{hertz}.alaw"
    samples = 12000 * np.sin(2 * np.pi * hertz * np.arange(8000) / 8000)
    path.write_bytes(a_law(samples).tobytes())
    return path


def speaks(folder, hertz):
    return f'<nop><action><exec rtp_stream="{tone_file(folder, hertz)},-1,8"/></action></nop>'


def loudest(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return int(np.argmax(spectrum) * 8000 / len(samples))


@pytest.fixture(scope="module")
def switch(make_switch, ext):
    return make_switch(
        "\n".join(
            [
                ext(
                    "7101",
                    ("answer", ""),
                    ("set", "RECORD_STEREO=true"),
                    ("set", "RECORD_BRIDGE_REQ=true"),
                    ("record_session", "both.wav"),
                    ("playback", "beep.wav"),
                    ("transfer", "7103 XML public"),
                ),
                ext("7102", ("bridge", DIAL), ("hangup", "")),
                ext(
                    "7103",
                    ("answer", ""),
                    ("set", "hangup_after_bridge=true"),
                    ("bridge", DIAL),
                    ("hangup", ""),
                ),
                ext("7104", ("answer", ""), ("park", "")),
                ext("7105", ("answer", ""), ("echo", "")),
                ext("7106", ("answer", ""), ("playback", "silence_stream://100"), ("hangup", "USER_BUSY")),
            ]
        )
    )


STAYS = s.scenario(s.invite(), s.answered(), s.ack(), s.hung_up())


def outbound(switch, begin, name):
    return switch.tap.wait(lambda e: e.name == name and e.get("Call-Direction") == "outbound", begin=begin)


def test_both_hear_each_other_and_only_the_talk_is_recorded(switch):
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.answer(), speaks(switch.folder, 900), s.hung_up()), port=PHONE)
    caller = switch.sipp(
        s.scenario(s.invite(), s.answered(), s.ack(), speaks(switch.folder, 600), s.pause(2600), s.bye()),
        "-s",
        "7101",
    )
    caller.finish()
    phone.finish()
    stopped = switch.tap.wait(lambda e: e.name == "RECORD_STOP", begin=begin)
    assert stopped.get("Record-File-Path").endswith("both.wav")
    with wave.open(str(switch.folder / "recordings" / "both.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).astype(float)
    begun, over = (
        int(switch.tap.named(name, begin=begin)[0].get("Event-Date-Timestamp"))
        for name in ("CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE")
    )
    assert (
        abs(len(sound) / 8000 - (over - begun) / 1e6) < 0.25
    )  # neither the file played before nor the dialling
    middle = sound[len(sound) // 2 : len(sound) // 2 + 4000]
    assert loudest(middle[:, 0]) in range(590, 610)  # left: the caller
    assert loudest(middle[:, 1]) in range(890, 910)  # right: the phone


def test_early_media_of_the_phone_reaches_the_caller(switch):
    begin = switch.mark()
    progress = s.respond(183, "Session Progress", s.sdp())
    phone = switch.sipp(
        s.phone(progress, s.pause(100), s.respond(486, "Busy Here"), s.request("ACK")), port=PHONE
    )
    messages = (
        switch.sipp(s.scenario(s.invite(), s.may(100), s.expect(183), s.refused(486)), "-s", "7102")
        .finish()
        .messages
    )
    phone.finish()
    assert "m=audio" in messages.split("SIP/2.0 183")[1]
    assert outbound(switch, begin, "CHANNEL_PROGRESS_MEDIA")


def test_two_parked_callers_are_joined(switch):
    begin = switch.mark()
    first = switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.pause(1200), s.bye()), "-s", "7104")
    second = switch.sipp(STAYS, "-s", "7104")
    wait_until(lambda: len(switch.tap.named("CHANNEL_PARK", begin=begin)) == 2, what="both to park")
    parked = {
        e.get("Caller-Network-Addr") + e.variable("sip_network_port"): e.uuid
        for e in switch.tap.named("CHANNEL_PARK", begin=begin)
    }
    one, two = (parked[f"127.0.0.1{each.port}"] for each in (first, second))
    assert switch.tap.api(f"uuid_bridge {one} {two}") == f"+OK {two}\n"
    bridged = switch.tap.wait(lambda e: e.name == "CHANNEL_BRIDGE", begin=begin)
    assert {bridged.get("Bridge-A-Unique-ID"), bridged.get("Bridge-B-Unique-ID")} == {one, two}
    first.finish()
    second.finish()  # the other one is let go when its partner leaves
    wait_until(lambda: switch.tap.api("show channels count") == "\n0 total.\n", what="both legs to go")


def test_originate_runs_an_application_or_an_extension(switch):
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.answer(), s.hung_up()), port=PHONE)
    reply = switch.tap.api(f"originate {DIAL} &playback(silence_stream://100)")
    phone.finish()
    uuid = outbound(switch, begin, "CHANNEL_HANGUP_COMPLETE").uuid
    assert reply == f"+OK {uuid}\n"
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.answer(), s.hung_up()), port=PHONE)
    assert switch.tap.api(f"originate {DIAL} 7106 XML public").startswith("+OK ")
    phone.finish()
    assert outbound(switch, begin, "CHANNEL_HANGUP_COMPLETE").variable("hangup_cause") == "USER_BUSY"


def test_originate_says_why_it_failed(switch):
    phone = switch.sipp(s.phone(s.respond(486, "Busy Here"), s.request("ACK")), port=PHONE)
    assert switch.tap.api(f"originate {DIAL} &park()") == "-ERR USER_BUSY\n"
    phone.finish()
    assert switch.tap.api("originate {never=closed &park()") == "-ERR INVALID_URL\n"
    wait_until(lambda: switch.tap.api("show channels count") == "\n0 total.\n", what="no leg to be left")


def test_a_caller_that_is_not_talking_can_not_refer(switch):
    refer = s.in_dialog("REFER", 2, headers="Refer-To: <sip:7104@[remote_ip]>\n") + s.expect(202)
    notified = s.request("NOTIFY") + s.respond_in_dialog(200, "OK")
    caller = s.scenario(s.invite(), s.answered(), s.ack(), s.pause(200), refer, notified, s.bye(3))
    assert "403 Forbidden" in switch.sipp(caller, "-s", "7104").finish().messages


def test_requests_that_are_not_known_in_a_call_are_405_and_options_200(switch):
    asks = "".join(
        s.in_dialog(method, number) + s.expect(code)
        for number, method, code in ((2, "UPDATE", 405), (3, "MESSAGE", 405), (4, "OPTIONS", 200))
    )
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), asks, s.bye(5)), "-s", "7104").finish()


def test_a_reinvite_without_offer_repeats_ours_and_holds_nobody(switch):
    begin = switch.mark()
    again = s.in_dialog("INVITE", 2) + s.answered() + s.ack(2, body=s.sdp())
    messages = (
        switch.sipp(
            s.scenario(s.invite(), s.answered(), s.ack(), again, s.pause(100), s.bye(3)), "-s", "7104"
        )
        .finish()
        .messages
    )
    assert messages.count("m=audio") >= 3
    assert not switch.tap.named("CHANNEL_HOLD", begin=begin)


def test_a_phone_that_has_lost_the_call_at_our_hold_is_hung_up(switch):
    begin = switch.mark()
    lost = (
        s.request("INVITE") + s.respond_in_dialog(481, "Call/Transaction Does Not Exist") + s.request("ACK")
    )
    phone = switch.sipp(s.phone(s.answer(), lost, s.hung_up()), port=PHONE)
    caller = switch.sipp(STAYS, "-s", "7103")
    b = outbound(switch, begin, "CHANNEL_ANSWER")
    switch.tap.wait(lambda e: e.name == "CHANNEL_BRIDGE", begin=begin)
    assert switch.tap.api(f"uuid_hold {b.uuid}") == "+OK Success\n"
    caller.finish()
    phone.finish()
    assert (
        outbound(switch, begin, "CHANNEL_HANGUP_COMPLETE").variable("hangup_cause")
        == "NORMAL_TEMPORARY_FAILURE"
    )


def test_a_phone_without_power_is_hung_up_when_its_voice_stays_away(make_switch, ext):
    quick = make_switch(ext("7105", ("answer", ""), ("echo", "")), rtp_timeout_seconds=2)
    begin = quick.mark()
    caller = quick.sipp(
        s.scenario(s.invite(), s.answered(), s.ack(), speaks(quick.folder, 600), s.pause(20000)), "-s", "7105"
    )
    quick.tap.wait(lambda e: e.name == "CHANNEL_ANSWER", begin=begin)
    wait_until(lambda: quick.metric("switch_legs") == 1, what="the leg")
    caller.kill()
    done = quick.tap.wait(lambda e: e.name == "CHANNEL_HANGUP_COMPLETE", begin=begin)
    assert done.variable("hangup_cause") == "MEDIA_TIMEOUT"
