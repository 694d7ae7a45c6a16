"""Calls that come in: answered, played to, refused, cancelled, limited; keys by RTP and INFO."""

import pytest

from tests.support import sipp as s


@pytest.fixture(scope="module")
def switch(make_switch, ext):
    return make_switch(
        "\n".join(
            [
                ext("4001", ("answer", ""), ("playback", "beep.wav"), ("hangup", "")),
                ext("4002", ("answer", ""), ("playback", "silence_stream://20000")),
                ext("4003", ("ring_ready", ""), ("sleep", "20000")),
                ext("4004", ("no_such_application", "x"), ("answer", "")),
                ext("4005", ("respond", "486 Busy Here")),
                ext("4006", ("playback", "silence_stream://200"), ("hangup", "USER_BUSY")),
                ext(
                    "4007",
                    ("answer", ""),
                    (
                        "play_and_get_digits",
                        "1 4 2 3000 # silence_stream://4000 silence_stream://100 keyed \\d+ 2000",
                    ),
                    ("hangup", ""),
                ),
                ext(
                    "4012",
                    ("answer", ""),
                    (
                        "play_and_get_digits",
                        "1 1 2 1000 # silence_stream://60 silence_stream://40 keyed [12]",
                    ),
                    ("hangup", ""),
                ),
                ext(
                    "4008",
                    ("answer", ""),
                    ("set", "left=one"),
                    ("transfer", "4009 XML public"),
                    ("set", "left=two"),
                ),
                ext("4009", ("hangup", "NORMAL_CLEARING")),
                ext(
                    "4010",
                    ("answer", ""),
                    ("execute_extension", "4011"),
                    ("set", "after=yes"),
                    ("hangup", ""),
                ),
                ext("4011", ("set", "inside=yes")),
            ]
        )
    )


def names(switch, begin, uuid):
    return [event.name for event in switch.tap.events[begin:] if event.uuid == uuid]


def complete(switch, begin):
    return switch.tap.wait(lambda event: event.name == "CHANNEL_HANGUP_COMPLETE", begin=begin)


def test_a_caller_is_answered_hears_a_file_and_is_hung_up(switch):
    begin = switch.mark()
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.hung_up()), "-s", "4001").finish()
    done = complete(switch, begin)
    switch.tap.wait(lambda e: e.get("Channel-State") == "CS_DESTROY", begin=begin)
    # The order of transcript 01.
    assert names(switch, begin, done.uuid) == [
        "CHANNEL_STATE", "CHANNEL_STATE", "CHANNEL_CREATE", "CHANNEL_CALLSTATE", "CHANNEL_STATE", "CHANNEL_STATE",
        "CHANNEL_EXECUTE", "CHANNEL_ANSWER", "CHANNEL_CALLSTATE", "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_EXECUTE",
        "PLAYBACK_START", "PLAYBACK_STOP", "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_EXECUTE", "CHANNEL_HANGUP",
        "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_STATE", "CHANNEL_CALLSTATE", "CHANNEL_STATE",
        "CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY", "CHANNEL_STATE",
    ]  # fmt: skip
    assert done.variable("hangup_cause") == "NORMAL_CLEARING"
    assert done.variable("sip_hangup_disposition") == "send_bye"
    assert done.get("Caller-Caller-ID-Number") == "4471"
    assert done.get("Caller-Caller-ID-Name") == "Caller One"
    assert done.get("Caller-Destination-Number") == "4001"
    assert int(done.variable("end_uepoch")) > int(done.variable("answer_uepoch")) > 0
    stop = switch.tap.named("PLAYBACK_STOP", begin=begin)[0]
    assert stop.get("Playback-Status") == "done"
    played = [
        e
        for e in switch.tap.named("CHANNEL_EXECUTE_COMPLETE", begin=begin)
        if e.get("Application") == "playback"
    ]
    assert played[0].get("Application-Response") == "FILE PLAYED"


def test_a_caller_that_hangs_up_ends_the_playback(switch):
    begin = switch.mark()
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.pause(200), s.bye()), "-s", "4002").finish()
    done = complete(switch, begin)
    assert done.variable("sip_hangup_disposition") == "recv_bye"
    assert done.variable("hangup_cause") == "NORMAL_CLEARING"
    played = [
        e
        for e in switch.tap.named("CHANNEL_EXECUTE_COMPLETE", begin=begin)
        if e.get("Application") == "playback"
    ]
    assert played[0].get("Application-Response") == "PLAYBACK ERROR"


def test_a_caller_that_gives_up_while_it_rings_is_an_originator_cancel(switch):
    begin = switch.mark()
    cancel = s.send(
        "CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n[last_Via:]\n[last_From:]\n"
        "To: <sip:[service]@[remote_ip]:[remote_port]>\nCall-ID: [call_id]\nCSeq: 1 CANCEL\nMax-Forwards: 70\n"
        "Content-Length: 0\n\n"
    )
    caller = s.scenario(s.invite(), s.may(100), s.expect(180), cancel, s.expect(200), s.refused(487))
    switch.sipp(caller, "-s", "4003").finish()
    done = complete(switch, begin)
    assert done.variable("hangup_cause") == "ORIGINATOR_CANCEL"
    assert done.variable("sip_hangup_disposition") == "recv_cancel"
    assert done.variable("answer_uepoch") == "0"


@pytest.mark.parametrize(
    ("number", "code", "cause"),
    [
        ("9999", 404, "NO_ROUTE_DESTINATION"),
        ("4004", 502, "DESTINATION_OUT_OF_ORDER"),
        ("4005", 486, "NORMAL_CLEARING"),
    ],
)
def test_a_call_that_leads_nowhere_is_refused_with_its_cause(switch, number, code, cause):
    begin = switch.mark()
    switch.sipp(s.scenario(s.invite(), s.may(100), s.refused(code)), "-s", number).finish()
    done = complete(switch, begin)
    assert done.variable("hangup_cause") == cause
    assert done.variable("sip_hangup_disposition") == "send_refuse"


def test_a_file_before_the_answer_is_early_media(switch):
    begin = switch.mark()
    caller = s.scenario(s.invite(), s.may(100), s.expect(183), s.refused(486))
    assert "m=audio" in switch.sipp(caller, "-s", "4006").finish().messages
    assert complete(switch, begin).variable("hangup_cause") == "USER_BUSY"


def test_no_common_codec_is_488(switch):
    begin = switch.mark()
    switch.sipp(s.scenario(s.invite(body=s.sdp(9)), s.may(100), s.refused(488)), "-s", "4001").finish()
    assert complete(switch, begin).variable("hangup_cause") == "INCOMPATIBLE_DESTINATION"


def test_an_invite_without_offer_gets_ours_and_its_answer_with_the_ack(switch):
    begin = switch.mark()
    caller = s.scenario(s.invite(body=""), s.answered(), s.ack(body=s.sdp(0)), s.hung_up())
    messages = switch.sipp(caller, "-s", "4001").finish().messages
    assert "RTP/AVP 8 0 101" in messages
    assert complete(switch, begin).variable("hangup_cause") == "NORMAL_CLEARING"


def test_keys_by_info_are_collected(switch):
    begin = switch.mark()
    keys = "".join(
        s.in_dialog("INFO", cseq, f"Signal={key}\nDuration=160\n", content="application/dtmf-relay")
        + s.expect(200)
        for cseq, key in ((2, "4"), (3, "2"), (4, "11"))
    )
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), keys, s.hung_up()), "-s", "4007").finish()
    done = complete(switch, begin)
    assert done.variable("keyed") == "42"
    assert done.variable("read_result") == "success"
    assert [e.get("DTMF-Digit") for e in switch.tap.named("DTMF", begin=begin)] == ["4", "2", "#"]


def test_keys_by_rfc4733_are_collected(switch):
    begin = switch.mark()
    keys = '<nop><action><exec play_dtmf="4#"/></action></nop>'
    switch.sipp(
        s.scenario(s.invite(body=s.sdp(event=96)), s.answered(), s.ack(), s.pause(100), keys, s.hung_up()),
        "-s",
        "4007",
    ).finish()
    done = complete(switch, begin)
    assert done.variable("keyed") == "4"
    digit = switch.tap.named("DTMF", begin=begin)[0]
    assert digit.get("DTMF-Source") == "RTP"


def test_nothing_keyed_plays_the_invalid_sound_after_each_try(switch):
    begin = switch.mark()
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.hung_up()), "-s", "4012").finish()
    done = complete(switch, begin)
    assert done.variable("keyed") is None
    assert done.variable("read_result") == "failure"
    assert [e.get("Playback-File-Path") for e in switch.tap.named("PLAYBACK_START", begin=begin)] == [
        "silence_stream://60",
        "silence_stream://40",
    ] * 2


def test_a_transfer_leaves_the_rest_of_the_extension(switch):
    begin = switch.mark()
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.hung_up()), "-s", "4008").finish()
    done = complete(switch, begin)
    assert done.variable("left") == "one"
    assert done.get("Caller-Destination-Number") == "4009"
    assert done.get("Caller-RDNIS") == "4008"
    assert done.variable("transfer_source").endswith(":bl_xfer:4009/public/XML")


def test_execute_extension_comes_back(switch):
    begin = switch.mark()
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.hung_up()), "-s", "4010").finish()
    done = complete(switch, begin)
    assert (done.variable("inside"), done.variable("after")) == ("yes", "yes")
    assert done.get("Caller-Destination-Number") == "4010"
