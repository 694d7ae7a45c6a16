"""Digest authentication (RFC 7616 with MD5, RFC 3261 section 22): challenges, checks, and slowing down of guessers.

`sip.profile` asks for each REGISTER and INVITE of a phone. Nothing here knows where passwords come from.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

NONCE_SECONDS = 120
FREE_FAILURES = 5  # per source address and user; after these each answer waits
SLOWEST_SECONDS = 8.0
FORGET_SECONDS = 900.0
MOST_REMEMBERED = 10_000


def read_parameters(value: str) -> dict[str, str]:
    """The parameters of an Authorization value. Commas and escapes inside quotes are part of the value."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return {}
    parameters: dict[str, str] = {}
    position = 0
    while position < len(rest):
        name, equals, tail = rest[position:].partition("=")
        if not equals:
            break
        position += len(name) + 1
        tail = rest[position:]
        skipped = len(tail) - len(tail.lstrip())
        text, length = _read_value(tail.lstrip())
        position += skipped + length
        parameters[name.strip(" ,\t").lower()] = text
        comma = rest.find(",", position)
        position = len(rest) if comma < 0 else comma + 1
    return parameters


def _read_value(text: str) -> tuple[str, int]:
    if not text.startswith('"'):
        token = text.split(",", 1)[0]
        return token.strip(), len(token)
    characters: list[str] = []
    index = 1
    while index < len(text) and text[index] != '"':
        if text[index] == "\\" and index + 1 < len(text):
            index += 1
        characters.append(text[index])
        index += 1
    return "".join(characters), index + 1


def ha1(user: str, realm: str, password: str) -> str:
    """What a user's directory entry holds as `a1-hash`."""
    return _md5(f"{user}:{realm}:{password}")


def response(ha1_hex: str, method: str, parameters: dict[str, str]) -> str:
    """The response that a phone which knows the secret would send."""
    ha2 = _md5(f"{method}:{parameters.get('uri', '')}")
    nonce = parameters.get("nonce", "")
    if parameters.get("qop"):
        middle = ":".join(parameters.get(name, "") for name in ("nc", "cnonce", "qop"))
        return _md5(f"{ha1_hex}:{nonce}:{middle}:{ha2}")
    return _md5(f"{ha1_hex}:{nonce}:{ha2}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogateescape")).hexdigest()  # noqa: S324 - the protocol's own


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a request's credentials are worth."""

    accepted: bool
    stale: bool = False  # right but for the age of the nonce: not a failure, challenge anew
    attempted: bool = False  # credentials were given


class Authenticator:
    """Makes nonces that need no memory (time + HMAC) and checks responses in the same time for any user."""

    def __init__(
        self, realm: str, nonce_seconds: float = NONCE_SECONDS, now: Callable[[], float] = time.time
    ) -> None:
        self.realm = realm
        self._nonce_seconds = nonce_seconds
        self._key = secrets.token_bytes(32)
        self._now = now
        self._nobody = secrets.token_hex(16)  # the secret of every user that does not exist
        self._counts: OrderedDict[str, int] = OrderedDict()

    def challenge(self, *, stale: bool = False) -> str:
        """The value of WWW-Authenticate."""
        stale_text = ", stale=true" if stale else ""
        return f'Digest realm="{self.realm}", nonce="{self._nonce()}"{stale_text}, algorithm=MD5, qop="auth"'

    def check(
        self, authorization: str, method: str, find_ha1: Callable[[str], str | None], user: str
    ) -> Verdict:
        """Judge an Authorization value (`""` for none).

        Args:
            authorization: the header's value.
            method: the SIP method it signs.
            find_ha1: gives the `a1-hash` of a user name, None when there is no such user.
            user: who the request says it is from; the credentials must be this user's.
        """
        if not authorization:
            return Verdict(False)
        given = read_parameters(authorization)
        known = find_ha1(given.get("username", ""))
        expected = response(known or self._nobody, method, given)
        right = hmac.compare_digest(expected.encode(), given.get("response", "").encode("utf-8", "replace"))
        if known is None or given.get("username") != user or given.get("realm") != self.realm or not right:
            return Verdict(False, attempted=True)
        if given.get("qop", "auth") != "auth" or given.get("algorithm", "MD5").upper() != "MD5":
            return Verdict(False, attempted=True)
        if not self._is_fresh(given.get("nonce", "")) or not self._is_new_count(given):
            return Verdict(False, stale=True, attempted=True)
        return Verdict(True, attempted=True)

    def _nonce(self) -> str:
        text = f"{int(self._now() * 1000):x}.{secrets.token_hex(6)}"
        return f"{text}.{self._sign(text)}"

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]

    def _is_fresh(self, nonce: str) -> bool:
        text, _, signature = nonce.rpartition(".")
        if not hmac.compare_digest(self._sign(text).encode(), signature.encode("utf-8", "replace")):
            return False
        made_at = int(text.split(".")[0], 16) / 1000
        return 0 <= self._now() - made_at <= self._nonce_seconds

    def _is_new_count(self, given: dict[str, str]) -> bool:
        """With qop, each nonce-count is good once (RFC 7616 section 3.3): a recorded REGISTER can't be replayed."""
        if not given.get("qop"):
            return True
        try:
            count = int(given.get("nc", ""), 16)
        except ValueError:
            return False
        nonce = given.get("nonce", "")
        if count <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = count
        self._counts.move_to_end(nonce)
        while len(self._counts) > MOST_REMEMBERED:
            self._counts.popitem(last=False)
        return True


class Failures:
    """Counts wrong passwords per source address and user, and says how long the next answer is to wait."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._seen: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self.total = 0

    def add(self, address: str, user: str) -> float:
        """Note a failure; returns the seconds that its answer should wait."""
        self.total += 1
        count = self.count(address, user) + 1
        self._seen[address, user] = count, self._now()
        self._seen.move_to_end((address, user))
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)
        return self.delay(address, user)

    def count(self, address: str, user: str) -> int:
        """Failures within the last quarter of an hour."""
        count, at = self._seen.get((address, user), (0, 0.0))
        return count if self._now() - at < FORGET_SECONDS else 0

    def delay(self, address: str, user: str) -> float:
        """Seconds that any answer to this pair waits: 0 for the first five failures, then 1, 2, 4, 8."""
        over = self.count(address, user) - FREE_FAILURES
        return 0.0 if over <= 0 else min(SLOWEST_SECONDS, 2.0 ** (over - 1))

    def forget(self, address: str, user: str) -> None:
        """The right password was given."""
        self._seen.pop((address, user), None)
