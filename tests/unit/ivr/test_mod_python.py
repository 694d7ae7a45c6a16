"""The adapter over FreeSWITCH's session; the fake behaves as `switch_ivr_play_say.c` and `switch_cpp.cpp` do."""

import wave
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ivr.adapters.mod_python import ModPythonSession
from ivr.session import CallerGone


class FakeFreeSwitch:
    def __init__(self, digits="", *, unplayable=(), gone_after=99, speaks=True):
        self.speaks = speaks
        self.digits, self.unplayable, self.calls_left = digits, unplayable, gone_after
        self.variables, self.asked = {}, []

    def _blocked(self):
        self.calls_left -= 1

    def ready(self):
        return self.calls_left > 0

    def answer(self):
        self._blocked()

    def streamFile(self, file):
        self._blocked()
        return int(file not in self.unplayable)

    def playAndGetDigits(self, low, high, tries, timeout, terminators, prompt, invalid, regex):
        self._blocked()
        self.asked.append((low, high, tries, timeout, terminators, prompt, invalid, regex))
        self.variables.pop("read_result", None)
        if prompt in self.unplayable:
            return ""
        self.variables["read_result"] = "success" if self.digits else "failure"
        digit, self.digits = self.digits[:1], self.digits[1:]
        return digit

    def flushDigits(self):
        self.digits = ""

    def getVariable(self, name):
        return self.variables.get(name)

    def hangup(self, cause):
        self.variables["cause"] = cause

    def setVariable(self, name, value):
        self.variables[name] = value

    def setInputCallback(self, function):
        self.callback = function

    def unsetInputCallback(self):
        self.callback = None

    def recordFile(self, path, limit, threshold, hits):
        self._blocked()
        self.asked.append((path, limit, threshold, hits))
        assert all(isinstance(self.callback(self, what, None), str) for what in ("dtmf", "event"))
        self.stopped_by_key = self.callback(self, "dtmf", None)
        with wave.open(path, "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(8000)
            stream.writeframes((400 if self.speaks else 20).to_bytes(2, "little") * 16000)

    def execute(self, app, data):
        self.asked.append((app, data))


PROMPT = Path("/sounds/zh/main_menu.wav")


def test_star_and_hash_are_keys_like_others():
    switch = FakeFreeSwitch("#*")
    session = ModPythonSession(switch)
    assert session.read_key(PROMPT, 5) + session.read_key(PROMPT, 5) == "#*"
    assert switch.asked[0] == (1, 1, 1, 5000, "", str(PROMPT), "", "")


def test_no_time_at_all_is_still_a_millisecond():
    switch = FakeFreeSwitch("")
    ModPythonSession(switch).read_key(PROMPT, 0)
    assert switch.asked[0][3] == 1


def test_a_prompt_that_cannot_be_played_leaves_the_caller_the_time_to_key():
    switch = FakeFreeSwitch("3", unplayable=[str(PROMPT)])
    with capture_logs() as logs:
        assert ModPythonSession(switch).read_key(PROMPT, 5) == "3"
    assert [call[5] for call in switch.asked] == [str(PROMPT), ""]
    assert logs[0]["event"] == "prompt_not_played"


def test_nothing_keyed_is_no_broken_prompt():
    switch = FakeFreeSwitch("")
    assert ModPythonSession(switch).read_key(PROMPT, 5) == ""
    assert len(switch.asked) == 1


def test_a_broken_file_is_passed_over():
    ModPythonSession(FakeFreeSwitch(unplayable=[str(PROMPT)])).play(PROMPT)


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.answer(),
        lambda s: s.play(PROMPT),
        lambda s: s.read_key(PROMPT, 5),
        lambda s: s.read_key(None, 5),
    ],
)
def test_after_a_hangup_whatever_blocked_raises_caller_gone(act):
    with pytest.raises(CallerGone):
        act(ModPythonSession(FakeFreeSwitch("1", gone_after=1)))


def test_keys_can_be_forgotten_and_the_call_ended():
    switch = FakeFreeSwitch("12")
    session = ModPythonSession(switch)
    session.flush_keys()
    session.hangup("USER_BUSY")
    assert (switch.digits, switch.variables["cause"]) == ("", "USER_BUSY")


def test_the_pieces_of_a_number_are_one_source_without_gaps():
    switch = FakeFreeSwitch("")
    pieces = (Path("/s/1.wav"), Path("/s/2.wav"))
    ModPythonSession(switch).read_key(pieces, 1)
    ModPythonSession(switch).read_key(pieces[:1], 1)
    assert [call[5] for call in switch.asked] == ["file_string:///s/1.wav!/s/2.wav", "/s/1.wav"]


def test_a_recording_ends_at_a_key_and_says_how_long_it_is(tmp_path):
    switch = FakeFreeSwitch("")
    assert ModPythonSession(switch).record(tmp_path / "m.wav", 60, 5) == 2.0
    assert switch.asked == [(str(tmp_path / "m.wav"), 60, 200, 5)]
    assert (switch.stopped_by_key, switch.callback) == ("break", None)


def test_a_caller_who_hangs_up_has_finished_the_message(tmp_path):
    switch = FakeFreeSwitch("", gone_after=1)
    session = ModPythonSession(switch)
    assert session.record(tmp_path / "m.wav", 60, 5) == 2.0
    with pytest.raises(CallerGone):
        session.play(PROMPT)


def test_a_caller_who_says_nothing_has_left_no_message(tmp_path):
    switch = FakeFreeSwitch(speaks=False)
    assert ModPythonSession(switch).record(tmp_path / "m.wav", 60, 5) == 0.0


def test_the_recording_of_the_call_is_switched_by_applications_that_every_switch_knows(tmp_path):
    switch = FakeFreeSwitch("")
    session = ModPythonSession(switch)
    path = tmp_path / "r.wav"
    session.start_recording(path)
    session.mask_recording(path, True)
    session.mask_recording(path, False)
    session.stop_recording(path)
    names = ["record_session", "record_session_mask", "record_session_unmask", "stop_record_session"]
    assert switch.asked == [(name, str(path)) for name in names]
