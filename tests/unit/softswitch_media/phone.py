"""A phone's voice for the media tests: RTP over a real socket, tones out, spectrum in; and an engine ticked by hand."""

import queue
import socket
import struct
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from softswitch.media.engine import Engine
from softswitch.media.g711 import FRAME_SAMPLES, PCMA, PCMU, RATE_HZ, codec
from softswitch.media.rtp import RtpPacket, parse
from tests.support.ports import free_port

EVENT_SECONDS = 10
TELEPHONE_EVENT = 101


def encode(samples: NDArray[np.int16], payload_type: int = PCMU) -> bytes:
    """G.711 bytes of samples."""
    return codec(payload_type).encode[samples.astype(np.int16).view(np.uint16)].tobytes()


def decode(codes: bytes, payload_type: int = PCMU) -> NDArray[np.int16]:
    """Samples of G.711 bytes."""
    return codec(payload_type).decode[np.frombuffer(codes, np.uint8)]


def tone(hz: float, milliseconds: int, amplitude: float = 8000, rate_hz: int = RATE_HZ) -> NDArray[np.int16]:
    """A sine."""
    time = np.arange(rate_hz * milliseconds // 1000) / rate_hz
    return (amplitude * np.sin(2 * np.pi * hz * time)).astype(np.int16)


def amplitude_of(samples: NDArray[Any], hz: float) -> float:
    """The amplitude of one frequency in samples at 8 kHz."""
    window = np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(samples * window)) * 2 / window.sum()
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    return float(spectrum[np.abs(frequencies - hz) <= 20].max())


def datagram(sequence: int, payload: bytes, **fields: Any) -> bytes:
    """An RTP packet; `payload_type`, `timestamp`, `ssrc`, `marker` have defaults."""
    second = fields.get("payload_type", PCMU) | (0x80 if fields.get("marker") else 0)
    timestamp = fields.get("timestamp", sequence * FRAME_SAMPLES) & 0xFFFFFFFF
    return struct.pack("!BBHII", 0x80, second, sequence & 0xFFFF, timestamp, fields.get("ssrc", 1)) + payload


def packet(sequence: int, payload: bytes, **fields: Any) -> RtpPacket:
    """The same, parsed."""
    parsed = parse(datagram(sequence, payload, **fields))
    assert parsed is not None
    return parsed


def event_payload(code: int, *, end: bool, duration: int) -> bytes:
    """An RFC 4733 event."""
    return struct.pack("!BBH", code, 0x8A if end else 0x0A, duration)


class Phone:
    """One UDP socket that says a tone and keeps what it hears."""

    def __init__(self, hz: float = 0, payload_type: int = PCMU, host: str = "127.0.0.1") -> None:
        self.payload_type = payload_type
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.settimeout(EVENT_SECONDS)
        self.port: int = self.socket.getsockname()[1]
        self.engine_port = 0
        self.sequence, self.timestamp = 100, 5000
        self.packets: list[RtpPacket] = []
        self.markers: list[bool] = []
        self._sound: deque[bytes] = deque()
        if hz:  # One second, in whole periods: it repeats without a click.
            sound = encode(tone(hz, 1000), payload_type)
            self._sound.extend(sound[i : i + FRAME_SAMPLES] for i in range(0, len(sound), FRAME_SAMPLES))

    def say(self) -> None:
        """Send the next 20 ms (a phone without a tone is silent on the wire)."""
        if self._sound:
            self.send(self._sound[0])
            self._sound.rotate(-1)

    def send(self, payload: bytes, **fields: Any) -> None:
        """Send one packet of the stream; its clock moves on by 20 ms."""
        defaults = {"payload_type": self.payload_type, "timestamp": self.timestamp, "ssrc": 7}
        self.send_raw(datagram(self.sequence, payload, **(defaults | fields)))
        self.sequence += 1
        self.timestamp += FRAME_SAMPLES

    def send_raw(self, data: bytes) -> None:
        """Send any datagram to the leg."""
        self.socket.sendto(data, ("127.0.0.1", self.engine_port))

    def hear(self) -> None:
        """Take all that has arrived."""
        self.socket.setblocking(False)
        try:
            while True:
                self._keep(self.socket.recv(2048))
        except BlockingIOError:
            self.socket.settimeout(EVENT_SECONDS)

    def wait_packet(self) -> RtpPacket:
        """Wait for the next packet."""
        self._keep(self.socket.recv(2048))
        return self.packets[-1]

    def _keep(self, data: bytes) -> None:
        parsed = parse(data)
        assert parsed is not None
        self.packets.append(parsed)
        self.markers.append(bool(data[1] & 0x80))

    def audio(self) -> list[RtpPacket]:
        """Voice packets heard so far."""
        return [p for p in self.packets if p.payload_type in (PCMU, PCMA)]

    def heard(self, last_frames: int = 0) -> NDArray[np.int16]:
        """The sound heard so far, or its end."""
        return decode(b"".join(p.payload for p in self.audio()[-last_frames:]), self.payload_type)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class Studio:
    """An engine without a clock of its own: `run(frames)` lets 20 ms pass for each frame."""

    def __init__(self, rtp_timeout_seconds: float = 30.0, submit: Any = None) -> None:
        self.events: queue.Queue[tuple[str | None, str, dict[str, Any]]] = queue.Queue()
        first = free_port()
        self.engine = Engine(
            lambda *event: self.events.put(event),
            submit or (lambda job: job()),
            "127.0.0.1",
            range(first, first + 400, 2),
            rtp_timeout_seconds,
        )
        self.phones: dict[str, Phone] = {}

    def phone(self, leg_id: str, hz: float = 0, payload_type: int = PCMU, **options: Any) -> Phone:
        """A phone on a leg of its own; `telephone_event=None` for one that negotiated none."""
        phone = self.phones[leg_id] = Phone(hz, payload_type)
        phone.engine_port = self.engine.open(leg_id)
        telephone_event = options.get("telephone_event", TELEPHONE_EVENT)
        self.engine.set_remote(leg_id, "127.0.0.1", phone.port, payload_type, telephone_event)
        return phone

    def bridge(self, one: str, other: str) -> None:
        """Both hear each other."""
        self.engine.connect(one, other, 1.0)
        self.engine.connect(other, one, 1.0)

    def receive(self) -> None:
        """Let the engine read its sockets."""
        while ready := self.engine.poller.poll(0):
            for descriptor, _ in ready:
                self.engine.handle(descriptor)

    def run(self, frames: int) -> None:
        """Let time pass."""
        for _ in range(frames):
            for phone in self.phones.values():
                phone.say()
            self.receive()
            self.engine.tick()
            for phone in self.phones.values():
                phone.hear()

    def event(self, name: str) -> dict[str, Any]:
        """The data of the next event of this name (others are dropped)."""
        while True:
            _, event_name, data = self.events.get(timeout=EVENT_SECONDS)
            if event_name == name:
                return data

    def told(self, name: str) -> list[dict[str, Any]]:
        """The data of the events of this name that are there now."""
        return [data for _, event_name, data in list(self.events.queue) if event_name == name]

    def close(self) -> None:
        """End the engine and the phones."""
        self.engine.shut_down()
        for phone in self.phones.values():
            phone.close()
