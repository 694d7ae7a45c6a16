"""Free ports for servers that tests start, below the ephemeral range so that no client takes one in between."""

import itertools
import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

FIRST, LAST = 26_000, 32_000


def _handed_out() -> Iterator[int]:
    # Each process starts somewhere else, so that two test runs on one machine seldom meet.
    return itertools.cycle(random.Random(os.getpid()).sample(range(FIRST, LAST, 2), (LAST - FIRST) // 2))


_candidates = _handed_out()


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether both TCP and UDP `port` can be bound now."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
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


class FreePorts:
    """The stack's ports as settings: `FreePorts().environment()` gives `UCKEFU_WEB_PORT` and so on."""

    names = ("web", "sip", "gateway", "event_socket", "acd", "acd_standby", "acd_metrics", "switch_metrics")

    def __init__(self) -> None:
        self.web, self.sip, self.gateway, self.event_socket = (free_port() for _ in range(4))
        self.acd, self.acd_standby, self.acd_metrics, self.switch_metrics = (free_port() for _ in range(4))
        # RTP: a window of 200 ports of its own below the rest.
        self.rtp_first = 16_384 + 200 * random.Random(self.web).randrange(45)
        self.rtp_last = self.rtp_first + 199

    def environment(self) -> dict[str, str]:
        """The environment variables that give a stack these ports."""
        ports = {f"UCKEFU_{name.upper()}_PORT": str(getattr(self, name)) for name in self.names}
        return ports | {
            "UCKEFU_RTP_FIRST_PORT": str(self.rtp_first),
            "UCKEFU_RTP_LAST_PORT": str(self.rtp_last),
        }


def short_folder(folder: Path) -> Path:
    """`folder` when a unix socket's path fits in it (107 bytes), else an error that says so."""
    if len(str(folder)) > 80:
        raise ValueError(f"{folder} is too long for a unix socket")
    return folder
