"""Drafts and versions of flows: draft -> checked -> published -> rolled back, each with author and time. Files only.

The command line and the editor's page use `FlowStore`; calls never do, they read `published.yml` (`ivr.library`).

    instance/flows/<name>/draft.yml           what is being edited        draft.json      by whom, when, checked or not
                          versions/7.yml      a version, never changed    versions/7.json by whom, when, why
                          published.yml       the version that serves     history.jsonl   every step
                          lock                one writer at a time

Publishing replaces `published.yml` in one rename: the next call has the new version, a running one keeps its own.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ivr.changes import Change, changes
from ivr.check import check
from ivr.flow_file import FlowFile, parse_flow
from ivr.known import Known
from ivr.nodes.base import NAME_PATTERN
from ivr.problems import Problem
from ivr.prompts import Prompts
from ivr.rendering import render_texts
from ivr.speech import Speech, SpeechNotAvailable
from uckefu import times

_VERSION_LINE = re.compile(r"^version[ \t]*:.*$", re.MULTILINE)


class NoSuchVersion(Exception):
    """There is no such flow, draft or version."""

    code = "no-such-version"


class DraftChanged(Exception):
    """Somebody else has saved the draft meanwhile."""

    code = "draft-changed"


class NotPublished(Exception):
    """The flow fails its checks; `problems` says how."""

    code = "not-published"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A draft; `mark` changes with the text, `checked` is the mark that has passed the checks."""

    text: str
    mark: str
    author: str
    at: str
    checked: str = ""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version; `is_current` when it serves."""

    number: int
    author: str
    at: str
    note: str
    mark: str
    is_current: bool = False


class FlowStore:
    """The drafts and versions below `instance/flows`.

    Args:
        folder: `instance/flows`.
        prompts, speech: for the checks and for rendering.
        languages: the centre's.
        own_language: of texts that name none.
        now: the clock.
    """

    def __init__(
        self,
        folder: Path,
        prompts: Prompts,
        speech: Speech,
        languages: Collection[str],
        own_language: str = "zh",
        now: Callable[[], datetime] = times.now,
    ) -> None:
        self.folder, self.prompts, self.speech = folder, prompts, speech
        self.languages, self.own_language, self.now = languages, own_language, now

    # ---- drafts

    def draft(self, name: str) -> Draft:
        """The draft.

        Raises:
            NoSuchVersion: there is none.
        """
        folder = self._of(name)
        try:
            text = (folder / "draft.yml").read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise NoSuchVersion(f"flow `{name}` has no draft") from error
        about = _read_json(folder / "draft.json")
        return Draft(
            text=text, mark=mark_of(text), author=about.get("author", ""), at=about.get("at", ""),
            checked=about.get("checked", ""),
        )  # fmt: skip

    def save_draft(self, name: str, text: str, author: str, expected: str | None = None) -> Draft:
        """Keep a draft; it may be broken, as long as it is one's own.

        Args:
            expected: the mark of the draft that was edited; None overwrites whatever is there.

        Raises:
            DraftChanged: the draft is another by now.
        """
        with self._locked(name) as folder:
            if expected is not None and self._mark_of_draft(name) != expected:
                raise DraftChanged(f"the draft of `{name}` was changed meanwhile")
            about = {"author": author, "at": self._at(), "checked": ""}
            _write(folder / "draft.yml", text)
            _write(folder / "draft.json", json.dumps(about, ensure_ascii=False))
            self._note(folder, "drafted", author, mark=mark_of(text))
        return self.draft(name)

    def _mark_of_draft(self, name: str) -> str:
        try:
            return self.draft(name).mark
        except NoSuchVersion:
            return ""

    def check_draft(self, name: str, author: str, known: Known | None = None) -> list[Problem]:
        """Every problem of the draft; none marks it as checked.

        Raises:
            NoSuchVersion: there is no draft.
        """
        with self._locked(name) as folder:
            draft = self.draft(name)
            problems = self._problems(name, "draft.yml", draft.text, known)[1]
            if not problems and draft.checked != draft.mark:
                about = {"author": draft.author, "at": draft.at, "checked": draft.mark}
                _write(folder / "draft.json", json.dumps(about, ensure_ascii=False))
                self._note(folder, "checked", author, mark=draft.mark)
        return problems

    # ---- versions

    def publish(self, name: str, author: str, note: str = "", known: Known | None = None) -> Version:
        """Make the draft the version that the next call gets; its texts are spoken first.

        Raises:
            NoSuchVersion: there is no draft.
            NotPublished: it fails its checks, or a text can't be spoken.
            OSError: the disk is full; the version that served goes on serving.
        """
        problems = self.check_draft(name, author, known)
        if problems:
            raise NotPublished(problems)
        with self._locked(name) as folder:
            number = max((version.number for version in self.versions(name)), default=0) + 1
            text = stamped(self.draft(name).text, number)
            read, problems = self._problems(name, f"versions/{number}.yml", text, known)
            if problems:
                raise NotPublished(problems)  # somebody has saved another draft in between
            self._render(read)
            about = {"author": author, "at": self._at(), "note": note, "mark": mark_of(text)}
            _write(folder / "versions" / f"{number}.yml", text)
            _write(folder / "versions" / f"{number}.json", json.dumps(about, ensure_ascii=False))
            _write(folder / "published.yml", text)
            self._note(folder, "published", author, version=number, note=note)
        return self.version(name, number)

    def rollback(
        self, name: str, number: int, author: str, note: str = "", known: Known | None = None
    ) -> Version:
        """Let an older version serve again.

        Raises:
            NoSuchVersion: there is no such version.
            NotPublished: it would harm callers by now, e.g. its queue is gone. A missing prompt does not keep it back.
        """
        with self._locked(name) as folder:
            text = self.text(name, number)
            read, problems = self._problems(name, f"versions/{number}.yml", text, known)
            harmful = [problem for problem in problems if problem.blocks]
            if harmful:
                raise NotPublished(harmful)
            self._render(read)
            _write(folder / "published.yml", text)
            self._note(folder, "rolled back", author, version=number, note=note)
        return self.version(name, number)

    def versions(self, name: str) -> list[Version]:
        """Every version, the newest first."""
        folder = self._of(name) / "versions"
        current = self.current(name)
        numbers = sorted((int(p.stem) for p in folder.glob("*.json") if p.stem.isdigit()), reverse=True)
        found = [
            Version(number=number, **{k: about.get(k, "") for k in ("author", "at", "note", "mark")})
            for number in numbers
            for about in [_read_json(folder / f"{number}.json")]
        ]
        return [replace(version, is_current=version.number == current) for version in found]

    def version(self, name: str, number: int) -> Version:
        """One version.

        Raises:
            NoSuchVersion: there is none.
        """
        found = next((version for version in self.versions(name) if version.number == number), None)
        if found is None:
            raise NoSuchVersion(f"flow `{name}` has no version {number}")
        return found

    def current(self, name: str) -> int | None:
        """The number of the version that serves, None when none was published here."""
        try:
            text = (self._of(name) / "published.yml").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        found = _VERSION_LINE.search(text)
        number = found[0].partition(":")[2].strip() if found else ""
        return int(number) if number.isdigit() else None

    def text(self, name: str, number: int) -> str:
        """The text of a version.

        Raises:
            NoSuchVersion: there is none.
        """
        try:
            return (self._of(name) / "versions" / f"{number}.yml").read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise NoSuchVersion(f"flow `{name}` has no version {number}") from error

    def diff(self, name: str, old: int, new: int | None = None) -> list[Change]:
        """What a version changed against another, for a person; None is the draft."""
        after = self.draft(name).text if new is None else self.text(name, new)
        return changes(self.text(name, old), after)

    def history(self, name: str) -> list[dict[str, Any]]:
        """Every step of this flow, the oldest first."""
        try:
            lines = (self._of(name) / "history.jsonl").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    # ---- parts

    def _of(self, name: str) -> Path:
        if not re.fullmatch(NAME_PATTERN, name):
            raise NoSuchVersion(f"{name!r} is no name for a flow")
        return self.folder / name

    @contextmanager
    def _locked(self, name: str) -> Iterator[Path]:
        folder = self._of(name)
        (folder / "versions").mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(descriptor)  # which lets go of the lock

    def _problems(
        self, name: str, file: str, text: str, known: Known | None
    ) -> tuple[FlowFile, list[Problem]]:
        read = parse_flow(name, f"{name}/{file}", text.encode("utf-8", "replace"))
        return read, check(read, self.prompts, self.languages, known)

    def _render(self, read: FlowFile) -> None:
        assert read.flow is not None  # noqa: S101 - it has passed its checks
        for path, text, failed in render_texts(
            read.flow, self.prompts, self.speech, self.languages, self.own_language
        ):
            if isinstance(failed, SpeechNotAvailable):
                read.add(
                    read.source.value(path),
                    "not-spoken",
                    f"{text!r} can't be spoken: {failed}",
                    name=text,
                    reason=failed,
                )
        if read.problems:
            raise NotPublished(read.problems)

    def _at(self) -> str:
        return self.now().isoformat(timespec="seconds")

    def _note(self, folder: Path, action: str, author: str, **more: Any) -> None:
        line = json.dumps({"at": self._at(), "action": action, "author": author, **more}, ensure_ascii=False)
        with (folder / "history.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")


def mark_of(text: str) -> str:
    """A short mark of a text, another for another text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def stamped(text: str, number: int) -> str:
    """The text with `version: number`, in the place of its own if it has one."""
    line = f"version: {number}"
    return _VERSION_LINE.sub(line, text, count=1) if _VERSION_LINE.search(text) else f"{line}\n{text}"


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and on the disk before it counts."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return data if isinstance(data, dict) else {}
