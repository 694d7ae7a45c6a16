"""What a call leaves behind for others: flow events, voicemails, survey answers. Files only, never the database.

Flow events are JSON lines in `spool/flow/<hour>.jsonl`, one line a run, written at its end in one append. (A Redis
stream was the other choice: it would put a network call and a second thing that can be away on the call path; a file
of this machine is there whenever the call is. The reader follows the files by offset and removes old ones.)
Voicemails and survey answers are one JSON file each in `spool/voicemail/` and `spool/survey/`, as the CDRs are; the
audio is in `voicemail/YYYY/MM/DD/`. Whoever shows them takes a file, stores it, and removes it: at least once, with
`id` as the key.
"""

import json
import os
import re
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)
Record = Mapping[str, Any]
SAFE_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class Filing(Protocol):
    """Where a run's records go. None of it raises: a full disk costs the record, not the call."""

    def journal(self, record: Record, at: datetime) -> None:
        """Keep the events of a run."""

    def audio_path(self, kind: str, interaction_id: str, at: datetime) -> Path | None:
        """A path for a new recording, its folder made; None when there can be none."""

    def put(self, kind: str, interaction_id: str, record: Record, at: datetime) -> bool:
        """Hand a record over; whether it is on the disk."""


class NothingFiled:
    """Keeps all in memory: for dry runs and tests."""

    def __init__(self) -> None:
        self.runs: list[Record] = []
        self.records: list[tuple[str, Record]] = []

    def journal(self, record: Record, at: datetime) -> None:
        """As `Filing.journal`."""
        self.runs.append(record)

    def audio_path(self, kind: str, interaction_id: str, at: datetime) -> Path | None:
        """A name for the eye; nothing is written there."""
        return Path(f"{kind}-{interaction_id}.wav")

    def put(self, kind: str, interaction_id: str, record: Record, at: datetime) -> bool:
        """As `Filing.put`."""
        self.records.append((kind, record))
        return True


class FileFiling:
    """`Filing` below the instance folder."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance

    def journal(self, record: Record, at: datetime) -> None:
        """As `Filing.journal`."""
        path = self.instance / "spool" / "flow" / f"{at:%Y%m%dT%H}.jsonl"
        line = json.dumps(record, ensure_ascii=False, default=str) + "\n"
        try:
            _append(path, line.encode("utf-8", "replace"))
        except OSError as error:
            log.error("flow_events_lost", reason=str(error), interaction_id=record.get("interaction_id"))

    def audio_path(self, kind: str, interaction_id: str, at: datetime) -> Path | None:
        """As `Filing.audio_path`."""
        if not SAFE_ID.fullmatch(interaction_id):
            log.error("nothing_recorded", kind=kind, reason="the interaction id is no file name")
            return None
        folder = self.instance / kind / f"{at:%Y/%m/%d}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            log.error("nothing_recorded", kind=kind, reason=str(error))
            return None
        return folder / f"{interaction_id}-{at:%H%M%S%f}.wav"

    def put(self, kind: str, interaction_id: str, record: Record, at: datetime) -> bool:
        """As `Filing.put`."""
        folder = self.instance / "spool" / kind
        name = f"{interaction_id if SAFE_ID.fullmatch(interaction_id) else 'unknown'}-{at:%Y%m%dT%H%M%S%f}"
        part = folder / f"{name}.{os.getpid()}-{threading.get_ident()}.part"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as stream:
                json.dump({"id": name, **record}, stream, ensure_ascii=False, default=str)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(folder / f"{name}.json")
        except OSError as error:
            log.error("record_lost_but_for_this_line", kind=kind, reason=str(error), record=dict(record))
            return False
        return True


def _append(path: Path, data: bytes) -> None:
    """Append in one write, so that the lines of two processes never mix."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, flags, 0o600)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)
