"""The bench's own chat client, in a process of its own: thousands of visitors and agents over raw websockets.

Run by `tests.bench.chat` with the plan as JSON on its standard input; it prints what it saw as JSON. Speaks RFC 6455
with an all-zero mask, Engine.IO 4 and Socket.IO 5, only as far as this server needs. A visitor does what `chat.js`
does: it waits for the acknowledgement, sends again with the same client id after a lost connection, and asks for what
is after its last sequence.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import random
import struct
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from pydantic_core import from_json

ACK_SECONDS = 10.0
CONNECT_SECONDS = 30.0
CONNECTING_AT_ONCE = 40


class Gone(Exception):
    """The connection was lost."""


class Socket(asyncio.Protocol):
    """One websocket with one Socket.IO namespace; no task and no timer waits for each frame, since the client shares
    the cores with what it measures.

    Args:
        namespace: `/` or `/visitor`.
        heard: called with (event, data) for each event.
        lost: called when the connection has ended.
    """

    def __init__(
        self, namespace: str, heard: Callable[[str, Any], None], lost: Callable[["Socket"], None]
    ) -> None:
        self.prefix = "" if namespace == "/" else namespace + ","
        self.heard, self.lost = heard, lost
        self.numbers = itertools.count(1)
        self.loop = asyncio.get_running_loop()
        self.waiting: dict[int, asyncio.Future[Any]] = {}
        self.upgraded: asyncio.Future[None] = self.loop.create_future()
        self.connected: asyncio.Future[None] = self.loop.create_future()
        self.buffer = b""

    async def open(self, port: int, auth: Any, cookie: str = "") -> None:
        self.transport, _ = await self.loop.create_connection(lambda: self, "127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
            "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
            *([f"Cookie: {cookie}"] if cookie else []), "", "",
        ]  # fmt: skip
        self.transport.write("\r\n".join(lines).encode())
        await asyncio.wait_for(asyncio.shield(self.upgraded), CONNECT_SECONDS)
        self.write(f"40{self.prefix}{json.dumps(auth)}")
        await asyncio.wait_for(asyncio.shield(self.connected), CONNECT_SECONDS)

    def write(self, text: str) -> None:
        data = text.encode()
        size = (
            bytes([0x80 | len(data)])
            if len(data) < 126
            else bytes([0x80 | 126]) + struct.pack("!H", len(data))
        )
        self.transport.write(b"\x81" + size + b"\0\0\0\0" + data)  # a mask of zeros changes nothing

    def close(self) -> None:
        """Give it up, also when it was never opened."""
        if hasattr(self, "transport"):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take every frame that is whole."""
        self.buffer += data
        if not self.upgraded.done():
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self.transport.abort()
                return
            self.upgraded.set_result(None)
            self.buffer = rest
        begin, size = 0, len(self.buffer)
        while size - begin >= 2:
            length, payload = self.buffer[begin + 1] & 0x7F, begin + 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                if size - payload < wide:
                    break
                length = int.from_bytes(self.buffer[payload : payload + wide], "big")
                payload += wide
            if size - payload < length:
                break
            if self.buffer[begin] & 0x0F == 8:
                self.transport.abort()
                return
            begin = payload + length
            self.take(self.buffer[payload:begin].decode())
        self.buffer = self.buffer[begin:]

    def take(self, text: str) -> None:
        """One packet."""
        kind, body = text[:2], text[2 + len(self.prefix) :]
        if text == "2":
            self.write("3")
        elif kind == "42":
            event, *data = from_json(body)
            self.heard(event, data[0] if data else None)
        elif kind == "43":
            number, _, answer = body.partition("[")
            future = self.waiting.pop(int(number), None)
            if future is not None and not future.done():
                future.set_result(from_json("[" + answer)[0])
        elif kind == "40" and not self.connected.done():
            self.connected.set_result(None)
        elif kind == "44":
            self.transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        """Nobody waits for it any more."""
        for future in [*self.waiting.values(), self.upgraded, self.connected]:
            if not future.done():
                future.set_exception(Gone())
                future.exception()  # nobody need have waited
        self.lost(self)

    async def ask(self, event: str, data: Any) -> Any:
        number = next(self.numbers)
        future = self.waiting[number] = self.loop.create_future()
        self.write(f"42{self.prefix}{number}{json.dumps([event, data])}")
        late = self.loop.call_later(ACK_SECONDS, self.give_up, number)
        try:
            return await future
        finally:
            late.cancel()

    def give_up(self, number: int) -> None:
        """No answer came."""
        future = self.waiting.pop(number, None)
        if future is not None and not future.done():
            future.set_exception(Gone("no answer"))


class Party:
    """A visitor or an agent: one page, its conversations, and what it was shown of them."""

    def __init__(self, load: "Load", number: int, spec: dict[str, Any]) -> None:
        self.load, self.number, self.spec = load, number, spec
        self.is_agent = "cookie" in spec
        self.namespace = "/" if self.is_agent else "/visitor"
        self.auth = {} if self.is_agent else {"site": "bench", "token": spec["token"]}
        self.last: dict[str, int] = dict.fromkeys(spec["conversations"], 0)
        self.shown: dict[str, set[int]] = defaultdict(set)
        self.port = number % len(load.ports)
        self.socket: Socket | None = None
        self.dice = random.Random(number + (100_000 if self.is_agent else 0))

    async def connect(self) -> Socket:
        """At this process, else at the next one; then ask for what was missed."""
        while True:
            socket = Socket(self.namespace, self.heard, self.lost)
            try:
                async with self.load.gate:
                    await socket.open(self.load.ports[self.port], self.auth, self.spec.get("cookie", ""))
                    if any(self.last.values()):
                        await self.catch_up(socket)
                self.socket = socket
                return socket
            except (OSError, Gone, TimeoutError):
                socket.close()
                self.port = (self.port + 1) % len(self.load.ports)
                await asyncio.sleep(0.2)

    async def come_back(self) -> None:
        """Be shown everything, on whichever connection."""
        while True:
            try:
                await self.catch_up(self.socket or await self.connect())
                return
            except (Gone, OSError):
                self.socket = None

    async def catch_up(self, socket: Socket, conversations: tuple[str, ...] = ()) -> None:
        for id_ in conversations or tuple(self.last):
            last = self.last[id_]
            if self.is_agent:
                answer = await socket.ask("talk-open", {"conversation_id": id_, "after": last})
            else:
                answer = await socket.ask("since", {"conversation_id": id_, "sequence": last})
            for message in answer.get("messages", ()):
                self.take(message)

    def lost(self, socket: Socket) -> None:
        if self.socket is socket:
            self.socket = None
            self.load.reconnected += 1

    def heard(self, event: str, data: Any) -> None:
        if event == "resync":
            self.ask_again(*self.last)
        elif event == "message":
            message = data["message"] if self.is_agent else data
            before = message["sequence"] - 1 if self.is_agent else message["after"]
            last = self.last.get(message["conversation_id"], 0)
            if before > last:  # something is missing in between
                self.ask_again(message["conversation_id"])
            self.take(message, live=True, keep_last=before > last)

    def ask_again(self, *conversations: str) -> None:
        if self.socket is not None and self.last:
            task = asyncio.create_task(self.try_catch_up(self.socket, conversations))
            TASKS.add(task)
            task.add_done_callback(TASKS.discard)

    async def try_catch_up(self, socket: Socket, conversations: tuple[str, ...]) -> None:
        await asyncio.sleep(self.dice.random())
        with contextlib.suppress(Gone, OSError):  # the next connection asks for everything
            await self.catch_up(socket, conversations)

    def take(self, message: dict[str, Any], *, live: bool = False, keep_last: bool = False) -> None:
        id_, sequence, client_id = message["conversation_id"], message["sequence"], message["client_id"]
        if live and sequence < self.last.get(id_, 0):
            self.load.late += 1
        if not keep_last:
            self.last[id_] = max(self.last.get(id_, 0), sequence)
        if (message["author"] == "agent") == self.is_agent or client_id not in self.load.sent_at:
            return
        if live and self.load.measuring and sequence not in self.shown[client_id]:
            self.load.delivered_ms.append((time.perf_counter() - self.load.sent_at[client_id]) * 1000)
        self.shown[client_id].add(sequence)

    async def talk(self, rate: float, end: float) -> None:
        """Write at this rate until the end; each message until it is acknowledged."""
        names = itertools.count()
        due = time.monotonic()
        while (due := due + self.dice.expovariate(rate)) < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            client_id = f"{self.namespace[1:] or 'agent'}-{self.number}-{next(names)}"
            conversation = self.dice.choice(self.spec["conversations"])
            self.load.sent_at[client_id] = time.perf_counter()
            await self.send(client_id, conversation)

    async def send(self, client_id: str, conversation: str) -> None:
        data = {"client_id": client_id, "text": f"message {client_id}"}
        event = "send"
        if self.is_agent:
            event, data = "say", data | {"conversation_id": conversation}
        while True:
            try:
                answer = await (self.socket or await self.connect()).ask(event, data)
            except (Gone, OSError):
                self.socket = None
                continue
            if answer["ok"]:
                break
            self.load.refused[answer["code"]] += 1
            await asyncio.sleep(0.2)
        if self.load.measuring:
            self.load.acked_ms.append((time.perf_counter() - self.load.sent_at[client_id]) * 1000)
        self.load.acknowledged.append(client_id)


class Load:
    """The whole measurement."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.ports: list[int] = plan["ports"]
        self.gate = asyncio.Semaphore(CONNECTING_AT_ONCE)
        self.acked_ms: list[float] = []
        self.delivered_ms: list[float] = []
        self.sent_at: dict[str, float] = {}
        self.acknowledged: list[str] = []
        self.refused: dict[str, int] = defaultdict(int)
        self.reconnected = self.late = 0
        self.measuring = True
        self.visitors = [Party(self, i, spec) for i, spec in enumerate(plan["visitors"])]
        self.agents = [Party(self, i, spec) for i, spec in enumerate(plan["agents"])]


TASKS: set[asyncio.Task[Any]] = set()


async def main(plan: dict[str, Any]) -> dict[str, Any]:
    """Connect everybody, measure, and tell the parent when it is time to kill a web process."""
    load = Load(plan)
    begun = time.monotonic()
    await asyncio.gather(*(party.connect() for party in [*load.agents, *load.visitors]))
    connect_seconds = time.monotonic() - begun
    print("connected", flush=True)
    end = time.monotonic() + plan["seconds"] + plan["after_kill_seconds"]
    half = plan["rate"] / 2
    talks = [asyncio.create_task(p.talk(half / len(load.visitors), end)) for p in load.visitors]
    talks += [asyncio.create_task(p.talk(half / len(load.agents), end)) for p in load.agents]
    await asyncio.sleep(plan["seconds"])
    load.measuring = False
    print("half", flush=True)
    await asyncio.gather(*talks)
    await asyncio.sleep(1)
    for party in [
        *load.agents,
        *load.visitors,
    ]:  # whoever only listens comes back too, and asks for what it missed
        await party.come_back()
    shown: dict[str, set[int]] = defaultdict(set)
    for party in [*load.agents, *load.visitors]:
        for client_id, sequences in party.shown.items():
            shown[client_id] |= sequences
    return {
        "acked_ms": load.acked_ms, "delivered_ms": load.delivered_ms, "acknowledged": load.acknowledged,
        "shown": {client_id: sorted(sequences) for client_id, sequences in shown.items()}, "late": load.late,
        "reconnected": load.reconnected, "refused": dict(load.refused), "connect_seconds": connect_seconds,
        "sent": len(load.sent_at),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.stdin.readline())))), flush=True)
