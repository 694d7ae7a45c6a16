"""`python -m uckefu.demo`: simulated people for a running UCKeFu; `make demo` starts both.

Agents 1001 and 1002 (real SIP phones and real logins), callers from the gateway's side, web visitors over HTTP. It
knows the instance as every process does (UCKEFU_INSTANCE …) and ends on SIGTERM or SIGINT.
"""

import argparse
import signal
import sys
import threading

import structlog

from uckefu.demo.office import Office
from uckefu.demo.options import add_options
from uckefu.log import configure_logging
from uckefu.settings import load_settings

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Wait until everything serves, then simulate until the end is asked for."""
    parser = argparse.ArgumentParser(prog="python -m uckefu.demo", description=__doc__.splitlines()[0])
    add_options(parser)
    options = parser.parse_args(arguments)
    configure_logging("demo")
    settings = load_settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    while not (settings.instance / "run" / "ready").exists():
        if stop.wait(LOOK_SECONDS):
            return 0
    log.info("demo_begins", seed=options.seed, calls_per_minute=options.calls_per_minute)
    Office(settings, seed=options.seed, calls_per_minute=options.calls_per_minute).run(stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
