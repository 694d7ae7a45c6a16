"""An agent whom a flow names is asked first, in whatever queue, and by the same states as everybody."""

from acd.domain.engine import Engine
from acd.domain.inputs import PhoneLegStarted, QueueConfig, TierConfig
from acd.domain.state import State
from acd.domain.view import build
from acd.messages import OfferMade
from tests.unit.acd.acd_world import Centre

SALES = QueueConfig(name="sales", historic_wait_seconds=30, wrap_up_seconds=0)


def centre_where_1002_does_not_serve_sales() -> Centre:
    queues = (SALES, QueueConfig(name="service"))
    return Centre(agents=3, queues=queues, tiers={1: ["sales"], 2: ["service"], 3: ["sales"]})


def test_a_named_agent_is_asked_first_also_in_a_queue_that_is_not_its_own() -> None:
    centre = centre_where_1002_does_not_serve_sales()
    centre.ready(1, 2, 3)
    assert centre.offered_to(centre.arrives(queue="sales", wanted_extension="1002")) == 2
    assert centre.told(OfferMade)[-1].reason["rule"] == "named-agent"


def test_a_named_agent_who_is_in_a_call_is_waited_for_and_then_the_queue_helps() -> None:
    centre = centre_where_1002_does_not_serve_sales()
    centre.ready(2)
    centre.do(PhoneLegStarted, leg_id="own", extension="1002", switch="switch1")
    centre.ready(1)
    caller = centre.arrives(queue="sales", wanted_extension="1002")
    assert centre.offered_to(caller) is None
    centre.wait(31)
    assert centre.offered_to(caller) == 1


def test_a_named_agent_who_is_free_again_has_the_caller_who_waits() -> None:
    centre = centre_where_1002_does_not_serve_sales()
    centre.ready(2)
    first = centre.arrives(queue="service")
    centre.answers(2)
    caller = centre.arrives(queue="sales", wanted_extension="1002")
    assert (centre.offered_to(first), centre.offered_to(caller)) == (None, None)
    centre.agent_hangs_up(2)
    centre.command("FinishWrapUp", 2, offer_id=f"{first}:1:1", disposition_id=None, note="")
    assert centre.offered_to(caller) == 2


def test_a_named_agent_who_is_not_ready_is_not_waited_for() -> None:
    centre = centre_where_1002_does_not_serve_sales()
    centre.ready(1)
    assert centre.offered_to(centre.arrives(queue="sales", wanted_extension="1002")) == 1


def test_a_guest_in_a_queue_has_none_of_its_other_callers_and_counts_nowhere() -> None:
    centre = centre_where_1002_does_not_serve_sales()
    centre.ready(2)
    centre.do(PhoneLegStarted, leg_id="own", extension="1002", switch="switch1")
    centre.hangs_up(centre.arrives(queue="sales", wanted_extension="1002"))
    other = centre.arrives(queue="sales")
    centre.command("SetStatus", 2, status="ready")
    view = build(centre.engine)
    assert (centre.offered_to(other), view["queues"]["sales"]["ready"]) == (None, 0)
    centre.ready(1)
    assert centre.told(OfferMade)[-1].reason["candidates"] == 1
    assert centre.told(OfferMade)[-1].reason["excluded"] == {"offline": 1}


def test_levels_know_no_guests() -> None:
    queue = QueueConfig(name="sales", tier_wait_seconds=10, historic_wait_seconds=0)
    tiers = {1: [TierConfig(queue="sales", level=1)], 2: [], 3: [TierConfig(queue="sales", level=2)]}
    centre = Centre(agents=3, queues=(queue,), tiers=tiers)
    centre.ready(1, 2)
    centre.arrives(queue="sales")
    centre.ready(3)
    assert centre.offered_to(centre.arrives(queue="sales", wanted_extension="1002")) == 2
    last = centre.arrives(queue="sales")
    assert centre.offered_to(last) is None
    centre.wait(11)
    assert centre.offered_to(last) == 3


def test_who_waits_for_a_guest_still_does_after_a_restart() -> None:
    centre = centre_where_1002_does_not_serve_sales()
    centre.ready(2)
    centre.do(PhoneLegStarted, leg_id="own", extension="1002", switch="switch1")
    caller = centre.arrives(queue="sales", wanted_extension="1002")
    centre.engine = Engine(State.load(centre.engine.state.dump()))
    centre.engine.board.place(centre.agent(2))
    centre.engine.state.agents[2].phone_legs.clear()
    centre.command("SetStatus", 2, status="ready")
    assert centre.offered_to(caller) == 2
