"""Session descriptions (RFC 4566, offer/answer RFC 3264): G.711 and telephone-event over RTP/AVP, one audio stream.

`sip.dialog` reads offers and answers with `parse` and writes them with `describe`; the codec is chosen by `choose`.
"""

import ipaddress
from dataclasses import dataclass, field

CODEC_NAMES = {0: "PCMU", 8: "PCMA"}
DEFAULT_CODECS = (8, 0)  # A-law first: what the trunks of this region speak
TELEPHONE_EVENT = 101
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
ANSWERED = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class SdpError(ValueError):
    """The body is no session description that we can read."""


class NoCommonCodec(SdpError):
    """The other side has no codec of ours: 488 to an offer, INCOMPATIBLE_DESTINATION for an answer."""


@dataclass(frozen=True, slots=True)
class Media:
    """The audio stream of one side."""

    host: str
    port: int
    payload_types: tuple[int, ...]
    names: dict[int, str] = field(default_factory=dict)  # payload type -> "pcma/8000"
    direction: str = "sendrecv"

    @property
    def codecs(self) -> tuple[int, ...]:
        """The static G.711 payload types that it has, in its order of preference."""
        return tuple(number for number in self.payload_types if self._is_g711(number))

    @property
    def telephone_event(self) -> int | None:
        """The payload type of RFC 4733 digits, if any."""
        wanted = (
            number
            for number in self.payload_types
            if number >= 96 and self.names.get(number, "").startswith("telephone-event/8000")
        )
        return next(wanted, None)

    @property
    def is_held(self) -> bool:
        """The sender will not listen: hold, the old way (0.0.0.0) or the new one."""
        return self.direction in ("sendonly", "inactive") or self.host == "0.0.0.0"  # noqa: S104 - RFC 2543's hold

    def _is_g711(self, number: int) -> bool:
        # An rtpmap may say that 0 is something else; believe it.
        return number in CODEC_NAMES and self.names.get(number, CODEC_NAMES[number]).upper().startswith(
            CODEC_NAMES[number]
        )


def parse(body: str) -> Media:
    """Read the first audio stream. Raises `SdpError`."""
    session_host = ""
    session_direction = "sendrecv"
    section: dict[str, str] = {}
    names: dict[int, str] = {}
    media_line = ""
    seen_media = False
    for line in body.splitlines():
        key, _, value = line.strip().partition("=")
        if key == "m":
            if media_line:
                break
            seen_media = True
            if value.startswith("audio "):
                media_line = value
        elif seen_media and not media_line:
            continue  # an attribute of a stream that is not ours
        elif key == "c":
            host = _connection_host(value)
            if media_line:
                section["host"] = host
            else:
                session_host = host
        elif key == "a":
            if value in _DIRECTIONS:
                if media_line:
                    section["direction"] = value
                else:
                    session_direction = value
            elif value.startswith("rtpmap:") and media_line:
                _read_rtpmap(value, names)
    if not media_line:
        raise SdpError("no audio stream")
    port, payload_types = _read_media_line(media_line)
    host = section.get("host", session_host)
    if not host:
        raise SdpError("no connection address")
    return Media(host, port, payload_types, names, section.get("direction", session_direction))


def choose(remote: Media, ours: tuple[int, ...] = DEFAULT_CODECS) -> int:
    """The codec to use with this side: its first one that we have too. Raises `NoCommonCodec`."""
    common = next((number for number in remote.codecs if number in ours), None)
    if common is None or remote.port == 0:
        raise NoCommonCodec("no common codec")
    return common


def describe(
    host: str,
    port: int,
    codecs: tuple[int, ...] = DEFAULT_CODECS,
    telephone_event: int | None = TELEPHONE_EVENT,
    direction: str = "sendrecv",
    version: int = 1,
) -> str:
    """Write our side. `version` must grow with each change within a dialog (RFC 3264 section 8)."""
    formats = [*map(str, codecs), *([str(telephone_event)] if telephone_event is not None else [])]
    lines = [
        "v=0",
        f"o=uckefu {port} {version} IN IP4 {host}",
        "s=uckefu",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {' '.join(formats)}",
        *(f"a=rtpmap:{number} {CODEC_NAMES[number]}/8000" for number in codecs),
    ]
    if telephone_event is not None:
        lines += [f"a=rtpmap:{telephone_event} telephone-event/8000", f"a=fmtp:{telephone_event} 0-15"]
    lines += ["a=ptime:20", f"a={direction}"]
    return "\r\n".join(lines) + "\r\n"


def _connection_host(value: str) -> str:
    parts = value.split()
    if len(parts) != 3 or parts[:2] != ["IN", "IP4"]:
        raise SdpError(f"connection line {value!r}: only IN IP4 is known here")
    host = parts[2].split("/")[0]
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError as error:
        raise SdpError(f"connection address {host!r}: only IPv4 numbers are known here") from error
    if address.is_multicast or str(address) == "255.255.255.255":
        raise SdpError(f"connection address {host} is not one phone's")
    return str(address)


def _read_media_line(value: str) -> tuple[int, tuple[int, ...]]:
    parts = value.split()
    if len(parts) < 4 or not parts[1].split("/")[0].isdigit():
        raise SdpError(f"media line {value!r}")
    if parts[2] not in ("RTP/AVP", "RTP/AVPF"):
        raise NoCommonCodec(f"transport {parts[2]} (SRTP phones need FreeSWITCH)")
    port = int(parts[1].split("/")[0])
    if port > 65535:
        raise SdpError(f"port {port}")
    return port, tuple(int(number) for number in parts[3:] if number.isdigit() and int(number) < 128)


def _read_rtpmap(value: str, names: dict[int, str]) -> None:
    number, _, name = value.removeprefix("rtpmap:").partition(" ")
    if number.isdigit():
        names[int(number)] = name.strip().lower()
