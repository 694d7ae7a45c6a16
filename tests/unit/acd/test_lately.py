"""The switch's lists come behind its events; what was just told counts."""

from acd.adapters.lately import DELAY_SECONDS, Lately
from acd.domain.inputs import SeenLeg
from esl import Event


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def event(name: str, uuid: str = "", **headers: str) -> Event:
    fields = {key.replace("_", "-"): value for key, value in headers.items()}
    return Event({"Event-Name": name, "Unique-ID": uuid, **fields})


def test_a_leg_that_has_just_begun_is_there_though_it_is_not_shown():
    lately = Lately(Clock())
    lately.note(event("CHANNEL_CREATE", "new"))
    assert {leg.leg_id for leg in lately.legs([SeenLeg(leg_id="old")])} == {"old", "new"}


def test_a_leg_that_has_just_ended_is_gone_though_it_is_shown():
    lately = Lately(Clock())
    lately.note(event("CHANNEL_CREATE", "short"))
    lately.note(event("CHANNEL_HANGUP", "short"))
    assert lately.legs([SeenLeg(leg_id="short", extension="1001", bridged=True)]) == ()


def test_what_is_shown_says_more_than_the_beginning():
    lately = Lately(Clock())
    lately.note(event("CHANNEL_CREATE", "leg"))
    assert lately.legs([SeenLeg(leg_id="leg", extension="1001", bridged=True)]) == (
        SeenLeg(leg_id="leg", extension="1001", bridged=True),
    )


def test_after_a_while_only_the_lists_count():
    clock = Clock()
    lately = Lately(clock)
    lately.note(event("CHANNEL_CREATE", "lost"))
    lately.note(event("CUSTOM", Event_Subclass="sofia::register", from_user="1001"))
    assert lately.registered(["1002"]) == ("1001", "1002")
    clock.now += DELAY_SECONDS + 1
    assert (lately.legs([]), lately.registered(["1002"])) == ((), ("1002",))


def test_a_phone_that_unregisters_at_once_is_not_added():
    lately = Lately(Clock())
    lately.note(event("CUSTOM", Event_Subclass="sofia::register", from_user="1001", username="1001"))
    lately.note(event("CUSTOM", Event_Subclass="sofia::expire", username="1001"))
    assert lately.registered([]) == ()
