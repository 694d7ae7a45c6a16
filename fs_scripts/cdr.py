"""After a hangup: `api_reporting_hook=python fs_scripts.cdr` writes the leg's CDR to the spool; `acd.history` loads it.

The switch calls `fsapi` once a channel, on that channel's own thread, also when the caller has hung up. The switch
reloads this file at every hangup; the work is in `reporting`, which it keeps.
"""

from fs_scripts.reporting import report
from fs_scripts.switch import SwitchEvent, SwitchStream


def fsapi(session: object, stream: SwitchStream, env: SwitchEvent, args: str) -> None:
    """Write one leg.

    Args:
        session: unused; FreeSWITCH gives the text "na" here.
        stream: gets `+OK`, or `-ERR` when the record is in the log only.
        env: the channel's data, about 20 kB of headers.
        args: unused.
    """
    report(stream, env)
