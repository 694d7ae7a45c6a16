"""Packets of the loopback with the kernel's own time stamps: one clock for everything that a bench times.

Needs root (CAP_NET_RAW). A classic BPF program lets only the asked ports through, so that RTP costs nothing.
"""

import ctypes
import socket
import struct
import threading
from dataclasses import dataclass

ETH_P_ALL, PACKET_OUTGOING = 0x0003, 4
SO_TIMESTAMPNS, SO_RCVBUFFORCE, SO_ATTACH_FILTER = 35, 33, 26
ETHERNET, LARGEST = 14, 65_536


@dataclass(frozen=True)
class Packet:
    """One packet; `seconds` since the epoch. `first` is a TCP connection's SYN."""

    seconds: float
    is_tcp: bool
    source: int
    target: int
    first: bool
    payload: bytes


def _program(ports: list[int]) -> list[tuple[int, int, int, int]]:
    """IPv4 without options and with one of `ports` as source or target; everything else is dropped in the kernel."""
    count = len(ports)
    code = [
        (0x28, 0, 0, 12),
        (0x15, 0, 2 * count + 3, 0x0800),
    ]  # EtherType; the jump counts from the next line
    for offset in (34, 36):  # source port, target port
        code.append((0x28, 0, 0, offset))
        for n, port in enumerate(ports):
            to_accept = (count - n - 1) + (1 + count if offset == 34 else 0) + 1
            code.append((0x15, to_accept, 0, port))
    return [*code, (0x06, 0, 0, 0), (0x06, 0, 0, LARGEST)]


class Capture:
    """Collects packets in a thread of its own while the `with` block lasts.

    Args:
        ports: source or target ports to keep.

    Raises:
        PermissionError: not root.
    """

    def __init__(self, ports: list[int]) -> None:
        self.packets: list[Packet] = []
        self._ports = ports
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._collect, name="capture", daemon=True)

    def __enter__(self) -> "Capture":
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        code = b"".join(struct.pack("HBBI", *line) for line in _program(self._ports))
        kept = ctypes.create_string_buffer(code, len(code))
        program = struct.pack("HL", len(code) // 8, ctypes.addressof(kept))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind(("lo", 0))
        self._socket.settimeout(0.2)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self._socket.close()

    def _collect(self) -> None:
        while not self._ending.is_set():
            try:
                data, ancillary, _flags, address = self._socket.recvmsg(LARGEST, 64)
            except TimeoutError:
                continue
            if address[2] != PACKET_OUTGOING:  # each packet of the loopback is seen going and coming
                continue
            stamp = next(item[2] for item in ancillary if item[1] == SO_TIMESTAMPNS)
            seconds, nanoseconds = struct.unpack("qq", stamp)
            if packet := parse(seconds + nanoseconds / 1e9, data):
                self.packets.append(packet)


def parse(seconds: float, frame: bytes) -> Packet | None:
    """The packet in an Ethernet frame; None for what is neither TCP nor UDP over IPv4."""
    ip = frame[ETHERNET:]
    header, protocol = (ip[0] & 15) * 4, ip[9]
    source, target = struct.unpack_from("!HH", ip, header)
    if protocol == socket.IPPROTO_UDP:
        return Packet(seconds, False, source, target, False, ip[header + 8 :])
    if protocol == socket.IPPROTO_TCP:
        offset, flags = ip[header + 12] >> 4, ip[header + 13]
        return Packet(seconds, True, source, target, flags & 0x12 == 0x02, ip[header + offset * 4 :])
    return None
