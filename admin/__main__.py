"""`python -m admin`: the web app as one process."""

from admin.server import end_when_told, patch, serve

mode = patch()

from admin.app import create_app  # noqa: E402 - everything below must come after the patch
from uckefu.log import configure_logging  # noqa: E402
from uckefu.settings import load_settings  # noqa: E402


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    configure_logging("admin")
    end_when_told()
    settings = load_settings()
    serve(create_app(settings, async_mode=mode), settings.host, settings.web_port)


if __name__ == "__main__":
    main()
