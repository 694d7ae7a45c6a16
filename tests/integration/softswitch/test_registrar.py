"""Phones register, with digest authentication; guessers are slowed down; contacts expire."""

import socket
import time

import pytest

from tests.support import sipp as s
from tests.support.ports import free_port
from tests.support.waiting import wait_until

DOMAIN = "test.invalid"
SCRIPT = """
import hashlib

ASKED = []

def xml_fetch(params, args):
    user, domain = params.getHeader("user"), params.getHeader("domain")
    if user == "broken":
        raise RuntimeError("the database is down")
    if user != "2001":
        return '<document type="freeswitch/xml"><section name="result"><result status="not found"/></section></document>'
    secret = hashlib.md5(f"2001:{domain}:from-script".encode()).hexdigest()
    return (
        f'<document type="freeswitch/xml"><section name="directory"><domain name="{domain}"><user id="2001">'
        f'<params><param name="a1-hash" value="{secret}"/></params>'
        '<variables><variable name="user_context" value="default"/><variable name="team" value="blue"/></variables>'
        '</user></domain></section></document>'
    )
"""


@pytest.fixture(scope="module")
def switch(make_switch, ext):
    return make_switch(
        ext("6001", ("answer", ""), ("bridge", "user/1001@test.invalid")),
        more_configuration=(
            '<configuration name="python.conf"><settings><param name="xml-handler-script" value="phone_book"/>'
            '<param name="xml-handler-bindings" value="directory"/></settings></configuration>'
        ),
        scripts={"phone_book.py": SCRIPT},
    )


def phone(switch, *steps, port=None):
    return switch.sipp(s.scenario(*steps), target=switch.ports.sip, port=port)


def custom(switch, subclass, begin, user="1001"):
    return switch.tap.wait(lambda e: e.subclass == subclass and e.get("username") == user, begin=begin)


def test_a_phone_with_the_right_password_is_registered_and_leaves(switch):
    begin = switch.mark()
    port = free_port()
    phone(switch, s.registered("1001", "one-secret", DOMAIN), port=port).finish()
    event = custom(switch, "sofia::register", begin)
    assert (event.get("from-host"), event.get("network-port"), event.get("user-agent")) == (
        DOMAIN,
        str(port),
        "sipp phone",
    )
    assert event.get("expires") == "60"
    assert f"sip:1001@127.0.0.1:{port}" in switch.tap.api("show registrations as json")
    assert switch.metric("switch_registrations") == 1
    phone(switch, s.registered("1001", "one-secret", DOMAIN, expires=0), port=port).finish()
    assert custom(switch, "sofia::unregister", begin).get("network-port") == str(port)
    assert "1001" not in switch.tap.api("show registrations as json")


def test_a_registered_phone_is_rung_at_its_contact(switch):
    port = free_port()
    phone(switch, s.registered("1001", "one-secret", DOMAIN), port=port).finish()
    called = switch.sipp(s.phone(s.respond(180, "Ringing"), s.answer(), s.hung_up()), port=port)
    caller = s.scenario(s.invite(), s.answered(), s.ack(), s.pause(100), s.bye())
    begin = switch.mark()
    switch.sipp(caller, "-s", "6001").finish()
    messages = called.finish().messages
    assert "INVITE sip:1001@127.0.0.1" in messages
    assert f"To: <sip:1001@{DOMAIN}>" in messages
    leg = switch.tap.wait(
        lambda e: e.name == "CHANNEL_ANSWER" and e.get("Call-Direction") == "outbound", begin=begin
    )
    assert (leg.variable("dialed_user"), leg.variable("presence_id")) == ("1001", f"1001@{DOMAIN}")


def test_an_unknown_user_is_answered_like_a_wrong_password(switch):
    known = phone(switch, s.registered("1002", "wrong", DOMAIN, result=403)).finish()
    unknown = phone(switch, s.registered("1999", "wrong", DOMAIN, result=403)).finish()

    def shape(messages):
        answers = messages.split("SIP/2.0 40")[1:]
        return [[line.split(":")[0] for line in answer.split("\n\n")[0].splitlines()] for answer in answers]

    assert shape(known.messages) == shape(unknown.messages)
    assert len(shape(known.messages)) == 2


def test_users_come_from_the_script_and_their_variables_reach_the_call(switch):
    begin = switch.mark()
    port = free_port()
    phone(switch, s.registered("2001", "from-script", DOMAIN), port=port).finish()
    word = "[authentication username=2001 password=from-script]\n"
    invite = s.invite(user="2001").replace("sip:2001@[local_ip]:[local_port]>;tag", f"sip:2001@{DOMAIN}>;tag")
    again = s.invite(user="2001", headers=word, cseq=2).replace(
        "sip:2001@[local_ip]:[local_port]>;tag", f"sip:2001@{DOMAIN}>;tag"
    )
    ack = (
        "ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n[last_Via:]\n[last_From:]\n[last_To:]\nCall-ID: [call_id]\n"
        "CSeq: 1 ACK\nContent-Length: 0\n\n"
    )
    switch.sipp(
        s.scenario(invite, s.may(100), '<recv response="407" auth="true"/>', s.send(ack), again, s.may(100), s.refused(404, 2)),
        "-s", "7777", target=switch.ports.sip,
    ).finish()  # fmt: skip
    done = switch.tap.wait(lambda e: e.name == "CHANNEL_HANGUP_COMPLETE", begin=begin)
    assert (done.variable("sip_authorized"), done.variable("team")) == ("true", "blue")
    assert done.variable("sip_auth_username") == "2001"


def test_a_directory_that_fails_is_503_and_no_refusal(switch):
    phone(switch, s.registered("broken", "x", DOMAIN, result=503)).finish()


def test_an_invite_without_credentials_is_challenged(switch):
    switch.sipp(
        s.scenario(s.invite(), s.may(100), s.refused(407)), "-s", "1001", target=switch.ports.sip
    ).finish()


def test_a_guesser_is_slowed_down_after_five(switch):
    before = switch.metric('switch_sip_auth_failures_total{profile="internal"}')
    for _ in range(5):
        phone(switch, s.registered("1003", "guess", DOMAIN, result=403)).finish()
    begun = time.monotonic()
    phone(switch, s.registered("1003", "guess", DOMAIN, result=403)).finish()
    assert time.monotonic() - begun > 0.9
    assert switch.metric('switch_sip_auth_failures_total{profile="internal"}') == before + 6
    phone(switch, s.registered("1003", "three-secret", DOMAIN)).finish()  # the right one is let in at once
    begun = time.monotonic()
    phone(switch, s.registered("1003", "guess", DOMAIN, result=403)).finish()
    assert time.monotonic() - begun < 0.9


def test_a_contact_expires(switch):
    begin = switch.mark()
    phone(switch, s.registered("1002", "two-secret", DOMAIN, expires=1)).finish()
    event = custom(switch, "sofia::expire", begin, "1002")
    assert (event.get("user"), event.get("host"), event.get("realm")) == ("1002", DOMAIN, DOMAIN)
    assert "two-secret" not in switch.log()


def test_a_phone_may_have_several_contacts_and_all_ring(switch):
    ports = free_port(), free_port()
    for port in ports:
        phone(switch, s.registered("1001", "one-secret", DOMAIN), port=port).finish()
    slow = switch.sipp(s.phone(s.respond(180, "Ringing"), s.cancelled()), port=ports[0])
    fast = switch.sipp(s.phone(s.pause(300), s.answer(), s.in_dialog_of_phone("BYE")), port=ports[1])
    # The contact of an earlier test may still be there: nobody answers at it any more.
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.hung_up()), "-s", "6001").finish()
    slow.finish()
    fast.finish()


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (b"\xff\xfe\xfd not sip at all, not even text, but long enough to be looked at \x80\x81", None),
        (
            b"INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa1\r\n\r\n",
            None,
        ),
        (
            b"INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa2\r\nFrom: <sip:a@b>;tag=1\r\n"
            b"To: <sip:1@b>\r\nCall-ID: no-contact\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
            b"SIP/2.0 400",
        ),
        (
            b"MESSAGE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa3\r\nFrom: <sip:a@b>;tag=1\r\n"
            b"To: <sip:1@b>\r\nCall-ID: message\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
            b"SIP/2.0 405",
        ),
        (
            b"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa4\r\nFrom: <sip:a@b>;tag=1\r\n"
            b"To: <sip:1@b>\r\nCall-ID: options\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
            b"SIP/2.0 200",
        ),
        (
            b"REGISTER sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa5\r\nFrom: <sip:1001@b>;tag=1\r\n"
            b"To: <sip:1001@b>\r\nCall-ID: comma\r\nCSeq: 1 REGISTER\r\nContact: <sip:1001@127.0.0.1>\r\n"
            b'Authorization: Digest username="10,01", realm="b, c", nonce="x", uri="sip:b", response="y"\r\nContent-Length: 0\r\n\r\n',
            b"SIP/2.0 403",
        ),
        (
            b"BYE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa6\r\nFrom: <sip:a@b>;tag=1\r\n"
            b"To: <sip:1@b>;tag=nowhere\r\nCall-ID: stray\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
            b"SIP/2.0 481",
        ),
    ],
)
def test_strange_packets_are_answered_or_dropped_and_the_switch_goes_on(switch, message, answer):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        probe.settimeout(5)
        probe.sendto(
            message.replace(b"{port}", str(probe.getsockname()[1]).encode()), ("127.0.0.1", switch.ports.sip)
        )
        if answer is not None:
            assert probe.recv(4096).startswith(answer)
    wait_until(lambda: switch.http("/healthz") == "ok\n", what="the switch to serve")
