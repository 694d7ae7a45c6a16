"""Makes playback sources from their names, and keeps the sounds; lives on the engine's loader thread.

Nothing here runs on the thread that carries voice: a slow disk or a long file delays one prompt, no call.
"""

import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from softswitch.media.errors import SourceUnusable
from softswitch.media.sources import Samples, SharedStream, Silence, Source
from softswitch.media.tones import FOR_EVER, parse_tones
from softswitch.media.wav import read_wav

_CACHE_BYTES = 64 * 1024 * 1024
_STREAM_BYTES = 64 * 1024 * 1024
_LONGEST_SILENCE_MILLISECONDS = 86_400_000
_Key = tuple[str, int, int]


class Library:
    """Sounds by path (kept by modification time, least recently used go first) and music streams by name."""

    def __init__(self, tick: Callable[[], int], cache_bytes: int = _CACHE_BYTES) -> None:
        self._tick = tick
        self._cache_bytes = cache_bytes
        self._sounds: OrderedDict[_Key, NDArray[np.int16]] = OrderedDict()
        self._streams: dict[str, NDArray[np.int16]] = {}

    @property
    def cached_bytes(self) -> int:
        """Memory in use for files."""
        return sum(sound.nbytes for sound in tuple(self._sounds.values()))

    def source(self, name: str, *, loop: bool = False) -> Source:
        """What `name` says.

        Raises SourceUnusable with the reason.
        """
        scheme, separator, rest = name.partition("://")
        if not separator:
            return Samples(self._file(name), FOR_EVER if loop else 1)
        match scheme:
            case "silence_stream":
                return Silence(-1 if loop else _milliseconds(rest))
            case "tone_stream":
                tones = parse_tones(rest)
                return Samples(tones.samples, FOR_EVER if loop else tones.loops)
            case "local_stream":
                return self._stream(rest)
        raise SourceUnusable(f"{scheme}:// is not supported")

    def add_stream(self, name: str, folder: str) -> str:
        """Load a folder's WAV files, in the order of their names, as one endless stream.

        Returns what could not be loaded, as text; raises SourceUnusable when nothing could.
        """
        sounds: list[NDArray[np.int16]] = []
        problems: list[str] = []
        for path in _wav_files(folder):
            if sum(sound.nbytes for sound in sounds) > _STREAM_BYTES:
                problems.append(f"{path}: the stream is long enough without it")
                break
            try:
                sounds.append(read_wav(path))
            except SourceUnusable as error:
                problems.append(str(error))
        if not sounds:
            raise SourceUnusable("; ".join(problems) or f"{folder}: there are no WAV files")
        self._streams[name] = np.concatenate(sounds)
        return "; ".join(problems)

    def _stream(self, name: str) -> Source:
        samples = self._streams.get(name)
        if samples is None:
            raise SourceUnusable(f"there is no stream {name!r}")
        return SharedStream(samples, self._tick)

    def _file(self, path: str) -> NDArray[np.int16]:
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            raise SourceUnusable(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        key = (path, status.st_mtime_ns, status.st_size)
        sound = self._sounds.get(key)
        if sound is None:
            sound = self._sounds[key] = read_wav(path)
            while self.cached_bytes > self._cache_bytes and len(self._sounds) > 1:
                self._sounds.popitem(last=False)
        self._sounds.move_to_end(key)
        return sound


def _milliseconds(text: str) -> int:
    """The length in `silence_stream://MS[,noise]`."""
    try:
        milliseconds = int(text.partition(",")[0])
    except ValueError:
        raise SourceUnusable(f"silence_stream: {text!r} is not a number of milliseconds") from None
    if not -1 <= milliseconds <= _LONGEST_SILENCE_MILLISECONDS:
        raise SourceUnusable(f"silence_stream: {milliseconds} ms is out of range")
    return milliseconds


def _wav_files(folder: str) -> list[str]:
    try:
        return sorted(entry.path for entry in os.scandir(folder) if entry.name.lower().endswith(".wav"))
    except (OSError, ValueError) as error:
        raise SourceUnusable(f"{folder}: {getattr(error, 'strerror', None) or error}") from error


class Loader:
    """Runs jobs one after another on a thread of its own."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="media-loader", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], None]) -> None:
        """Queue a job, which must not raise."""
        self._jobs.put(job)

    def stop(self) -> None:
        """End after what is queued; does not wait."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
