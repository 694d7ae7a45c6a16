"""The test as a controller: it listens where the dialplan's `socket` application connects, as our ACD does."""

import queue

from esl.aio import OutboundCall, OutboundServer, serve
from esl.event import Event
from tests.conformance.journal import SECONDS, Events, Loop


class Held(Events):
    """A call in the test's hands, with the events that came over its own socket."""

    def __init__(self, loop: Loop, call: OutboundCall) -> None:
        super().__init__()
        self._loop, self.call, self.uuid = loop, call, call.uuid

    def execute(self, app: str, arg: str = "", *, event_uuid: str | None = None) -> None:
        """Queue an application."""
        self._loop.run(self.call.execute(self.uuid, app, arg, event_uuid=event_uuid))

    def run(self, app: str, arg: str = "", seconds: float = SECONDS) -> Event:
        """Run an application and return its CHANNEL_EXECUTE_COMPLETE."""
        return self._loop.run(self.call.execute_and_wait(app, arg, timeout_seconds=seconds))

    def api(self, line: str) -> str:
        """An API command over this socket."""
        return self._loop.run(self.call.api(line))

    def set(self, **variables: str) -> None:
        """Set channel variables."""
        for name, value in variables.items():
            assert self.api(f"uuid_setvar {self.uuid} {name} {value}").startswith("+OK")

    def break_and_bridge(self, dial_string: str, event_uuid: str) -> None:
        """As our ACD offers a call: break the music off and bridge in the same breath."""

        async def both() -> None:
            import asyncio

            stopping = asyncio.create_task(self.call.api(f"uuid_break {self.uuid} all"))
            await asyncio.gather(
                stopping, self.call.execute(self.uuid, "bridge", dial_string, event_uuid=event_uuid)
            )

        self._loop.run(both())

    def completed(self, app: str, event_uuid: str = "", seconds: float = SECONDS) -> Event:
        """Wait for the end of an application."""
        return self.wait(
            "CHANNEL_EXECUTE_COMPLETE",
            self.uuid,
            lambda e: e.get("Application") == app and event_uuid in ("", e.get("Application-UUID")),
            seconds=seconds,
        )

    def die(self) -> None:
        """The connection is gone, as when the controller was killed."""
        self._loop.run(self.call.close())


class Desk:
    """Where calls arrive."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._arrived: queue.SimpleQueue[Held] = queue.SimpleQueue()
        self._held: list[Held] = []
        self._server: OutboundServer | None = None
        self._port = 0

    def open(self, port: int) -> None:
        """Listen."""
        self._port = port
        self._server = self._loop.run(serve(self._handle, "127.0.0.1", port))

    def close(self) -> None:
        """Stop listening; a `socket` application is refused from now on."""
        if self._server is not None:
            self._loop.run(self._server.close())
            self._server = None

    def reopen(self) -> None:
        """Listen again where it did before."""
        if self._server is None:
            self.open(self._port)

    async def _handle(self, call: OutboundCall) -> None:
        held = Held(self._loop, call)
        await call.linger(5)
        await call.my_events()
        self._arrived.put(held)
        async for event in call.events():
            held.add(event)

    def take(self, seconds: float = SECONDS) -> Held:
        """The next call. Raises queue.Empty."""
        held = self._arrived.get(timeout=seconds)
        self._held.append(held)
        return held

    def end(self) -> None:
        """After a test: let every call go (FreeSWITCH keeps a dead one in its lists while its socket lingers)."""
        self.reopen()
        while not self._arrived.empty():
            self._held.append(self._arrived.get_nowait())
        for held in self._held:
            held.die()
        self._held.clear()
