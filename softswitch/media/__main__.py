"""`python -m softswitch.media`: the media process. Only `MediaClient` starts it, with its end of a socket pair."""

import argparse
from multiprocessing.connection import Connection

from softswitch.media.loop import MediaLoop


def main() -> None:
    """Serve until the pipe ends."""
    parser = argparse.ArgumentParser(prog="python -m softswitch.media", description=__doc__)
    parser.add_argument("--descriptor", type=int, required=True, help="this end of the pipe to the switch")
    parser.add_argument("--host", required=True, help="address that RTP is received at")
    parser.add_argument("--first-port", type=int, required=True)
    parser.add_argument("--last-port", type=int, required=True)
    parser.add_argument("--rtp-timeout-seconds", type=float, required=True)
    options = parser.parse_args()
    ports = range(options.first_port + options.first_port % 2, options.last_port + 1, 2)
    MediaLoop(Connection(options.descriptor), options.host, ports, options.rtp_timeout_seconds).run()


if __name__ == "__main__":
    main()
