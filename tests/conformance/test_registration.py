"""Phones register with digest authentication; whoever is not known learns nothing."""

import json
import socket

import pytest

from tests.support import sipp as steps
from tests.support.waiting import wait_until
from uckefu.demo.phone import Phone


def of_1002(journal) -> dict[str, str]:
    """The row of 1002. FreeSWITCH writes it behind its event, so a test must wait for it."""
    rows = json.loads(journal.api("show registrations as json")).get("rows", [])
    return next((row for row in rows if row["reg_user"] == "1002"), {})


def test_a_registered_phone_is_listed_and_told(journal, switch):
    with Phone(
        "1002", switch.address("internal"), password=switch.sip_password("1002"), domain=switch.domain
    ) as phone:
        phone.register()
        told = journal.wait("CUSTOM", fact=lambda e: e.subclass == "sofia::register")
        assert (told.get("from-user"), told.get("from-host"), told.get("username")) == (
            "1002",
            switch.domain,
            "1002",
        )
        assert (told.get("network-ip"), told.get("profile-name")) == ("127.0.0.1", "internal")
        row = wait_until(lambda: of_1002(journal), what="the registration to be shown")
        assert list(row) == [
            "reg_user", "realm", "token", "url", "expires", "network_ip", "network_port", "network_proto", "hostname", "metadata",
        ]  # fmt: skip
        assert (row["realm"], row["network_proto"]) == (switch.domain, "udp")
        contact = journal.api(f"sofia_contact 1002@{switch.domain}")
        assert contact.startswith("sofia/internal/sip:1002@127.0.0.1:")
        phone.do("unregister")
        gone = journal.wait("CUSTOM", fact=lambda e: e.subclass == "sofia::unregister")
        assert (gone.get("username"), gone.get("from-user")) == ("1002", "1002")
    wait_until(lambda: not of_1002(journal), what="1002 to be off the list")
    assert journal.api(f"sofia_contact 1002@{switch.domain}") == "error/user_not_registered"


@pytest.mark.parametrize("user", ["1002", "1999", "admin"])
def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(journal, switch, user):
    with Phone(user, switch.address("internal"), password="wrong", domain=switch.domain) as phone:
        phone.do("register")
        answer = phone.wait("registered", "unregistered")
    assert (answer["event"], answer["code"], answer["reason"]) == ("unregistered", 403, "Forbidden")
    assert not [event for event in journal.all if event.subclass == "sofia::register"]


REGISTER = """REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{user}@uckefu.local>;tag=[pid]R[call_number]
To: <sip:{user}@uckefu.local>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:{user}@[local_ip]:[local_port]>
Expires: 60
Max-Forwards: 70
Content-Length: 0
"""


@pytest.mark.parametrize("user", ["1001", "1999"])
def test_the_challenge_does_not_tell_who_exists(sipp, switch, user):
    text = steps.send(REGISTER.format(user=user), 'retrans="500"')
    phone = sipp(steps.scenario(text, steps.expect(401)), "internal", user).finish()
    challenge = phone.log.split("SIP/2.0 401", 1)[1]
    assert (
        f'realm="{switch.domain}"' in challenge and "algorithm=MD5" in challenge and 'qop="auth"' in challenge
    )


def test_a_call_without_a_password_is_challenged_on_the_phones_profile(sipp, journal):
    phone = sipp(
        steps.scenario(steps.invite(user="1001"), steps.may(100), steps.refused(407)), "internal", "9000"
    )
    assert phone.finish().messages[-2:] == ["< 407", "> ACK"]
    assert not [event for event in journal.all if event.name == "CHANNEL_ANSWER"]


@pytest.mark.parametrize("profile", ["internal", "external"])
@pytest.mark.parametrize("to", ["1001", "api", "conf+x"])
def test_a_message_does_nothing(switch, journal, profile, to):
    """CVE-2026-116779: before FreeSWITCH 1.11.3 a SIP MESSAGE could reach API commands.

    With `enable-chat` off FreeSWITCH drops it before it looks at it, and yet answers 202; the built-in switch says 405.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(8)
        phone.bind(("127.0.0.1", 0))
        host, port = switch.address(profile).split(":")
        here = f"127.0.0.1:{phone.getsockname()[1]}"
        lines = [
            f"MESSAGE sip:{to}@{host}:{port} SIP/2.0", f"Via: SIP/2.0/UDP {here};branch=z9hG4bK-{to}-{profile};rport",
            f"From: <sip:1001@{switch.domain}>;tag=m", f"To: <sip:{to}@{switch.domain}>", f"Call-ID: message-{to}-{profile}",
            "CSeq: 1 MESSAGE", "Max-Forwards: 70", "Content-Type: text/plain", "Content-Length: 6", "", "status",
        ]  # fmt: skip
        phone.sendto("\r\n".join(lines).encode(), (host, int(port)))
        answer = phone.recv(65536).decode().split("\r\n", 1)[0]
    assert answer.split()[1] == ("202" if switch.name == "freeswitch" else "405"), answer
    assert not [
        event
        for event in journal.all
        if event.name in ("MESSAGE", "RECV_MESSAGE") or event.get("API-Command") == "status"
    ]


def test_a_registered_phone_calls_by_the_dialplan_of_the_project(agent, journal):
    agent.call("9000")
    agent.wait("confirmed")
    agent.hears("music")
    agent.hang_up()
    ended = journal.ended(journal.caller_leg())
    assert (ended.variable("user_name"), ended.variable("sip_auth_username")) == ("1001", "1001")
    assert ended.get("Caller-Context") == "default"


def test_a_number_that_the_projects_dialplan_does_not_know_is_refused(agent, journal):
    agent.call("7777")
    assert agent.wait("disconnected", "disconnctd")["code"] == 404
    assert journal.ended(journal.caller_leg()).variable("hangup_cause") == "UNALLOCATED_NUMBER"


def test_extension_calls_extension(agent, second, journal):
    agent.call("1002")
    incoming = second.answer_next()
    assert "1001" in incoming["from_uri"]
    agent.hears("second")
    second.hears("agent")
    second.hang_up()
    agent.wait("disconnected")
