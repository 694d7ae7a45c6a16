"""Who calls: contacts by number from files, for the call path reads no database.

`contacts_dir` (`instance/contacts/`) has a hundred small files, by the last two digits of the number, each a JSON object
`{"+8613800138000": {"name": "李雷", "vip": 3}}`. Who keeps contacts (the pages) calls `write`; a flow's `lookup` calls
`ContactFiles.find`. A file is read again when it has changed.
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import phonenumbers
import structlog

log = structlog.get_logger(__name__)
Contact = Mapping[str, Any]


class Contacts(Protocol):
    """Where `lookup` finds a contact."""

    def find(self, number: str, region: str) -> Contact | None:
        """The contact with this number, or None.

        Args:
            number: as it came with the call.
            region: of a national number, ISO 3166.

        Raises:
            OSError, ValueError: the contacts can't be read.
        """


class NoContacts:
    """Nobody is known."""

    def find(self, number: str, region: str) -> Contact | None:
        """None."""
        return None


def normal(number: str, region: str) -> str:
    """`+8613800138000`; what is no number comes back as it was."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_blocked(contact: Contact | None, local_now: datetime) -> bool:
    """Whether a contact's number is on the blacklist now.

    Args:
        contact: as a file has it; `blocked_until` is in the centre's time, "" for good.
        local_now: the centre's time.
    """
    if contact is None or contact.get("blocked") is not True:
        return False
    until = str(contact.get("blocked_until") or "")
    return not until or f"{local_now:%Y-%m-%dT%H:%M:%S}" < until


def _shard(folder: Path, number: str) -> Path:
    tail = number[-2:]
    return folder / f"{tail if len(tail) == 2 and tail.isascii() and tail.isdigit() else 'other'}.json"


class ContactFiles:
    """The contacts below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[Path, tuple[tuple[int, int], dict[str, Any]]] = {}

    def find(self, number: str, region: str) -> Contact | None:
        """As `Contacts.find`."""
        whole = normal(number, region)
        found = self._read(_shard(self.folder, whole)).get(whole)
        return found if isinstance(found, dict) else None

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            status = path.stat()
        except FileNotFoundError:
            return {}
        stamp = (status.st_mtime_ns, status.st_size)
        kept = self._kept.get(path)
        if kept is None or kept[0] != stamp:
            data = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(data, dict):
                raise ValueError(f"{path} is no JSON object")
            kept = self._kept[path] = (stamp, data)
        return kept[1]


def write(folder: Path, contacts: Mapping[str, Contact], region: str) -> None:
    """Write all contacts, by number; each file is replaced whole, one that has nobody left is removed."""
    shards: dict[Path, dict[str, Contact]] = {}
    for number, contact in contacts.items():
        whole = normal(number, region)
        shards.setdefault(_shard(folder, whole), {})[whole] = contact
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, rows in shards.items():
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        part.replace(path)
    for path in set(folder.glob("*.json")) - set(shards):
        path.unlink()
