"""Which port belongs to which setting, whether it is free, and whether somebody listens.

The supervisor checks before it starts anything, so that a port in use is one clear line and not a stack trace in
a child's log; `is_listening` reads the kernel's tables, so that no server sees a probe.
"""

import errno
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from uckefu.messages import say
from uckefu.settings import Settings

LOOPBACK = "127.0.0.1"
Protocol = Literal["tcp", "udp"]


class Listener(NamedTuple):
    """A port that one of our processes will open."""

    setting: str  # web_port
    protocol: Protocol
    host: str
    port: int

    @property
    def variable(self) -> str:
        """The setting as it is written in the environment."""
        return f"UCKEFU_{self.setting.upper()}"


class PortUnusable(Exception):
    """A port that can't be opened; the message is for people and names the setting."""

    code = "port-unusable"


def listeners(settings: Settings, *, freeswitch: bool) -> Iterator[Listener]:
    """All ports that the stack opens, with the settings that they come from."""
    yield _of(settings, "web_port", "tcp", settings.host)
    for name in ("sip_port", "gateway_port"):
        yield _of(settings, name, "udp", settings.host)
        if freeswitch:
            yield _of(settings, name, "tcp", settings.host)
    for name in ("event_socket_port", "acd_port", "acd_standby_port", "acd_metrics_port"):
        yield _of(settings, name, "tcp", LOOPBACK)
    if not freeswitch:
        yield _of(settings, "switch_metrics_port", "tcp", LOOPBACK)


def _of(settings: Settings, name: str, protocol: Protocol, host: str) -> Listener:
    return Listener(name, protocol, host, int(getattr(settings, name)))


def check_ports(settings: Settings, *, freeswitch: bool, patience_seconds: float = 3) -> None:
    """Return when every port can be opened.

    Args:
        patience_seconds: how long to wait for the last run's processes, which may be ending just now.

    Raises:
        PortUnusable: one is in use, not allowed, or named twice.
    """
    wanted = list(listeners(settings, freeswitch=freeswitch))
    _refuse_twins(wanted)
    deadline = time.monotonic() + patience_seconds
    for listener in wanted:
        while trouble := _trouble(listener):
            if trouble == "port_forbidden" or time.monotonic() > deadline:
                other = listener.port + 1000 if listener.port < 64_000 else listener.port - 1000
                raise PortUnusable(say(trouble, setting=listener.variable, port=listener.port, other=other))
            time.sleep(0.1)


def _refuse_twins(wanted: list[Listener]) -> None:
    first: dict[tuple[Protocol, int], Listener] = {}
    for listener in wanted:
        twin = first.setdefault((listener.protocol, listener.port), listener)
        if twin is not listener:
            raise PortUnusable(
                say("port_twice", setting=listener.variable, port=listener.port, first=twin.variable)
            )


def _trouble(listener: Listener) -> str | None:
    kind = socket.SOCK_STREAM if listener.protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if listener.protocol == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listener.host, listener.port))
        except PermissionError:
            return "port_forbidden"
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return "port_in_use"
    return None


_LISTEN_STATE, _UNCONNECTED_STATE = "0A", "07"


def is_listening(protocol: Protocol, port: int) -> bool:
    """Whether somebody on this machine has `port` open, seen from the kernel's tables."""
    state = _LISTEN_STATE if protocol == "tcp" else _UNCONNECTED_STATE
    for table in (Path(f"/proc/net/{protocol}"), Path(f"/proc/net/{protocol}6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            _slot, local, _remote, its_state, *_rest = line.split()
            if its_state == state and int(local.rsplit(":", 1)[1], 16) == port:
                return True
    return False
