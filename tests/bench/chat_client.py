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
from typing import Any

ACK_SECONDS = 10.0
CONNECTING_AT_ONCE = 40


class Gone(Exception):
    """The connection was lost."""


class Socket:
    """One websocket with one Socket.IO namespace."""

    def __init__(self, namespace: str) -> None:
        self.prefix = "" if namespace == "/" else namespace + ","
        self.numbers = itertools.count(1)
        self.waiting: dict[int, asyncio.Future[Any]] = {}
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self, port: int, auth: Any, cookie: str = "") -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
            "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
            *([f"Cookie: {cookie}"] if cookie else []), "", "",
        ]  # fmt: skip
        self.writer.write("\r\n".join(lines).encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            raise Gone(head[:80])
        self.write(f"40{self.prefix}{json.dumps(auth)}")

    def write(self, text: str) -> None:
        data = text.encode()
        size = (
            bytes([0x80 | len(data)])
            if len(data) < 126
            else bytes([0x80 | 126]) + struct.pack("!H", len(data))
        )
        self.writer.write(b"\x81" + size + b"\0\0\0\0" + data)  # a mask of zeros changes nothing

    async def read(self) -> str:
        try:
            first, second = await self.reader.readexactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            data = await self.reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Gone from error
        if first & 0x0F == 8:
            raise Gone("closed")
        return data.decode()

    async def run(self, heard: Any) -> None:
        """Read until the connection is lost; `heard(event, data)` for each event."""
        try:
            while True:
                text = await self.read()
                if text == "2":
                    self.write("3")
                elif text.startswith("40" + self.prefix) and not self.connected.done():
                    self.connected.set_result(None)
                elif text.startswith("44"):
                    raise Gone(text)
                elif text.startswith("42"):
                    event, *data = json.loads(text[2 + len(self.prefix) :])
                    heard(event, data[0] if data else None)
                elif text.startswith("43"):
                    number, _, body = text[2 + len(self.prefix) :].partition("[")
                    future = self.waiting.pop(int(number), None)
                    if future is not None and not future.done():
                        future.set_result(json.loads("[" + body)[0])
        finally:
            for future in [*self.waiting.values(), self.connected]:
                if not future.done():
                    future.set_exception(Gone())
            self.writer.close()

    async def ask(self, event: str, data: Any) -> Any:
        number = next(self.numbers)
        future = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        self.write(f"42{self.prefix}{number}{json.dumps([event, data])}")
        try:
            return await asyncio.wait_for(future, ACK_SECONDS)
        except TimeoutError as error:
            self.waiting.pop(number, None)
            raise Gone("no answer") from error


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
            socket = Socket(self.namespace)
            try:
                async with self.load.gate:
                    await socket.open(self.load.ports[self.port], self.auth, self.spec.get("cookie", ""))
                    task = asyncio.create_task(self.listen(socket))
                    TASKS.add(task)
                    task.add_done_callback(TASKS.discard)
                    await asyncio.wait_for(asyncio.shield(socket.connected), 30)
                    if any(self.last.values()):
                        await self.catch_up(socket)
                self.socket = socket
                return socket
            except (OSError, Gone, TimeoutError, asyncio.IncompleteReadError):
                self.port = (self.port + 1) % len(self.load.ports)
                await asyncio.sleep(0.2)

    async def catch_up(self, socket: Socket, conversations: tuple[str, ...] = ()) -> None:
        for id_ in conversations or tuple(self.last):
            last = self.last[id_]
            if self.is_agent:
                answer = await socket.ask("talk-open", {"conversation_id": id_, "after": last})
            else:
                answer = await socket.ask("since", {"conversation_id": id_, "sequence": last})
            for message in answer.get("messages", ()):
                self.take(message)

    async def listen(self, socket: Socket) -> None:
        try:
            await socket.run(self.heard)
        except Gone:
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
        socket = party.socket or await party.connect()
        await party.catch_up(socket)
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
