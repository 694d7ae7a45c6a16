"""One SIP dialog: what a leg asks of its phone, and what the phone tells the leg.

Made by `sip.profile` for an INVITE that came in and by `originate` for one that goes out. The methods may be called
from any thread and return at once; the `Listener` is called on the main thread. Wraps sippy's UA state machine.
"""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from sippy.CCEvents import (
    CCEventConnect,
    CCEventDisconnect,
    CCEventFail,
    CCEventInfo,
    CCEventPreConnect,
    CCEventRedirect,
    CCEventRing,
    CCEventTry,
    CCEventUpdate,
)
from sippy.MsgBody import MsgBody
from sippy.SipAddress import SipAddress
from sippy.SipCallId import SipCallId
from sippy.SipContact import SipContact
from sippy.SipContentType import SipContentType
from sippy.SipFrom import SipFrom
from sippy.SipHeader import SipHeader
from sippy.SipReason import SipReason
from sippy.SipTo import SipTo
from sippy.SipTransactionManager import RINGING
from sippy.SipURL import SipURL
from sippy.UA import UA

from softswitch.sip import causes
from softswitch.sip.stack import Transactions, in_loop, loop_after

ALLOWED = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, REFER, NOTIFY"
NO_REPLY_SECONDS = 5  # not even a 100: the phone is gone (sippy alone would wait 32 s)
logger = structlog.get_logger(__name__)


class Listener(Protocol):
    """What a leg hears of its phone. Main thread; must be quick."""

    def ringing(self, code: int, body: str | None) -> None:
        """A provisional response other than 100."""

    def answered(self, body: str | None) -> None:
        """A 200 to our INVITE, or the ACK that answers our late offer."""

    def failed(self, code: int, phrase: str, reason: str) -> None:
        """A final response that is no 2xx; `reason` is the cause's name from a Reason header, or ''."""

    def ended(self, method: str, reason: str) -> None:
        """BYE or CANCEL; `reason` as above."""

    def offered(self, body: str) -> str | None:
        """A re-INVITE's description; returns ours, or None to refuse it (488)."""

    def offer_answered(self, body: str | None) -> None:
        """The 200 to our re-INVITE."""

    def offer_failed(self, code: int) -> None:
        """Our re-INVITE was refused."""

    def digit(self, digit: str, milliseconds: int) -> None:
        """A key, by INFO."""

    def referred(self, number: str, header: str, replaces: str) -> None:
        """REFER: the phone wants its partner to go to `number`. Already accepted (202)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an INVITE goes."""

    uri: str  # request URI: sip:1001@10.0.0.5:5060
    address: tuple[str, int]  # next hop
    to_uri: str = ""  # the To header's, '' for the request URI
    from_host: str = ""
    from_user: str = ""
    from_name: str = ""
    username: str = ""  # for a gateway that challenges
    password: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class DialogUA(UA):  # type: ignore[misc]
    """sippy's user agent with the in-dialog requests that it drops or answers wrongly (traps 6 and 7)."""

    rCSeq: int | None  # noqa: N815 - sippy's own name

    def __init__(self, owner: "Dialog", config: dict[str, Any], **fields: Any) -> None:
        super().__init__(config, owner.on_event, **fields)
        self._owner = owner

        self._in_response = False

    def recvResponse(self, resp: Any, tr: Any) -> None:
        self._in_response = True
        try:
            super().recvResponse(resp, tr)
        finally:
            self._in_response = False

    def newTransaction(self, req: Any, req_extra_headers: Any = None, **fields: Any) -> Any:
        # sippy ACKs a final response after it has told us: a BYE or a second INVITE would leave before the ACK.
        if self._in_response and req.getMethod() == "BYE":
            in_loop(lambda: super(DialogUA, self).newTransaction(req, req_extra_headers, **fields))
            return None
        return super().newTransaction(req, req_extra_headers, **fields)

    def newUacTransaction(self, req: Any, **fields: Any) -> None:
        if self._in_response:
            in_loop(lambda: super(DialogUA, self).newUacTransaction(req, **fields))
        else:
            super().newUacTransaction(req, **fields)

    def recvRequest(self, req: Any, sip_t: Any) -> Any:
        method = req.getMethod()
        if self.state is None or method in ("BYE", "ACK", "CANCEL", "OPTIONS"):
            return super().recvRequest(req, sip_t)
        if method == "INVITE" and (req.getBody() is not None or not self.isConnected()):
            return super().recvRequest(req, sip_t)
        number = req.getHFBody("cseq").getCSeqNum()
        if self.rCSeq is not None and number <= self.rCSeq:
            return req.genResponse(500, "Server Internal Error"), None, None
        self.rCSeq = number
        if not self.isConnected():
            return req.genResponse(481, "Call/Transaction Does Not Exist"), None, None
        if method == "INVITE":
            return self._refresh(req)
        if method == "REFER":
            return self._owner.on_refer(req), None, None
        if method == "INFO":
            self._owner.on_info(req)
            return req.genResponse(200, "OK"), None, None
        if method == "NOTIFY":
            return req.genResponse(200, "OK"), None, None
        refusal = req.genResponse(405, "Method Not Allowed")
        refusal.appendHeader(SipHeader(name="allow", bodys=ALLOWED))
        return refusal, None, None

    def _refresh(self, req: Any) -> None:
        """A re-INVITE without an offer: repeat ours. sippy would take it for a hold."""
        self.uasResp = req.genResponse(100, "Trying")
        self.global_config["_sip_tm"].sendResponse(self.uasResp)
        self.sendUasResponse(200, "OK", self.lSDP, (self.lContact,))


class Dialog:
    """See the module's text."""

    def __init__(
        self, transactions: Transactions, host: str, target: Target | None = None, call_id: str = ""
    ) -> None:
        """`target` is None for an INVITE that came in. `host` is our address in Contact."""
        self.call_id = call_id
        self.listener: Listener | None = None
        self.on_try: Callable[[Any], None] | None = None
        self.request: Any = None
        self._transactions = transactions
        self._host = host
        self._target = target
        self._late_offer = False
        self._inbound = target is None
        self._ended = False
        self._connected = False
        self._update_pending = False
        self._next_offer: str | None = None
        self.ua = self._make_ua()

    def _make_ua(self) -> DialogUA:
        if self._target is None:
            ua = DialogUA(self, self._transactions.config)
        else:
            login = {"username": self._target.username or None, "password": self._target.password or None}
            ua = DialogUA(self, self._transactions.config, nh_address=self._target.address, **login)
            ua.no_reply_time = NO_REPLY_SECONDS
        # sippy's own Contact has the display name Anonymous (trap 4).
        url = SipURL(username="uckefu", host=self._host, port=self._transactions.port)
        ua.lContact = SipContact(address=SipAddress(url=url, hadbrace=True))
        return ua

    # --- towards the phone (any thread)

    def ring(self) -> None:
        """180 Ringing."""
        in_loop(self._send, CCEventRing((180, "Ringing", None)))

    def progress(self, body: str) -> None:
        """183 Session Progress with our description."""
        in_loop(self._send, CCEventRing((183, "Session Progress", _sdp(body))))

    def answer(self, body: str) -> None:
        """200 OK with our description; an offer when the INVITE had none (trap 8)."""
        event = CCEventPreConnect if self._late_offer else CCEventConnect
        in_loop(self._send, event((200, "OK", _sdp(body))))

    def invite(self, body: str) -> None:
        """Send the INVITE."""
        in_loop(self._invite, body)

    def offer(self, body: str) -> None:
        """re-INVITE with this description; of several in a row the last one counts."""
        in_loop(self._offer, body)

    def refuse(self, code: int, phrase: str, cause: str) -> None:
        """Final response to the INVITE."""
        event = CCEventFail((code, phrase))
        event.reason_rfc3326 = _reason(cause)
        in_loop(self._finish, event)

    def end(self, cause: str) -> None:
        """BYE or CANCEL, whichever fits."""
        event = CCEventDisconnect()
        event.reason_rfc3326 = _reason(cause)
        in_loop(self._finish, event)

    def notify_refer(self, status: str, *, final: bool) -> None:
        """NOTIFY of a REFER: `status` such as "200 OK" (RFC 3515 section 2.4.4)."""
        in_loop(self._notify, status, final)

    def notify_event(self, event: str) -> None:
        """NOTIFY of an event that a phone may act upon, in an early dialog too: `talk` answers, `hold` holds."""
        in_loop(self._notify_event, event)

    def send_info(self, content_type: str, body: str) -> None:
        """An INFO request."""
        in_loop(self._info, content_type, body)

    # --- on the main thread

    def is_named(self, call_id: str, own_tag: str, remote_tag: str) -> bool:
        """Whether this is the dialog that a Replaces names (RFC 3891 section 3)."""
        ours, theirs = self.ua.lUri, self.ua.rUri
        if call_id != self.call_id or ours is None or theirs is None:
            return False
        return (ours.getTag(), theirs.getTag()) == (own_tag, remote_tag)

    def receive(self, request: Any, transaction: Any) -> Any:
        """An INVITE that opens this dialog; the answer goes to the transaction manager."""
        self.request = request
        self._late_offer = request.getBody() is None
        self.call_id = str(request.getHFBody("call-id"))
        return self.ua.recvRequest(request, transaction)

    def _send(self, event: Any) -> None:
        if self._ended:
            return
        if isinstance(event, (CCEventConnect, CCEventPreConnect)):
            self._connected = True
        self.ua.recvEvent(event)

    def _finish(self, event: Any) -> None:
        if self._ended:
            return
        self._ended = True
        transaction = self.ua.tr
        headers = event.getExtraHeaders()
        deferred = transaction is not None and transaction.state is not RINGING
        if deferred and headers and getattr(transaction, "cancel", None) is not None:
            transaction.cancel.appendHeaders(headers)  # sippy forgets them when it sends the CANCEL later
        self.ua.recvEvent(event)

    def _invite(self, body: str) -> None:
        if self._ended or self._target is None:
            return
        target = self._target
        event = CCEventTry(
            (SipCallId(self.call_id), target.from_user, "", _sdp(body), None, clean_name(target.from_name))
        )
        event.extra_headers = tuple(
            SipHeader(name=name, bodys=re.sub(r"[\r\n]+", " ", value))
            for name, value in target.headers.items()
        )
        event.onUacSetupComplete = self._complete_setup
        try:
            self.ua.recvEvent(event)
        except Exception:
            logger.exception("INVITE not sent", to=target.uri)
            self._ended = True
            self._tell_failed(500, "Internal", "")

    def _complete_setup(self, ua: Any) -> None:
        target = self._target
        if target is None:
            return
        ua.rTarget = SipURL(target.uri)
        to_url = SipURL(target.to_uri or target.uri)
        to_url.setParams([])
        ua.rUri = SipTo(address=SipAddress(url=to_url, hadbrace=True))
        from_url = SipURL(username=target.from_user or None, host=target.from_host or self._host)
        name = clean_name(target.from_name) or None
        ua.lUri = SipFrom(address=SipAddress(url=from_url, hadbrace=True, name=name))
        ua.lUri.setTag(ua.lTag)
        ua.lContact.getUrl().username = "uckefu"

    def _offer(self, body: str) -> None:
        if self._ended or not self.ua.isConnected():
            return
        if self._update_pending:
            self._next_offer = body
            return
        self._update_pending = True
        self.ua.recvEvent(CCEventUpdate(_sdp(body)))

    def _notify(self, status: str, final: bool) -> None:
        if not self.ua.isConnected():
            return
        content_type = SipContentType("message/sipfrag;version=2.0")
        content_type.parse()
        body = MsgBody(f"SIP/2.0 {status}\r\n", content_type)
        state = "terminated;reason=noresource" if final else "active;expires=60"
        headers = (
            SipHeader(name="event", bodys="refer"),
            SipHeader(name="subscription-state", bodys=state),
        )
        self.ua.newTransaction(self.ua.genRequest("NOTIFY", body, extra_headers=headers))

    def _notify_event(self, event: str) -> None:
        if self._ended or self.ua.rUri is None or self.ua.state is None:
            return
        headers = (
            SipHeader(name="event", bodys=event),
            SipHeader(name="subscription-state", bodys="active"),
        )
        self.ua.newTransaction(self.ua.genRequest("NOTIFY", extra_headers=headers))

    def _info(self, content_type: str, body: str) -> None:
        if self.ua.isConnected():
            kind = SipContentType(content_type)
            kind.parse()
            self.ua.newTransaction(self.ua.genRequest("INFO", MsgBody(body, kind)))

    # --- from the phone (main thread)

    def on_event(self, event: Any, ua: Any) -> None:
        """sippy's call-control events."""
        del ua
        kind = type(event)
        if kind is CCEventTry:
            if self.on_try is not None:
                self.on_try(event)
        elif self.listener is None:
            return
        elif kind is CCEventRing:
            code, _, body = event.getData()
            if code > 100:
                self.listener.ringing(code, _text(body))
        elif kind is CCEventConnect:
            self._on_connect(event)
        elif kind is CCEventUpdate:
            self._on_update(event)
        elif kind is CCEventFail:
            self._on_fail(event)
        elif kind is CCEventRedirect:
            self._ended = True
            self._tell_failed(event.getData()[0], event.getData()[1], "")
        elif kind is CCEventDisconnect:
            self._on_disconnect(event)
        elif kind is CCEventInfo:
            return

    def _on_connect(self, event: Any) -> None:
        code, _, body = event.getData()
        if self.listener is None:
            return
        if code == "ACK":
            if self._late_offer:
                self.listener.answered(_text(body))
        elif self._update_pending:
            self._update_pending = False
            self.listener.offer_answered(_text(body))
            self._send_next_offer()
        else:
            self._connected = True
            self.listener.answered(_text(body))

    def _on_update(self, event: Any) -> None:
        body = self.listener.offered(str(event.getData())) if self.listener is not None else None
        if self._ended:
            return
        if body is None:
            self.ua.recvEvent(CCEventFail((488, "Not Acceptable Here")))
        else:
            self.ua.recvEvent(CCEventConnect((200, "OK", _sdp(body))))

    def _on_fail(self, event: Any) -> None:
        code, phrase = event.getData()[:2]
        if not self._update_pending:
            self._ended = True
            self._tell_failed(code, phrase, _cause_of(event))
            return
        self._update_pending = False
        if code == 491:  # both sides at once: again after a while (RFC 3261 section 14.1)
            body = self._next_offer or str(self.ua.lSDP or "")
            loop_after(random.uniform(2.1, 4.0), self._offer, body)
        elif self.listener is not None:
            self.listener.offer_failed(code)
            self._send_next_offer()

    def _send_next_offer(self) -> None:
        body, self._next_offer = self._next_offer, None
        if body is not None:
            in_loop(self._offer, body)

    def _on_disconnect(self, event: Any) -> None:
        if self._ended or self.listener is None:
            return
        self._ended = True
        if self._connected or self._inbound:
            self.listener.ended("BYE" if self._connected else "CANCEL", _cause_of(event))
        else:  # sippy's own no-reply or expiry timer
            self._tell_failed(408, "Request Timeout", "")

    def _tell_failed(self, code: int, phrase: str, reason: str) -> None:
        if self.listener is not None:
            self.listener.failed(code, phrase, reason)

    def on_refer(self, request: Any) -> Any:
        """The response to a REFER within the dialog."""
        if request.countHFs("refer-to") != 1:
            return request.genResponse(400, "Bad Request")
        header = request.getHFBody("refer-to")
        url = header.getUrl()
        named = {name.lower(): value for name, value in (url.headers or {}).items()}
        replaces = str(named.get("replaces", ""))
        if self.listener is None or not url.username:
            return request.genResponse(400, "Bad Request")
        in_loop(self.listener.referred, url.username, str(header), replaces)
        return request.genResponse(202, "Accepted")

    def on_info(self, request: Any) -> None:
        """DTMF by INFO: application/dtmf-relay and application/dtmf."""
        body = _text(request.getBody())
        if body is None or self.listener is None:
            return
        fields = {
            key.strip().lower(): value.strip()
            for key, equals, value in (line.partition("=") for line in body.splitlines())
            if equals
        }
        signal = fields.get("signal", body.strip() if not fields else "")
        duration = fields.get("duration", "250")
        named = {"10": "*", "11": "#"}
        digit = named.get(signal, signal).upper()
        if re.fullmatch(r"[0-9A-D*#]", digit):
            self.listener.digit(digit, int(duration) if duration.isdigit() else 250)


def clean_name(name: str) -> str:
    """A display name that can't leave its quotes or its line."""
    return re.sub(r'[\x00-\x1f\x7f"\\<>]+', " ", name).strip()


def _sdp(body: str) -> Any:
    return MsgBody(body)


def _text(body: Any) -> str | None:
    return None if body is None else str(body)


def _reason(cause: str) -> Any:
    protocol, number, text = causes.reason(cause)
    return SipReason(protocol=protocol, cause=number, reason=text)


def _cause_of(event: Any) -> str:
    """The cause's name in a Reason header with Q.850, or ''. A header that can't be read says nothing."""
    match = re.match(r"\s*Q\.850\s*;.*?cause\s*=\s*(\d+)", str(event.reason_rfc3326 or ""), re.IGNORECASE)
    return causes.NAMES.get(int(match.group(1)), "") if match else ""
