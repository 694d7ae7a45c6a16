"""Who calls whom, and when what happened: the caller profile of a leg and its times.

`channel` keeps one of each; events show them as `Caller-*` and `Other-Leg-*`, the CDR as variables.
The names are those of FreeSWITCH's switch_caller.c and `switch_channel_set_timestamps`.
"""

import time
from dataclasses import dataclass, field, replace
from datetime import datetime


def now_us() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class Times:
    """Instants in microseconds since the epoch; 0 where it has not happened."""

    created: int = field(default_factory=now_us)
    profile_created: int = 0
    answered: int = 0
    progress: int = 0
    progress_media: int = 0
    hungup: int = 0
    transferred: int = 0
    bridged: int = 0
    last_hold: int = 0
    hold_accum: int = 0

    def headers(self, prefix: str) -> dict[str, str]:
        """The time headers of an event."""
        return {
            f"{prefix}-Profile-Created-Time": str(self.profile_created or self.created),
            f"{prefix}-Channel-Created-Time": str(self.created),
            f"{prefix}-Channel-Answered-Time": str(self.answered),
            f"{prefix}-Channel-Progress-Time": str(self.progress),
            f"{prefix}-Channel-Progress-Media-Time": str(self.progress_media),
            f"{prefix}-Channel-Hangup-Time": str(self.hungup),
            f"{prefix}-Channel-Transfer-Time": str(self.transferred),
            f"{prefix}-Channel-Resurrect-Time": "0",
            f"{prefix}-Channel-Bridged-Time": str(self.bridged),
            f"{prefix}-Channel-Last-Hold": str(self.last_hold),
            f"{prefix}-Channel-Hold-Accum": str(self.hold_accum),
        }

    def variables(self) -> dict[str, str]:
        """The CDR's variables, set once at the hangup."""
        instants = {
            "start": self.created,
            "profile_start": self.profile_created or self.created,
            "answer": self.answered,
            "bridge": self.bridged,
            "last_hold": self.last_hold,
            "progress": self.progress,
            "progress_media": self.progress_media,
            "end": self.hungup,
        }
        spans = {
            "duration": (self.created, self.hungup),
            "billsec": (self.answered, self.hungup),
            "progresssec": (self.created, self.progress),
            "answersec": (self.created, self.answered),
            "waitsec": (self.created, self.bridged),
            "progress_mediasec": (self.created, self.progress_media),
            "flow_billsec": (self.created if self.answered else 0, self.hungup),
        }
        variables: dict[str, str] = {}
        for name, instant in instants.items():
            variables[f"{name}_epoch"] = str(instant // 1_000_000)
            variables[f"{name}_uepoch"] = str(instant)
            if instant and name != "last_hold":
                variables[f"{name}_stamp"] = (
                    f"{datetime.fromtimestamp(instant // 1_000_000):%Y-%m-%d %H:%M:%S}"
                )
        for name, (begin, end) in spans.items():
            variables |= _span(name, begin, end)
        variables["hold_accum_seconds"] = str(self.hold_accum // 1_000_000)
        variables["hold_accum_ms"] = str(self.hold_accum // 1000)
        variables["hold_accum_usec"] = str(self.hold_accum)
        return variables


def _span(name: str, begin: int, end: int) -> dict[str, str]:
    """Seconds, milliseconds and microseconds, each from its own truncated instants, as FreeSWITCH does."""
    known = bool(begin and end)
    seconds, milliseconds = ((end // unit - begin // unit if known else 0) for unit in (1_000_000, 1000))
    if name == "duration":
        names = ("duration", "mduration", "uduration")
    else:
        stem = name.removesuffix("sec")
        names = (name, f"{stem}msec", f"{stem}usec")
    return dict(zip(names, map(str, (seconds, milliseconds, end - begin if known else 0)), strict=True))


@dataclass(slots=True)
class CallerProfile:
    """The caller and the number that is wanted, as the dialplan sees them."""

    uuid: str
    direction: str
    destination_number: str = ""
    caller_id_name: str = ""
    caller_id_number: str = ""
    orig_caller_id_name: str = ""
    orig_caller_id_number: str = ""
    callee_id_name: str = ""
    callee_id_number: str = ""
    network_addr: str = ""
    ani: str = ""
    username: str = ""
    dialplan: str = "XML"
    context: str = "default"
    rdnis: str = ""
    source: str = "mod_sofia"
    transfer_source: str = ""
    channel_name: str = ""

    def moved(self, destination: str, dialplan: str, context: str) -> "CallerProfile":
        """A copy for a transfer."""
        return replace(
            self,
            destination_number=destination,
            dialplan=dialplan,
            context=context,
            rdnis=self.destination_number,
        )

    def headers(self, prefix: str, times: Times) -> dict[str, str]:
        """The headers `<prefix>-…` of an event; empty ones are left out."""
        values = {
            "Username": self.username,
            "Dialplan": self.dialplan,
            "Caller-ID-Name": self.caller_id_name,
            "Caller-ID-Number": self.caller_id_number,
            "Orig-Caller-ID-Name": self.orig_caller_id_name,
            "Orig-Caller-ID-Number": self.orig_caller_id_number,
            "Callee-ID-Name": self.callee_id_name,
            "Callee-ID-Number": self.callee_id_number,
            "Network-Addr": self.network_addr,
            "ANI": self.ani,
            "Destination-Number": self.destination_number,
            "Unique-ID": self.uuid,
            "Source": self.source,
            "Transfer-Source": self.transfer_source,
            "Context": self.context,
            "RDNIS": self.rdnis,
            "Channel-Name": self.channel_name,
        }
        headers = {f"{prefix}-Direction": self.direction, f"{prefix}-Logical-Direction": self.direction}
        headers |= {f"{prefix}-{name}": value for name, value in values.items() if value}
        headers |= {f"{prefix}-Profile-Index": "1"} | times.headers(prefix)
        headers |= {
            f"{prefix}-Screen-Bit": "true",
            f"{prefix}-Privacy-Hide-Name": "false",
            f"{prefix}-Privacy-Hide-Number": "false",
        }
        return headers

    def field(self, name: str) -> str | None:
        """A field by the name that the dialplan and variables use, None when there is no such field."""
        fields = {
            "destination_number": self.destination_number,
            "caller_id_name": self.caller_id_name,
            "caller_id_number": self.caller_id_number,
            "callee_id_name": self.callee_id_name,
            "callee_id_number": self.callee_id_number,
            "network_addr": self.network_addr,
            "ani": self.ani,
            "username": self.username,
            "dialplan": self.dialplan,
            "context": self.context,
            "rdnis": self.rdnis,
            "source": self.source,
            "uuid": self.uuid,
            "chan_name": self.channel_name,
            "transfer_source": self.transfer_source,
        }
        return fields.get(name)
