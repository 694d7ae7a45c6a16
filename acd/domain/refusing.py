"""What an agent, a supervisor or the chat asks for and can't be done now: raised where it is seen, answered by `commands`."""


class NotPossible(Exception):
    """It can't be done now; `code` is stable and goes into the reply."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code
