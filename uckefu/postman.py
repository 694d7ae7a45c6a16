"""`python -m uckefu.postman`: the process that sends mail (`admin.mail.process`), until SIGTERM or Ctrl-C.

It loads the rest of the program only when there is a mail account: until then it is a small process that waits.
Any number may run beside each other, on any machine of the instance.
"""

import signal
import sys
import threading
from importlib import import_module
from types import FrameType

from uckefu.log import configure_logging
from uckefu.settings import load_settings

LOOK_SECONDS = 1.0


def main() -> int:
    """Run; returns the exit code."""
    configure_logging("mail")
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    settings = load_settings()
    while not settings.mail_file.exists():
        if stopping.wait(LOOK_SECONDS):
            return 0
    # Only now, and by name: it brings the whole web app with it.
    import_module("admin.mail.process").run(settings, stopping)
    return 0


if __name__ == "__main__":
    sys.exit(main())
