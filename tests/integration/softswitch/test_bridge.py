"""Two legs: answered, busy, silent, cancelled, killed, transferred, on hold, recorded."""

import wave

import numpy as np
import pytest

from tests.support import sipp as s
from tests.support.ports import free_port
from tests.support.waiting import wait_until

A_PORT, B_PORT = free_port(), free_port()


def phone_uri(port):
    return f"sofia/external/1001@127.0.0.1:{port}"


@pytest.fixture(scope="module")
def switch(make_switch, ext):
    dial = phone_uri(B_PORT)
    keep = (("set", "continue_on_fail=true"),)
    after = (("set", "went_on=yes"), ("hangup", ""))
    return make_switch(
        "\n".join(
            [
                ext("5001", ("set", "hangup_after_bridge=true"), ("bridge", dial), *after),
                ext("5002", ("answer", ""), *keep, ("bridge", dial), *after),
                ext("5003", ("answer", ""), *keep, ("bridge", f"[leg_timeout=1]{dial}"), *after),
                ext("5004", ("answer", ""), ("bridge", dial), *after),
                ext("5005", ("answer", ""), *keep, ("bridge", "user/1001@test.invalid"), *after),
                ext("5006", ("answer", ""), *keep, ("bridge", "user/1999@test.invalid"), *after),
                ext(
                    "5007",
                    ("answer", ""),
                    *keep,
                    ("bridge", f"sofia/external/1@127.0.0.1:{free_port()}"),
                    *after,
                ),
                ext("5008", ("answer", ""), *keep, ("bridge", f"{phone_uri(A_PORT)},{dial}"), *after),
                ext("5009", ("answer", ""), *keep, ("bridge", f"{phone_uri(A_PORT)}|{dial}"), *after),
                ext(
                    "5010",
                    ("answer", ""),
                    ("set", "RECORD_STEREO=true"),
                    ("record_session", "talk.wav"),
                    ("set", "ringback=local_stream://moh"),
                    ("set", "hold_music=local_stream://moh"),
                    ("export", "shared=both"),
                    ("export", "nolocal:only_b=b"),
                    ("bridge", f"{{origination_uuid=${{wanted_uuid}},here=yes}}{dial}"),
                    *after,
                ),
                ext("5011", ("answer", ""), ("playback", "silence_stream://500"), ("hangup", "")),
                ext("5012", ("set", "call_timeout=1"), ("answer", ""), *keep, ("bridge", dial), *after),
                ext("5013", ("answer", ""), *keep, ("bridge", "sofia/gateway/trunk/10086"), *after),
                ext("5014", ("answer", ""), ("park", "")),
            ]
        )
    )


CALLER = s.scenario(s.invite(), s.answered(), s.ack(), s.hung_up())


def ended(switch, begin, number=None):
    """HANGUP_COMPLETE of the caller's leg."""
    return switch.tap.wait(
        lambda e: e.name == "CHANNEL_HANGUP_COMPLETE" and e.get("Call-Direction") == "inbound", begin=begin
    )


def phone_leg(switch, begin, name="CHANNEL_HANGUP_COMPLETE"):
    return switch.tap.wait(lambda e: e.name == name and e.get("Call-Direction") == "outbound", begin=begin)


def bridge_done(switch, begin):
    return switch.tap.wait(
        lambda e: e.name == "CHANNEL_EXECUTE_COMPLETE" and e.get("Application") == "bridge", begin=begin
    )


def test_an_answered_phone_talks_until_it_hangs_up(switch):
    begin = switch.mark()
    phone = switch.sipp(
        s.phone(
            s.respond(180, "Ringing"), s.pause(50), s.answer(), s.pause(200), s.in_dialog_of_phone("BYE")
        ),
        port=B_PORT,
    )
    caller = switch.sipp(CALLER, "-s", "5001")
    assert "SIP/2.0 180" in caller.finish().messages
    phone.finish()
    a, b = ended(switch, begin), phone_leg(switch, begin)
    assert a.variable("went_on") is None
    assert (a.variable("originate_disposition"), a.variable("DIALSTATUS")) == ("SUCCESS", "SUCCESS")
    assert (a.variable("bridge_hangup_cause"), a.variable("last_bridge_hangup_cause")) == (
        "NORMAL_CLEARING",
    ) * 2
    assert a.variable("bridge_uuid") == b.uuid == a.variable("signal_bond")
    assert (b.variable("sip_hangup_disposition"), a.variable("sip_hangup_disposition")) == (
        "recv_bye",
        "send_bye",
    )
    bridged = switch.tap.named("CHANNEL_BRIDGE", begin=begin)[0]
    assert (bridged.get("Bridge-A-Unique-ID"), bridged.get("Bridge-B-Unique-ID")) == (a.uuid, b.uuid)
    assert bridged.get("Other-Leg-Unique-ID") == b.uuid
    assert switch.tap.named("CHANNEL_UNBRIDGE", begin=begin)
    names = [e.name for e in switch.tap.events[begin:] if e.uuid == b.uuid]
    assert names[:9] == [
        "CHANNEL_OUTGOING", "CHANNEL_STATE", "CHANNEL_CREATE", "CHANNEL_ORIGINATE", "CHANNEL_STATE", "CHANNEL_STATE",
        "CHANNEL_PROGRESS", "CHANNEL_CALLSTATE", "CHANNEL_ANSWER",
    ]  # fmt: skip


def test_the_caller_hangs_up_and_the_phone_gets_a_bye(switch):
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.answer(), s.hung_up()), port=B_PORT)
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.pause(200), s.bye()), "-s", "5004").finish()
    assert "Q.850" in phone.finish().messages
    a, b = ended(switch, begin), phone_leg(switch, begin)
    assert (a.variable("sip_hangup_disposition"), b.variable("sip_hangup_disposition")) == (
        "recv_bye",
        "send_bye",
    )
    assert b.variable("last_bridge_hangup_cause") == "NORMAL_CLEARING"
    assert b.variable("bridge_hangup_cause") == "NORMAL_CLEARING"


@pytest.mark.parametrize(
    ("code", "cause", "status"),
    [
        (486, "USER_BUSY", "BUSY"),
        (603, "CALL_REJECTED", "DONTCALL"),
        (480, "NO_USER_RESPONSE", "NO_USER_RESPONSE"),
        (404, "UNALLOCATED_NUMBER", "UNALLOCATED_NUMBER"),
    ],
)
def test_a_refusing_phone_lets_the_dialplan_go_on(switch, code, cause, status):
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.respond(code, "No"), s.request("ACK")), port=B_PORT)
    switch.sipp(CALLER, "-s", "5002").finish()
    phone.finish()
    done = bridge_done(switch, begin)
    assert (done.variable("originate_disposition"), done.variable("DIALSTATUS")) == (cause, status)
    assert (done.variable("last_bridge_hangup_cause"), done.variable("originate_failed_cause")) == (
        cause,
        cause,
    )
    b = phone_leg(switch, begin)
    assert (b.variable("hangup_cause"), b.variable("sip_hangup_disposition")) == (cause, "recv_refuse")
    assert b.variable("sip_term_status") == str(code)
    assert ended(switch, begin).variable("went_on") == "yes"


def test_without_continue_on_fail_busy_ends_the_call(switch):
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.respond(486, "Busy Here"), s.request("ACK")), port=B_PORT)
    switch.sipp(CALLER, "-s", "5004").finish()
    phone.finish()
    a = ended(switch, begin)
    assert (a.variable("hangup_cause"), a.variable("went_on")) == ("USER_BUSY", None)


@pytest.mark.parametrize(
    ("number", "cause", "status"),
    [("5003", "ALLOTTED_TIMEOUT", "ALLOTTED_TIMEOUT"), ("5012", "NO_ANSWER", "NOANSWER")],
)
def test_a_phone_that_only_rings_is_cancelled_in_time(switch, number, cause, status):
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.respond(180, "Ringing"), s.cancelled()), port=B_PORT)
    switch.sipp(CALLER, "-s", number).finish()
    phone.finish()
    done = bridge_done(switch, begin)
    assert (done.variable("originate_disposition"), done.variable("DIALSTATUS")) == (cause, status)
    b = phone_leg(switch, begin)
    assert (b.variable("hangup_cause"), b.variable("sip_hangup_disposition")) == (cause, "send_cancel")
    assert ended(switch, begin).variable("went_on") == "yes"


def test_a_caller_that_leaves_ends_the_ringing(switch):
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.respond(180, "Ringing"), s.cancelled()), port=B_PORT)
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.pause(300), s.bye()), "-s", "5002").finish()
    phone.finish()
    b = phone_leg(switch, begin)
    assert (b.variable("hangup_cause"), b.variable("sip_hangup_disposition")) == (
        "ORIGINATOR_CANCEL",
        "send_cancel",
    )
    done = bridge_done(switch, begin)
    assert (done.variable("originate_disposition"), done.variable("DIALSTATUS")) == (
        "ORIGINATOR_CANCEL",
        "CANCEL",
    )
    assert ended(switch, begin).variable("went_on") is None


@pytest.mark.parametrize(
    ("number", "cause"),
    [("5005", "USER_NOT_REGISTERED"), ("5006", "SUBSCRIBER_ABSENT"), ("5007", "NORMAL_TEMPORARY_FAILURE")],
)
def test_nobody_there_fails_at_once(switch, number, cause):
    begin = switch.mark()
    switch.sipp(CALLER, "-s", number).finish(5)
    done = bridge_done(switch, begin)
    assert (done.variable("originate_disposition"), done.variable("DIALSTATUS")) == (cause, cause)
    assert ended(switch, begin).variable("went_on") == "yes"


def test_an_answer_without_a_common_codec_is_incompatible(switch):
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.answer(9), s.hung_up()), port=B_PORT)
    switch.sipp(CALLER, "-s", "5002").finish()
    phone.finish()
    assert bridge_done(switch, begin).variable("originate_disposition") == "INCOMPATIBLE_DESTINATION"
    assert phone_leg(switch, begin).variable("sip_hangup_disposition") == "send_bye"


def test_of_two_phones_that_ring_the_slower_one_loses(switch):
    begin = switch.mark()
    slow = switch.sipp(s.phone(s.respond(180, "Ringing"), s.cancelled()), port=A_PORT)
    fast = switch.sipp(s.phone(s.pause(100), s.answer(), s.in_dialog_of_phone("BYE")), port=B_PORT)
    switch.sipp(CALLER, "-s", "5008").finish()
    assert "completed elsewhere" in slow.finish().messages
    fast.finish()
    lost = switch.tap.wait(lambda e: e.variable("hangup_cause") == "LOSE_RACE", begin=begin)
    assert lost.get("Call-Direction") == "outbound"


def test_a_second_attempt_follows_a_failed_one(switch):
    first = switch.sipp(s.phone(s.respond(486, "Busy Here"), s.request("ACK")), port=A_PORT)
    second = switch.sipp(s.phone(s.answer(), s.pause(200), s.in_dialog_of_phone("BYE")), port=B_PORT)
    begin = switch.mark()
    switch.sipp(CALLER, "-s", "5009").finish()
    first.finish()
    second.finish()
    assert bridge_done(switch, begin).variable("originate_disposition") == "SUCCESS"


def test_a_gateway_that_challenges_gets_the_password(switch):
    challenge = 'WWW-Authenticate: Digest realm="trunk", nonce="abc123", algorithm=MD5, qop="auth"\n'
    trunk = switch.sipp(
        s.phone(
            s.respond(401, "Unauthorized", headers=challenge),
            s.request("ACK"),
            s.request("INVITE"),
            s.answer(),
            s.pause(200),
            s.in_dialog_of_phone("BYE"),
        ),
        port=switch.trunk_port,
    )
    begin = switch.mark()
    switch.sipp(CALLER, "-s", "5013").finish()
    messages = trunk.finish().messages
    assert "INVITE sip:10086@127.0.0.1" in messages
    assert 'username="us"' in messages
    assert bridge_done(switch, begin).variable("originate_disposition") == "SUCCESS"


def test_uuid_kill_while_it_rings_stops_the_ringing(switch):
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.respond(180, "Ringing"), s.cancelled()), port=B_PORT)
    caller = switch.sipp(CALLER, "-s", "5002")
    ringing = phone_leg(switch, begin, "CHANNEL_PROGRESS")
    assert switch.tap.api(f"uuid_kill {ringing.uuid} PICKED_OFF") == "+OK\n"
    phone.finish()
    caller.finish()
    done = bridge_done(switch, begin)
    assert (done.variable("originate_disposition"), done.variable("last_bridge_hangup_cause")) == (
        "PICKED_OFF",
    ) * 2
    assert ended(switch, begin).variable("went_on") == "yes"


def tone_of(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return int(np.argmax(spectrum) * 8000 / len(samples))


def test_hold_gives_the_caller_music_and_the_recording_has_both_sides(switch):
    begin = switch.mark()
    held = (
        s.request("INVITE")
        + s.respond_in_dialog(200, "OK", s.sdp(direction="recvonly"))
        + s.request("ACK")
        + s.request("INVITE")
        + s.respond_in_dialog(200, "OK", s.sdp())
        + s.request("ACK")
    )
    phone = switch.sipp(
        s.phone(s.respond(180, "Ringing"), s.pause(500), s.answer(), held, s.hung_up()), port=B_PORT
    )
    caller = switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.pause(2500), s.bye()), "-s", "5010")
    b = phone_leg(switch, begin, "CHANNEL_ANSWER")
    a = switch.tap.wait(lambda e: e.name == "CHANNEL_BRIDGE", begin=begin)
    assert switch.tap.api(f"uuid_hold {b.uuid}") == "+OK Success\n"
    assert switch.tap.wait(lambda e: e.name == "CHANNEL_HOLD", begin=begin).uuid == b.uuid
    switch.tap.wait(lambda e: e.name == "PLAYBACK_START" and e.uuid == a.uuid, begin=begin)
    wait_until(lambda: phone.messages.count("INVITE sip:") >= 2, what="the re-INVITE")
    assert "a=sendonly" in phone.messages
    assert switch.tap.api(f"uuid_hold off {b.uuid}") == "+OK Success\n"
    switch.tap.wait(lambda e: e.name == "CHANNEL_UNHOLD", begin=begin)
    stopped = switch.tap.wait(lambda e: e.name == "PLAYBACK_STOP" and e.uuid == a.uuid, begin=begin)
    assert stopped.get("Playback-Status") == "break"
    caller.finish()
    phone.finish()
    done = ended(switch, begin)
    assert int(phone_leg(switch, begin).variable("hold_accum_usec")) > 0
    assert switch.tap.named("RECORD_STOP", begin=begin)
    assert int(done.variable("record_ms")) > 1500
    with wave.open(str(switch.folder / "recordings" / "talk.wav")) as file:
        assert file.getnchannels() == 2
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert tone_of(sound[1000:4000, 1].astype(float)) in range(380, 420)  # the ringback music, right channel


def test_variables_of_the_braces_and_exports_reach_the_phone_leg(switch):
    begin = switch.mark()
    wanted = "11111111-2222-3333-4444-555555555555"
    phone = switch.sipp(s.phone(s.answer(), s.hung_up()), port=B_PORT)
    caller = switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.pause(300), s.bye()), "-s", "5014")
    parked = switch.tap.wait(lambda e: e.name == "CHANNEL_PARK", begin=begin)
    switch.tap.api(f"uuid_setvar {parked.uuid} wanted_uuid {wanted}")
    switch.tap.api(f"uuid_transfer {parked.uuid} 5010 XML public")
    b = phone_leg(switch, begin)
    caller.finish()
    phone.finish()
    assert b.uuid == wanted
    assert (b.variable("here"), b.variable("shared"), b.variable("only_b")) == ("yes", "both", "b")
    a = ended(switch, begin)
    assert (a.variable("shared"), a.variable("only_b"), a.variable("here")) == ("both", None, None)


def test_uuid_transfer_of_the_caller_lets_the_phone_go(switch):
    begin = switch.mark()
    phone = switch.sipp(s.phone(s.answer(), s.hung_up()), port=B_PORT)
    caller = switch.sipp(CALLER, "-s", "5002")
    a = switch.tap.wait(lambda e: e.name == "CHANNEL_BRIDGE", begin=begin)
    assert switch.tap.api(f"uuid_transfer {a.uuid} 5011 XML public") == "+OK\n"
    phone.finish()
    caller.finish()
    b = phone_leg(switch, begin)
    assert (b.variable("hangup_cause"), b.variable("sip_hangup_disposition")) == (
        "NORMAL_CLEARING",
        "send_bye",
    )
    done = ended(switch, begin)
    assert (done.get("Caller-Destination-Number"), done.variable("went_on")) == ("5011", None)
    names = [e.name for e in switch.tap.events[begin:] if e.uuid == a.uuid]
    assert names.index("CHANNEL_UNBRIDGE") < names.index("PLAYBACK_START")


def test_refer_sends_the_caller_on_and_lets_the_phone_go(switch):
    begin = switch.mark()
    refer = s.in_dialog_of_phone(
        "REFER", headers="Refer-To: <sip:5011@[remote_ip]:[remote_port]>\n", expect=202
    )
    phone = switch.sipp(
        s.phone(
            s.answer(), s.pause(100), refer, s.request("NOTIFY"), s.respond_in_dialog(200, "OK"), s.hung_up()
        ),
        port=B_PORT,
    )
    caller = switch.sipp(CALLER, "-s", "5002")
    assert "SIP/2.0 200 OK" in phone.finish().messages.split("message/sipfrag")[1]
    caller.finish()
    b, a = phone_leg(switch, begin), ended(switch, begin)
    assert b.variable("transfer_disposition") == "recv_replace"
    assert b.variable("transfer_to") == f"blind:{a.uuid}"
    assert a.get("Caller-Destination-Number") == "5011"
    assert "5011" in a.variable("sip_refer_to")


def test_a_phone_that_holds_by_itself_gives_the_caller_music(switch):
    begin = switch.mark()
    hold = s.in_dialog_of_phone(
        "INVITE", body=s.sdp(direction="sendonly"), cseq=2, expect=200, then=s.ack_of_phone(2)
    )
    resume = s.in_dialog_of_phone("INVITE", body=s.sdp(), cseq=3, expect=200, then=s.ack_of_phone(3))
    phone = switch.sipp(
        s.phone(
            s.answer(),
            s.pause(100),
            hold,
            s.pause(200),
            resume,
            s.pause(100),
            s.in_dialog_of_phone("BYE", cseq=4),
        ),
        port=B_PORT,
    )
    caller = switch.sipp(CALLER, "-s", "5002")
    assert "a=recvonly" in phone.finish().messages
    caller.finish()
    ended(switch, begin)
    b = phone_leg(switch, begin)
    states = [e.get("Channel-Call-State") for e in switch.tap.named("CHANNEL_CALLSTATE", b.uuid, begin)]
    assert states[-4:] == ["HELD", "UNHELD", "ACTIVE", "HANGUP"]
    assert switch.tap.named("PLAYBACK_STOP", begin=begin)
