"""The flows that calls use: the newest version of each that is right, kept by file time.

`fs_scripts.inbound` asks for one at each call. In a folder the published version (`<name>/published.yml`, written by
`ivr.versions`) goes before a file put there by hand (`<name>.yml`). A broken edit is refused, with file, line and
reason in the log, and the last good version goes on serving: from memory, and after a restart from
`instance/flows/.good/`.
"""

import gc
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from ivr.check import check
from ivr.flow_file import Flow, FlowFile, parse_flow
from ivr.nodes import node_types
from ivr.nodes.base import NAME_PATTERN
from ivr.problems import Problem
from ivr.prompts import Prompts

log = structlog.get_logger(__name__)
Stamp = tuple[str, int, int]


PACKAGED = Path(__file__).parent / "flows"


def flow_folders(own: Path) -> list[Path]:
    """Where flows are looked for, in this order: the instance's own, the packaged ones. (The samples are to be copied.)"""
    return [own, PACKAGED]


class NoFlow(Exception):
    """There is no version of this flow that could be served."""


@dataclass(frozen=True)
class _Kept:
    stamp: Stamp | None  # of the file that was looked at last, good or bad
    flow: Flow | None  # the last good version


class FlowLibrary:
    """Flows by name.

    Args:
        folders: where flow files are, the first that has one wins: `instance/flows`, then `ivr/flows`.
        good: the folder of the last good versions; None keeps none.
        prompts: for the report of missing ones.
        languages: the centre's languages.
    """

    def __init__(
        self, folders: Sequence[Path], good: Path | None, prompts: Prompts, languages: Sequence[str]
    ) -> None:
        self.folders, self.good, self.prompts, self.languages = folders, good, prompts, languages
        self._kept: dict[str, _Kept] = {}
        node_types()  # built here, where the switch starts, and not while the first caller waits for a flow

    def get(self, name: str) -> Flow:
        """The flow to run for a new call.

        Raises:
            NoFlow: no such file and no good version of it.
        """
        if not re.fullmatch(NAME_PATTERN, name):
            raise NoFlow(f"{name!r} is no name for a flow")
        path, stamp = self._find(name)
        kept = self._kept.get(name, _Kept(None, None))
        if path is None or stamp != kept.stamp:
            kept = self._load(name, path, stamp, kept)
            self._kept[name] = kept  # two calls that load it at once come to the same
        if kept.flow is None:
            raise NoFlow(f"no good version of flow `{name}`")
        return kept.flow

    def take(self, name: str) -> tuple[Flow, dict[str, Flow]]:
        """The flow for a new call, and every other that it may lead into: a call keeps the versions it began with.

        Raises:
            NoFlow: as `get`. A flow that it leads into and that is not there is only missing from the second value.
        """
        flow = self.get(name)
        others: dict[str, Flow] = {}
        ahead = set(flow.leads_to)
        while ahead:
            other = ahead.pop()
            if other in others:
                continue
            try:
                others[other] = self.get(other)
            except NoFlow as error:
                log.error("flow_leads_nowhere", flow=flow.label, reason=str(error))
                continue
            ahead |= others[other].leads_to
        return flow, others

    def names(self) -> list[str]:
        """Every flow that there is a file of."""
        found = {p.stem for folder in self.folders for p in folder.glob("*.yml")}
        found |= {p.parent.name for folder in self.folders for p in folder.glob("*/published.yml")}
        return sorted(name for name in found if re.fullmatch(NAME_PATTERN, name))

    def every(self) -> dict[str, Flow]:
        """Every flow that can be served, by name, for `check`."""
        flows: dict[str, Flow] = {}
        for name in self.names():
            try:
                flows[name] = self.get(name)
            except NoFlow as error:
                log.warning("flow_not_served", reason=str(error))
        return flows

    def _find(self, name: str) -> tuple[Path | None, Stamp | None]:
        for path in [
            folder / place for folder in self.folders for place in (f"{name}/published.yml", f"{name}.yml")
        ]:
            try:
                found = path.stat()
            except OSError:
                continue
            return path, (str(path), found.st_mtime_ns, found.st_size)
        return None, None

    def _load(self, name: str, path: Path | None, stamp: Stamp | None, kept: _Kept) -> _Kept:
        if path is None:
            if kept.flow is None or kept.stamp is not None:
                log.error("flow_file_missing", flow=name)
            return _Kept(None, kept.flow or self._last_good(name))
        try:
            data = path.read_bytes()
        except OSError as error:
            log.error("flow_refused", flow=name, reasons=[f"{path}:1:1: can't be read: {error.strerror}"])
            return _Kept(None, kept.flow or self._last_good(name))
        flow, problems = self._read(name, str(path), data)
        reasons = [str(p) for p in problems]
        if flow is None:
            log.error("flow_refused", flow=name, reasons=reasons)
            return _Kept(stamp, kept.flow or self._last_good(name))
        log.info("flow_loaded", flow=flow.label, path=str(path), warnings=reasons)
        self._keep(name, data)
        return _Kept(stamp, flow)

    def _read(self, name: str, file: str, data: bytes) -> tuple[Flow | None, list[Problem]]:
        with _uncollected():
            read: FlowFile = parse_flow(name, file, data)
            problems = check(read, self.prompts, self.languages)
        return (None if any(p.blocks for p in problems) else read.flow), problems

    def _last_good(self, name: str) -> Flow | None:
        if self.good is None:
            return None
        path = self.good / f"{name}.yml"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.error("last_good_flow_unreadable", path=str(path), error=str(error))
            return None
        flow, problems = self._read(name, str(path), data)
        if flow is None:
            log.error("flow_refused", flow=name, reasons=[str(p) for p in problems])
        else:
            log.warning("flow_last_good_serves", flow=flow.label, path=str(path))
        return flow

    def _keep(self, name: str, data: bytes) -> None:
        """Write the good copy, whole or not at all; a full disk keeps nobody from being served."""
        if self.good is None:
            return
        path = self.good / f"{name}.yml"
        part = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.part")
        try:
            if path.exists() and path.read_bytes() == data:
                return
            self.good.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            log.warning("last_good_flow_not_kept", path=str(path), error=str(error))


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: reading a flow makes thousands of objects that stay, no circles among them.

    A collection of the whole process in the middle would cost the caller more than the reading.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
