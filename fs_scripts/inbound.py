"""A call arrives: `<action application="python" data="fs_scripts.inbound"/>` in `dialplan/10_inbound.xml`.

With `fs_scripts.inbound after` a caller comes back after the agent has hung up, to the flow that the channel variable
`uckefu_after` names (a survey). With `fs_scripts.inbound overflow` it comes from a queue's limit, to the flow that
`uckefu_overflow_flow` names.

The switch reloads this file at every call; the work is in `reception`, which it keeps.
"""

from fs_scripts.reception import receive
from ivr.adapters.mod_python import FreeSwitchSession


def handler(session: FreeSwitchSession, args: str) -> None:
    """Take one caller through the flow of the number that was dialled.

    Args:
        session: the caller's channel.
        args: "", `after` or `overflow`.
    """
    try:
        receive(session, after_talk=args.strip() == "after", overflow=args.strip() == "overflow")
    finally:
        # FreeSWITCH's object holds its channel's lock until it is freed. Whatever still refers to it (a traceback, a
        # cycle) would keep the channel in the switch after the hangup.
        session.destroy()
