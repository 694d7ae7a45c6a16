"""A restarted ACD fetches the callers whose channels its forerunner left with endless music."""

from acd.domain.effects import FetchCaller
from acd.domain.inputs import SeenLeg, Started, SwitchSeen
from tests.unit.acd.acd_world import Centre


def _seen(centre: Centre, *legs: str) -> None:
    centre.do(
        SwitchSeen,
        switch="switch1",
        asked_at_us=centre.now_us,
        legs=tuple(SeenLeg(leg_id=leg) for leg in legs),
        registered=("1001", "1002"),
    )


def _fetched(centre: Centre) -> list[str]:
    return [effect.channel_id for effect in centre.effects if isinstance(effect, FetchCaller)]


def test_after_a_restart_each_waiting_caller_is_fetched_once() -> None:
    centre = Centre()
    first, second = centre.arrives(), centre.arrives()
    centre.do(Started, writer="other", seed="seed")
    _seen(centre, first, second)
    _seen(centre, first, second)
    assert _fetched(centre) == [first, second]


def test_a_caller_who_is_not_there_any_more_is_not_fetched() -> None:
    centre = Centre()
    first = centre.arrives()
    centre.wait(1)
    centre.do(Started, writer="other", seed="seed")
    _seen(centre)
    assert _fetched(centre) == []
    assert first not in centre.engine.state.members


def test_a_caller_who_waits_at_our_own_socket_is_left_alone() -> None:
    centre = Centre()
    _seen(centre, centre.arrives())
    assert _fetched(centre) == []


def test_who_was_fetched_and_came_back_is_fetched_again_after_the_next_restart() -> None:
    centre = Centre()
    caller = centre.arrives()
    for writer in ("second", "third"):
        centre.do(Started, writer=writer, seed="seed")
        _seen(centre, caller)
        centre.arrives(caller)
    assert _fetched(centre) == [caller, caller]
