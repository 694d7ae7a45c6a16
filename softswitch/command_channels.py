"""API commands about channels: uuid_*, originate, hupall. Texts are those of FreeSWITCH's mod_commands."""

import json
from typing import Literal

from softswitch.command_context import Command, Context, number, separate, usage
from softswitch.events import new_event
from softswitch.ports import Channel
from softswitch.sip.causes import NUMBERS

_NO_CHANNEL = "-ERR No such channel!\n"
_ORIGINATE = "<call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]"
_RECORD = "<uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]"
_DEFAULT_TIMEOUT_SECONDS = 60
_NAMES = {value: name for name, value in NUMBERS.items()}


def cause(text: str) -> str:
    """A hangup cause by name or number; NORMAL_CLEARING for anything else (switch_channel_str2cause)."""
    if text[:1].isdecimal():
        return _NAMES.get(number(text), "NORMAL_CLEARING")
    return text.upper() if text.upper() in NUMBERS else "NORMAL_CLEARING"


def kill(context: Context, arguments: str) -> str:
    """`uuid_kill <uuid> [cause]`."""
    uuid, _, word = arguments.partition(" ")
    if not uuid:
        return usage("<uuid> [cause]")
    channel = context.switch.channel(uuid)
    if channel is None:
        return _NO_CHANNEL
    channel.hangup(cause(word))
    return "+OK\n"


def transfer(context: Context, arguments: str) -> str:
    """`uuid_transfer <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]`."""
    words = separate(arguments, 6)
    if not 2 <= len(words) <= 5:
        return usage("<uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]")
    uuid, *rest = words
    channel = context.switch.channel(uuid)
    if channel is None:
        return _NO_CHANNEL
    which = rest.pop(0).lower() if rest[0].startswith("-") else ""
    if not rest:
        return usage("<uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]")
    other = context.switch.channel(channel.bridged_to or "") if which in ("-bleg", "-both") else None
    legs = [channel] if other is None else [other] if which == "-bleg" else [other, channel]
    destination, dialplan, plan_context = [*rest, "", ""][:3]
    for leg in legs:
        leg.transfer(destination, dialplan or "XML", plan_context)
    return "+OK\n"


def bridge(context: Context, arguments: str) -> str:
    """`uuid_bridge <uuid> <other_uuid> [<fallback_uuid>]`."""
    words = separate(arguments, 4)
    if len(words) < 2:
        return usage("<uuid> <other_uuid>")
    for other in words[1:3]:
        if context.switch.bridge_legs(words[0], other):
            return f"+OK {other}\n"
    return "-ERR Invalid uuid\n"


def hold(context: Context, arguments: str) -> str:
    """`uuid_hold [off|toggle] <uuid> [<display>]`."""
    words = separate(arguments, 4)
    failed = "-ERR Operation failed\n"
    if not words:
        return usage("[off|toggle] <uuid> [<display>]") + failed
    word = words.pop(0) if words[0].lower() in ("off", "toggle") else "on"
    channel = context.switch.channel(words[0]) if words else None
    if channel is None:
        return failed
    is_held = channel.event_data().get("Channel-Call-State") == "HELD"
    wanted = not is_held if word.lower() == "toggle" else word.lower() == "on"
    return "+OK Success\n" if context.switch.hold(channel.uuid, wanted) else failed


def displace(context: Context, arguments: str) -> str:
    """`uuid_displace <uuid> start|stop <path>`; how our ACD holds a caller (the limit and `mux` are not used)."""
    words = separate(arguments, 5)
    if len(words) < 3 or words[1].lower() not in ("start", "stop"):
        return usage("<uuid> [start|stop] <path> [<limit>] [mux]")
    uuid, action, path = words[0], words[1].lower(), words[2]
    if context.switch.channel(uuid) is None:
        return "-ERR Cannot locate session!\n"
    if context.switch.displace(uuid, path, action == "start"):
        return "+OK Success\n"
    return f"-ERR Cannot {'displace' if action == 'start' else 'stop displace'} session!\n"


def audio(context: Context, arguments: str) -> str:
    """`uuid_audio <uuid> [start read mute <level>|stop]`; what the leg says is not heard (levels are not used)."""
    words = separate(arguments, 5)
    channel = context.switch.channel(words[0]) if words else None
    if channel is None or len(words) < 2:
        return "-ERR Operation Failed\n"
    if words[1].lower() == "stop":
        return "+OK Success\n" if context.switch.mute(channel.uuid, False) else "-ERR Operation Failed\n"
    is_mute = [word.lower() for word in words[1:4]] == ["start", "read", "mute"] and len(words) == 5
    if not is_mute or not context.switch.mute(channel.uuid, number(words[4]) != 0):
        return "-ERR Operation Failed\n"
    return "+OK Success\n"


def phone_event(context: Context, arguments: str) -> str:
    """`uuid_phone_event <uuid> <talk|hold|…>`: NOTIFY of this event; a phone that knows `talk` answers."""
    uuid, _, event = arguments.partition(" ")
    if not uuid:
        return usage("<uuid>")
    if not context.switch.phone_event(uuid, event.strip() or "talk"):
        return "-ERR Operation failed\n"
    return "+OK Success\n"


def stop(context: Context, arguments: str) -> str:
    """`uuid_break <uuid> [all] [both]`."""
    uuid, _, flags = arguments.partition(" ")
    if not uuid:
        return usage("<uuid> [all]")
    channel = context.switch.channel(uuid)
    if channel is None:
        return _NO_CHANNEL
    other = context.switch.channel(channel.bridged_to or "") if "both" in flags else None
    for leg in filter(None, (channel, other)):
        leg.break_application(everything="all" in flags)
    return "+OK\n"


def record(context: Context, arguments: str) -> str:
    """`uuid_record <uuid> start|stop|mask|unmask <path>`."""
    words = separate(arguments, 5)
    if len(words) < 3 or words[1].lower() not in ("start", "stop", "pause", "resume", "mask", "unmask"):
        return usage(_RECORD)
    uuid, action, path = words[0], words[1].lower(), words[2]
    if context.switch.channel(uuid) is None:
        return "-ERR Cannot locate session!\n"
    if action not in ("pause", "resume") and context.switch.record(uuid, path, action):
        return "+OK Success\n"
    what = {"start": "record session", "stop": "stop record session"}.get(
        action, f"{action} recording session"
    )
    return f"-ERR Cannot {what}!\n"


def broadcast(context: Context, arguments: str) -> str:
    """`uuid_broadcast <uuid> <path|app::arguments> [aleg|bleg|both]`."""
    words = separate(arguments, 4)
    if len(words) < 2:
        return usage("<uuid> <path> [aleg|bleg|holdb|both]")
    channel = context.switch.channel(words[0])
    if channel is None:
        return "-ERR invalid uuid\n"
    which = words[2].lower() if len(words) > 2 else "aleg"
    other = context.switch.channel(channel.bridged_to or "")
    if "aleg" in which or "both" in which:
        _say(channel, words[1])
    if other is not None and ("bleg" in which or "both" in which):
        _say(other, words[1])
    return "+OK Message sent\n"


def _say(channel: Channel, what: str) -> None:
    application, double_colon, argument = what.partition("::")
    if double_colon:
        channel.queue_execute(application, argument)
    elif channel.bridged_to:
        channel.play_aside(what)
    else:
        channel.queue_execute("playback", what)


def get_variable(context: Context, arguments: str) -> str:
    """`uuid_getvar <uuid> <var>`."""
    words = separate(arguments, 4)
    if len(words) < 2:
        return usage("<uuid> <var>")
    channel = context.switch.channel(words[0])
    if channel is None:
        return _NO_CHANNEL
    value = channel.get_variable(words[1])
    return "_undef_" if value is None else value


def set_variable(context: Context, arguments: str) -> str:
    """`uuid_setvar <uuid> <var> [value]`; no value removes it."""
    words = separate(arguments, 3)
    if len(words) < 2:
        return usage("<uuid> <var> [value]")
    channel = context.switch.channel(words[0])
    if channel is None:
        return _NO_CHANNEL
    channel.set_variable(words[1], words[2] if len(words) > 2 else None)
    return "+OK\n"


def set_variables(context: Context, arguments: str) -> str:
    """`uuid_setvar_multi <uuid> <var>=<value>;<var>=<value>...`."""
    syntax = usage("<uuid> <var>=<value>;<var>=<value>...")
    uuid, blank, pairs = arguments.partition(" ")
    if not blank:
        return ""
    channel = context.switch.channel(uuid)
    if channel is None:
        return _NO_CHANNEL + syntax
    named = [pair.partition("=") for pair in pairs.split(";") if pair.partition("=")[0].strip()]
    for name, _, value in named:
        channel.set_variable(name.strip(), value)
    return "+OK\n" if named else "-ERR No variable specified\n" + syntax


def dump(context: Context, arguments: str) -> str:
    """`uuid_dump <uuid> [json]`."""
    words = separate(arguments, 2)
    if not words:
        return usage("<uuid> [format]")
    channel = context.switch.channel(words[0])
    if channel is None:
        return _NO_CHANNEL
    form = words[1].lower() if len(words) > 1 else "txt"
    if form == "xml":
        return "-ERR Unable to create xml!\n"
    event = new_event("CHANNEL_DATA")
    event.headers |= channel.event_data()
    return (
        json.dumps(event.headers, ensure_ascii=False, separators=(",", ":"))
        if form == "json"
        else event.to_plain()
    )


def exists(context: Context, arguments: str) -> str:
    """`uuid_exists <uuid>`."""
    return "true" if context.switch.channel(arguments) is not None else "false"


def answer(context: Context, arguments: str) -> str:
    """`uuid_answer <uuid>`."""
    return _queue(context, arguments, "answer")


def park(context: Context, arguments: str) -> str:
    """`uuid_park <uuid>`."""
    if not arguments:
        return usage("<uuid>")
    channel = context.switch.channel(arguments)
    if channel is None:
        return _NO_CHANNEL
    channel.transfer("park", "inline")
    return "+OK\n"


def _queue(context: Context, uuid: str, application: str) -> Literal["+OK\n", "-ERROR\n"]:
    channel = context.switch.channel(uuid)
    if channel is None:
        return "-ERROR\n"
    channel.queue_execute(application)
    return "+OK\n"


def send_dtmf(context: Context, arguments: str) -> str:
    """`uuid_send_dtmf <uuid> <dtmf_data>`."""
    words = separate(arguments, 2)
    if len(words) < 2:
        return usage("<uuid> <dtmf_data>")
    channel = context.switch.channel(words[0])
    if channel is None:
        return "-ERR Cannot locate session!\n"
    channel.queue_execute("send_dtmf", words[1])
    return f"+OK {words[0]} sent DTMF {words[1]}.\n"


def originate(context: Context, arguments: str) -> str:
    """`originate <call url> <exten>|&<application>(<args>) [dialplan] [context] [cid_name] [cid_num] [timeout]`."""
    words = separate(arguments, 10)
    if not 2 <= len(words) <= 7:
        return usage(_ORIGINATE)
    words = ["" if word.lower() == "undef" else word for word in words] + [""] * 5
    url, extension, dialplan, plan_context, name, caller, seconds = words[:7]
    variables = {"origination_caller_id_name": name, "origination_caller_id_number": caller}
    timeout = number(seconds) if seconds else _DEFAULT_TIMEOUT_SECONDS
    channel, failure = context.switch.originate(
        url, {key: value for key, value in variables.items() if value}, float(timeout)
    )
    if channel is None:
        return f"-ERR {failure}\n"
    if extension.startswith("&") and len(extension) > 1:
        application, _, argument = extension[1:].partition("(")
        channel.transfer(_inline(application, argument.partition(")")[0]), "inline")
    else:
        channel.transfer(extension, dialplan or "XML", plan_context or "default")
    return f"+OK {channel.uuid}\n"


def _inline(application: str, argument: str) -> str:
    if not argument:
        return application
    # A delimiter that the argument does not hold, so that it stays one action.
    delimiter = next(each for each in "^|~;!\x1f" if each not in argument)
    return f"m:{delimiter}:{application}:{argument}"


def hang_up_all(context: Context, arguments: str) -> str:
    """`hupall [<cause> [<var> <value>]...]`."""
    words = separate(arguments, 11)
    word = cause(words[0]) if words else "MANAGER_REQUEST"
    wanted = dict(zip(words[1::2], words[2::2], strict=False))
    for channel in context.switch.channels():
        if all(channel.get_variable(name) == value for name, value in wanted.items()):
            channel.hangup(word)
    if not wanted:
        return f"+OK hangup all channels with cause {word}\n"
    more = "" if len(wanted) == 1 else "..."
    return f"+OK hangup all channels matching [{words[1]}]=[{words[2]}]{more} with cause: {word}\n"


COMMANDS: dict[str, Command] = {
    "uuid_kill": kill,
    "uuid_transfer": transfer,
    "uuid_bridge": bridge,
    "uuid_hold": hold,
    "uuid_displace": displace,
    "uuid_audio": audio,
    "uuid_phone_event": phone_event,
    "uuid_break": stop,
    "uuid_record": record,
    "uuid_broadcast": broadcast,
    "uuid_getvar": get_variable,
    "uuid_setvar": set_variable,
    "uuid_setvar_multi": set_variables,
    "uuid_dump": dump,
    "uuid_exists": exists,
    "uuid_answer": answer,
    "uuid_park": park,
    "uuid_send_dtmf": send_dtmf,
    "originate": originate,
    "hupall": hang_up_all,
}
