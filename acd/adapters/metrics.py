"""Prometheus figures, `/healthz` (the process works) and `/readyz` (it is the writer and takes calls)."""

import asyncio
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from acd.domain.engine import Decision
from acd.domain.inputs import Input
from acd.messages import MemberLeft, OfferEnded

REQUEST_SECONDS = 5.0


class Metrics:
    """The figures of one daemon, and the small server that shows them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.inputs = Counter("uckefu_acd_inputs", "Inputs by kind", ["kind"], registry=self.registry)
        self.anomalies = Counter("uckefu_acd_anomalies", "Inputs that did not fit", registry=self.registry)
        self.offers = Counter(
            "uckefu_acd_offers", "Offers that ended, by outcome", ["outcome"], registry=self.registry
        )
        self.members = Counter(
            "uckefu_acd_members", "Members who left, by result", ["result"], registry=self.registry
        )
        self.waiting = Gauge("uckefu_acd_waiting", "Members who wait", ["queue"], registry=self.registry)
        self.ready = Gauge(
            "uckefu_acd_agents_ready", "Agents who can be asked", ["queue"], registry=self.registry
        )
        self.writer = Gauge("uckefu_acd_writer", "1 when this process is the writer", registry=self.registry)
        self.redis_away = Gauge(
            "uckefu_acd_redis_away", "1 while Redis does not answer", registry=self.registry
        )
        self.backlog = Gauge(
            "uckefu_acd_backlog_records", "Records that wait for Redis", registry=self.registry
        )
        self.refresh: Callable[[], None] = lambda: None  # fills the gauges before they are shown
        self.is_ready: Callable[[], bool] = lambda: False
        self._server: asyncio.Server | None = None

    def count(self, event: Input, decision: Decision) -> None:
        """Count an input and its decision (a watcher of `Core`)."""
        self.inputs.labels(type(event).__name__).inc()
        self.anomalies.inc(len(decision.anomalies))
        for fact in decision.events:
            if isinstance(fact, OfferEnded):
                self.offers.labels(fact.outcome).inc()
            elif isinstance(fact, MemberLeft):
                self.members.labels(fact.result).inc()

    async def open(self, host: str, port: int) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._serve, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                line = (await reader.readline()).decode("latin-1").split(" ")
                while (await reader.readline()).strip():
                    pass
                writer.write(self._answer(line[1] if len(line) > 1 else ""))
                await writer.drain()
        except (TimeoutError, OSError, ValueError):
            pass  # whoever asked has gone, or sends no HTTP
        finally:
            writer.close()

    def _answer(self, path: str) -> bytes:
        status, kind, body = 200, "text/plain; charset=utf-8", b"ok\n"
        if path == "/metrics":
            self.refresh()
            kind, body = "text/plain; version=0.0.4; charset=utf-8", generate_latest(self.registry)
        elif path == "/readyz" and not self.is_ready():
            status, body = 503, b"standby\n"
        elif path not in ("/healthz", "/readyz"):
            status, body = 404, b"not found\n"
        head = f"HTTP/1.1 {status} {'OK' if status == 200 else 'No'}\r\nContent-Type: {kind}\r\n"
        return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
