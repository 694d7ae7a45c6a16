"""`python -m tests.bench.desktops REDIS_URL COUNT`: so many subscribers of every event of the ACD, until it is killed.

`crowd` starts it. Each is a connection of its own and throws away what it reads.
"""

import selectors
import socket
import sys

from acd.contract import EVENTS_CHANNEL


def main(url: str, count: int) -> None:
    """Listen for ever."""
    selector = selectors.DefaultSelector()
    name = EVENTS_CHANNEL.encode()
    for _ in range(count):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.connect(url.removeprefix("unix://"))
        listener.sendall(b"*2\r\n$9\r\nSUBSCRIBE\r\n$%d\r\n%s\r\n" % (len(name), name))
        selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if not key.fileobj.recv(65536):  # type: ignore[union-attr]
                return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
