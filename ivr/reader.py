"""Brings what calls leave in the spools (`ivr.filing`) into the record: flow events, voicemails, survey answers.

`acd.history` runs it beside its own readers. Each line and file counts once, however often it is read: the position in
a journal is committed with what was read from it, and every row has a key of its own. What is loaded is removed.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from ivr.passages import passages_of
from sql.models import FlowCount, FlowRun, HistoryPosition, SurveyAnswer, Voicemail
from sql.outbox import tell
from uckefu.times import from_us, now

log = structlog.get_logger(__name__)
MOST_BYTES = 1_000_000
MOST_FILES = 200
KEEP_HOURS = 2
"""A journal that is read to its end is kept so long: a call that began in its hour may still append."""
REFUSED = (ValueError, TypeError, KeyError, AttributeError)


class SpoolReader:
    """The spools of one machine.

    Args:
        record: the database.
        instance: the instance folder.
        switch_name: tells this machine's journals from another's.
        timezone: of the centre: a day's counts begin at its midnight.
    """

    def __init__(self, record: Engine, instance: Path, switch_name: str, timezone: str) -> None:
        self.record, self.instance, self.switch_name = record, instance, switch_name
        self.zone = ZoneInfo(timezone)

    def step(self) -> int:
        """Load what is there; returns how many records.

        Raises:
            SQLAlchemyError: SQL is away; everything stays where it is.
            OSError: a folder can't be read.
        """
        return (
            self._journals() + self._files("voicemail", self._voicemail) + self._files("survey", self._survey)
        )

    # ---- flow events

    def _journals(self) -> int:
        return sum(self._journal(path) for path in sorted((self.instance / "spool" / "flow").glob("*.jsonl")))

    def _journal(self, path: Path) -> int:
        name = f"{self.switch_name[:16]}:{path.stem}"[:32]
        with Session(self.record) as session, session.begin():
            position = session.get(HistoryPosition, name) or HistoryPosition(name=name, event_id=0)
            with path.open("rb") as stream:
                stream.seek(position.event_id)
                data = stream.read(MOST_BYTES)
            whole = data[: data.rfind(b"\n") + 1]
            if not whole and len(data) == MOST_BYTES:  # a line without an end: nobody can read it
                log.error("flow_events_skipped", path=str(path), at=position.event_id)
                whole = data
            if not whole:
                self._trim(session, path, position)
                return 0
            session.add(position)
            position.event_id += len(whole)
            return sum(self._run(session, line) for line in whole.splitlines() if line.strip())

    def _trim(self, session: Session, path: Path, position: HistoryPosition) -> None:
        try:
            hour = datetime.strptime(path.stem, "%Y%m%dT%H").replace(tzinfo=UTC)
        except ValueError:
            return
        # The journal's hour is in the zone of whoever wrote it: a day more is enough for every zone.
        if now() - hour > timedelta(hours=24 + KEEP_HOURS) and path.stat().st_size <= position.event_id:
            session.execute(delete(HistoryPosition).where(HistoryPosition.name == position.name))
            path.unlink(missing_ok=True)

    def _run(self, session: Session, line: bytes) -> int:
        try:
            run = json.loads(line)
            began_us = int(run["began_at_us"])
            key = f"{str(run['interaction_id'])[:36]}:{began_us}"
            name, _at, version = str(run["flow"]).partition("@")
            found = passages_of(run["events"])
        except REFUSED as error:
            log.error("flow_run_refused", reason=str(error), line=line[:200].decode("utf-8", "replace"))
            return 0
        if session.get(FlowRun, key) is not None:
            return 0
        began = from_us(began_us)
        session.add(
            FlowRun(
                id=key, interaction_id=str(run["interaction_id"])[:36], flow=name[:64], began_at=began,
                version=int(version) if version.isdigit() else 0, ended=str(run.get("next", ""))[:16],
                last_node=found.last[1][:64],
            )
        )  # fmt: skip
        day = began.astimezone(self.zone).date()
        for (flow, node, way), count in found.counts.items():
            where = (day, flow[:64], node[:64], way[:96])
            row = session.get(FlowCount, where)
            if row is None:
                row = FlowCount(day=day, flow=where[1], node=where[2], way=where[3], count=0, milliseconds=0)
                session.add(row)
            row.count += count
            row.milliseconds += found.milliseconds[flow, node, way]
        session.flush()
        return 1

    # ---- voicemails and answers

    def _files(self, kind: str, load: Any) -> int:
        loaded = 0
        for path, text in self._spooled(self.instance / "spool" / kind):
            try:
                given = json.loads(text)
                with Session(self.record) as session, session.begin():
                    load(session, given)
            except REFUSED as error:
                log.error("record_set_aside", kind=kind, path=str(path), reason=str(error))
                path.rename(path.with_suffix(".bad"))
                continue
            path.unlink(missing_ok=True)
            loaded += 1
        return loaded

    def _spooled(self, folder: Path) -> Iterator[tuple[Path, str]]:
        for path in sorted(folder.glob("*.json"))[:MOST_FILES]:
            yield path, path.read_text(encoding="utf-8", errors="replace")

    def _voicemail(self, session: Session, given: dict[str, Any]) -> None:
        row = session.merge(
            Voicemail(
                id=str(given["id"])[:96], interaction_id=str(given["interaction_id"])[:36],
                number=str(given.get("number", ""))[:64], did=str(given.get("did", ""))[:64],
                at=datetime.fromisoformat(given["at"]), seconds=float(given["seconds"]), path=self._below(given["path"]),
                queue_name=str(given.get("queue") or "")[:32], notify=[str(each)[:128] for each in given.get("notify", [])],
                language=str(given.get("language", ""))[:8], flow=str(given.get("flow", ""))[:96],
                node=str(given.get("node", ""))[:64],
            )
        )  # fmt: skip
        for each in dict.fromkeys(row.notify):
            tell(session, "voicemail", each, key=row.id, voicemail_id=row.id)

    def _survey(self, session: Session, given: dict[str, Any]) -> None:
        key = f"{str(given['interaction_id'])[:36]}:{str(given['node'])[:64]}"
        answer = session.get(SurveyAnswer, key)
        if answer is None:
            answer = SurveyAnswer(id=key, interaction_id=str(given["interaction_id"])[:36])
            session.add(answer)
        answer.score, answer.best = int(given["score"]), int(given.get("best", 5))
        answer.at = answer.at or datetime.fromisoformat(given["at"])
        answer.flow, answer.node = str(given.get("flow", ""))[:96], str(given["node"])[:64]
        if given.get("comment"):
            answer.comment, answer.seconds = self._below(given["comment"]), float(given.get("seconds", 0))

    def _below(self, path: str) -> str:
        """The path below the instance folder; whatever lies elsewhere is refused, and would never be served."""
        return str(Path(path).resolve().relative_to(self.instance.resolve()))[:255]
