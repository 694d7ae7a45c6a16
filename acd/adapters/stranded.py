"""Callers whom the switch keeps in `socket` with nobody at its other end. `esl_client` looks for them and fetches them.

Seen on FreeSWITCH 1.10.12: when the connection ends before `connect` was said on it (its ACD was killed with the caller
in the kernel's queue), the application logs "Socket Error!" and waits for ever; the caller hears silence. No ACD has
ever heard of that caller, so only the switch's own list shows it.
"""

from collections.abc import Callable, Iterable, Mapping


class Stranded:
    """Compares the switch's channels with the calls that are in our hands.

    Args:
        addresses: `host:port` of the ACDs, as the dialplan names them.
        is_attended: whether we hold this channel's socket.
    """

    def __init__(self, addresses: Iterable[str], is_attended: Callable[[str], bool]) -> None:
        self._addresses, self._is_attended = frozenset(addresses), is_attended
        self._suspects: frozenset[str] = frozenset()

    def look(self, rows: Iterable[Mapping[str, str]]) -> list[str]:
        """Take the rows of `show channels`; the channels that were alone last time, too. Each is named once."""
        alone = frozenset(row["uuid"] for row in rows if row.get("uuid") and self._is_alone(row))
        found = sorted(alone & self._suspects)
        self._suspects = alone - frozenset(found)
        return found

    def _is_alone(self, row: Mapping[str, str]) -> bool:
        address = (row.get("application_data") or "").partition(" ")[0]
        is_ours = row.get("application") == "socket" and address in self._addresses
        return is_ours and not self._is_attended(row["uuid"])
