"""Session descriptions: what is read, what is refused, what is written."""

import pytest

from softswitch.sip import sdp

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=sendrecv\r\n"
)


def test_an_offer_is_read():
    media = sdp.parse(OFFER)
    assert (media.host, media.port, media.codecs, media.telephone_event) == ("10.0.0.9", 4000, (0, 8), 96)
    assert not media.is_held
    assert sdp.choose(media) == 0


def test_what_we_write_is_read_back():
    media = sdp.parse(sdp.describe("127.0.0.1", 16384, (8, 0), 101, "sendonly", 3))
    assert (media.codecs, media.telephone_event, media.direction) == ((8, 0), 101, "sendonly")
    assert media.is_held


def test_the_streams_own_address_and_direction_win():
    body = OFFER.replace("a=sendrecv", "c=IN IP4 10.0.0.10\r\na=inactive").replace(
        "t=0 0", "t=0 0\r\na=sendonly"
    )
    media = sdp.parse(body)
    assert (media.host, media.direction) == ("10.0.0.10", "inactive")


def test_the_session_direction_counts_when_the_stream_has_none():
    assert (
        sdp.parse(OFFER.replace("a=sendrecv\r\n", "").replace("t=0 0", "t=0 0\r\na=sendonly")).direction
        == "sendonly"
    )


def test_a_video_stream_before_or_behind_is_not_ours():
    video = "m=video 5000 RTP/AVP 96\r\nc=IN IP4 10.0.0.99\r\na=inactive\r\n"
    assert sdp.parse(OFFER.replace("m=audio", video + "m=audio")).host == "10.0.0.9"
    assert sdp.parse(OFFER + video).direction == "sendrecv"


def test_zero_address_is_the_old_hold():
    assert sdp.parse(OFFER.replace("c=IN IP4 10.0.0.9", "c=IN IP4 0.0.0.0")).is_held


def test_an_rtpmap_that_redefines_a_static_type_is_believed():
    media = sdp.parse(OFFER.replace("RTP/AVP 0 8 96", "RTP/AVP 0 96") + "a=rtpmap:0 G729/8000\r\n")
    with pytest.raises(sdp.NoCommonCodec):
        sdp.choose(media)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "v=0\r\ns=-\r\n",
        OFFER.replace("c=IN IP4 10.0.0.9\r\n", ""),
        OFFER.replace("IN IP4 10.0.0.9", "IN IP6 ::1"),
        OFFER.replace("c=IN IP4 10.0.0.9", "c=IN IP4 not-a-number"),
        OFFER.replace("c=IN IP4 10.0.0.9", "c=IN IP4 239.1.1.1"),
        OFFER.replace("4000", "99999"),
        OFFER.replace("4000", "none"),
        OFFER.replace("RTP/AVP", "RTP/SAVP"),
    ],
)
def test_what_can_not_be_used_is_refused(body):
    with pytest.raises(sdp.SdpError):
        sdp.choose(sdp.parse(body))


def test_a_rejected_stream_has_no_codec():
    with pytest.raises(sdp.NoCommonCodec):
        sdp.choose(sdp.parse(OFFER.replace("4000", "0")))
