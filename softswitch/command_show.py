"""API commands that show: status, show, sofia status, sofia_contact. Columns and texts are FreeSWITCH's."""

import json
import time
from collections.abc import Mapping, Sequence

from softswitch.command_context import Command, Context, number, separate, usage
from softswitch.events import host_name
from softswitch.ports import Channel

VERSION = "1.10.12-builtin"
_LINE = "=" * 97 + "\n"
_SHOW = (
    "codec|endpoint|application|api|dialplan|file|timer|calls [count]|channels [count|like <match string>]|calls|"
    "detailed_calls|bridged_calls|detailed_bridged_calls|aliases|complete|chat|management|modules|nat_map|say|"
    "interfaces|interface_types|tasks|limits|status"
)
_CALL_COLUMNS = [
    "uuid",
    "direction",
    "created",
    "created_epoch",
    "name",
    "state",
    "cid_name",
    "cid_num",
    "ip_addr",
    "dest",
    "presence_id",
    "presence_data",
    "accountcode",
    "callstate",
    "callee_name",
    "callee_num",
    "callee_direction",
    "call_uuid",
    "hostname",
    "sent_callee_name",
    "sent_callee_num",
]
_OTHER_COLUMNS = [
    "uuid",
    "direction",
    "created",
    "created_epoch",
    "name",
    "state",
    "cid_name",
    "cid_num",
    "ip_addr",
    "dest",
    "presence_id",
    "presence_data",
    "accountcode",
    "callstate",
    "callee_name",
    "callee_num",
    "callee_direction",
    "sent_callee_name",
    "sent_callee_num",
]
_REGISTRATION_COLUMNS = [
    "reg_user",
    "realm",
    "token",
    "url",
    "expires",
    "network_ip",
    "network_port",
    "network_proto",
    "hostname",
    "metadata",
]

Row = dict[str, str]


def version(context: Context, arguments: str) -> str:
    """`version [short]`."""
    if "short" in arguments.lower():
        return f"{VERSION.partition('-')[0]}\n"
    return f"FreeSWITCH Version {VERSION}~64bit (UCKeFu built-in switch 64bit)\n"


def status(context: Context, arguments: str) -> str:
    """`status`."""
    micros = int((time.time() - context.started_at) * 1_000_000)
    counters, now = context.counters, len(context.switch.channels())
    return (
        f"UP {_duration(micros)}\n"
        f"FreeSWITCH (Version {VERSION}  64bit) is ready\n"
        f"{counters.since_start} session(s) since startup\n"
        f"{now} session(s) - peak {counters.peak}, last 5min {counters.peak} \n"
        f"0 session(s) per Sec out of max 1000, peak 0, last 5min 0 \n"
        f"5000 session(s) max\nmin idle cpu 0.00/100.00\n"
    )


def _duration(micros: int) -> str:
    parts = []
    for size, name in (
        (365 * 86_400_000_000, "year"),
        (86_400_000_000, "day"),
        (3_600_000_000, "hour"),
        (60_000_000, "minute"),
        (1_000_000, "second"),
        (1000, "millisecond"),
        (1, "microsecond"),
    ):
        count, micros = divmod(micros, size)
        parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts)


def uptime(context: Context, arguments: str) -> str:
    """`uptime [us|ms|s|m|h|d]`."""
    units = {"us": 1, "ms": 1000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
    names = {
        "microseconds": "us",
        "milliseconds": "ms",
        "seconds": "s",
        "minutes": "m",
        "hours": "h",
        "days": "d",
    }
    word = arguments.lower() or "s"
    unit = units.get(names.get(word, word))
    if unit is None:
        return usage("[us|ms|s|m|h|d|microseconds|milliseconds|seconds|minutes|hours|days]")
    return f"{int((time.time() - context.started_at) * 1_000_000) // unit}\n"


def show(context: Context, arguments: str) -> str:
    """`show channels|calls|bridged_calls|registrations|status [count | like text] [as json|delim]`."""
    words = separate(arguments, 6)
    if not words:
        return usage(_SHOW)
    what, rest = words[0].lower(), words[1:]
    if what == "status":
        return status(context, "")
    rows = _rows(context, what)
    if rows is None:
        return usage(_SHOW)
    is_count = bool(rest) and rest[0].lower() == "count"
    if is_count:
        rest = rest[1:]
    elif what == "channels" and len(rest) > 1 and rest[0].lower() == "like":
        rows = [row for row in rows if _is_like(row, rest[1])]
        rest = rest[2:]
    form = rest[1].lower() if len(rest) > 1 and rest[0].lower() == "as" else "delim"
    if form == "json":
        return _as_json(rows, is_count=is_count)
    if form not in ("delim", "csv"):
        return f"-ERR Cannot find format {form}\n"
    return _as_lines(rows, is_count=is_count)


def _rows(context: Context, what: str) -> list[Row] | None:
    if what == "channels":
        return [channel_row(channel) for channel in context.switch.channels()]
    if what in ("calls", "bridged_calls"):
        return _call_rows(context, only_bridged=what == "bridged_calls")
    if what == "registrations":
        return [
            {name: row.get(name, "") for name in _REGISTRATION_COLUMNS}
            for row in context.switch.registrations()
        ]
    return None


def channel_row(channel: Channel) -> Row:
    """A row of `show channels`, from the channel's own event headers."""
    data = channel.event_data()

    def get(name: str) -> str:
        return data.get(name, "")

    created = number(get("Caller-Channel-Created-Time")) // 1_000_000
    initial = {
        f"initial_{name}": get(f"Caller-{header}")
        for name, header in (
            ("cid_name", "Orig-Caller-ID-Name"), ("cid_num", "Orig-Caller-ID-Number"), ("ip_addr", "Network-Addr"),
            ("dest", "Destination-Number"), ("dialplan", "Dialplan"), ("context", "Context"),
        )
    }  # fmt: skip
    return {
        "uuid": channel.uuid,
        "direction": get("Call-Direction") or channel.direction,
        "created": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(created)) if created else "",
        "created_epoch": str(created) if created else "",
        "name": channel.name,
        "state": get("Channel-State"),
        "cid_name": get("Caller-Caller-ID-Name"),
        "cid_num": get("Caller-Caller-ID-Number"),
        "ip_addr": get("Caller-Network-Addr"),
        "dest": get("Caller-Destination-Number"),
        "application": get("variable_current_application"),
        "application_data": get("variable_current_application_data"),
        "dialplan": get("Caller-Dialplan"),
        "context": get("Caller-Context"),
        "read_codec": get("Channel-Read-Codec-Name"),
        "read_rate": get("Channel-Read-Codec-Rate"),
        "read_bit_rate": get("Channel-Read-Codec-Bit-Rate"),
        "write_codec": get("Channel-Write-Codec-Name"),
        "write_rate": get("Channel-Write-Codec-Rate"),
        "write_bit_rate": get("Channel-Write-Codec-Bit-Rate"),
        "secure": "",
        "hostname": host_name(),
        "presence_id": get("Channel-Presence-ID"),
        "presence_data": get("variable_presence_data"),
        "accountcode": get("variable_accountcode"),
        "callstate": get("Channel-Call-State"),
        "callee_name": get("Caller-Callee-ID-Name"),
        "callee_num": get("Caller-Callee-ID-Number"),
        "callee_direction": "SEND" if get("Caller-Callee-ID-Number") else "",
        "call_uuid": get("Channel-Call-UUID") or channel.uuid,
        "sent_callee_name": get("Caller-Callee-ID-Name"),
        "sent_callee_num": get("Caller-Callee-ID-Number"),
        **initial,
    }


def _call_rows(context: Context, *, only_bridged: bool) -> list[Row]:
    """One row a call: a leg that talks is shown with its other leg, a leg alone by itself."""
    channels = context.switch.channels()
    rows: list[Row] = []
    shown: set[str] = set()
    for channel in sorted(channels, key=lambda each: each.direction != "inbound"):
        if channel.uuid in shown:
            continue
        other = next((each for each in channels if each.uuid == channel.bridged_to), None)
        shown |= {channel.uuid, other.uuid if other is not None else ""}
        if other is None and only_bridged:
            continue
        first, second = channel_row(channel), channel_row(other) if other is not None else {}
        rows.append(
            {name: first[name] for name in _CALL_COLUMNS}
            | {f"b_{name}": second.get(name, "") for name in _OTHER_COLUMNS}
            | {"call_created_epoch": first["created_epoch"] if other is not None else ""}
        )
    return rows


def _is_like(row: Row, text: str) -> bool:
    wanted = text.replace("%", "").lower()
    return any(
        wanted in row[name].lower() for name in ("uuid", "name", "cid_name", "cid_num", "presence_data")
    )


def _as_json(rows: list[Row], *, is_count: bool) -> str:
    if not rows and not is_count:
        return '{"row_count": 0}\n'
    shown: list[Row] = [] if is_count else rows
    return json.dumps({"row_count": len(rows), "rows": shown}, ensure_ascii=False, separators=(",", ":"))


def _as_lines(rows: list[Row], *, is_count: bool) -> str:
    lines = [] if is_count or not rows else [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return "".join(line + "\n" for line in lines) + f"\n{len(rows)} total.\n"


def sofia(context: Context, arguments: str) -> str:
    """`sofia status [profile NAME [reg [text] | user user@host] | gateway NAME]`, `sofia profile NAME rescan`, `sofia recover`."""
    words = separate(arguments, 6)
    if words[:1] == ["status"]:
        return _sofia_status(context, words[1:])
    if words == ["recover"]:
        return "No calls to recover.\n"  # its calls live in its process
    if len(words) == 3 and words[0] == "profile" and words[2] == "rescan":
        return _rescan(context, words[1])
    return (
        "USAGE:\n--------------------------------------------------------------------------------\n"
        + usage(
            "sofia status [profile <name> [reg [<contact str>]|user <user@domain>]|gateway <name>] | profile <name> rescan"
        )
    )


def _rescan(context: Context, name: str) -> str:
    if name not in context.configuration().profiles:
        return f"Invalid Profile [{name}]"
    reply = context.run("reloadxml")
    return "Reload XML [Success]\n+OK scan complete\n" if reply.startswith("+OK") else reply


def _sofia_status(context: Context, words: Sequence[str]) -> str:
    if not words:
        return _all_profiles(context)
    if len(words) == 1:
        return _all_gateways(context)
    if words[0].lower() == "gateway":
        return _gateway(context, words[1])
    if words[0].lower() != "profile":
        return "Invalid Syntax!\n"
    profile = context.configuration().profiles.get(words[1])
    if profile is None:
        return "Invalid Profile!\n"
    if len(words) > 2 and words[2].lower() in ("reg", "user"):
        return _registrations(context, profile.name, words[2].lower(), words[3] if len(words) > 3 else "")
    rows = [row for row in context.switch.registrations() if row.get("profile", profile.name) == profile.name]
    names = (("Name", profile.name), ("Context", profile.params.get("context", "")),
             ("SIP-IP", profile.params.get("sip-ip", "")), ("SIP-PORT", profile.params.get("sip-port", "")),
             ("REGISTRATIONS", str(len(rows))))  # fmt: skip
    return _LINE + "".join(f"{name:<17}\t{value}\n" for name, value in names)


def _all_profiles(context: Context) -> str:
    profiles = context.configuration().profiles
    lines = [f"{'Name':>25}\t   Type\t  {'Data':>40}\tState\n", _LINE]
    for profile in profiles.values():
        url = f"sip:mod_sofia@{profile.params.get('sip-ip', '')}:{profile.params.get('sip-port', '')}"
        lines.append(f"{profile.name:>25}\tprofile\t  {url:>40}\tRUNNING (0)\n")
        lines += [
            f"{profile.name + '::' + gateway.name:>25}\tgateway\t  {'sip:' + gateway.params.get('proxy', ''):>40}\tNOREG\n"
            for gateway in profile.gateways
        ]
    count = len(profiles)
    return "".join(lines) + _LINE + f"{count} profile{'' if count == 1 else 's'} 0 aliases\n"


def _all_gateways(context: Context) -> str:
    head = "\t".join(
        (
            f"{'Profile::Gateway-Name':>25}",
            f"{'    Data    ':>32}",
            "State",
            "Ping Time",
            "IB Calls(F/T)",
            "OB Calls(F/T)",
        )
    )
    gateways = context.configuration().gateways.values()
    rows = "".join(
        f"{each.profile + '::' + each.name:>25}\t{'sip:' + each.params.get('proxy', ''):>32}\tNOREG\t  0.00\t0/0\t0/0\n"
        for each in gateways
    )
    count = f"{len(gateways)} gateway{'' if len(gateways) == 1 else 's'}"
    return f"{head}\n{_LINE}{rows}{_LINE}{count}: Inbound(Failed/Total): 0/0,Outbound(Failed/Total):0/0\n"


def _gateway(context: Context, name: str) -> str:
    gateway = context.configuration().gateways.get(name)
    if gateway is None:
        return "Invalid Gateway!\n"
    params = gateway.params
    rows = (("Name", gateway.name), ("Profile", gateway.profile), ("Realm", params.get("realm", "")),
            ("Username", params.get("username", "")), ("Password", "yes" if params.get("password") else "no"),
            ("Proxy", f"sip:{params.get('proxy', '')}"), ("State", "NOREG"), ("Status", "UP"))  # fmt: skip
    return _LINE + "".join(f"{title:<8}\t{value}\n" for title, value in rows) + _LINE


def _registrations(context: Context, profile: str, how: str, text: str) -> str:
    rows = [row for row in context.switch.registrations() if row.get("profile", profile) == profile]
    if how == "user":
        user, _, host = text.rpartition("@")
        rows = [row for row in rows if row["realm"] == host and user in ("", row["reg_user"])]
    elif text:
        rows = [row for row in rows if text in row["url"]]
    shown = "".join(map(_registration, rows))
    return f"\nRegistrations:\n{_LINE}{shown}Total items returned: {len(rows)}\n{_LINE}"


def _registration(row: Mapping[str, str]) -> str:
    expires = number(row.get("expires", ""))
    until = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(expires))
    contact = row["url"].partition("sip:")[2] or row["url"]
    return (
        f"Call-ID:    \t{row.get('token', '')}\n"
        f"User:       \t{row['reg_user']}@{row['realm']}\n"
        f'Contact:    \t"" <sip:{contact}>\n'
        f"Agent:      \t{row.get('user_agent', '')}\n"
        f"Status:     \tRegistered(UDP)(unknown) EXP({until}) EXPSECS({max(0, expires - int(time.time()))})\n"
        f"Ping-Status:\tReachable\nPing-Time:\t0.00\n"
        f"Host:       \t{host_name()}\n"
        f"IP:         \t{row.get('network_ip', '')}\n"
        f"Port:       \t{row.get('network_port', '')}\n"
        f"Auth-User:  \t{row['reg_user']}\n"
        f"Auth-Realm: \t{row['realm']}\n"
        f"MWI-Account:\t{row['reg_user']}@{row['realm']}\n\n"
    )


def sofia_contact(context: Context, arguments: str) -> str:
    """`sofia_contact [profile/]user[@domain]`: where the user's phones are, by comma."""
    profile, slash, rest = arguments.partition("/")
    user, _, domain = (rest if slash else arguments).partition("@")
    domain = domain.partition("/")[0] or context.configuration().variables.get("domain", "")
    found = [
        row["url"]
        for row in context.switch.registrations()
        if row["reg_user"] == user
        and row["realm"] == domain
        and (not slash or profile in ("*", row.get("profile", profile), domain))
    ]
    return ",".join(found) or "error/user_not_registered"


COMMANDS: dict[str, Command] = {
    "version": version,
    "status": status,
    "uptime": uptime,
    "show": show,
    "sofia": sofia,
    "sofia_contact": sofia_contact,
}
