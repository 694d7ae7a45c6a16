"""Who is asked next, and who waits."""

import uuid

from acd.domain.effects import LetGo, OfferCall, PlayMusic
from acd.domain.engine import uuid5_text
from acd.domain.inputs import EndpointChanged, LegEnded, PhoneLegStarted, QueueConfig
from acd.messages import MemberEntered, MemberLeft, OfferMade
from tests.unit.acd.acd_world import Centre

SALES, SERVICE = QueueConfig(name="sales"), QueueConfig(name="service")


def test_the_agent_who_has_been_idle_longest_is_asked_first() -> None:
    centre = Centre(agents=3)
    centre.ready(2, 3, 1)
    callers = [centre.arrives() for _ in range(3)]
    assert [centre.offered_to(caller) for caller in callers] == [2, 3, 1]


def test_an_offer_says_why_this_agent() -> None:
    centre = Centre(agents=3)
    centre.ready(2, 1)
    centre.arrives()
    (offer,) = centre.told(OfferMade)
    assert offer.reason["rule"] == "longest-idle"
    assert offer.reason["idle_since_us"] == centre.agent(2).idle_since_us
    assert offer.reason["candidates"] == 2
    assert offer.reason["excluded"] == {"offline": 1}


def test_who_came_first_is_served_first() -> None:
    centre = Centre(agents=1)
    first, second = centre.arrives(), centre.arrives()
    centre.ready(1)
    assert (centre.offered_to(first), centre.offered_to(second)) == (1, None)


def test_a_higher_priority_goes_ahead_of_who_came_first() -> None:
    centre = Centre(agents=1)
    first, urgent = centre.arrives(), centre.arrives(priority=5)
    assert centre.line() == [urgent, first]
    centre.ready(1)
    assert centre.offered_to(urgent) == 1


def test_an_agent_of_two_queues_takes_who_waits_longest_in_both() -> None:
    centre = Centre(agents=1, queues=(SALES, SERVICE))
    centre.arrives(queue="service", channel="a")
    centre.wait(1)
    centre.arrives(queue="sales", channel="b")
    centre.ready(1)
    assert centre.offered_to("a") == 1


def test_an_agent_is_only_asked_for_its_own_queues() -> None:
    centre = Centre(agents=2, queues=(SALES, SERVICE), tiers={1: ["sales"], 2: ["service"]})
    centre.ready(1, 2)
    assert centre.offered_to(centre.arrives(queue="service")) == 2
    assert centre.offered_to(centre.arrives(queue="service")) is None


def test_an_agent_that_turns_ready_gets_who_waits_at_once() -> None:
    centre = Centre(agents=1)
    caller = centre.arrives()
    decision = centre.command("SetStatus", 1, status="ready")
    assert [type(event).__name__ for event in decision.events] == ["AgentStatusChanged", "OfferMade"]
    assert centre.offered_to(caller) == 1


def test_who_is_offered_at_once_hears_no_music_before() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    centre.arrives()
    assert centre.wanted(OfferCall)
    assert not centre.wanted(PlayMusic)


def test_who_waits_hears_the_music_of_its_queue() -> None:
    jazz, waltz = "local_stream://jazz", "local_stream://waltz"
    queues = (QueueConfig(name="service", music=jazz), QueueConfig(name="sales", music=waltz))
    centre = Centre(agents=0, queues=queues)
    first, second = centre.arrives(), centre.arrives(queue="sales")
    heard = [(effect.channel_id, effect.music) for effect in centre.wanted(PlayMusic)]
    assert heard == [(first, jazz), (second, waltz)]


def test_an_agent_whose_phone_is_not_registered_is_not_asked() -> None:
    centre = Centre(agents=1)
    centre.do(EndpointChanged, switch="switch1", extension="1001", registered=False)
    centre.ready(1)
    caller = centre.arrives()
    assert centre.offered_to(caller) is None
    centre.do(EndpointChanged, switch="switch1", extension="1001", registered=True)
    assert centre.offered_to(caller) == 1


def test_an_agent_who_phones_is_busy_and_not_asked() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    centre.do(PhoneLegStarted, leg_id="own", extension="1001", switch="switch1")
    caller = centre.arrives()
    assert centre.state(1) == "busy"
    assert centre.offered_to(caller) is None
    centre.do(LegEnded, leg_id="own")
    assert centre.offered_to(caller) == 1


def test_an_unknown_queue_is_the_default_queue() -> None:
    centre = Centre(agents=1, queues=(SALES, SERVICE))
    centre.arrives(queue="no such")
    assert [event.queue for event in centre.told(MemberEntered)] == ["service"]


def test_without_any_queue_the_caller_is_let_go() -> None:
    centre = Centre(agents=1, queues=())
    caller = centre.arrives()
    assert [(effect.channel_id, effect.result) for effect in centre.wanted(LetGo)] == [(caller, "no-queue")]


def test_who_has_waited_too_long_is_let_go() -> None:
    centre = Centre(agents=0, queues=(QueueConfig(name="service", max_wait_seconds=60),))
    caller = centre.arrives()
    centre.wait(60)
    assert [effect.result for effect in centre.wanted(LetGo)] == ["timeout"]
    assert [(event.interaction_id, event.result) for event in centre.told(MemberLeft)] == [
        (caller, "timeout")
    ]


def test_who_has_waited_too_long_while_a_phone_rings_is_let_go_when_nobody_answers() -> None:
    queue = QueueConfig(name="service", max_wait_seconds=10, offer_timeout_seconds=20)
    centre = Centre(agents=1, queues=(queue,))
    centre.ready(1)
    caller = centre.arrives()
    centre.wait(12)
    assert centre.offered_to(caller) == 1
    centre.phone_fails(1, "NO_ANSWER")
    assert [effect.result for effect in centre.wanted(LetGo)] == ["timeout"]


def test_a_new_queue_and_a_new_agent_are_used_at_once() -> None:
    centre = Centre(agents=1, queues=(SERVICE,))
    caller = centre.arrives()
    centre.configure(2, (SERVICE, SALES))
    centre.do(EndpointChanged, switch="switch1", extension="1002", registered=True)
    centre.ready(2)
    assert centre.offered_to(caller) == 2


def test_members_of_a_queue_that_is_deleted_keep_waiting_in_it() -> None:
    centre = Centre(agents=1, queues=(SERVICE, SALES))
    caller = centre.arrives(queue="sales")
    centre.configure(1, (SERVICE,))
    assert centre.line("sales") == [caller]
    centre.hangs_up(caller)
    centre.configure(1, (SERVICE,))
    assert list(centre.engine.state.queues) == ["service"]


def test_an_agent_that_is_deleted_while_talking_goes_after_the_call() -> None:
    centre = Centre(agents=1)
    centre.ready(1)
    centre.arrives()
    centre.answers(1)
    centre.configure(0, (SERVICE,))
    assert centre.state(1) == "talking"
    centre.agent_hangs_up(1)
    centre.wait(30)
    assert centre.engine.state.agents == {}


def test_a_legs_id_is_a_uuid_of_the_offer_and_the_same_in_each_replay() -> None:
    centre = Centre(agents=1)
    assert uuid5_text("客服:1") == str(uuid.uuid5(uuid.NAMESPACE_OID, "客服:1"))
    assert centre.engine.leg_id_for("i:1:1") == centre.engine.leg_id_for("i:1:1")
