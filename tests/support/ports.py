"""Free ports for servers that tests start, below the ephemeral range so that no client takes one in between."""

import itertools
import os
import random
import socket
from collections.abc import Iterator

FIRST, LAST = 26_000, 32_000
RTP_FIRST, RTP_LAST, RTP_PORTS = 17_000, 26_000, 200


def _shuffled(values: range) -> list[int]:
    """This process's share of the values: workers of one run (pytest-xdist) never meet, two runs seldom do."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return random.Random(run).sample(values, len(values))[worker::workers]


def _handed_out() -> Iterator[int]:
    return itertools.cycle(_shuffled(range(FIRST, LAST, 2)))


_candidates = _handed_out()


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether both TCP and UDP `port` can be bound now."""
    return _binds(port, socket.SOCK_STREAM, host) and _binds(port, socket.SOCK_DGRAM, host)


def _binds(port: int, kind: socket.SocketKind, host: str = "127.0.0.1") -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """An even port that is free with the odd one after it (phones take pairs), each only once a process."""
    for port in itertools.islice(_candidates, LAST - FIRST):
        if is_free(port) and is_free(port + 1):
            return port
    raise RuntimeError(f"no free port between {FIRST} and {LAST}")


def _free_window() -> int:
    """The first of 200 ports that are all free for UDP now; another test run on this machine may have some."""
    for start in itertools.islice(_windows, (RTP_LAST - RTP_FIRST) // RTP_PORTS):
        if all(_binds(port, socket.SOCK_DGRAM) for port in range(start, start + RTP_PORTS)):
            return start
    raise RuntimeError(f"no free window of {RTP_PORTS} ports between {RTP_FIRST} and {RTP_LAST}")


_windows = itertools.cycle(_shuffled(range(RTP_FIRST, RTP_LAST, RTP_PORTS)))


class FreePorts:
    """The stack's ports as settings: `FreePorts().environment()` gives `UCKEFU_WEB_PORT` and so on."""

    names = ("web", "sip", "gateway", "event_socket", "acd", "acd_standby", "acd_metrics", "switch_metrics")

    def __init__(self) -> None:
        self.web, self.sip, self.gateway, self.event_socket = (free_port() for _ in range(4))
        self.acd, self.acd_standby, self.acd_metrics, self.switch_metrics = (free_port() for _ in range(4))
        self.rtp_first = _free_window()
        self.rtp_last = self.rtp_first + RTP_PORTS - 1

    def environment(self) -> dict[str, str]:
        """The environment variables that give a stack these ports."""
        ports = {f"UCKEFU_{name.upper()}_PORT": str(getattr(self, name)) for name in self.names}
        return ports | {
            "UCKEFU_RTP_FIRST_PORT": str(self.rtp_first),
            "UCKEFU_RTP_LAST_PORT": str(self.rtp_last),
        }
