"""A call arrives: `<action application="python" data="fs_scripts.inbound"/>` in `dialplan/10_inbound.xml`.

The switch reloads this file at every call; the work is in `reception`, which it keeps.
"""

from fs_scripts.reception import receive
from ivr.adapters.mod_python import FreeSwitchSession


def handler(session: FreeSwitchSession, args: str) -> None:
    """Take one caller through the flow of the number that was dialled.

    Args:
        session: the caller's channel.
        args: unused.
    """
    receive(session)
