"""`/metrics` (Prometheus) and `/healthz` of the switch, on a thread of their own.

`__main__` starts it on `switch_metrics_port`. From another machine `/metrics` needs the token of the secrets.
"""

import hmac
import ipaddress
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from softswitch.media import MediaEngineLost
from softswitch.switch import SoftSwitch

logger = structlog.get_logger(__name__)


class SwitchCollector(Collector):
    """Asks the switch at each scrape."""

    def __init__(self, switch: SoftSwitch) -> None:
        self._switch = switch

    def collect(self) -> Iterator[Metric]:
        """The families."""
        switch = self._switch
        legs = switch.channels()
        yield GaugeMetricFamily("switch_legs", "Live legs.", value=len(legs))
        bridged = sum(1 for leg in legs if leg.bridge is not None) // 2
        yield GaugeMetricFamily("switch_bridged_calls", "Pairs of legs that talk.", value=bridged)
        yield CounterMetricFamily("switch_calls", "INVITEs taken.", value=switch.calls_total)
        yield CounterMetricFamily("switch_legs_made", "Legs made, in and out.", value=switch.legs_total)
        yield GaugeMetricFamily("switch_registrations", "Live contacts.", value=len(switch.registrar.all()))
        yield from self._profiles()
        yield from self._media()

    def _profiles(self) -> Iterator[Metric]:
        rows: dict[str, Callable[[Any], int]] = {
            "sip_invites": lambda profile: profile.counters.invites,
            "sip_registers": lambda profile: profile.counters.registers,
            "sip_auth_failures": lambda profile: profile.counters.auth_failures,
            "sip_refused_sources": lambda profile: profile.counters.refused_sources,
            "sip_malformed": lambda profile: profile.transactions.malformed,
        }
        for name, read in rows.items():
            family = CounterMetricFamily(f"switch_{name}", f"{name} by profile.", labels=["profile"])
            for profile in self._switch.profiles.values():
                family.add_metric([profile.name], read(profile))
            yield family

    def _media(self) -> Iterator[Metric]:
        try:
            stats = self._switch.media.stats()
        except MediaEngineLost:
            yield GaugeMetricFamily("switch_media_up", "The media process serves.", value=0)
            return
        yield GaugeMetricFamily("switch_media_up", "The media process serves.", value=1)
        for name, value in stats.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield GaugeMetricFamily(f"switch_rtp_{name}", f"Media engine: {name}.", value=value)


class MetricsServer:
    """See the module's text."""

    def __init__(
        self, switch: SoftSwitch, host: str, port: int, token: str, healthy: Callable[[], bool]
    ) -> None:
        """Bind. Raises OSError when the port is taken."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(SwitchCollector(switch))
        self._server = ThreadingHTTPServer((host, port), _handler(registry, token, healthy))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    def start(self) -> None:
        """Serve."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


def _handler(
    registry: CollectorRegistry, token: str, healthy: Callable[[], bool]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/healthz":
                good = healthy()
                self._answer(200 if good else 503, b"ok\n" if good else b"media process lost\n", "text/plain")
            elif self.path == "/metrics" and self._may_read():
                self._answer(200, generate_latest(registry), "text/plain; version=0.0.4")
            elif self.path == "/metrics":
                self._answer(401, b"token needed\n", "text/plain")
            else:
                self._answer(404, b"not found\n", "text/plain")

        def _may_read(self) -> bool:
            if ipaddress.ip_address(self.client_address[0]).is_loopback:
                return True
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            return bool(token) and hmac.compare_digest(given.encode(), token.encode())

        def _answer(self, code: int, body: bytes, content_type: str) -> None:
            self.send_response(code)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            logger.debug("metrics request", line=format % args)

    return Handler
