"""Where the phones are (RFC 3261 section 10.3): contacts by user and domain, with expiry.

`sip.profile` writes them on the main thread; `originate` and `commands` read them from any thread. Each change is a
CUSTOM event `sofia::register`, `sofia::unregister` or `sofia::expire` with FreeSWITCH's headers.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from softswitch.events import Event, host_name, new_event

MOST_CONTACTS = 10  # a user, where the profile says `multiple-registrations`; else one: the newest
LONGEST_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Registration:
    """One contact of a user."""

    user: str
    realm: str
    call_id: str
    uri: str  # of the Contact, without brackets
    network: tuple[str, int]  # where the REGISTER came from
    expires_at: float  # epoch seconds
    user_agent: str = ""
    profile: str = "internal"
    registered_at: float = field(default=0.0, compare=False)

    @property
    def dial_string(self) -> str:
        """What `sofia_contact` gives."""
        return f"sofia/{self.profile}/{self.uri if self.uri.startswith('sip:') else 'sip:' + self.uri}"

    def row(self) -> dict[str, str]:
        """Its row in `show registrations`."""
        return {
            "reg_user": self.user,
            "realm": self.realm,
            "token": self.call_id,
            "url": self.dial_string,
            "expires": str(int(self.expires_at)),
            "network_ip": self.network[0],
            "network_port": str(self.network[1]),
            "network_proto": "udp",
            "hostname": host_name(),
            "metadata": "",
            "user_agent": self.user_agent,
            "profile": self.profile,
        }


class Registrar:
    """See the module's text."""

    def __init__(self, publish: Callable[[Event], None], now: Callable[[], float] = time.time) -> None:
        self._publish = publish
        self._now = now
        self._lock = threading.Lock()
        self._contacts: dict[tuple[str, str], list[Registration]] = {}

    def register(self, registration: Registration, *, several: bool = False) -> None:
        """Add a contact or refresh it; the same phone (Call-ID or URI) never has two."""
        key = (registration.user, registration.realm)
        with self._lock:
            known = self._contacts.setdefault(key, [])
            known[:] = [
                each
                for each in known
                if each.uri != registration.uri and each.call_id != registration.call_id
            ]
            known.append(registration)
            del known[
                : -(MOST_CONTACTS if several else 1)
            ]  # in silence, as FreeSWITCH: the user stays registered
        self._tell("sofia::register", registration)

    def unregister(self, user: str, realm: str, uri: str | None) -> None:
        """Remove one contact, or all (`Contact: *`)."""
        with self._lock:
            known = self._contacts.get((user, realm), [])
            gone = [each for each in known if uri is None or each.uri == uri]
            left = [each for each in known if each not in gone]
            if left:
                self._contacts[user, realm] = left
            else:
                self._contacts.pop((user, realm), None)
        for each in gone:
            self._tell("sofia::unregister", each)

    def expire(self) -> None:
        """Remove the contacts whose time is over; called every second."""
        now = self._now()
        with self._lock:
            gone = [each for known in self._contacts.values() for each in known if each.expires_at <= now]
            for each in gone:
                key = (each.user, each.realm)
                self._contacts[key].remove(each)
                if not self._contacts[key]:
                    del self._contacts[key]
        for each in gone:
            self._tell("sofia::expire", each)

    def contacts(self, user: str, realm: str = "") -> Sequence[Registration]:
        """The live contacts of a user, newest first; any realm when it is ''."""
        now = self._now()
        with self._lock:
            found = [
                each
                for (name, domain), known in self._contacts.items()
                if name == user and realm in ("", domain)
                for each in known
                if each.expires_at > now
            ]
        return found[::-1]

    def all(self) -> Sequence[Registration]:
        """Every live contact."""
        with self._lock:
            return [each for known in self._contacts.values() for each in known]

    def _tell(self, subclass: str, registration: Registration) -> None:
        event = new_event("CUSTOM", subclass=subclass)
        contact = f'"" <{registration.uri}>'
        common = {
            "profile-name": registration.profile,
            "contact": contact,
            "call-id": registration.call_id,
            "username": registration.user,
            "realm": registration.realm,
            "network-ip": registration.network[0],
            "network-port": str(registration.network[1]),
            "user-agent": registration.user_agent,
            "rpid": "unknown",
        }
        if subclass == "sofia::expire":
            extra = {
                "user": registration.user,
                "host": registration.realm,
                "expires": str(int(registration.expires_at)),
            }
        else:
            seconds = 0 if subclass == "sofia::unregister" else round(registration.expires_at - self._now())
            extra = {
                "from-user": registration.user,
                "from-host": registration.realm,
                "to-user": registration.user,
                "to-host": registration.realm,
                "status": "Registered(UDP)",
                "expires": str(seconds),
                "presence-hosts": "n/a",
            }
        event.headers.update(common | extra)
        self._publish(event)
