"""Python handlers, reporting hooks, the socket application, and the switch's own beginning and end."""

import json
import os
import signal
import socket
import threading

import pytest

from tests.support import sipp as s
from tests.support.ports import free_port
from tests.support.waiting import wait_until

HANDLER = """
import freeswitch

def handler(session, args):
    session.setVariable("given", args)
    session.answer()
    freeswitch.consoleLog("info", "handler runs")
    session.setVariable("is_ready", str(session.ready()))
    session.setVariable("number", session.getVariable("destination_number"))
    session.setVariable("unset_is", str(session.getVariable("no_such")))
    session.setVariable("played", str(session.streamFile("silence_stream://100")))
    session.setVariable("missing", str(session.streamFile("no_such.wav")))
    session.setVariable("made", freeswitch.API().executeString("create_uuid"))
    session.execute("set", "inner=${given}")
    keyed = session.playAndGetDigits(1, 1, 1, 1000, "#", "silence_stream://60", "", "[0-9]", "key")
    session.setVariable("keyed", keyed or "nothing")

def broken(session, args):
    raise RuntimeError("a defect in the flow")

def waits(session, args):
    session.answer()
    session.sleep(20000)
    session.setVariable("after_hangup", f"{session.ready()} {session.hangupCause()}")
"""
HOOK = """
import json, os, pathlib, freeswitch

def fsapi(session, stream, env, args):
    folder = pathlib.Path(os.environ["HOOK_FOLDER"])
    names = ["Unique-ID", "uuid", "variable_hangup_cause", "hangup_cause", "variable_billsec", "variable_sip_call_id",
             "variable_after_hangup", "variable_start_uepoch", "variable_end_uepoch", "Caller-Destination-Number"]
    row = {name: env.getHeader(name) for name in names} | {"args": args, "session": str(session)}
    (folder / f"{env.getHeader('Unique-ID')}.json").write_text(json.dumps(row))
    stream.write("+OK")
"""


@pytest.fixture(scope="module")
def switch(make_switch, ext, tmp_path_factory):
    os.environ["HOOK_FOLDER"] = str(tmp_path_factory.mktemp("hooks"))
    controller = free_port()
    made = make_switch(
        "\n".join(
            [
                ext("8001", ("python", "flow_script one two"), ("hangup", "")),
                ext("8002", ("python", "flow_script::broken"), ("set", "safety_net=held"), ("hangup", "")),
                ext(
                    "8003",
                    ("set", "api_reporting_hook=python hook_script ${destination_number} arg"),
                    ("python", "flow_script::waits"),
                ),
                ext("8004", ("python", "no_such_script"), ("set", "safety_net=held"), ("hangup", "")),
                ext(
                    "8005",
                    ("socket", f"127.0.0.1:{controller} async full"),
                    ("set", "safety_net=held"),
                    ("hangup", ""),
                ),
            ]
        ),
        scripts={"flow_script.py": HANDLER, "hook_script.py": HOOK},
    )
    made.controller_port = controller
    return made


LIMIT = '<configuration name="switch.conf"><settings><param name="max-sessions" value="1"/></settings></configuration>'
CALLER = s.scenario(s.invite(), s.answered(), s.ack(), s.hung_up())


def complete(switch, begin):
    return switch.tap.wait(lambda e: e.name == "CHANNEL_HANGUP_COMPLETE", begin=begin)


def test_a_handler_drives_the_call(switch):
    begin = switch.mark()
    switch.sipp(CALLER, "-s", "8001").finish()
    done = complete(switch, begin)
    assert done.variable("given") == "one two" == done.variable("inner")
    assert (done.variable("is_ready"), done.variable("number"), done.variable("unset_is")) == (
        "True",
        "8001",
        "None",
    )
    assert (done.variable("played"), done.variable("missing")) == ("1", "0")
    assert len(done.variable("made")) == 36
    assert done.variable("keyed") == "nothing"
    assert "handler runs" in switch.log()


@pytest.mark.parametrize("number", ["8002", "8004"])
def test_a_script_that_fails_leaves_the_caller_to_the_next_action(switch, number):
    begin = switch.mark()
    refused_or_ended = s.scenario(s.invite(), s.may(100), s.refused(480))
    switch.sipp(refused_or_ended, "-s", number).finish()
    assert complete(switch, begin).variable("safety_net") == "held"


def test_the_reporting_hook_has_the_whole_call(switch):
    begin = switch.mark()
    switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.pause(100), s.bye()), "-s", "8003").finish()
    done = complete(switch, begin)
    with open(f"{os.environ['HOOK_FOLDER']}/{done.uuid}.json", encoding="utf-8") as file:
        row = json.load(file)
    assert (row["args"], row["session"]) == ("8003 arg", "na")
    assert row["Unique-ID"] == row["uuid"] == done.uuid
    assert row["variable_hangup_cause"] == row["hangup_cause"] == "NORMAL_CLEARING"
    assert row["variable_after_hangup"] == "False NORMAL_CLEARING"
    assert int(row["variable_end_uepoch"]) > int(row["variable_start_uepoch"])


def test_nobody_at_the_socket_leaves_the_caller_to_the_next_action(switch):
    begin = switch.mark()
    switch.sipp(s.scenario(s.invite(), s.may(100), s.refused(480)), "-s", "8005").finish()
    assert complete(switch, begin).variable("safety_net") == "held"


def test_a_controller_that_dies_leaves_the_caller_to_the_next_action(switch):
    begin = switch.mark()
    with socket.create_server(("127.0.0.1", switch.controller_port)) as server:
        server.settimeout(10)
        caller = switch.sipp(CALLER, "-s", "8005")
        connection, _ = server.accept()
        with connection:
            for line in (
                "connect",
                "linger 2",
                "myevents",
                "sendmsg\ncall-command: execute\nexecute-app-name: answer",
            ):
                connection.sendall(f"{line}\n\n".encode())
            switch.tap.wait(lambda e: e.name == "CHANNEL_ANSWER", begin=begin)
    caller.finish()
    done = complete(switch, begin)
    assert done.variable("safety_net") == "held"
    names = [e.name for e in switch.tap.events[begin:] if e.uuid == done.uuid]
    # The order of transcript 06.
    assert names[6:13] == [
        "CHANNEL_EXECUTE", "CHANNEL_PARK", "CHANNEL_EXECUTE", "CHANNEL_ANSWER", "CHANNEL_CALLSTATE",
        "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_UNPARK",
    ]  # fmt: skip


def test_sigterm_sends_a_bye_to_everybody_and_reports(make_switch, ext):
    switch = make_switch(ext("8100", ("answer", ""), ("park", "")))
    caller = switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.hung_up()), "-s", "8100")
    switch.tap.wait(lambda e: e.name == "CHANNEL_PARK")
    status: list[int] = []
    ending = threading.Thread(target=lambda: status.append(switch.stop()))
    ending.start()
    caller.finish()
    ending.join(20)
    assert status == [0]


def test_a_dead_media_process_ends_the_switch_with_a_failure(make_switch, ext):
    switch = make_switch(ext("8100", ("answer", ""), ("park", "")))
    children = f"/proc/{switch.process.pid}/task/{switch.process.pid}/children"
    with open(children, encoding="ascii") as file:
        os.kill(int(file.read().split()[0]), signal.SIGKILL)
    assert switch.process.wait(20) == 1


def test_a_port_in_use_is_named_with_its_setting(make_switch, ext):
    switch = make_switch(ext("8100", ("answer", "")))
    assert switch.stop() == 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", switch.ports.sip))
        with pytest.raises(RuntimeError, match="setting sip_port"):
            switch.start()


def test_more_calls_than_allowed_are_told_503(make_switch, ext):
    switch = make_switch(ext("8100", ("answer", ""), ("park", "")), more_configuration=LIMIT)
    first = switch.sipp(s.scenario(s.invite(), s.answered(), s.ack(), s.pause(1500), s.bye()), "-s", "8100")
    switch.tap.wait(lambda e: e.name == "CHANNEL_PARK")
    switch.sipp(s.scenario(s.invite(), s.may(100), s.refused(503)), "-s", "8100").finish()
    first.finish()
    wait_until(lambda: switch.metric("switch_legs") == 0, what="the leg to go")
