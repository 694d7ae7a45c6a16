"""API and event socket commands: the texts of good and bad ones, and the shapes of `show … as json`."""

import json

import pytest

from tests.support.waiting import wait_until

NOBODY = "00000000-0000-0000-0000-000000000000"
NO_CHANNEL = "-ERR No such channel!\n"

REPLIES = {
    f"uuid_exists {NOBODY}": "false",
    f"uuid_kill {NOBODY}": NO_CHANNEL,
    f"uuid_transfer {NOBODY} 7002": NO_CHANNEL,
    f"uuid_getvar {NOBODY} x": NO_CHANNEL,
    f"uuid_setvar {NOBODY} x y": NO_CHANNEL,
    f"uuid_dump {NOBODY}": NO_CHANNEL,
    f"uuid_break {NOBODY} all": NO_CHANNEL,
    f"uuid_bridge {NOBODY} {NOBODY}": "-ERR Invalid uuid\n",
    "uuid_kill": "-USAGE: <uuid> [cause]\n",
    "uuid_transfer x": "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n",
    "originate user/1999@uckefu.local &park()": "-ERR SUBSCRIBER_ABSENT\n",
    "originate nonsense": "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>]"
    " [<cid_num>] [<timeout_sec>]\n",
    "no_such_command x": "-ERR no_such_command Command not found!\n",
    "sofia_contact 1999@uckefu.local": "error/user_not_registered",
    "global_getvar domain": "uckefu.local",
    "module_exists mod_python3": "true",
    "show channels count": "\n0 total.\n",
    "sofia recover": "No calls to recover.\n",
    "python lab_handler two words": "heard two words from na",
    "python fs_scripts.ping": "+OK uckefu\n",
    "eval ${domain}": "uckefu.local",
}


@pytest.mark.parametrize("line", REPLIES)
def test_an_api_command_answers_as_freeswitch_does(journal, line):
    assert journal.api(line) == REPLIES[line]


COMMANDS = {
    "event plain BOGUS": "-ERR no keywords supplied",
    "nixevent BOGUS": "-ERR no keywords supplied",
    "nonsense": "-ERR command not found",
    f"sendmsg {NOBODY}\ncall-command: execute\nexecute-app-name: park": f"-ERR invalid session id [{NOBODY}]",
}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_bad_command_of_the_event_socket_answers_as_freeswitch_does(switch, line):
    assert raw_reply(switch, line) == COMMANDS[line]


def raw_reply(switch, text: str) -> str:
    """The Reply-Text of a command that our client would not send."""
    import socket

    from esl.protocol import EventSocketParser

    with socket.create_connection(("127.0.0.1", switch.ports.event_socket), timeout=10) as connection:
        parser, replies = EventSocketParser(), []

        def say(line: str) -> None:
            connection.sendall(f"{line}\n\n".encode())
            count = len(replies)
            while len(replies) == count:
                found = parser.feed(connection.recv(65536))
                replies.extend(message for message in found if message.content_type == "command/reply")

        say(f"auth {switch.settings.secrets['event_socket_password']}")
        say(text)
        return str(replies[-1].reply_text)


@pytest.mark.parametrize("password", ["ClueCon", "", "wrong"])
def test_no_other_password_opens_the_event_socket(loop, switch, password):
    from esl import AuthenticationRefused
    from esl.aio import connect

    with pytest.raises(AuthenticationRefused):
        loop.run(connect("127.0.0.1", switch.ports.event_socket, password))


CHANNEL_FIELDS = [
    "uuid", "direction", "created", "created_epoch", "name", "state", "cid_name", "cid_num", "ip_addr", "dest", "application",
    "application_data", "dialplan", "context", "read_codec", "read_rate", "read_bit_rate", "write_codec", "write_rate",
    "write_bit_rate", "secure", "hostname", "presence_id", "presence_data", "accountcode", "callstate", "callee_name", "callee_num",
    "callee_direction", "call_uuid", "sent_callee_name", "sent_callee_num", "initial_cid_name", "initial_cid_num",
    "initial_ip_addr", "initial_dest", "initial_dialplan", "initial_context",
]  # fmt: skip


def states(journal) -> list[str]:
    """Call states of the rows. FreeSWITCH writes them behind its events, so a test must wait for them."""
    return [row["callstate"] for row in json.loads(journal.api("show channels as json")).get("rows", [])]


def test_without_channels_the_list_is_left_out(journal):
    assert json.loads(journal.api("show channels as json")) == {"row_count": 0}


def test_a_talk_is_two_rows_with_one_call_uuid(caller, agent, desk, journal):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.execute("bridge", f"{{leg_timeout=20}}user/1001@{journal.switch.domain}")
    agent.answer_next()
    caller.hears("agent")
    wait_until(lambda: states(journal) == ["ACTIVE", "ACTIVE"], what="both rows to be active")
    shown = json.loads(journal.api("show channels as json"))
    assert shown["row_count"] == 2
    ours, theirs = shown["rows"]
    assert list(ours) == list(theirs) == CHANNEL_FIELDS
    assert all(isinstance(value, str) for row in shown["rows"] for value in row.values())
    assert (ours["uuid"], ours["direction"], ours["callstate"]) == (held.uuid, "inbound", "ACTIVE")
    assert (ours["cid_num"], ours["dest"], ours["application"]) == (caller.user, "7003", "bridge")
    assert (theirs["direction"], theirs["callstate"], theirs["dest"]) == ("outbound", "ACTIVE", "1001")
    assert theirs["presence_id"] == f"1001@{journal.switch.domain}"
    assert theirs["name"].startswith("sofia/internal/1001@127.0.0.1:")
    assert ours["call_uuid"] == theirs["call_uuid"] == held.uuid
    agent.do("hold")
    journal.wait("CHANNEL_HOLD", theirs["uuid"])
    wait_until(lambda: states(journal) == ["ACTIVE", "HELD"], what="the held leg to be shown")


def test_while_the_phone_rings_the_rows_say_so(caller, agent, desk, journal):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    held.execute("bridge", f"{{leg_timeout=20}}user/1001@{journal.switch.domain}")
    agent.wait("incoming")
    journal.wait("CHANNEL_PROGRESS")
    wait_until(lambda: states(journal) == ["RING_WAIT", "RINGING"], what="the ringing to be shown")


def test_variables_are_set_read_and_unset(caller, desk, journal):
    caller.call("7003")
    held = desk.take()
    assert journal.api(f"uuid_getvar {held.uuid} colour") == "_undef_"
    assert journal.api(f"uuid_setvar {held.uuid} colour blue green") == "+OK\n"
    assert journal.api(f"uuid_getvar {held.uuid} colour") == "blue green"
    assert journal.api(f"uuid_setvar {held.uuid} colour") == "+OK\n"
    assert journal.api(f"uuid_getvar {held.uuid} colour") == "_undef_"
    dumped = json.loads(journal.api(f"uuid_dump {held.uuid} json"))
    assert dumped["Unique-ID"] == held.uuid and dumped["variable_sip_call_id"]


def test_a_job_in_the_background_is_told_by_its_event(loop, journal):
    assert loop.run(journal.client.bgapi("global_getvar domain")) == "uckefu.local"


def test_uuid_kill_ends_a_call_with_the_cause_given(caller, desk, journal):
    caller.call("7003")
    held = desk.take()
    held.run("answer")
    assert journal.api(f"uuid_kill {held.uuid} NORMAL_TEMPORARY_FAILURE") == "+OK\n"
    caller.wait("disconnected")
    ended = journal.ended(held.uuid)
    assert (ended.variable("hangup_cause"), ended.variable("sip_hangup_disposition")) == (
        "NORMAL_TEMPORARY_FAILURE",
        "send_bye",
    )


def test_a_name_with_line_ends_forges_no_header(sipp, desk, journal):
    """The caller's display name is the caller's own text."""
    from tests.support import sipp as steps

    invite = steps.invite().replace('"Caller One"', '"Eve%0AUnique-ID: forged"')
    sipp(steps.scenario(invite, steps.answered(), steps.ack(), steps.hung_up()), number="7003")
    held = desk.take()
    assert held.uuid == journal.caller_leg() != "forged"
    assert (held.call.data.get("Caller-Caller-ID-Name") or "").startswith("Eve")
    held.run("answer")
    held.execute("hangup")
