"""`lookup`'s HTTP client against real servers that hang, refuse, dribble and lie: the caller never waits beyond the limit."""

import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable

import pytest

from ivr.web_request import BIGGEST_ANSWER_BYTES, HttpClient, LookupFailed, Request

LIMIT_SECONDS = 0.6


class Server:
    """Answers each connection with the next of its behaviours, on a thread of its own; `requests` is what came."""

    def __init__(
        self, *behaviours: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
    ) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.released = threading.Event()
        self.tls = tls
        self.thread = threading.Thread(target=self._serve, args=(behaviours,), daemon=True)
        self.thread.start()

    def _serve(self, behaviours) -> None:
        for behaviour in behaviours:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                if self.tls is not None:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                self.requests.append(self._request(connection))
                behaviour(connection)
            except OSError:
                continue  # the client has given up, as it should
            finally:
                connection.close()

    def _request(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(4096)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            ),
            0,
        )
        while len(body) < length:
            body += connection.recv(4096)
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        self.released.set()
        self.listener.close()
        self.thread.join(5)


def answering(body: bytes, status: str = "200 OK", head: str = "") -> Callable[[socket.socket], None]:
    text = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body
    return lambda connection: connection.sendall(text)


@pytest.fixture
def serve():
    servers: list[Server] = []

    def start(*behaviours, tls=None) -> Server:
        servers.append(Server(*behaviours, tls=tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def hang(serve):
    """A behaviour that says nothing until the test is over."""
    over = threading.Event()
    yield lambda _connection: over.wait(20)
    over.set()


def ask(
    server: Server | None,
    *,
    attempts: int = 1,
    hosts=None,
    url: str = "",
    client: HttpClient | None = None,
    **request,
):
    host = server.host if server else ""
    allowed = {host: {}} if hosts is None else hosts
    made = Request(**{"method": "GET", "url": url or f"http://{host}/orders/7?x=1"} | request)
    return (client or HttpClient()).ask(made, allowed, LIMIT_SECONDS, attempts)


def test_an_answer_is_its_status_and_its_data(serve):
    server = serve(answering(b'{"order": {"state": "paid"}}'))
    answer = ask(server, headers={"X-Call": "i-1"}, hosts={server.host: {"Authorization": "Bearer t"}})
    assert (answer.status, answer.data) == (200, {"order": {"state": "paid"}})
    head = server.requests[0].decode()
    assert head.startswith("GET /orders/7?x=1 HTTP/1.1\r\n")
    assert "X-Call: i-1" in head
    assert "Authorization: Bearer t" in head


def test_a_post_sends_its_body_as_json(serve):
    server = serve(answering(b"{}"))
    ask(server, method="POST", body={"number": "13800138000", "名": 1})
    assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2]) == {"number": "13800138000", "名": 1}


def test_not_found_and_an_empty_answer_are_answers(serve):
    assert ask(serve(answering(b"<h1>no</h1>", "404 Not Found"))).status == 404
    assert ask(serve(answering(b"", "204 No Content"))).data is None


def dribble(connection: socket.socket) -> None:
    """A byte now and then, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b"1")
        time.sleep(0.05)  # the server's own slowness; the test waits for nothing


def dribble_headers(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"H")
        time.sleep(0.05)


BAD = {
    "a server that dribbles its answer": dribble,
    "a server that dribbles its head": dribble_headers,
    "a server that closes at once": lambda connection: connection.close(),
    "a server that speaks no HTTP": lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"),
    "an answer that is no JSON": answering(b"<html>hello</html>"),
    "an answer that ends too early": lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"
    ),
    "an answer that is too large": answering(b"[" + b" " * BIGGEST_ANSWER_BYTES + b"]"),
    "an answer that is nested without end": answering(b"[" * 30000 + b"]" * 30000),
    "an answer of broken bytes": answering(b'"\xff\xfe"'),
    "an error of the server": answering(b"{}", "500 Internal Server Error"),
}


@pytest.mark.parametrize("case", BAD)
def test_whatever_is_wrong_is_a_failure_within_the_limit(case, serve):
    server = serve(BAD[case])
    began = time.monotonic()
    with pytest.raises(LookupFailed):
        ask(server)
    assert time.monotonic() - began < 10  # no measurement: without a limit it would never end


def test_a_server_that_hangs_is_a_failure_and_all_attempts_share_one_limit(serve, hang):
    server = serve(hang, hang, hang)
    with pytest.raises(LookupFailed):
        ask(server, attempts=3)
    assert len(server.requests) == 1


def test_a_port_where_nobody_listens_is_a_failure(serve):
    server = serve()
    server.close()
    with pytest.raises(LookupFailed, match="no connection"):
        ask(server)


def test_a_get_is_asked_again_and_a_post_that_may_have_arrived_is_not(serve):
    twice = serve(answering(b"{}", "503 Busy"), answering(b'{"a": 1}'))
    assert ask(twice, attempts=2).data == {"a": 1}
    once = serve(answering(b"{}", "503 Busy"), answering(b"{}"))
    with pytest.raises(LookupFailed):
        ask(once, attempts=2, method="POST", body={})
    assert len(once.requests) == 1


def test_a_redirect_is_an_answer_and_is_not_followed(serve):
    server = serve(answering(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"), answering(b"{}"))
    assert ask(server).status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://other.test/", "http://127.0.0.1:9/", "file:///etc/passwd", "gopher://crm.test/", "http://crm.test@other.test/",
        "http://crm.test:8080/", "http:///x", "crm.test", "http://crm.test:99999/", "https://[::1",
    ],
)  # fmt: skip
def test_a_host_that_the_settings_do_not_name_is_not_asked(url):
    with pytest.raises(LookupFailed, match="do not allow"):
        ask(None, url=url, hosts={"crm.test": {}})


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "fe80::1",
    ],
)
def test_a_name_that_leads_where_no_flow_may_go_is_refused(address):
    client = HttpClient(resolve=lambda _name, _port: [address])
    with pytest.raises(LookupFailed, match="no flow may go"):
        ask(None, url="http://crm.test/", hosts={"crm.test": {}}, client=client)


def test_a_metadata_address_is_refused_even_when_the_settings_name_it():
    with pytest.raises(LookupFailed, match="no flow may go"):
        ask(None, url="http://169.254.169.254/", hosts={"169.254.169.254": {}})


def test_a_name_that_is_not_resolved_in_time_is_a_failure():
    over = threading.Event()
    client = HttpClient(resolve=lambda _name, _port: [str(over.wait(20))])
    with pytest.raises(LookupFailed, match="not resolved in time"):
        ask(None, url="http://crm.test/", hosts={"crm.test": {}}, client=client)
    over.set()


def test_names_that_hang_do_not_pile_up_threads():
    over = threading.Event()
    client = HttpClient(resolve=lambda _name, _port: [str(over.wait(20))])
    client._resolvers = threading.BoundedSemaphore(1)
    with pytest.raises(LookupFailed, match="not resolved in time"):
        ask(None, url="http://crm.test/", hosts={"crm.test": {}}, client=client)
    with pytest.raises(LookupFailed, match="too many names"):
        ask(None, url="http://crm.test/", hosts={"crm.test": {}}, client=client)
    over.set()


def test_the_connection_goes_to_the_address_that_was_looked_at(serve):
    server = serve(answering(b"{}"))
    port = server.host.partition(":")[2]
    asked = []

    def resolve(name, _port):
        asked.append(name)
        return ["127.0.0.1"]  # a second look-up by the socket would fail: the name exists nowhere

    client = HttpClient(resolve=resolve)
    host = f"localhost:{port}"
    assert ask(None, url=f"http://{host}/", hosts={host: {}}, client=client).status == 200
    assert asked == ["localhost"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    command += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(folder / "key"),
        "-out",
        str(folder / "cert"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_https_is_spoken_and_a_certificate_that_nobody_knows_is_a_failure(serve, certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate / "cert", certificate / "key")
    trusting = lambda: ssl.create_default_context(cafile=certificate / "cert")  # noqa: E731
    server = serve(answering(b'{"a": 1}'), tls=tls)
    url = f"https://{server.host}/"
    assert ask(server, url=url, client=HttpClient(tls=trusting)).data == {"a": 1}
    stranger = serve(answering(b"{}"), tls=tls)
    with pytest.raises(LookupFailed, match="CERTIFICATE_VERIFY_FAILED"):
        ask(stranger, url=f"https://{stranger.host}/")
