"""The audio of one leg: its port in the media process, and the offer and answer that go with it.

`sip` hands descriptions in and takes ours out; `channel` and `applications` play and record through it.
"""

import threading
from dataclasses import dataclass
from typing import Any, Protocol

from softswitch.sip import sdp


class MediaPort(Protocol):
    """What is used of `softswitch.media.MediaClient`."""

    def open(self, leg_id: str) -> int: ...
    def close(self, leg_id: str) -> None: ...
    def set_remote(
        self, leg_id: str, host: str, port: int, payload_type: int, telephone_event_type: int | None
    ) -> None: ...
    def play(self, leg_id: str, source: str, *, play_id: str, loop: bool = False) -> None: ...
    def stop_play(self, leg_id: str, play_id: str | None = None) -> None: ...
    def connect(self, listener: str, talker: str, gain: float = 1.0) -> None: ...
    def disconnect(self, listener: str, talker: str) -> None: ...
    def start_recording(
        self,
        leg_id: str,
        path: str,
        *,
        stereo: bool = True,
        heard_from: str | None = None,
        only_bridged: bool = False,
    ) -> None: ...
    def stop_recording(self, leg_id: str, path: str) -> None: ...
    def mask_recording(self, leg_id: str, path: str, on: bool) -> None: ...
    def send_dtmf(self, leg_id: str, digits: str, milliseconds: int = 100) -> None: ...
    def mute(self, leg_id: str, on: bool) -> None: ...
    def set_direction(self, leg_id: str, direction: str) -> None: ...
    def set_rtp_timeout(self, leg_id: str, seconds: float) -> None: ...
    def add_stream(self, name: str, folder: str) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def stats(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a profile offers and where its audio is reached. `rtp_timeout_seconds` 0: silence is no fault."""

    host: str
    codecs: tuple[int, ...] = sdp.DEFAULT_CODECS
    rtp_timeout_seconds: float = 300.0


class LegAudio:
    """Any thread may call. The port is opened at the first description of ours and closed once."""

    def __init__(self, media: MediaPort, leg_id: str, preferences: Preferences) -> None:
        self.media = media
        self.leg_id = leg_id
        self.remote: sdp.Media | None = None
        self.codec: int | None = None
        self.direction = "sendrecv"  # ours, as last described
        self._preferences = preferences
        self._port = 0
        self._version = 0
        self._closed = False
        self._answer: tuple[sdp.Media, str] | None = None
        self._lock = threading.Lock()

    @property
    def codec_name(self) -> str:
        """PCMA, PCMU, or '' before it is negotiated."""
        return sdp.CODEC_NAMES.get(self.codec, "") if self.codec is not None else ""

    @property
    def port(self) -> int:
        """Our RTP port, 0 before it is open."""
        return self._port

    def hear(self, description: sdp.Media) -> None:
        """Take the other side's description. Raises `NoCommonCodec`."""
        self.codec = sdp.choose(description, self._preferences.codecs)
        self.remote = description

    def answer(self) -> str:
        """Our description: the answer to `remote`, or an offer of all when there was none (late offer)."""
        with self._lock:
            self._open()
        if self.remote is None or self.codec is None:
            return self._describe(self._preferences.codecs, sdp.TELEPHONE_EVENT, "sendrecv")
        self.start()
        if self._answer is None or self._answer[0] is not self.remote:  # a 183 and its 200 say the same
            direction = sdp.ANSWERED[self.remote.direction]
            text = self._describe((self.codec,), self.remote.telephone_event, direction)
            self._answer = self.remote, text
        return self._answer[1]

    def offer(self, direction: str = "sendrecv") -> str:
        """Our description for an INVITE or re-INVITE; within a call it keeps to the codec in use."""
        with self._lock:
            self._open()
        if self.remote is None or self.codec is None:
            return self._describe(self._preferences.codecs, sdp.TELEPHONE_EVENT, direction)
        return self._describe((self.codec,), self.remote.telephone_event, direction)

    def start(self) -> None:
        """Send where the other side listens."""
        remote = self.remote
        if remote is None or self.codec is None or self._closed or not self._port:
            return
        if remote.host != "0.0.0.0":  # noqa: S104 - RFC 2543's hold gives no address to send to
            self.media.set_remote(self.leg_id, remote.host, remote.port, self.codec, remote.telephone_event)
            if remote.direction != "sendrecv":
                self.media.set_direction(self.leg_id, sdp.ANSWERED[remote.direction])

    def close(self) -> None:
        """Give the port back."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._port:
                self.media.close(self.leg_id)

    def _open(self) -> None:
        if not self._port and not self._closed:
            self._port = self.media.open(self.leg_id)
            self.media.set_rtp_timeout(self.leg_id, self._preferences.rtp_timeout_seconds)

    def _describe(self, codecs: tuple[int, ...], telephone_event: int | None, direction: str) -> str:
        self._version += 1
        self.direction = direction
        return sdp.describe(
            self._preferences.host, self._port, codecs, telephone_event, direction, self._version
        )
