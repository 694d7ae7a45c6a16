"""`python -m admin`: the web app as one process."""

from admin.server import patch, serve

mode = patch()

import signal  # noqa: E402 - everything below must come after the patch
import sys  # noqa: E402

from admin.app import create_app  # noqa: E402
from uckefu.log import configure_logging  # noqa: E402
from uckefu.settings import load_settings  # noqa: E402


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    configure_logging("admin")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = load_settings()
    app = create_app(settings, async_mode=mode)
    try:
        serve(app, settings.host, settings.web_port)
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
