"""The load: sipp as the agents' phones and as callers, and a silent ear for RTP that nobody measures."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import is_free
from tests.support.waiting import wait_until
from uckefu.ports import is_listening

SCENARIOS = Path(__file__).with_name("scenarios")
RTP = Path(__file__).with_name("rtp.py")


class LoadFailed(RuntimeError):
    """sipp said that calls failed; the message has its own words."""


def free_window(count: int, first: int, last: int) -> int:
    """The first of `count` UDP ports in a row that are free now."""
    for start in range(first, last - count, 100):
        if all(is_free(port) for port in range(start, start + count)):
            return start
    raise RuntimeError(f"no {count} free ports between {first} and {last}")


@contextmanager
def silent_ear() -> Iterator[int]:
    """A port that takes RTP and says nothing, so that no ICMP comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        yield int(ear.getsockname()[1])


def injection(path: Path, rows: list[tuple[object, ...]]) -> Path:
    """Write sipp's injection file; each new call takes the next row."""
    lines = ["SEQUENTIAL", *(";".join(map(str, row)) + ";" for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def _sipp(folder: Path, scenario: str, port: int, rows: list[tuple[object, ...]], *options: str) -> list[str]:
    rows_file = injection(folder / f"{scenario}-{port}.csv", rows)
    return [
        "sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", "127.0.0.1", "-p", str(port), "-inf", str(rows_file),
        "-nostdin", "-max_socket", "1000", *options,
    ]  # fmt: skip


def run(
    folder: Path, scenario: str, port: int, target: int, rows: list[tuple[object, ...]], *options: str
) -> int:
    """Make calls to a port of the switch and wait until all are over; returns how many failed.

    Raises:
        LoadFailed: sipp itself failed.
    """
    started = start(folder, scenario, port, target, rows, *options)
    return finished(started, folder / f"{scenario}.log")


def start(
    folder: Path, scenario: str, port: int, target: int, rows: list[tuple[object, ...]], *options: str
) -> "subprocess.Popen[bytes]":
    """As `run`, without waiting for the end."""
    command = [*_sipp(folder, scenario, port, rows, *options), f"127.0.0.1:{target}"]
    with (folder / f"{scenario}.log").open("wb") as out:
        return subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL)


def finished(process: "subprocess.Popen[bytes]", log: Path, seconds: float = 300) -> int:
    """Wait for sipp's end; returns how many calls failed. Raises LoadFailed."""
    status = process.wait(seconds)
    text = log.read_text(errors="replace")
    if status not in (0, 1):
        raise LoadFailed(f"sipp ended with {status}: {text[-2000:]}")
    failed = [line.split("|")[-1] for line in text.splitlines() if line.strip().startswith("Failed call")]
    return int(failed[-1]) if failed else 0


@contextmanager
def phones(
    folder: Path, port: int, rtp_ports: list[int], scenario: str = "agent", *options: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Every agent's phone, on one port: rings and answers at once."""
    command = _sipp(folder, scenario, port, [(each,) for each in rtp_ports], *options)
    with (folder / f"{scenario}.log").open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_listening("udp", port), what="the agents' phones")
        yield process
    finally:
        process.kill()
        process.wait()
