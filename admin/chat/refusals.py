"""Why something in a conversation is not done: one exception with a stable code, put into words at the boundary."""


class ChatRefused(Exception):
    """`code` is stable; `wait_seconds` says when to try again, where that helps.

    Codes: unknown-conversation, ended, empty, too-long, bad-request, bad-attachment, too-large, too-late, slow-down,
    blocked, unknown-site, unknown-visitor, unknown-message, already-rated, unknown-queue, not-yours, try-again,
    mail-off, bad-address, other-address.
    """

    def __init__(self, code: str, wait_seconds: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.wait_seconds = wait_seconds
