"""What runs outside: event socket controllers and Python scripts."""

import structlog

from softswitch import session
from softswitch.applications import Application
from softswitch.channel import Leg

logger = structlog.get_logger("softswitch.dialplan")


def socket(leg: Leg, argument: str) -> None:
    """socket HOST:PORT [async] [full]: hand the call to a controller until it leaves."""
    if leg.switch.run_socket is None:
        logger.error("socket: no event socket here", call_uuid=leg.uuid)
        return
    leg.switch.run_socket(leg, argument)


def python(leg: Leg, argument: str) -> None:
    """python MODULE[::FUNCTION] [ARGUMENTS]: run its handler on this thread."""
    session.run_handler(leg, argument)


APPLICATIONS = {"socket": Application(socket), "python": Application(python)}
