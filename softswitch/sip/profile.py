"""A sofia profile: one UDP port, who may call in on it, and what becomes of each request outside a dialog.

`switch` makes one for each profile of the configuration: `internal` for phones (digest authentication), `external` for
gateways (allowed by address). Main thread only; directory look-ups run on workers and come back.
"""

import ipaddress
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import structlog
from sippy.SipHeader import SipHeader
from sippy.SipTransactionManager import RINGING, TRYING

from softswitch.audio import Preferences
from softswitch.sip import sdp
from softswitch.sip.dialog import ALLOWED, Dialog
from softswitch.sip.digest import Authenticator, Failures
from softswitch.sip.directory import Directory, DirectoryUnavailable, User
from softswitch.sip.registrar import LONGEST_SECONDS, Registrar, Registration
from softswitch.sip.stack import LogLimit, Timeout, Transactions, in_loop, loop_after

LONGEST_RINGING_SECONDS = 3600  # sippy gives an INVITE that is not answered 300 s (trap 11)
MOST_WAITING = 1000  # answers that are delayed for guessers, at most
logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Counters:
    """For the metrics."""

    invites: int = 0
    registers: int = 0
    auth_failures: int = 0
    refused_sources: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """An INVITE that may come in."""

    profile: "SipProfile"
    dialog: Dialog
    request: Any
    source: tuple[str, int]
    user: User | None  # who authenticated; None on a profile that trusts addresses


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """What a profile needs of its configuration."""

    name: str
    host: str
    port: int
    context: str
    realm: str
    authenticates: bool
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    preferences: Preferences = field(default_factory=lambda: Preferences("127.0.0.1"))
    forced_expires: int = 0  # sip-force-expires: the registration time of every phone
    nonce_seconds: int = 120  # nonce-ttl
    hold_music: str = "local_stream://moh"  # hold-music
    allows_transfer: bool = True  # disable-transfer
    several_contacts: bool = False  # multiple-registrations


class SipProfile:
    """See the module's text."""

    def __init__(
        self,
        settings: ProfileSettings,
        directory: Directory,
        registrar: Registrar,
        workers: ThreadPoolExecutor,
        on_call: Callable[[Arrival], str | None],
    ) -> None:
        """`on_call` takes a call, or returns why not ("503 Maximum Calls In Progress")."""
        self.settings = settings
        self.counters = Counters()
        self.failures = Failures()
        self.accepting = True
        self._directory = directory
        self._registrar = registrar
        self._workers = workers
        self._on_call = on_call
        self._authenticator = Authenticator(settings.realm, settings.nonce_seconds)
        self._limit = LogLimit()
        self._waiting = 0
        self.transactions = Transactions(settings.host, settings.port, self._on_request)

    @property
    def name(self) -> str:
        """internal, external..."""
        return self.settings.name

    @property
    def port(self) -> int:
        """The bound port."""
        return self.transactions.port

    def close(self) -> None:
        """Give the port back."""
        self.transactions.shutdown()

    # --- requests outside a dialog

    def _on_request(self, request: Any, transaction: Any) -> Any:
        try:
            return self._dispatch(request, transaction)
        except Exception:
            # sippy parses headers when they are read: what fails here is the sender's message.
            if self._limit.allows():
                logger.warning("request not understood", profile=self.name, exc_info=True)
            return request.genResponse(400, "Bad Request"), None, None

    def _dispatch(self, request: Any, transaction: Any) -> Any:
        method = request.getMethod()
        for name in ("from", "to", "call-id", "cseq"):
            request.getHFBody(name)
        if request.getHFBody("to").getTag() is not None:
            return request.genResponse(481, "Call/Transaction Does Not Exist"), None, None
        if method == "OPTIONS":
            response = request.genResponse(200, "OK")
            response.appendHeader(SipHeader(name="allow", bodys=ALLOWED))
            response.appendHeader(SipHeader(name="accept", bodys="application/sdp"))
            return response, None, None
        if method == "REGISTER" and self.settings.authenticates:
            return self._authenticate(request, transaction, self._register, 401)
        if method == "INVITE":
            return self._invite(request, transaction)
        if method == "NOTIFY":
            return request.genResponse(200, "OK"), None, None
        response = request.genResponse(405, "Method Not Allowed")  # MESSAGE and SUBSCRIBE among them
        response.appendHeader(SipHeader(name="allow", bodys=ALLOWED))
        return response, None, None

    def _invite(self, request: Any, transaction: Any) -> Any:
        if request.countHFs("contact") != 1 or request.getHFBody("contact").asterisk:
            return request.genResponse(400, "Missing Contact"), None, None  # sippy would drop it (trap 13)
        if not self.accepting:
            return _unavailable(request), None, None
        if self.settings.authenticates:
            return self._authenticate(request, transaction, self._accept, 407)
        if not self._is_trusted(request.getSource()[0]):
            self.counters.refused_sources += 1
            if self._limit.allows():
                logger.warning("INVITE from an address that is no trunk", source=request.getSource()[0])
            return request.genResponse(403, "Forbidden"), None, None
        return self._accept(request, transaction, None)

    def _is_trusted(self, host: str) -> bool:
        address = ipaddress.ip_address(host)
        return any(address in network for network in self.settings.networks)

    def _accept(self, request: Any, transaction: Any, user: User | None) -> Any:
        self.counters.invites += 1
        if transaction.teE is not None and request.countHFs("expires") == 0:
            transaction.teE.cancel()
            transaction.teE = Timeout(self.transactions.timerE, LONGEST_RINGING_SECONDS, 1, transaction)
        request.delHFs("authorization")
        request.delHFs("proxy-authorization")
        dialog = Dialog(self.transactions, self.settings.host)
        refusal: list[str] = []

        def on_try(_event: Any) -> None:
            said = self._on_call(Arrival(self, dialog, request, request.getSource(), user))
            if said is not None:
                refusal.append(said)

        dialog.on_try = on_try
        answer = dialog.receive(request, transaction)
        if refusal:
            code, _, phrase = refusal[0].partition(" ")
            dialog.refuse(int(code), phrase, "NORMAL_CIRCUIT_CONGESTION")
        return answer

    # --- authentication

    def _authenticate(
        self,
        request: Any,
        transaction: Any,
        then: Callable[[Any, Any, User | None], Any],
        challenge_code: int,
    ) -> Any:
        name = "authorization" if challenge_code == 401 else "proxy-authorization"
        header = next((each for each in request.headers if each.name == name), None)
        user = request.getHFBody("from" if challenge_code == 407 else "to").getUrl().username or ""
        source = request.getSource()[0]
        if header is None:
            return self._challenge(request, challenge_code), None, None
        if transaction.teE is None:  # sippy forgets a transaction that is not answered at once
            transaction.teE = Timeout(self.transactions.timerE, 32, 1, transaction)
        value = str(header.body)
        details = {
            "action": "sip_auth",
            "sip_profile": self.name,
            "sip_auth_username": user,
            "sip_auth_realm": self.settings.realm,
            "sip_auth_method": request.getMethod(),
            "ip": source,
        }
        work = self._workers.submit(self._judge, value, request.getMethod(), user, details)

        def judged(future: Any) -> None:
            in_loop(self._conclude, future, request, transaction, then, challenge_code, user, source)

        work.add_done_callback(judged)
        return None

    def _judge(self, value: str, method: str, user: str, details: dict[str, str]) -> tuple[Any, User | None]:
        """On a worker: the same look-up and the same arithmetic whether the user exists or not."""
        found: list[User] = []

        def find_ha1(name: str) -> str | None:
            record = self._directory.find(name, self.settings.realm, details)
            if record is not None:
                found.append(record)
                return record.ha1
            return None

        verdict = self._authenticator.check(value, method, find_ha1, user)
        return verdict, found[0] if found else None

    def _conclude(
        self,
        future: Any,
        request: Any,
        transaction: Any,
        then: Callable[[Any, Any, User | None], Any],
        challenge_code: int,
        user: str,
        source: str,
    ) -> None:
        if not self._is_open(transaction):  # cancelled in the meantime
            return
        error = future.exception()
        if error is not None:
            if not isinstance(error, DirectoryUnavailable):
                logger.error("authentication failed to run", exc_info=error)
            self._answer(_unavailable(request), transaction)
            return
        verdict, record = future.result()
        if verdict.accepted:
            self.failures.forget(source, user)
            self._proceed(then, request, transaction, record)
            return
        if verdict.stale:
            self._answer(self._challenge(request, challenge_code, stale=True), transaction)
            return
        self._refuse(request, transaction, user, source)

    def _refuse(self, request: Any, transaction: Any, user: str, source: str) -> None:
        self.counters.auth_failures += 1
        delay = self.failures.add(source, user)
        count = self.failures.count(source, user)
        if self._limit.allows():
            logger.warning(
                "wrong SIP credentials", user=user, source=source, profile=self.name, failures=count
            )
        answer = request.genResponse(403, "Forbidden")  # FreeSWITCH's word for both, wrong and unknown
        if delay <= 0:
            self._answer(answer, transaction)
        elif self._waiting < MOST_WAITING:
            self._waiting += 1
            loop_after(delay, self._answer_late, answer, transaction)

    def _answer_late(self, response: Any, transaction: Any) -> None:
        self._waiting -= 1
        self._answer(response, transaction)

    def _proceed(
        self,
        then: Callable[[Any, Any, User | None], Any],
        request: Any,
        transaction: Any,
        record: User | None,
    ) -> None:
        try:
            result = then(request, transaction, record)
        except Exception:
            if self._limit.allows():
                logger.warning("request not understood", profile=self.name, exc_info=True)
            self._answer(request.genResponse(400, "Bad Request"), transaction)
            return
        if result is None:
            return
        response, transaction.cancel_cb, transaction.noack_cb = result
        if response is not None:
            self._answer(response, transaction)

    def _answer(self, response: Any, transaction: Any) -> None:
        if self._is_open(transaction):
            self.transactions.sendResponse(response, transaction)

    def _is_open(self, transaction: Any) -> bool:
        """It waits for its final response: not cancelled, not expired."""
        return transaction.tid is not None and transaction.state in (TRYING, RINGING)

    def _challenge(self, request: Any, code: int, *, stale: bool = False) -> Any:
        phrase = "Unauthorized" if code == 401 else "Proxy Authentication Required"
        name = "www-authenticate" if code == 401 else "proxy-authenticate"
        response = request.genResponse(code, phrase)
        response.appendHeader(SipHeader(name=name, bodys=self._authenticator.challenge(stale=stale)))
        return response

    # --- registration

    def _register(self, request: Any, transaction: Any, user: User | None) -> Any:
        del transaction
        self.counters.registers += 1
        name = request.getHFBody("to").getUrl().username
        contacts = request.getHFBodys("contact")
        default = request.getHFBody("expires").getNum() if request.countHFs("expires") else LONGEST_SECONDS
        for contact in contacts:
            self._register_contact(request, name, contact, default)
        response = request.genResponse(200, "OK")
        for each in self._registrar.contacts(name, self.settings.realm):
            seconds = max(0, round(each.expires_at - time.time()))
            response.appendHeader(SipHeader(name="contact", bodys=f"<{each.uri}>;expires={seconds}"))
        response.appendHeader(
            SipHeader(name="date", bodys=time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))
        )
        del user
        return response, None, None

    def _register_contact(self, request: Any, user: str, contact: Any, default: int) -> None:
        if contact.asterisk:
            if default == 0:
                self._registrar.unregister(user, self.settings.realm, None)
            return
        asked = contact.address.getParam("expires")
        seconds = int(asked) if asked is not None and asked.isdigit() else default
        uri = str(contact.getUrl())
        if seconds <= 0:
            self._registrar.unregister(user, self.settings.realm, uri)
            return
        seconds = self.settings.forced_expires or min(seconds, LONGEST_SECONDS)
        agent = str(request.getHF("user-agent").body) if request.countHFs("user-agent") else ""
        self._registrar.register(
            Registration(
                user=user,
                realm=self.settings.realm,
                call_id=str(request.getHFBody("call-id")),
                uri=uri,
                network=request.getSource(),
                expires_at=time.time() + seconds,
                user_agent=agent,
                profile=self.name,
                registered_at=time.time(),
            ),
            several=self.settings.several_contacts,
        )


def _unavailable(request: Any) -> Any:
    response = request.genResponse(503, "Service Unavailable")
    response.appendHeader(SipHeader(name="retry-after", bodys="5"))
    return response


def codecs_of(preferences: str) -> tuple[int, ...]:
    """Payload types of a codec-prefs parameter ("PCMA,PCMU"); what we don't have is left out."""
    numbers = {name: number for number, name in sdp.CODEC_NAMES.items()}
    wanted = (name.strip().split("@")[0].upper() for name in preferences.split(","))
    found = tuple(dict.fromkeys(numbers[name] for name in wanted if name in numbers))
    return found or sdp.DEFAULT_CODECS
