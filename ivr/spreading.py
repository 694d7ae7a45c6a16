"""Brings what was published on one server to the others: flows, prompts, spoken texts, contacts.

`acd.history` runs it on every server, once a second, beside the call path and never on it: calls read files. What has
changed in this instance goes into the table `shared_file`, what has changed there comes into this instance; the flow
that serves (`published.yml`) last, so that all it needs is there before it. What was changed in two places at once
is as the last one left it. With the database away each server goes on with the files that it has.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from sql.models import SharedFile
from uckefu import times

log = structlog.get_logger(__name__)

FOLDERS = ("flows", "sounds", "speech", "contacts")
"""In this order: a flow that is seen published has its texts spoken already."""
ENDINGS = (".yml", ".json", ".jsonl", ".wav")
BIGGEST_BYTES = 8_000_000
LONGEST_PATH = 200
GONE = ""
_Stamp = tuple[int, int]


@dataclass(frozen=True)
class _Seen:
    stamp: _Stamp
    digest: str


class Spreader:
    """The shared files of one instance.

    Args:
        record: the database.
        instance: the instance folder.
    """

    def __init__(self, record: Engine, instance: Path) -> None:
        self.record, self.instance = record, instance
        self._seen: dict[str, _Seen] = {}
        self._told: set[str] = set()  # files too large, told once
        self._notes = instance / "spread.json"
        self._agreed: dict[str, str] = (
            self._read_notes()
        )  # what this server and the database last had in common

    def step(self) -> int:
        """Give and take what has changed; returns how many files.

        Raises:
            SQLAlchemyError: SQL is away; everything stays where it is.
            OSError: a file can't be read or written.
        """
        mine = self._scan()
        before = dict(self._agreed)
        with Session(self.record) as session:
            rows = session.execute(select(SharedFile.path, SharedFile.digest))
            theirs = {row.path: row.digest for row in rows}
            give, take = self._sort(mine, theirs)
            for path in give:
                self._give(session, path, mine.get(path, GONE))
            session.commit()
            self._agreed |= {path: mine.get(path, GONE) for path in give}
            for path in sorted(take, key=_published_last):
                self._take(session, path, mine.get(path, GONE))
        if self._agreed != before:
            self._write_notes()
        return len(give) + len(take)

    # ---- what has changed where

    def _sort(self, mine: dict[str, str], theirs: dict[str, str]) -> tuple[list[str], list[str]]:
        give, take = [], []
        for path in mine.keys() | theirs.keys() | self._agreed.keys():
            here, there, agreed = mine.get(path, GONE), theirs.get(path), self._agreed.get(path)
            if here == (there or GONE):
                self._agreed[path] = here
            elif there is None or (agreed != here and (agreed is not None or there == GONE)):
                give.append(path)
            elif is_shared(path):
                take.append(path)
        return give, take

    def _scan(self) -> dict[str, str]:
        """The digest of each shared file that is here."""
        found: dict[str, _Seen] = {}
        for path, stamp in self._stamps():
            known = self._seen.get(path)
            if known is None or known.stamp != stamp:
                try:
                    known = _Seen(stamp, digest_of((self.instance / path).read_bytes()))
                except FileNotFoundError:
                    continue  # removed meanwhile
            found[path] = known
        self._seen = found
        return {path: seen.digest for path, seen in found.items()}

    def _stamps(self) -> Iterator[tuple[str, _Stamp]]:
        for folder in FOLDERS:
            for place, _folders, names in os.walk(self.instance / folder):
                for name in names:
                    whole = os.path.join(place, name)
                    path = Path(whole).relative_to(self.instance).as_posix()
                    if not is_shared(path):
                        continue
                    try:
                        found = os.stat(whole)
                    except FileNotFoundError:
                        continue
                    if found.st_size <= BIGGEST_BYTES:
                        yield path, (found.st_mtime_ns, found.st_size)
                    elif path not in self._told:
                        self._told.add(path)
                        log.warning("file_too_large_to_be_shared", path=path, bytes=found.st_size)

    # ---- give and take

    def _give(self, session: Session, path: str, digest: str) -> None:
        content = (self.instance / path).read_bytes() if digest else None
        if content is not None:
            digest = digest_of(content)  # as it is now; the next step sees a later change
        session.merge(SharedFile(path=path, digest=digest, content=content, at_us=times.to_us(times.now())))
        log.info("file_given", path=path, removed=not digest)

    def _take(self, session: Session, path: str, here: str) -> None:
        row = session.get(SharedFile, path)
        if row is None or self._changed_meanwhile(path, here):
            return
        place = self.instance / path
        if row.digest == GONE or row.content is None:
            place.unlink(missing_ok=True)
        else:
            if digest_of(row.content) != row.digest:
                log.error("shared_file_broken", path=path)
                return
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = place.with_name(f"{place.name}.{os.getpid()}.part")
            part.write_bytes(row.content)
            part.chmod(0o600)
            part.replace(place)
        self._agreed[path] = row.digest
        log.info("file_taken", path=path, removed=row.digest == GONE)

    def _changed_meanwhile(self, path: str, here: str) -> bool:
        try:
            return digest_of((self.instance / path).read_bytes()) != here
        except FileNotFoundError:
            return here != GONE

    # ---- what was agreed, over a restart

    def _read_notes(self) -> dict[str, str]:
        try:
            read = json.loads(self._notes.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(path): str(digest) for path, digest in read.items()} if isinstance(read, dict) else {}

    def _write_notes(self) -> None:
        part = self._notes.with_suffix(".part")
        part.write_text(json.dumps(self._agreed, indent=0, sort_keys=True), encoding="utf-8")
        part.replace(self._notes)


def is_shared(path: str) -> bool:
    """Whether a path below the instance is one of those that all servers have, and leads nowhere else."""
    parts = PurePosixPath(path).parts
    return (
        len(path) <= LONGEST_PATH
        and len(parts) > 1
        and parts[0] in FOLDERS
        and path.endswith(ENDINGS)
        and not {"..", ".good"} & set(parts)
        and path == PurePosixPath(*parts).as_posix()
    )


def digest_of(content: bytes) -> str:
    """The digest of a file's content."""
    return hashlib.sha256(content).hexdigest()


def _published_last(path: str) -> tuple[bool, str]:
    return path.endswith("/published.yml"), path
