"""An event of the switch, and its plain and JSON forms.

`esl.protocol` makes them from bytes, `softswitch` makes them from channels; acd and the tools read them.
The forms are those of FreeSWITCH's switch_event_serialize and switch_event_serialize_json.
"""

import json
from dataclasses import dataclass, field
from urllib.parse import unquote

# FreeSWITCH's SWITCH_URL_UNSAFE: these and all that is not printable ASCII are written as %XX.
_UNSAFE = frozenset(b'\r\n #%&+:;<=>?@[\\]^`{|}"')
_ENCODED = {b: f"%{b:02X}" if b in _UNSAFE or not 0x20 <= b <= 0x7E else chr(b) for b in range(256)}
_NAME_ENCODED = str.maketrans({"\r": "%0D", "\n": "%0A", ":": "%3A"})
_UNDEFINED = "_undef_"  # how the plain form writes an empty value


def to_bytes(text: str) -> bytes:
    """Text to wire bytes; bytes that were not UTF-8 when they came in go out as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def to_text(data: bytes | bytearray) -> str:
    """Wire bytes to text; what is not UTF-8 survives as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def url_encode(value: str) -> str:
    """Encode one header value as FreeSWITCH does, so that no value can hold a line end."""
    if value.isalnum() and value.isascii():
        return value
    return "".join(map(_ENCODED.__getitem__, to_bytes(value)))


def url_decode(value: str) -> str:
    """Decode one header value. Only ever call it after the lines have been split."""
    return unquote(value, errors="surrogateescape") if "%" in value else value


@dataclass(slots=True)
class Event:
    """Headers (values decoded) and a body. Header names are looked up without regard to case, as in FreeSWITCH."""

    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def name(self) -> str:
        """`Event-Name`, such as CHANNEL_ANSWER."""
        return self.headers.get("Event-Name", "")

    @property
    def subclass(self) -> str:
        """`Event-Subclass` of a CUSTOM event, such as sofia::register."""
        return self.headers.get("Event-Subclass", "")

    @property
    def uuid(self) -> str:
        """`Unique-ID`: the channel that it is about, or ''."""
        return self.headers.get("Unique-ID", "")

    def get(self, name: str, default: str | None = None) -> str | None:
        """A header's value, or `default`."""
        value = self.headers.get(name)
        if value is not None:
            return value
        wanted = name.lower()
        return next((v for k, v in self.headers.items() if k.lower() == wanted), default)

    def variable(self, name: str, default: str | None = None) -> str | None:
        """A channel variable that the event carries (`variable_<name>`)."""
        return self.get(f"variable_{name}", default)

    def to_plain(self) -> str:
        """The plain form: URL-encoded values, a blank line, the body with its length."""
        lines = [f"{_plain_name(name)}: {_plain_value(value)}\n" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(to_bytes(self.body))}\n\n{self.body}")
        else:
            lines.append("\n")
        return "".join(lines)

    def to_json(self) -> str:
        """The JSON form: one object, the body as `_body`."""
        fields = dict(self.headers)
        if self.body:
            fields["Content-Length"] = str(len(to_bytes(self.body)))
            fields["_body"] = self.body
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def from_plain(text: str) -> Event:
    """Read a plain event. Lines are split first and each value is decoded after it, so that a display name
    with a coded line end stays inside its value."""
    head, _, body = text.partition("\n\n")
    event = Event()
    for line in head.split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            value = value.strip(" \r")
            event.headers.setdefault(name, "" if value == _UNDEFINED else url_decode(value))
    event.headers.pop("Content-Length", None)
    event.body = body
    return event


def from_json(text: str) -> Event:
    """Read a JSON event. Raises ValueError when it is not an object."""
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("a JSON event must be an object")
    body = fields.pop("_body", "")
    fields.pop("Content-Length", None)
    return Event({str(name): _json_value(value) for name, value in fields.items()}, _json_value(body))


def _plain_name(name: str) -> str:
    return name.translate(_NAME_ENCODED)


def _plain_value(value: str) -> str:
    if value == _UNDEFINED:
        return "%5Fundef_"
    return url_encode(value) or _UNDEFINED


def _json_value(value: object) -> str:
    # FreeSWITCH writes a header that was pushed several times as an array; its plain form is ARRAY::a|:b.
    if isinstance(value, list):
        return "ARRAY::" + "|:".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
