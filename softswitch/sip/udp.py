"""The UDP socket under a profile, in the place of sippy's own.

sippy's server starts six threads a port and shares the port (SO_REUSEPORT), so a second switch would bind it without
a word; it also can't see ICMP errors, so a phone that has gone is found out after seconds. This one has one thread,
owns its port, and reports "connection refused" as FreeSWITCH does (transcript 12: 503 at once).
"""

import errno
import ipaddress
import select
import socket
import threading
from collections.abc import Callable
from typing import Any

import structlog
from sippy.Core.EventDispatcher import ED2
from sippy.Network_server import Network_server, Network_server_opts, Remote_address
from sippy.Time.MonoTime import MonoTime

IP_RECVERR = 11  # linux/in.h
logger = structlog.get_logger(__name__)


class UdpOptions(Network_server_opts):  # type: ignore[misc]
    """What sippy's transaction manager passes to a server."""

    flags = 0
    family = socket.AF_INET
    on_refused: Callable[[bytes, tuple[str, int]], None] | None = None

    def __init__(self, *args: Any, o: Any = None) -> None:
        super().__init__(*args, o=o)


class UdpServer(Network_server):  # type: ignore[misc]
    """One bound socket; reads on its own thread, hands over on the main thread, sends on the main thread."""

    transport = "udp"

    def __init__(self, global_config: dict[str, Any], options: UdpOptions) -> None:
        super().__init__(options)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(self.uopts.laddress)
        self.uopts.laddress = self._socket.getsockname()
        self._socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        self._refused = global_config.get("_on_refused")
        self._stop_reader, self._stop_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._read, name=f"sip-{self.uopts.laddress[1]}", daemon=True)
        self._thread.start()

    def send_to(self, data: bytes | str, address: tuple[str, int], delayed: bool = False) -> None:
        """Send a datagram. A name is looked up on a thread of its own: the main loop must not wait for DNS."""
        del delayed
        payload = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
        host, port = address[0], int(address[1])
        if _is_address(host):
            self._send(payload, (host, port))
        else:
            threading.Thread(target=self._resolve_and_send, args=(payload, host, port), daemon=True).start()

    def _resolve_and_send(self, payload: bytes, host: str, port: int) -> None:
        try:
            found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)
        except OSError as error:
            logger.warning("host not found", host=host, error=str(error))
            return
        self._send(payload, (found[0][4][0], port))  # type: ignore[arg-type]

    def _send(self, payload: bytes, address: tuple[str, int]) -> None:
        for _ in range(3):  # with IP_RECVERR a send reports the error of an earlier one, and is not done
            try:
                self._socket.sendto(payload, address)
            except OSError as error:
                if error.errno == errno.EBADF:
                    return
                if error.errno not in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH):
                    logger.warning("SIP send failed", error=str(error), to=f"{address[0]}:{address[1]}")
                    return
            else:
                return

    def _read(self) -> None:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | select.POLLERR)
        poll.register(self._stop_reader, select.POLLIN)
        while True:
            for descriptor, events in poll.poll():
                if descriptor == self._stop_reader.fileno():
                    return
                if events & select.POLLERR:
                    self._read_errors()
                if events & select.POLLIN:
                    self._read_datagram()

    def _read_datagram(self) -> None:
        try:
            data, address = self._socket.recvfrom(65535, socket.MSG_DONTWAIT)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH):
                logger.warning("SIP receive failed", error=str(error))
            return
        if data:
            ED2.callFromThread(self.handle_read, data, Remote_address(address, "udp"), MonoTime())

    def _read_errors(self) -> None:
        while True:
            try:
                data, _, _, address = self._socket.recvmsg(
                    65535, 1024, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT
                )
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.ECONNREFUSED):
                    logger.warning("SIP error queue unreadable", error=str(error))
                return
            if self._refused is not None:
                ED2.callFromThread(self._refused, data, address)

    def shutdown(self) -> None:
        """Close the socket and end the thread."""
        self._stop_writer.send(b"x")
        self._thread.join(2)
        self.uopts.data_callback = None
        for each in (self._socket, self._stop_reader, self._stop_writer):
            each.close()

    def join(self) -> None:
        """The thread has ended with `shutdown`."""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
