"""A call through `fs_scripts.inbound`: whatever happens, the dialplan finds where the caller goes."""

import json
import re
import shutil

import pytest
from structlog.testing import capture_logs

from fs_scripts import inbound, process, reception
from ivr.contacts import write as write_contacts
from ivr.library import PACKAGED

UUID = "6b1a3c52-9f6e-4f57-8a55-1f3f7cbb8f10"


def test_the_callers_key_becomes_the_variables_of_the_dialplan(instance, call_of):
    call = call_of("1", interaction_id=UUID, uckefu_did="4001", uckefu_queue="service")
    inbound.handler(call, "")
    assert {
        k: v for k, v in call.variables.items() if k.startswith("uckefu_") and k != "uckefu_recording"
    } == {
        "uckefu_did": "4001",
        "uckefu_next": "queue",
        "uckefu_queue": "sales",
        "uckefu_priority": "0",
        "uckefu_language": "zh",
        "uckefu_flow": "main@1",
        "uckefu_intent": "销售咨询",
    }
    assert call.heard == ["zh/welcome.wav", "zh/main_menu.wav", "zh/please_hold.wav"]


def test_the_folder_of_the_recording_is_there_before_it_is_needed(instance, call_of):
    call = call_of("1", interaction_id=UUID)
    inbound.handler(call, "")
    path = call.variables["uckefu_recording"]
    assert re.fullmatch(rf"\d{{4}}/\d\d/\d\d/{UUID}\.wav", path)
    assert (process.settings().recordings_dir / path).parent.is_dir()


def test_an_interaction_id_that_is_no_file_name_is_not_recorded(instance, call_of):
    call = call_of("1", interaction_id="../../etc/passwd")
    inbound.handler(call, "")
    assert "uckefu_recording" not in call.variables
    assert call.variables["uckefu_queue"] == "sales"


def test_a_full_disk_costs_the_recording_and_not_the_call(instance, call_of):
    (instance / "recordings").write_text("a file stands where the folder should be")
    call = call_of("1", interaction_id=UUID)
    inbound.handler(call, "")
    assert "uckefu_recording" not in call.variables
    assert call.variables["uckefu_queue"] == "sales"


def test_each_number_has_its_flow(instance, call_of):
    (instance / "centre.yml").write_text("flows: {default: main, '4002': night}\n")
    (instance / "flows").mkdir()
    (instance / "flows" / "night.yml").write_text(
        "start: a\nnodes:\n  a: {type: transfer, extension: 1001}\n"
    )
    night, other = call_of(uckefu_did="4002"), call_of("2", uckefu_did="4009")
    inbound.handler(night, "")
    inbound.handler(other, "")
    assert (night.variables["uckefu_next"], night.variables["uckefu_target"]) == ("transfer", "1001")
    assert other.variables["uckefu_flow"] == "main@1"


def test_a_broken_edit_of_a_flow_changes_nothing_for_the_next_caller(instance, call_of):
    (instance / "flows").mkdir()
    flow = instance / "flows" / "main.yml"
    flow.write_text("version: 7\nstart: a\nnodes:\n  a: {type: queue, queue: sales}\n")
    inbound.handler(call_of(), "")
    flow.write_text("version: 8\nstart: b\nnodes:\n  a: {type: queue, queue: sales}\n")
    call = call_of()
    with capture_logs() as logs:
        inbound.handler(call, "")
    assert call.variables["uckefu_flow"] == "main@7"
    (refused,) = [line for line in logs if line["event"] == "flow_refused"]
    assert refused["reasons"] == [f"{flow}:2:8: there is no node `b`; there is `a`"]


def test_a_number_whose_flow_is_missing_comes_to_the_default_queue(instance, call_of):
    (instance / "centre.yml").write_text("flows: {default: nothing}\n")
    call = call_of(uckefu_queue="service", interaction_id=UUID)
    with capture_logs() as logs:
        inbound.handler(call, "")
    assert (call.variables["uckefu_next"], call.variables["uckefu_queue"]) == ("queue", "service")
    assert [line for line in logs if line["event"] == "flow_not_run"]


def test_our_own_mistake_is_logged_and_the_caller_comes_to_the_default_queue(instance, call_of, monkeypatch):
    def broken(*_arguments):
        raise ZeroDivisionError("our mistake")

    monkeypatch.setattr(reception, "run", broken)
    call = call_of(uckefu_queue="service")
    with capture_logs() as logs:
        inbound.handler(call, "")
    assert (call.variables["uckefu_next"], call.variables["uckefu_queue"]) == ("queue", "service")
    assert logs[-1]["event"] == "inbound_failed"


@pytest.mark.parametrize("steps", range(5))
def test_a_caller_who_leaves_at_any_moment_leaves_quietly(instance, call_of, steps):
    call = call_of("9", leaves_after=steps)
    with capture_logs() as logs:
        inbound.handler(call, "")
    (ended,) = [line for line in logs if line["event"] == "flow_ended"]
    assert ended["next"] == "gone"
    assert not [line for line in logs if line["log_level"] in ("error", "critical")]
    assert call.variables["uckefu_flow"] == "main@1"  # for the CDR


def test_outside_the_office_hours_the_flow_ends_the_call(instance, call_of):
    (instance / "centre.yml").write_text("office_hours: []\n")
    call = call_of()
    inbound.handler(call, "")
    assert call.hung_up == "NORMAL_CLEARING"
    assert call.heard == ["zh/closed.wav", "zh/goodbye.wav"]


def test_the_whole_run_is_one_log_line_with_the_interaction_id(instance, call_of):
    with capture_logs() as logs:
        inbound.handler(call_of("1", interaction_id=UUID), "")
    (ended,) = [line for line in logs if line["event"] == "flow_ended"]
    assert ended["interaction_id"] == UUID
    assert [e["type"] for e in ended["events"]][-1] == "FlowEnded"


def after(call_of, digits="", **variables):
    given = {
        "interaction_id": UUID,
        "uckefu_after": "satisfaction",
        "uckefu_flow": "main@1",
        "uckefu_intent": "售后服务",
    }
    return call_of(
        digits, **given | {"uckefu_language": "en", "transfer_after_bridge": "after:XML:uckefu"} | variables
    )


@pytest.fixture
def satisfaction(instance):
    (instance / "flows").mkdir()
    shutil.copy(PACKAGED / "samples" / "satisfaction.yml", instance / "flows")


def test_after_the_talk_the_caller_rates_it_and_the_cdr_keeps_the_first_flow(instance, satisfaction, call_of):
    call = after(call_of, "5")
    inbound.handler(call, "after")
    assert call.heard == ["en/survey_score.wav", "en/survey_thanks.wav", "en/goodbye.wav"]
    kept = {
        k: call.variables[k]
        for k in ("uckefu_flow", "uckefu_intent", "uckefu_language", "uckefu_survey_score")
    }
    assert kept == {
        "uckefu_flow": "main@1", "uckefu_intent": "售后服务", "uckefu_language": "en", "uckefu_survey_score": "5",
    }  # fmt: skip
    assert (call.variables["uckefu_after_flow"], call.variables["transfer_after_bridge"]) == (
        "satisfaction@1",
        "",
    )
    (answer,) = (instance / "spool" / "survey").iterdir()
    assert json.loads(answer.read_text())["interaction_id"] == UUID


@pytest.mark.parametrize("name", ["", "lost", "../main"])
def test_after_the_talk_nobody_is_sent_to_a_queue_by_mistake(instance, call_of, name):
    call = after(call_of, uckefu_after=name)
    inbound.handler(call, "after")
    assert call.variables["uckefu_next"] == "goodbye"


def test_the_events_of_every_call_are_in_the_spool(instance, call_of):
    inbound.handler(call_of("1", interaction_id=UUID, uckefu_did="4001"), "")
    inbound.handler(call_of("9", interaction_id=UUID, leaves_after=2), "")
    (path,) = (instance / "spool" / "flow").iterdir()
    runs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(run["flow"], run["did"], run["next"], run["queue"]) for run in runs] == [
        ("main@1", "4001", "queue", "sales"), ("main@1", "", "gone", ""),
    ]  # fmt: skip
    assert {"NodeEntered", "NodeLeft", "KeyPressed", "FlowEnded"} <= {
        event["type"] for event in runs[0]["events"]
    }


def test_a_published_version_is_what_the_next_caller_gets(instance, call_of):
    from ivr.versions import FlowStore

    store = FlowStore(instance / "flows", process.prompts(), process.surroundings()["speech"], ["zh", "en"])
    for queue in ("sales", "operator"):
        store.save_draft("main", f"start: a\nnodes:\n  a: {{type: queue, queue: {queue}}}\n", "x")
        store.publish("main", "x")
        call = call_of()
        inbound.handler(call, "")
        assert call.variables["uckefu_queue"] == queue
    store.rollback("main", 1, "x")
    call = call_of()
    inbound.handler(call, "")
    assert (call.variables["uckefu_flow"], call.variables["uckefu_queue"]) == ("main@1", "sales")


def test_a_contact_decides_where_the_caller_goes(instance, call_of):
    (instance / "flows").mkdir()
    (instance / "flows" / "main.yml").write_text(
        "start: a\nnodes:\n"
        "  a: {type: lookup, source: contact, found: b, not_found: c, failed: c}\n"
        "  b: {type: branch, cases: [{when: contact.vip >= 3, next: d}], otherwise: c}\n"
        "  c: {type: queue, queue: service}\n  d: {type: queue, queue: vip, skills: [english]}\n"
    )
    write_contacts(instance / "contacts", {"13800138000": {"vip": 5}}, "CN")
    call = call_of()
    inbound.handler(call, "")
    assert (call.variables["uckefu_queue"], call.variables["uckefu_skills"]) == ("vip", "english:1")


@pytest.mark.parametrize("until", ["", "2999-01-01T00:00:00"])
def test_a_caller_on_the_blacklist_gets_a_polite_end_whatever_it_dialled(instance, call_of, until):
    write_contacts(instance / "contacts", {"13800138000": {"blocked": True, "blocked_until": until}}, "CN")
    call = call_of("1", interaction_id=UUID, uckefu_did="4001")
    inbound.handler(call, "")
    assert call.heard == ["zh/blocked.wav"] and call.hung_up == "NORMAL_CLEARING"
    assert call.variables["uckefu_flow"] == "blocked@1"


def test_a_block_that_is_over_and_a_list_that_cannot_be_read_cost_nobody_a_call(instance, call_of):
    write_contacts(
        instance / "contacts",
        {"13800138000": {"blocked": True, "blocked_until": "2025-01-01T00:00:00"}},
        "CN",
    )
    call = call_of("1", interaction_id=UUID)
    inbound.handler(call, "")
    assert call.variables["uckefu_queue"] == "sales"
    (instance / "contacts" / "00.json").write_text("{broken", encoding="utf-8")
    call = call_of("1", interaction_id=UUID)
    with capture_logs() as logs:
        inbound.handler(call, "")
    assert call.variables["uckefu_queue"] == "sales"
    assert logs[0]["event"] == "blacklist_not_read"


def test_the_session_is_given_back_whatever_happened(instance, call_of, monkeypatch):
    """Else FreeSWITCH keeps the channel after the hangup, for as long as anything refers to the session."""
    call = call_of("2")
    monkeypatch.setattr(process, "centre", lambda: 1 / 0)
    inbound.handler(call, "")
    assert call.is_destroyed


def test_a_queues_limit_leads_into_its_flow(instance, satisfaction, call_of):
    shutil.copy(PACKAGED / "samples" / "night.yml", instance / "flows")
    call = call_of("", interaction_id=UUID, uckefu_overflow_flow="night", uckefu_queue="sales")
    inbound.handler(call, "overflow")
    assert call.variables["uckefu_flow"] == "night@1"
    assert call.variables["uckefu_overflow_flow"] == ""


@pytest.mark.parametrize("name", ["", "no such flow"])
def test_a_limit_whose_flow_is_not_there_leads_to_the_fallback(instance, call_of, name):
    call = call_of(interaction_id=UUID, uckefu_overflow_flow=name, uckefu_queue="sales")
    with capture_logs():
        inbound.handler(call, "overflow")
    assert (call.variables["uckefu_next"], call.hung_up) == ("fallback", "")


def test_the_way_of_a_call_through_its_flow_asks_no_database(instance, call_of, monkeypatch):
    asked = []
    for name in ("connect", "begin", "raw_connection"):
        monkeypatch.setattr(f"sqlalchemy.engine.Engine.{name}", lambda *_about, name=name: asked.append(name))
    call = call_of("1", interaction_id=UUID)
    inbound.handler(call, "")
    assert (call.variables["uckefu_next"], asked) == ("queue", [])
