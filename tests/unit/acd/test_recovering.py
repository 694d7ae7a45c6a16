"""A restarted switch is asked for its calls, at the right time; the texts are FreeSWITCH 1.10.12's."""

import pytest

from acd.adapters import recovering
from acd.adapters.recovering import bring_back

RUNNING = (
    "                 external\tprofile\t     sip:mod_sofia@127.0.0.1:5080\tRUNNING (0)\n"
    "          external::trunk\tgateway\t              sip:trunk@127.0.0.1\tNOREG\n"
    "                 internal\tprofile\t     sip:mod_sofia@127.0.0.1:5060\tRUNNING (0)\n"
)
HALF = RUNNING.splitlines(keepends=True)[0]


class Switch:
    """Answers each command with the next of its texts; the last one stays."""

    def __init__(self, **texts: list[str]) -> None:
        self.texts, self.asked = texts, []

    async def api(self, line: str) -> str:
        self.asked.append(line)
        texts = self.texts.get(line.replace(" ", "_"), [f"-ERR {line.split()[0]} Command not found!\n"])
        return texts.pop(0) if len(texts) > 1 else texts[0]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(recovering, "BEAT_SECONDS", 0)
    monkeypatch.setattr(recovering, "SHOWN_SECONDS", 0.05)
    monkeypatch.setattr(recovering, "RUN_SECONDS", 0.05)


async def test_a_switch_without_lost_calls_is_asked_once_and_that_is_all():
    switch = Switch(sofia_status=[RUNNING], sofia_recover=["No calls to recover.\n"])
    assert await bring_back(switch.api) == 0
    assert switch.asked == ["sofia status", "sofia recover"]


async def test_calls_are_asked_for_only_when_both_profiles_run(monkeypatch):
    monkeypatch.setattr(recovering, "RUN_SECONDS", 60)
    switch = Switch(sofia_status=["", HALF, RUNNING], sofia_recover=["No calls to recover.\n"])
    await bring_back(switch.api)
    assert switch.asked == ["sofia status"] * 3 + ["sofia recover"]


async def test_a_profile_that_never_runs_keeps_its_calls_for_another_time():
    switch = Switch(sofia_status=[HALF], sofia_recover=["Recovered 2 call(s)\n"])
    assert await bring_back(switch.api) == 0
    assert "sofia recover" not in switch.asked


async def test_recovered_calls_are_waited_for_in_the_switchs_list(monkeypatch):
    monkeypatch.setattr(recovering, "SHOWN_SECONDS", 60)
    counts = ["\n0 total.\n", "\n3 total.\n", "\n5 total.\n"]
    switch = Switch(
        sofia_status=[RUNNING], sofia_recover=["Recovered 5 call(s)\n"], show_channels_count=counts
    )
    assert await bring_back(switch.api) == 5
    assert switch.asked.count("show channels count") == 3


async def test_a_caller_who_has_left_meanwhile_is_not_waited_for_for_ever():
    switch = Switch(
        sofia_status=[RUNNING],
        sofia_recover=["Recovered 2 call(s)\n"],
        show_channels_count=["\n1 total.\n"],
    )
    assert await bring_back(switch.api) == 2


async def test_a_switch_that_knows_no_such_thing_is_left_alone():
    assert await bring_back(Switch().api) == 0
