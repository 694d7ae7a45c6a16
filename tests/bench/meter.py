"""What the machine did while something was measured: CPU of chosen processes, of all of ours, of everybody else."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

WANTED_NICE = -10


def ask_for_priority() -> int:
    """Run before the other work of this machine, when that is allowed; children inherit it. Returns the nice value."""
    try:
        os.nice(WANTED_NICE - os.nice(0))
    except PermissionError:
        return os.nice(0)
    prefer([os.getpid()])
    return os.nice(0)


def prefer(pids: Iterable[int]) -> None:
    """Also between sessions: the kernel shares a core fairly between them first, whatever the nice values inside."""
    for pid in pids:
        group = Path(f"/proc/{pid}/autogroup")
        if os.nice(0) < 0 and group.exists():
            group.write_text(str(os.nice(0)))


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes; one that is gone counts nothing."""
    total = 0.0
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def family(pid: int) -> list[int]:
    """A process and all below it."""
    process = psutil.Process(pid)
    return [pid, *(child.pid for child in process.children(recursive=True))]


def pin(pid: int, cores: set[int]) -> None:
    """Put every thread of a process on these cores (as `taskset -acp`); threads made later inherit it."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), cores)


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)


@dataclass(frozen=True)
class Used:
    """CPU over an interval, each in percent of one core."""

    seconds: float
    chosen_percent: float
    ours_percent: float
    others_percent: float
    load: float

    @property
    def chosen_seconds(self) -> float:
        """CPU time of the chosen processes."""
        return self.chosen_percent * self.seconds / 100

    def machine(self) -> dict[str, float]:
        """For the bench's details: how busy the machine was with other things."""
        return {
            "load_1min": round(self.load, 1),
            "bench_cpu_percent": round(self.ours_percent),
            "other_cpu_percent": round(self.others_percent),
        }


class Meter:
    """From its making to `stop`.

    Args:
        pids: the processes that are measured.
    """

    def __init__(self, pids: list[int]) -> None:
        self.pids = pids
        self._ours = family(os.getpid())
        self._began = self._now()

    def _now(self) -> tuple[float, float, float, float]:
        return time.monotonic(), cpu_seconds(self.pids), cpu_seconds(self._ours), _busy_seconds()

    def stop(self) -> Used:
        """What was used since."""
        self._ours = sorted({*self._ours, *family(os.getpid())})  # also what was started meanwhile
        then, (now, chosen, ours, busy) = self._began, self._now()
        seconds = now - then[0]
        share = 100 / seconds
        ours_percent, busy_percent = (ours - then[2]) * share, (busy - then[3]) * share
        return Used(
            seconds=seconds,
            chosen_percent=(chosen - then[1]) * share,
            ours_percent=ours_percent,
            others_percent=max(0.0, busy_percent - ours_percent),
            load=os.getloadavg()[0],
        )


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie; they need not be sorted."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
