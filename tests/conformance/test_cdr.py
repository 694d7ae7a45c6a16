"""The reporting hook: what `fs_scripts.cdr` reads of each leg, and the rows that it writes."""

import pytest
from sqlalchemy.orm import Session

from acd.history.spool import load_spool
from sql.engine import make_engine
from sql.models import CallLeg, Interaction
from tests.support.waiting import wait_until


@pytest.fixture
def record(switch):
    """Rows of the switch's database."""
    engine = make_engine(switch.settings.sql_url)

    def row(kind, key):
        def read():
            load_spool(engine, switch.settings.spool_dir)
            with Session(engine) as session:
                found = session.get(kind, key)
                if found is not None:
                    session.expunge(found)
                return found

        return wait_until(read, what=f"the {kind.__name__} {key}")

    yield row
    engine.dispose()


@pytest.fixture
def talk(caller, agent, journal):
    """A talk by a dialplan with both hooks; gives the uuids of the legs."""
    caller.call("7101")
    agent.answer_next()
    caller.hears("agent")
    return journal.caller_leg(), journal.phone_leg()


@pytest.mark.parametrize("who", ["caller", "agent"])
def test_the_rows_say_who_hung_up(talk, caller, agent, record, who):
    ours, theirs = talk
    (caller if who == "caller" else agent).hang_up()
    interaction, leg, other = record(Interaction, ours), record(CallLeg, ours), record(CallLeg, theirs)
    assert (interaction.hangup_by, interaction.hangup_cause) == (who, "NORMAL_CLEARING")
    assert (leg.hung_up_first, other.hung_up_first) == (who == "caller", who == "agent")
    assert (leg.direction, leg.role, leg.from_number, leg.to_number) == (
        "inbound",
        "caller",
        caller.user,
        "7101",
    )
    assert (other.direction, other.role, other.to_number) == ("outbound", "agent", "1001")
    assert other.interaction_id == ours
    assert leg.started_at <= leg.answered_at <= other.ringing_at <= other.answered_at <= other.ended_at
    assert abs((leg.ended_at - other.ended_at).total_seconds()) < 2
    assert leg.sip_call_id and leg.sip_call_id != other.sip_call_id


def test_a_phone_that_declines_has_a_row_too(caller, agent, journal, record):
    caller.call("7101")
    agent.wait("incoming")
    agent.hang_up(603)
    theirs = record(CallLeg, journal.phone_leg())
    assert (theirs.hangup_cause, theirs.hung_up_first, theirs.answered_at) == ("CALL_REJECTED", True, None)
    assert record(Interaction, journal.caller_leg()).hangup_by == "system"


def test_a_caller_who_leaves_while_it_rings_has_left_by_himself(caller, agent, journal, record):
    caller.call("7101")
    agent.wait("incoming")
    caller.hang_up()
    ours, theirs = journal.caller_leg(), journal.phone_leg()
    assert record(Interaction, ours).hangup_by == "caller"
    row = record(CallLeg, theirs)
    assert (row.hangup_cause, row.hung_up_first, row.answered_at) == ("ORIGINATOR_CANCEL", False, None)


def test_the_switch_ended_it(talk, caller, agent, journal, record):
    ours, theirs = talk
    journal.api(f"uuid_kill {ours} MANAGER_REQUEST")
    assert record(Interaction, ours).hangup_by == "system"
    assert (record(CallLeg, ours).hung_up_first, record(CallLeg, theirs).hung_up_first) == (False, False)


READ = {
    "caller": {"sip_hangup_disposition": "recv_bye", "last_app": "bridge", "originate_disposition": "SUCCESS", "last_bridge_hangup_cause": None},
    "agent": {"sip_hangup_disposition": "send_bye", "last_app": "bridge", "originate_disposition": "SUCCESS", "last_bridge_hangup_cause": "NORMAL_CLEARING"},
}  # fmt: skip


@pytest.mark.parametrize("who", READ)
def test_the_variables_that_the_hook_reads_are_those_of_freeswitch(talk, caller, agent, journal, who):
    ours, theirs = talk
    (caller if who == "caller" else agent).hang_up()
    ended, other = journal.ended(ours), journal.ended(theirs)
    assert {name: ended.variable(name) for name in READ[who]} == READ[who]
    for name in ("start_uepoch", "answer_uepoch", "bridge_uepoch", "end_uepoch"):
        assert len(ended.variable(name) or "") == 16, name
    assert ended.variable("bridge_uuid") == theirs and other.variable("bridge_uuid") == ours
    assert (ended.variable("read_codec"), ended.variable("endpoint_disposition")) == ("PCMU", "ANSWER")
    assert other.variable("originator") == ours
    assert int(ended.variable("duration") or 0) >= int(ended.variable("billsec") or 0)
