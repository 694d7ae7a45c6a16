"""sippy, made fit: its transaction manager on our socket, its defects mended, its prints turned into log lines.

Import it on the main thread only (sippy's event loop belongs to the thread that imports it). `sip.profile` makes one
`Transactions` a port; `in_loop` brings work from other threads to the loop.
"""

import os
import re
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("SIPLOG_BEND", "none")

import sippy.Core.EventDispatcher
import sippy.Network_server
import sippy.SipAddress
import sippy.SipTransactionManager as sip_transactions  # noqa: N813 - a module
import structlog
from sippy.Core.EventDispatcher import ED2
from sippy.SipAuthorization import SipAuthorization
from sippy.SipConf import SipConf
from sippy.SipURL import SipURL
from sippy.Time.MonoTime import MonoTime
from sippy.Time.Timeout import Timeout

from softswitch.sip import digest
from softswitch.sip.udp import UdpOptions, UdpServer

__all__ = ["ED2", "LogLimit", "Timeout", "Transactions", "in_loop", "loop_after", "mend_sippy"]

USER_AGENT = "UCKeFu"
LARGEST_MESSAGE = 16_384
LOG_LINES_A_MINUTE = 20
_BRANCH = re.compile(rb"^Via:[^\r\n]*;branch=([^;,\s]+)", re.IGNORECASE | re.MULTILINE)
logger = structlog.get_logger(__name__)


def in_loop(function: Callable[..., object], *arguments: object) -> None:
    """Run a function on the main thread, soon. Any thread may call."""
    ED2.callFromThread(function, *arguments)


def loop_after(seconds: float, function: Callable[..., object], *arguments: object) -> None:
    """Run a function on the main thread after a while. Main thread only."""
    Timeout(function, seconds, 1, *arguments)


class LogLimit:
    """Lets so many lines a minute through: what a stranger's packets cause must not fill the disk."""

    def __init__(self, lines: int = LOG_LINES_A_MINUTE, now: Callable[[], float] = time.monotonic) -> None:
        self._lines = lines
        self._now = now
        self._window = 0.0
        self._used = 0
        self.suppressed = 0

    def allows(self) -> bool:
        """May one more line be written?"""
        if self._now() - self._window >= 60:
            self._window, self._used = self._now(), 0
        if self._used >= self._lines:
            self.suppressed += 1
            return False
        self._used += 1
        return True


_limit = LogLimit()


def _log_exception(message: str, *_arguments: object, **_fields: object) -> None:
    """In the place of sippy's `dump_exception`, which prints a page to stdout for each bad packet."""
    if _limit.allows():
        logger.warning("sippy: " + message.split(" from ")[0], exc_info=True, suppressed=_limit.suppressed)


def mend_sippy() -> None:
    """Apply the changes below to sippy 2.5.0, once, at the start of the process."""
    for module in (sip_transactions, sippy.Core.EventDispatcher, sippy.Network_server):
        module.dump_exception = _log_exception
    SipConf.my_uaname = USER_AGENT
    SipURL.getTAddr = _get_target_address
    sippy.SipAddress.needquotes = lambda _name, _table: True  # display names in quotes, as FreeSWITCH
    SipAuthorization.parse = _parse_authorization


_original_target_address = SipURL.getTAddr


def _get_target_address(self: Any) -> tuple[tuple[str, int], object]:
    """`;transport=UDP` in capitals raises `unsupported transport` in newTransaction, and the BYE is never sent."""
    address, transport = _original_target_address(self)
    return address, transport.lower() if isinstance(transport, str) else transport


def _parse_authorization(self: Any) -> None:
    """sippy splits at commas inside quotes; its UA parses a copy of every INVITE's header."""
    given = digest.read_parameters(self.body)
    for name in ("username", "uri", "realm", "nonce", "response", "qop", "cnonce", "nc", "algorithm"):
        setattr(self, name, given.get(name))
    self.otherparams = []
    self.parsed = True


class _NoLog:
    """sippy formats each message for its logger; this one takes nothing."""

    def write(self, *_arguments: object, **_fields: object) -> None:
        """Drop it."""


class Transactions(sip_transactions.SipTransactionManager):  # type: ignore[misc]
    """The transactions of one port. Main thread only."""

    model_udp_server = (UdpServer, UdpOptions)

    def __init__(self, host: str, port: int, on_request: Callable[[Any, Any], Any]) -> None:
        """Bind `host:port`. Raises OSError when it is taken."""
        self.malformed = 0
        config = {
            "_sip_address": host,
            "_sip_port": port,
            "_sip_logger": _NoLog(),
            "_on_refused": self._refused,
        }
        super().__init__(config, on_request)
        config["_sip_tm"] = self
        self.config = config

    @property
    def port(self) -> int:
        """The bound port (of use when 0 was asked for)."""
        server = next(iter(self.l4r.cache_l2s.values()))
        return int(server.getSIPaddr()[0][1])

    def handleIncoming(self, data_in: bytes, ra: Any, server: Any, rtime: Any) -> None:
        """Drop what can't be SIP before sippy parses it; keep-alives (CRLF) are dropped in silence."""
        if len(data_in) < 32 or not data_in.strip(b"\r\n\0 "):
            return
        if len(data_in) > LARGEST_MESSAGE or b"\0" in data_in or not _is_text(data_in):
            self.malformed += 1
            if _limit.allows():
                logger.warning("not SIP, dropped", source=str(ra), length=len(data_in))
            return
        try:
            super().handleIncoming(data_in, ra, server, rtime)
        except Exception:  # noqa: BLE001 - sippy parses as it goes; what fails is the sender's message
            self.malformed += 1
            _log_exception(f"message not handled from {ra}")

    def _refused(self, data: bytes, address: tuple[str, int]) -> None:
        """ICMP says that nobody listens there: end the transaction with 503 as sofia-sip does."""
        branch = _BRANCH.search(data)  # the copy is cut off after some 500 bytes; the first Via is ours
        if branch is None:
            return
        wanted = branch.group(1).decode("ascii", "replace")
        transaction = next((each for tid, each in self.tclient.items() if tid[-1] == wanted), None)
        if (
            transaction is None
            or transaction.state is not sip_transactions.TRYING
            or transaction.resp_cb is None
        ):
            return
        logger.info("nobody listens there", to=f"{address[0]}:{address[1]}", method=transaction.method)
        for name in ("teA", "teB"):
            timer = getattr(transaction, name)
            if timer is not None:
                timer.cancel()
                setattr(transaction, name, None)
        transaction.state = sip_transactions.TERMINATED
        transaction.teC = Timeout(self.timerC, 32.0, 1, transaction)
        response = transaction.r408
        response.setSCode(503, "Service Unavailable")
        response.rtime = MonoTime()
        if transaction.cb_ifver == 1:
            transaction.resp_cb(response)
        else:
            transaction.resp_cb(response, transaction)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
