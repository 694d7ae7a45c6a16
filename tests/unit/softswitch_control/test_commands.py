"""API commands: FreeSWITCH's texts for good and bad arguments (most are from a recorded FreeSWITCH 1.10.12)."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from softswitch.command_context import separate
from softswitch.commands import Commands
from softswitch.config import ConfigError, Configuration, Gateway, Profile
from softswitch.events import Event
from softswitch.preprocess import Element
from tests.integration.esl.fake_switch import FakeSwitch

NOBODY = "00000000-0000-0000-0000-000000000000"
LEG = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"
DEADLINE_SECONDS = 10
PHONE = {
    "reg_user": "1001",
    "realm": "pbx.test",
    "token": "call@1",
    "url": "sofia/internal/sip:1001@127.0.0.1:5070",
    "expires": "4000000000",
    "network_ip": "127.0.0.1",
    "network_port": "5070",
    "profile": "internal",
}


@pytest.fixture
def switch() -> FakeSwitch:
    return FakeSwitch()


@pytest.fixture
def configuration() -> Configuration:
    gateway = Gateway("trunk", "external", {"proxy": "127.0.0.1:5090"}, {})
    return Configuration(
        Path("/conf"),
        Element("document", {}, (Path("/conf"), 1)),
        {"domain": "pbx.test"},
        profiles={
            "internal": Profile("internal", {"sip-ip": "127.0.0.1", "sip-port": "5060"}, (), (), ()),
            "external": Profile("external", {}, (gateway,), (), ()),
        },
        modules=("mod_python3",),
    )


@pytest.fixture
def commands(switch: FakeSwitch, configuration: Configuration) -> Iterator[Commands]:
    made = Commands(
        switch, lambda: configuration, python=lambda data, env: f"{data} {env.name if env else '-'}"
    )
    yield made
    made.close()


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (f"uuid_exists {NOBODY}", "false"),
        (f"uuid_kill {NOBODY}", "-ERR No such channel!\n"),
        (f"uuid_transfer {NOBODY} 7002", "-ERR No such channel!\n"),
        (f"uuid_getvar {NOBODY} x", "-ERR No such channel!\n"),
        (f"uuid_setvar {NOBODY} x y", "-ERR No such channel!\n"),
        (f"uuid_dump {NOBODY}", "-ERR No such channel!\n"),
        (f"uuid_break {NOBODY}", "-ERR No such channel!\n"),
        (f"uuid_hold {NOBODY}", "-ERR Operation failed\n"),
        (f"uuid_record {NOBODY} start /x.wav", "-ERR Cannot locate session!\n"),
        (f"uuid_broadcast {NOBODY} /x.wav", "-ERR invalid uuid\n"),
        (f"uuid_send_dtmf {NOBODY} 1", "-ERR Cannot locate session!\n"),
        (f"uuid_answer {NOBODY}", "-ERROR\n"),
        (f"sched_hangup +5 {NOBODY}", "-ERR No such channel!\n"),
        ("uuid_bridge 0 1", "-ERR Invalid uuid\n"),
        ("originate user/1999@127.0.0.1 &park()", "-ERR SUBSCRIBER_ABSENT\n"),
        (
            "originate nonsense",
            "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>]"
            " [<cid_num>] [<timeout_sec>]\n",
        ),
        ("uuid_kill", "-USAGE: <uuid> [cause]\n"),
        ("uuid_transfer x", "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n"),
        ("uuid_bridge x", "-USAGE: <uuid> <other_uuid>\n"),
        ("uuid_hold", "-USAGE: [off|toggle] <uuid> [<display>]\n-ERR Operation failed\n"),
        (
            "uuid_record x start",
            "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n",
        ),
        ("show", "-USAGE: codec|"),
        ("show nonsense", "-USAGE: codec|"),
        ("show channels as yaml", "-ERR Cannot find format yaml\n"),
        ("global_getvar domain", "pbx.test"),
        ("global_getvar nothing", ""),
        ("sofia_contact 1999@127.0.0.1", "error/user_not_registered"),
        ("no_such_command x", "-ERR no_such_command Command not found!\n"),
        ("system rm", "-ERR system Command not found!\n"),
        ("reloadxml", "+OK [Success]\n"),
        ("hupall NORMAL_CLEARING", "+OK hangup all channels with cause NORMAL_CLEARING\n"),
        ("hupall", "+OK hangup all channels with cause MANAGER_REQUEST\n"),
        ("show calls count", "\n0 total.\n"),
        ("show channels as json", '{"row_count": 0}\n'),
        ("show registrations count as json", '{"row_count":0,"rows":[]}'),
        ("echo a  b", "a  b"),
        ("module_exists mod_python3", "true"),
        ("module_exists mod_other", "false"),
        ("strftime 0|%Y", "1970"),
        ("strftime_tz Asia/Shanghai 0|%Y-%m-%d %H", "1970-01-01 08"),
        ("strftime_tz Nowhere/City %Y", "-ERR Invalid timezone/format\n"),
        ("eval $${domain}", "pbx.test"),
        ("eval ${echo(x)}-${nothing}-${no_such(x)}", "x--"),
        ("expand echo ${domain}", "pbx.test"),
        ("expand", "-ERR No input\n"),
        ("cond 1 == 1 ? yes : no", "yes"),
        ("cond 1 > 2 ? yes : no", "no"),
        ("cond 10 > 9 ? yes : no", "yes"),
        ("cond abc == abc ? yes : no", "yes"),
        ("cond 'a b' != 'a b' ? yes : no", "no"),
        ("cond 1 == 2 ? yes", ""),
        ("cond nonsense", "-ERR"),
        ("unsched_api 99", "-ERR No such id\n"),
        ("sched_api +5", "-ERR Invalid syntax. USAGE: [+@]<time> <group_name> <command_string>[&]\n"),
        ("uptime fortnights", "-USAGE: [us|ms|s|m|h|d|"),
        ("sofia status profile nobody", "Invalid Profile!\n"),
        ("sofia status gateway nobody", "Invalid Gateway!\n"),
        ("sofia status nonsense x", "Invalid Syntax!\n"),
        ("sofia status nonsense", "    Profile::Gateway-Name\t"),
        ("sofia profile nobody rescan", "Invalid Profile [nobody]"),
        ("sofia", "USAGE:\n"),
        ("bgapi", "-ERR Invalid syntax\n"),
        (f"uuid_park {NOBODY}", "-ERR No such channel!\n"),
        ("uuid_setvar_multi x", ""),
        ("sofia profile internal rescan", "Reload XML [Success]\n+OK scan complete\n"),
        ("python fs_scripts.ping x", "fs_scripts.ping x -"),
        ("fsctl shutdown", "-USAGE: "),
        ("STATUS", "UP 0 years, 0 days, 0 hours, 0 minutes, 0 seconds, "),
        ("version short", "1.10.12\n"),
        ("", "-ERR  Command not found!\n"),
    ],
)
def test_reply_texts(commands: Commands, line: str, reply: str) -> None:
    assert commands.run(line) == reply or (len(reply) > 6 and commands.run(line).startswith(reply))


def test_a_channel_is_controlled(commands: Commands, switch: FakeSwitch) -> None:
    leg = switch.add(LEG)
    assert commands.run(f"uuid_exists {LEG}") == "true"
    assert commands.run(f"uuid_setvar {LEG} foo two words") == "+OK\n"
    assert commands.run(f"uuid_getvar {LEG} foo") == "two words"
    assert commands.run(f"uuid_setvar {LEG} foo") == "+OK\n"
    assert commands.run(f"uuid_getvar {LEG} foo") == "_undef_"
    assert commands.run(f"uuid_setvar_multi {LEG} a=1;b=x y") == "+OK\n"
    assert leg.variables == {"a": "1", "b": "x y"}
    assert commands.run(f"uuid_break {LEG} all") == "+OK\n"
    assert commands.run(f"uuid_transfer {LEG} 7002 XML default") == "+OK\n"
    assert commands.run(f"uuid_send_dtmf {LEG} 12#") == f"+OK {LEG} sent DTMF 12#.\n"
    assert commands.run(f"uuid_answer {LEG}") == "+OK\n"
    assert leg.calls == [
        ("break", True),
        ("transfer", "7002", "XML", "default"),
        ("queue_execute", "send_dtmf", "12#", 1, False),
        ("queue_execute", "answer", "", 1, False),
    ]
    assert commands.run(f"uuid_kill {LEG} user_busy") == "+OK\n"
    assert leg.cause == "USER_BUSY"


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        ("", "NORMAL_CLEARING"),
        ("21", "CALL_REJECTED"),
        ("rubbish", "NORMAL_CLEARING"),
        ("PICKED_OFF", "PICKED_OFF"),
    ],
)
def test_causes_by_name_or_number(commands: Commands, switch: FakeSwitch, word: str, cause: str) -> None:
    leg = switch.add(LEG)
    commands.run(f"uuid_kill {LEG} {word}")
    assert leg.cause == cause


def test_a_transfer_can_take_the_other_leg_or_both(commands: Commands, switch: FakeSwitch) -> None:
    leg, other = switch.add(LEG), switch.add(OTHER)
    leg.bridged_to = OTHER
    commands.run(f"uuid_transfer {LEG} -bleg 1")
    commands.run(f"uuid_transfer {LEG} -both 2")
    assert [call[1] for call in leg.calls] == ["2"]
    assert [call[1] for call in other.calls] == ["1", "2"]


def test_hold_and_record_go_to_the_switch(commands: Commands, switch: FakeSwitch) -> None:
    switch.add(LEG)
    for line in (f"uuid_hold {LEG}", f"uuid_hold off {LEG}", f"uuid_hold toggle {LEG}"):
        assert commands.run(line) == "+OK Success\n"
    for action in ("start", "mask", "unmask", "stop"):
        assert commands.run(f"uuid_record {LEG} {action} /r/x.wav") == "+OK Success\n"
    assert commands.run(f"uuid_record {LEG} pause /r/x.wav") == "-ERR Cannot pause recording session!\n"
    assert switch.calls[:3] == [("hold", LEG, True), ("hold", LEG, False), ("hold", LEG, True)]
    assert switch.calls[3:] == [
        ("record", LEG, "/r/x.wav", each) for each in ("start", "mask", "unmask", "stop")
    ]


def test_a_broadcast_reaches_the_legs_that_are_named(commands: Commands, switch: FakeSwitch) -> None:
    leg, other = switch.add(LEG), switch.add(OTHER)
    commands.run(f"uuid_broadcast {LEG} a.wav")
    leg.bridged_to, other.bridged_to = OTHER, LEG
    commands.run(f"uuid_broadcast {LEG} b.wav both")
    commands.run(f"uuid_broadcast {LEG} say::hello bleg")
    assert leg.calls == [("queue_execute", "playback", "a.wav", 1, False), ("play_aside", "b.wav", False)]
    assert other.calls == [("play_aside", "b.wav", False), ("queue_execute", "say", "hello", 1, False)]


def test_originate_connects_the_answered_leg(commands: Commands, switch: FakeSwitch) -> None:
    leg = switch.add(LEG)
    switch.originated = (leg, "SUCCESS")
    assert commands.run("originate {a=1}user/1001 7002 XML uckefu 'Front Desk' 100 20") == f"+OK {LEG}\n"
    expected = {"origination_caller_id_name": "Front Desk", "origination_caller_id_number": "100"}
    assert switch.calls == [("originate", "{a=1}user/1001", expected, 20.0)]
    commands.run("originate user/1001 '&playback(a b,c.wav)'")
    commands.run("originate user/1001 &park()")
    assert leg.calls == [
        ("transfer", "7002", "XML", "uckefu"),
        ("transfer", "m:^:playback:a b,c.wav", "inline", ""),
        ("transfer", "park", "inline", ""),
    ]


def test_show_channels_has_the_columns_of_freeswitch(commands: Commands, switch: FakeSwitch) -> None:
    switch.add(LEG).variables["current_application"] = "park"
    shown = json.loads(commands.run("show channels as json"))
    assert shown["row_count"] == 1
    row = shown["rows"][0]
    assert (row["uuid"], row["dest"], row["application"]) == (LEG, "7003", "park")
    recorded = (
        "uuid direction created created_epoch name state cid_name cid_num ip_addr dest application application_data"
        " dialplan context read_codec read_rate read_bit_rate write_codec write_rate write_bit_rate secure hostname"
        " presence_id presence_data accountcode callstate callee_name callee_num callee_direction call_uuid"
        " sent_callee_name sent_callee_num initial_cid_name initial_cid_num initial_ip_addr initial_dest"
        " initial_dialplan initial_context"
    )
    assert list(row) == recorded.split()
    assert commands.run("show channels count") == "\n1 total.\n"
    assert commands.run("show channels").endswith("\n\n1 total.\n")
    assert json.loads(commands.run("show channels like 1111 as json"))["row_count"] == 1
    assert commands.run("show channels like absent as json") == '{"row_count": 0}\n'


def test_a_bridge_is_one_call(commands: Commands, switch: FakeSwitch) -> None:
    leg, other = switch.add(LEG), switch.add(OTHER)
    leg.bridged_to, other.bridged_to = OTHER, LEG
    leg.direction = "outbound"
    shown = json.loads(commands.run("show calls as json"))
    assert shown["row_count"] == 1
    assert (shown["rows"][0]["uuid"], shown["rows"][0]["b_uuid"]) == (OTHER, LEG)
    other.bridged_to = leg.bridged_to = None
    assert json.loads(commands.run("show calls as json"))["row_count"] == 2
    assert commands.run("show bridged_calls count") == "\n0 total.\n"


def test_registrations_are_shown_and_found(commands: Commands, switch: FakeSwitch) -> None:
    switch.phones.append(PHONE)
    shown = json.loads(commands.run("show registrations as json"))
    assert shown["rows"][0]["reg_user"] == "1001"
    assert commands.run("sofia_contact 1001@pbx.test") == PHONE["url"]
    assert commands.run("sofia_contact */1001@pbx.test") == PHONE["url"]
    assert commands.run("sofia_contact internal/1001") == PHONE["url"]
    assert commands.run("sofia_contact external/1001@pbx.test") == "error/user_not_registered"
    listed = commands.run("sofia status profile internal reg 1001")
    assert "User:       \t1001@pbx.test\n" in listed
    assert listed.endswith("Total items returned: 1\n" + "=" * 97 + "\n")
    assert "external::trunk\tgateway" in commands.run("sofia status")


def test_a_broken_configuration_is_named_and_the_old_one_stays(
    commands: Commands, switch: FakeSwitch
) -> None:
    switch.reload_error = ConfigError((Path("a.xml"), 3), "mismatched tag")
    assert commands.run("reloadxml") == "-ERR [a.xml:3: mismatched tag]\n"


def test_the_environment_of_a_hook_reaches_its_script(commands: Commands) -> None:
    assert (
        commands.run("python fs_scripts.cdr", Event({"Event-Name": "CHANNEL_DATA"}))
        == "fs_scripts.cdr CHANNEL_DATA"
    )


def test_eval_sees_the_headers_of_a_channel(commands: Commands, switch: FakeSwitch) -> None:
    switch.add(LEG).variables["x"] = "y"
    assert commands.run(f"eval uuid:{LEG} ${{unique-id}} ${{variable_x}}") == f"{LEG} y"


def test_global_variables_are_set_and_removed(commands: Commands) -> None:
    assert commands.run("global_setvar a=b=c") == "+OK"
    assert commands.run("global_getvar a") == "b=c"
    assert commands.run("global_setvar a=") == "+OK"
    assert commands.run("global_getvar") == "domain=pbx.test\n"


def test_a_job_in_the_background_reports_by_event(commands: Commands, switch: FakeSwitch) -> None:
    done = threading.Event()
    jobs: list[Event] = []

    def note(event: Event) -> None:
        if event.name == "BACKGROUND_JOB":
            jobs.append(event)
            done.set()

    switch.subscribe(note)
    reply = commands.run("bgapi echo hello")
    assert done.wait(DEADLINE_SECONDS)
    assert reply == f"+OK Job-UUID: {jobs[0].get('Job-UUID')}\n"
    assert (jobs[0].body, jobs[0].get("Job-Command-Arg")) == ("hello", "hello")


def test_a_scheduled_command_runs_and_can_be_taken_back(commands: Commands, switch: FakeSwitch) -> None:
    leg, other = switch.add(LEG), switch.add(OTHER)
    ended = threading.Event()
    switch.subscribe(lambda event: ended.set() if event.uuid == OTHER else None)
    assert commands.run(f"sched_api +1000 none uuid_kill {LEG}") == "+OK Added: 1\n"
    assert commands.run(f"sched_api +0 none uuid_kill {OTHER}") == "+OK Added: 2\n"
    assert ended.wait(DEADLINE_SECONDS)
    assert commands.run("unsched_api 1") == "+OK\n"
    assert (leg.cause, other.cause) == ("", "NORMAL_CLEARING")


def test_hupall_can_choose_by_variable(commands: Commands, switch: FakeSwitch) -> None:
    leg, other = switch.add(LEG), switch.add(OTHER)
    leg.variables["queue"] = "sales"
    reply = commands.run("hupall USER_BUSY queue sales")
    assert reply == "+OK hangup all channels matching [queue]=[sales] with cause: USER_BUSY\n"
    assert (leg.cause, other.cause) == ("USER_BUSY", "")


@pytest.mark.parametrize(
    ("text", "most", "pieces"),
    [
        ("a b c", 9, ["a", "b", "c"]),
        ("a  b   c d", 3, ["a", "b", "c d"]),
        ("a 'b c' d", 9, ["a", "b c", "d"]),
        (r"a\'s b", 9, ["a's", "b"]),
        ("it's b", 9, ["it's b"]),
        ("", 9, []),
    ],
)
def test_arguments_are_cut_as_freeswitch_does(text: str, most: int, pieces: list[str]) -> None:
    assert separate(text, most) == pieces
