"""The switch's objects as the scripts see them, and an instance folder of the test's own."""

from collections.abc import Callable

import pytest

from fs_scripts import process


class FakeEvent:
    """FreeSWITCH's Event: headers by name, None for what is not there."""

    def __init__(self, headers):
        self.headers = headers

    def getHeader(self, name):
        return self.headers.get(name)


class FakeStream:
    """FreeSWITCH's Stream."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


class FakeCall:
    """FreeSWITCH's Session in the hands of a caller who keys `digits` and may leave."""

    def __init__(self, digits="", *, leaves_after=99, **variables):
        self.variables = {
            "uuid": "leg-1",
            "interaction_id": "leg-1",
            "caller_id_number": "13800138000",
        } | variables
        self.digits, self.steps_left = digits, leaves_after
        self.heard, self.hung_up = [], ""

    def ready(self):
        return self.steps_left > 0 and not self.hung_up

    def answer(self):
        self.steps_left -= 1

    def streamFile(self, file):
        self.steps_left -= 1
        self.heard.append("/".join(file.split("/")[-2:]))

    def playAndGetDigits(self, low, high, tries, timeout, terminators, prompt, invalid, regex):
        self.steps_left -= 1
        if prompt:
            self.heard.append("/".join(prompt.split("/")[-2:]))
        self.variables["read_result"] = "success"
        if timeout == 1:  # only a prompt that a key may stop; this caller keys at menus
            return ""
        key, self.digits = self.digits[:1], self.digits[1:]
        return key

    def flushDigits(self):
        pass

    def hangup(self, cause):
        self.hung_up = cause

    def destroy(self):
        self.is_destroyed = True

    def getVariable(self, name):
        return self.variables.get(name)

    def setVariable(self, name, value):
        self.variables[name] = value


@pytest.fixture
def event_of() -> Callable[..., FakeEvent]:
    return lambda headers: FakeEvent(headers)


@pytest.fixture
def stream() -> FakeStream:
    return FakeStream()


@pytest.fixture
def call_of() -> Callable[..., FakeCall]:
    return FakeCall


@pytest.fixture
def instance(tmp_path, monkeypatch):
    """An instance folder that the scripts find, on SQLite."""
    folder = tmp_path / "instance"
    folder.mkdir()
    monkeypatch.setenv("UCKEFU_INSTANCE", str(folder))
    monkeypatch.delenv("UCKEFU_DATABASE_URL", raising=False)
    # The settings read the path from the same variable; the caches are keyed by it.
    assert process.settings().instance == folder
    return folder
