"""One HTTP request of a flow within a time limit, to hosts that the centre's settings name and to no other.

`nodes.lookup` calls `HttpClient.ask` on the call's own thread. The whole conversation (name, connection, TLS, request,
answer, all attempts) ends at one deadline: a server that sends a byte now and then gets no longer than one that is
silent. Only sockets wait; they let go of the interpreter. Redirects are not followed.

A name is resolved in a helper thread, for getaddrinfo knows no limit, and the connection goes to the very address that
was looked at: link-local (a cloud's metadata), multicast, unspecified and reserved addresses are refused, loopback
unless the settings name it literally.
"""

import ipaddress
import json
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol
from urllib.parse import urlsplit

import h11

BIGGEST_ANSWER_BYTES = 64 * 1024
DEEPEST_ANSWER = 40
MOST_RESOLVERS = 8
PORTS = {"http": 80, "https": 443}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class LookupFailed(Exception):
    """No usable answer; the message says why. `again`: another attempt may help and does no harm."""

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.again = again


@dataclass(frozen=True)
class Request:
    """What to ask. `body` is sent as JSON."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Answer:
    """The status, and the body as data (None when it is empty)."""

    status: int
    data: Any


class Http(Protocol):
    """What `lookup` asks."""

    def ask(
        self, request: Request, hosts: Mapping[str, Mapping[str, str]], limit_seconds: float, attempts: int
    ) -> Answer:
        """Ask once or several times, until `limit_seconds` are over.

        Args:
            hosts: the hosts that may be asked (`name` or `name:port`), with headers that go to each.

        Raises:
            LookupFailed: refused, no answer in time, or none that is JSON.
        """


def host_of(url: str) -> str:
    """`crm.example` or `crm.example:8443`, as a centre's settings name it; "" for what is no http(s) URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        return ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return name if port in (None, PORTS[parts.scheme]) else f"{name}:{port}"


class HttpClient:
    """`Http` over sockets.

    Args:
        clock: seconds that only go forward.
        resolve: addresses of a name and port; may block, it runs in a helper thread.
        tls: makes the TLS settings.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        resolve: Callable[[str, int], list[str]] | None = None,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self._clock, self._resolve, self._tls = clock, resolve or _addresses, tls or _tls
        self._resolvers = threading.BoundedSemaphore(MOST_RESOLVERS)

    def ask(
        self, request: Request, hosts: Mapping[str, Mapping[str, str]], limit_seconds: float, attempts: int
    ) -> Answer:
        """As `Http.ask`."""
        host = host_of(request.url)
        if host not in hosts:
            raise LookupFailed(f"the settings do not allow the host {host or request.url}")
        deadline = self._clock() + limit_seconds
        while True:
            attempts -= 1
            try:
                return self._once(request, hosts[host], deadline)
            except LookupFailed as failed:
                if not failed.again or attempts < 1 or self._clock() >= deadline:
                    raise

    def _once(self, request: Request, headers: Mapping[str, str], deadline: float) -> Answer:
        parts = urlsplit(request.url)
        port = parts.port or PORTS[parts.scheme]
        address = self._address(parts.hostname or "", port, deadline)
        try:
            connection = socket.create_connection((address, port), timeout=self._left(deadline))
        except OSError as error:
            raise LookupFailed(f"no connection: {error}", again=True) from error
        try:
            with connection:
                if parts.scheme == "https":
                    connection.settimeout(self._left(deadline))
                    connection = self._tls().wrap_socket(connection, server_hostname=parts.hostname)
                with connection:
                    return self._converse(connection, request, headers, deadline)
        except (OSError, h11.ProtocolError) as error:
            raise LookupFailed(f"no answer: {error}", again=request.method == "GET") from error

    def _converse(
        self, connection: socket.socket, request: Request, headers: Mapping[str, str], deadline: float
    ) -> Answer:
        protocol = h11.Connection(our_role=h11.CLIENT)
        body = (
            b""
            if request.body is None
            else json.dumps(request.body, ensure_ascii=False).encode("utf-8", "replace")
        )
        end = h11.EndOfMessage()
        for part in (_head(request, headers, body), *([h11.Data(data=body)] if body else []), end):
            connection.settimeout(self._left(deadline))
            connection.sendall(protocol.send(part) or b"")
        status, received = 0, bytearray()
        while True:
            event = protocol.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                received += event.data
                if len(received) > BIGGEST_ANSWER_BYTES:
                    raise LookupFailed(f"the answer is larger than {BIGGEST_ANSWER_BYTES} bytes")
            elif isinstance(event, h11.EndOfMessage):
                return _answer(status, bytes(received), again=request.method == "GET")
            elif not isinstance(
                event, h11.InformationalResponse
            ):  # NEED_DATA; a CLOSED connection raises there
                connection.settimeout(self._left(deadline))
                protocol.receive_data(connection.recv(16384))

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock()
        if left <= 0:
            raise TimeoutError("the time is over")
        return left

    def _address(self, name: str, port: int, deadline: float) -> str:
        literal = _literal(name)
        found = [name] if literal else self._looked_up(name, port, deadline)
        good = [
            each for each in found if _is_allowed(ipaddress.ip_address(each.partition("%")[0]), named=name)
        ]
        if not good:
            raise LookupFailed(f"{name} leads to {', '.join(found) or 'no address'}, where no flow may go")
        return good[0]

    def _looked_up(self, name: str, port: int, deadline: float) -> list[str]:
        if not self._resolvers.acquire(blocking=False):
            raise LookupFailed("too many names are being looked up")
        results: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                results.put(self._resolve(name, port))
            except (OSError, UnicodeError) as error:
                results.put(OSError(str(error)))
            finally:
                self._resolvers.release()

        threading.Thread(target=look_up, name="flow-lookup-name", daemon=True).start()
        try:
            found = results.get(timeout=self._left(deadline))
        except (queue.Empty, TimeoutError) as error:
            raise LookupFailed(f"the name {name} was not resolved in time") from error
        if isinstance(found, OSError):
            raise LookupFailed(f"the name {name}: {found}", again=True)
        return found


def _head(request: Request, headers: Mapping[str, str], body: bytes) -> h11.Request:
    parts = urlsplit(request.url)
    fixed = {
        "Host": parts.netloc,
        "User-Agent": "uckefu",
        "Accept": "application/json",
        "Connection": "close",
    }
    if body:
        fixed |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    whole = dict(request.headers) | dict(headers) | fixed
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return h11.Request(method=request.method, target=target, headers=list(whole.items()))


def _answer(status: int, body: bytes, *, again: bool) -> Answer:
    if status >= 500:
        raise LookupFailed(f"status {status}", again=again)
    if not body.strip():
        return Answer(status, None)
    try:
        return Answer(status, _parsed(body))
    except ValueError as error:
        if not 200 <= status < 300:
            return Answer(status, None)  # an error page: the status says enough
        raise LookupFailed("the answer is no JSON", again=again) from error


def _parsed(body: bytes) -> Any:
    # json recurses on the C stack; a FreeSWITCH session has 240 kB of it, and an overflow would end every call.
    depth = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", re.sub(rb'"(?:[^"\\]|\\.)*"', b"", body)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > DEEPEST_ANSWER:
        raise ValueError("nested too deeply")
    return json.loads(body)


def _literal(name: str) -> Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _is_allowed(address: Address, *, named: str) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback:
        return named == "localhost" or _literal(named) is not None
    return not (
        address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    )


def _addresses(name: str, port: int) -> list[str]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
