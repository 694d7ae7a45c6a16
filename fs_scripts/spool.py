"""CDRs on their way to SQL: one JSON file a leg, loaded by `acd.history` as soon as the database takes them."""

import json
import os
import re
import threading
from pathlib import Path
from typing import Any


def put(folder: Path, leg_id: str, record: dict[str, Any]) -> Path:
    """Write `<leg id>.json` whole or not at all: to another name first, to the disk, then renamed.

    Raises:
        OSError: the disk is full or the folder can't be written.
        ValueError: the leg id is no file name.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", leg_id):
        raise ValueError(f"{leg_id!r} is no leg id")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{leg_id}.json"
    part = folder / f"{leg_id}.{os.getpid()}-{threading.get_ident()}.part"
    with part.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps(record))  # `json.dump` encodes in Python, ten times as slow
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)
    return path
