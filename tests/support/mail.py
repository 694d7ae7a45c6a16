"""A real SMTP server on loopback for tests: it keeps what it gets, and may be told to refuse."""

from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.ports import free_port

LOGIN, PASSWORD = "desk", "right-password"


@dataclass
class Postbox:
    """The server's handler: `mails` that it took, and what it says to the next ones."""

    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    says_to_recipient: str = ""
    port: int = 0

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.says_to_recipient:
            return self.says_to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.content or b"", policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """The plain or HTML body."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


class MailServer:
    """Starts at `with`; `postbox` has what came."""

    def __init__(self, *, with_login: bool = False) -> None:
        self.postbox = Postbox(port=free_port())
        options: dict[str, Any] = (
            {"authenticator": _authenticate, "auth_require_tls": False} if with_login else {}
        )
        self._controller = Controller(self.postbox, "127.0.0.1", self.postbox.port, **options)

    def __enter__(self) -> Postbox:
        self._controller.start()
        return self.postbox

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
) -> AuthResult:
    fits = isinstance(given, LoginPassword) and given == LoginPassword(LOGIN.encode(), PASSWORD.encode())
    return AuthResult(success=fits, handled=False)
