"""API commands about text, time and the switch itself: eval, cond, strftime, global_getvar, sched_api, reloadxml..."""

import re
import threading
import time
import uuid as uuids
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from softswitch.command_channels import cause
from softswitch.command_context import Command, Context, number, separate, usage
from softswitch.config import ConfigError
from softswitch.events import host_name, new_event

_DEFAULT_FORMAT = "%Y-%m-%d %T"
_SCHEDULE = "[+@]<time> <group_name> <command_string>[&]"
_COND = re.compile(
    r"(?:'(?P<qa>(?:[^'\\]|\\.)*)'|(?P<a>[^ ]+)) +(?P<op>==|!=|>=|<=|>|<) *"
    r"(?:'(?P<qb>(?:[^'\\]|\\.)*)'|(?P<b>[^ ]+)) +\?(?P<rest>.*)",
    re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def echo(context: Context, arguments: str) -> str:
    """`echo <data>`."""
    return arguments


def create_uuid(context: Context, arguments: str) -> str:
    """`create_uuid`."""
    return str(uuids.uuid4())


def hostname(context: Context, arguments: str) -> str:
    """`hostname`, `switchname`."""
    return host_name()


def module_exists(context: Context, arguments: str) -> str:
    """`module_exists <module>`."""
    return "true" if arguments in context.configuration().modules else "false"


def strepoch(context: Context, arguments: str) -> str:
    """`strepoch`: now, in seconds."""
    return str(int(time.time()))


def strftime(context: Context, arguments: str) -> str:
    """`strftime [<epoch>|]<format>` in the switch's own zone."""
    return _format_time(arguments, None)


def strftime_tz(context: Context, arguments: str) -> str:
    """`strftime_tz <zone> [<epoch>|]<format>`."""
    name, _, text = arguments.partition(" ")
    try:
        return _format_time(text, ZoneInfo(name or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "-ERR Invalid timezone/format\n"


def _format_time(text: str, zone: ZoneInfo | None) -> str:
    epoch, bar, form = text.partition("|")
    if not bar:
        epoch, form = "", text
    moment = datetime.fromtimestamp(number(epoch) if epoch else time.time(), zone).astimezone(zone)
    return moment.strftime(form or _DEFAULT_FORMAT)


def evaluate(context: Context, arguments: str) -> str:
    """`eval [uuid:<uuid> ]<text>`."""
    uuid, text = _split_uuid(arguments)
    return context.expand(text, uuid)


def expand(context: Context, arguments: str) -> str:
    """`expand [uuid:<uuid> ]<command> <arguments>`: fills in the arguments, then runs the command."""
    uuid, text = _split_uuid(arguments)
    name, _, rest = text.partition(" ")
    if not name:
        return "-ERR No input\n"
    return context.run(f"{name} {context.expand(rest, uuid)}".rstrip())


def _split_uuid(text: str) -> tuple[str, str]:
    if not text.lower().startswith("uuid:"):
        return "", text
    uuid, _, rest = text[5:].partition(" ")
    return uuid, rest


def cond(context: Context, arguments: str) -> str:
    """`cond <a> <operator> <b> ? <true> [: <false>]`; numbers compare by value, other texts by length or equality."""
    match = _COND.fullmatch(arguments)
    if match is None:
        return "-ERR"
    parts = match["rest"].split(":", 1)
    holds = _compare(match)
    if len(parts) == 1 and not holds:
        return ""
    return _unquoted(parts[0 if holds else 1])


def _compare(match: re.Match[str]) -> bool:
    sides = [(match["qa"], match["a"]), (match["qb"], match["b"])]
    texts = [quoted if quoted is not None else plain for quoted, plain in sides]
    are_numbers = [quoted is None and bool(_NUMBER.fullmatch(plain)) for quoted, plain in sides]
    if match["op"] in ("==", "!=") and not any(are_numbers):
        return (texts[0] == texts[1]) == (match["op"] == "==")
    a, b = (
        float(text) if is_number else float(len(text))
        for text, is_number in zip(texts, are_numbers, strict=True)
    )
    return {"==": a == b, "!=": a != b, ">": a > b, "<": a < b, ">=": a >= b, "<=": a <= b}[match["op"]]


def _unquoted(text: str) -> str:
    text = text.strip(" ")
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def global_getvar(context: Context, arguments: str) -> str:
    """`global_getvar [<var>]`."""
    variables = context.configuration().variables
    if not arguments:
        return "".join(f"{name}={value}\n" for name, value in sorted(variables.items()))
    return variables.get(arguments, "")


def global_setvar(context: Context, arguments: str) -> str:
    """`global_setvar <var>=<value>`; no value removes it."""
    name, _, value = arguments.partition("=")
    if not name.strip():
        return usage("<var>=<value> [=<value2>]")
    if value:
        context.configuration().variables[name.strip()] = value
    else:
        context.configuration().variables.pop(name.strip(), None)
    return "+OK"


def reload_xml(context: Context, arguments: str) -> str:
    """`reloadxml`. Unlike FreeSWITCH, a broken file is `-ERR`: what was loaded before stays in force."""
    try:
        context.switch.reload()
    except ConfigError as error:
        return f"-ERR [{error}]\n"
    context.switch.publish(new_event("RELOADXML"))
    return "+OK [Success]\n"


def python(context: Context, arguments: str) -> str:
    """`python <module> [arguments]`: what its `fsapi` writes."""
    if context.python is None:
        return "-ERR python Command not found!\n"
    return context.python(arguments, context.env)


def bgapi(context: Context, arguments: str) -> str:
    """`bgapi <command>`: run in the background; the result is a BACKGROUND_JOB event."""
    if not arguments:
        return "-ERR Invalid syntax\n"
    job = str(uuids.uuid4())
    name, _, rest = arguments.partition(" ")

    def work() -> None:
        event = new_event("BACKGROUND_JOB", body=context.run(arguments), Job_UUID=job, Job_Command=name)
        if rest:
            event.headers["Job-Command-Arg"] = rest
        context.switch.publish(event)

    threading.Thread(target=work, name=f"bgapi-{name}", daemon=True).start()
    return f"+OK Job-UUID: {job}\n"


def sched_hangup(context: Context, arguments: str) -> str:
    """`sched_hangup [+]<time> <uuid> [<cause>]`."""
    words = separate(arguments, 4)
    if len(words) < 2:
        return usage("[+]<time> <uuid> [<cause>]")
    channel = context.switch.channel(words[1])
    if channel is None:
        return "-ERR No such channel!\n"
    word = cause(words[2]) if len(words) > 2 else "ALLOTTED_TIMEOUT"
    seconds = _seconds_until(words[0])
    if seconds <= 0:
        channel.hangup(word)
    else:
        _schedule(context, seconds, lambda: channel.hangup(word))
    return "+OK\n"


def sched_api(context: Context, arguments: str) -> str:
    """`sched_api [+@]<time> <group> <command>`: `+` from now, `@` again and again."""
    words = arguments.split(" ", 2)
    if len(words) < 3:
        return f"-ERR Invalid syntax. USAGE: {_SCHEDULE}\n"
    when, line = words[0], words[2].removesuffix("&")
    every = float(max(1, number(when[1:]))) if when.startswith("@") else None
    task = _schedule(context, every or max(0.0, _seconds_until(when)), lambda: context.run(line), every)
    return f"+OK Added: {task}\n"


def unsched_api(context: Context, arguments: str) -> str:
    """`unsched_api <task_id>`."""
    if not arguments:
        return "-ERR Invalid syntax. USAGE: <task_id>\n"
    timer = context.timers.pop(number(arguments), None)
    if timer is None:
        return "-ERR No such id\n"
    timer.cancel()
    return "+OK\n"


def _seconds_until(text: str) -> float:
    return float(number(text[1:])) if text.startswith("+") else number(text) - time.time()


_tasks = threading.Lock()


def _schedule(
    context: Context,
    seconds: float,
    work: Callable[[], object],
    every: float | None = None,
    task: int | None = None,
) -> int:
    def due() -> None:
        if context.timers.pop(task_id, None) is None:
            return
        if every is not None:
            _schedule(context, every, work, every, task_id)
        work()

    with _tasks:
        task_id = task if task is not None else max(context.timers, default=0) + 1
        timer = threading.Timer(seconds, due)
        timer.daemon = True
        context.timers[task_id] = timer
    timer.start()
    return task_id


def fsctl(context: Context, arguments: str) -> str:
    """`fsctl shutdown [now|asap|elegant|cancel]`, `fsctl hupall [cause]`."""
    words = separate(arguments, 5)
    if words[:1] == ["hupall"]:
        context.run(f"hupall {words[1] if len(words) > 1 else 'MANAGER_REQUEST'}")
        return "+OK\n"
    if words[:1] == ["shutdown"] and context.shutdown is not None:
        context.shutdown(words[1].lower() if len(words) > 1 else "")
        return "+OK\n"
    return usage("hupall|shutdown [cancel|elegant|asap|now]")


COMMANDS: dict[str, Command] = {
    "echo": echo,
    "create_uuid": create_uuid,
    "hostname": hostname,
    "switchname": hostname,
    "module_exists": module_exists,
    "strepoch": strepoch,
    "strftime": strftime,
    "strftime_tz": strftime_tz,
    "eval": evaluate,
    "expand": expand,
    "cond": cond,
    "global_getvar": global_getvar,
    "global_setvar": global_setvar,
    "reloadxml": reload_xml,
    "python": python,
    "bgapi": bgapi,
    "sched_hangup": sched_hangup,
    "sched_api": sched_api,
    "unsched_api": unsched_api,
    "fsctl": fsctl,
}
