"""From a channel's data to the record: who called whom, when, and who hung up. Values as seen on FreeSWITCH 1.10.12."""

import json

import pytest

from fs_scripts.leg_record import hung_up_by, leg_record

A, B = "da62b667-108f-46b8-8ba0-ea31d66ff73f", "50c0e48a-14da-48dd-8c81-9e74316b987c"
CALLER = {
    "Unique-ID": A,
    "Call-Direction": "inbound",
    "Caller-Caller-ID-Number": "13800138000",
    "Caller-Destination-Number": "queue",
    "Hangup-Cause": "NORMAL_CLEARING",
    "variable_uuid": A,
    "variable_interaction_id": A,
    "variable_uckefu_did": "4001",
    "variable_uckefu_role": "caller",
    "variable_uckefu_language": "zh",
    "variable_uckefu_flow": "main@1",
    "variable_uckefu_intent": "售后服务",
    "variable_uckefu_recording": "2025/03/04/a.wav",
    "variable_start_uepoch": "1795381267742783",
    "variable_progress_uepoch": "1795381268822766",
    "variable_progress_media_uepoch": "1795381267762775",
    "variable_answer_uepoch": "1795381267762775",
    "variable_end_uepoch": "1795381271882932",
    "variable_hangup_cause": "NORMAL_CLEARING",
    "variable_sip_hangup_disposition": "recv_bye",
    "variable_sip_call_id": "558b92d0a5c415e3@call",
    "variable_originate_disposition": "SUCCESS",
    "variable_last_app": "bridge",
    "variable_bridge_uuid": B,
    "variable_dialed_user": "1001",
}
AGENT = {
    "Unique-ID": B,
    "Call-Direction": "outbound",
    "Caller-Caller-ID-Number": "13800138000",
    "Caller-Destination-Number": "1001",
    "variable_interaction_id": A,
    "variable_uckefu_role": "agent",
    "variable_uckefu_agent_id": "7",
    "variable_uckefu_offer_id": f"{A}:1:1",
    "variable_start_uepoch": "1795381268822766",
    "variable_progress_uepoch": "1795381268822766",
    "variable_answer_uepoch": "1795381269822780",
    "variable_end_uepoch": "1795381271862796",
    "variable_hangup_cause": "NORMAL_CLEARING",
    "variable_sip_hangup_disposition": "send_bye",
    "variable_dialed_user": "1001",
}


def record(headers, folder):
    return leg_record(headers.get, folder, "switch1")


def test_the_callers_leg_brings_its_part_of_the_interaction(tmp_path):
    made = record(CALLER, tmp_path)
    assert made["leg"] | {"detail": {}} == {
        "id": A,
        "interaction_id": A,
        "direction": "inbound",
        "role": "caller",
        "from_number": "13800138000",
        "to_number": "4001",
        "agent_id": None,
        "started_at_us": 1795381267742783,
        "ringing_at_us": None,
        "answered_at_us": 1795381267762775,
        "ended_at_us": 1795381271882932,
        "hung_up_first": True,
        "hangup_cause": "NORMAL_CLEARING",
        "sip_call_id": "558b92d0a5c415e3@call",
        "detail": {},
    }
    assert made["interaction"] == {
        "id": A,
        "channel": "voice",
        "direction": "inbound",
        "from_number": "13800138000",
        "to_number": "4001",
        "language": "zh",
        "flow": "main@1",
        "intent": "售后服务",
        "started_at_us": 1795381267742783,
        "answered_at_us": 1795381267762775,
        "ended_at_us": 1795381271882932,
        "hangup_by": "caller",
        "hangup_cause": "NORMAL_CLEARING",
        "recording": "",
        "switch_name": "switch1",
    }


def test_the_agents_leg_is_a_leg_only(tmp_path):
    made = record(AGENT, tmp_path)
    assert "interaction" not in made
    leg = made["leg"]
    assert (leg["interaction_id"], leg["role"], leg["agent_id"], leg["to_number"]) == (A, "agent", 7, "1001")
    assert leg["ringing_at_us"] == 1795381268822766
    assert leg["hung_up_first"] is False
    assert leg["detail"]["uckefu_offer_id"] == f"{A}:1:1"


def test_a_recording_is_named_when_its_file_is_there(tmp_path):
    path = tmp_path / "2025/03/04/a.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"RIFF")
    assert record(CALLER, tmp_path)["interaction"]["recording"] == "2025/03/04/a.wav"


AGENT_ENDED = {"sip_hangup_disposition": "send_bye", "last_bridge_hangup_cause": "NORMAL_CLEARING"}


@pytest.mark.parametrize(
    ("changes", "who"),
    [
        ({"sip_hangup_disposition": "recv_bye"}, "caller"),
        ({"sip_hangup_disposition": "recv_cancel"}, "caller"),
        (AGENT_ENDED, "agent"),
        (AGENT_ENDED | {"uckefu_hangup_by": "agent", "last_app": "log"}, "agent"),
        ({"uckefu_hangup_by": "agent"}, "agent"),  # the ACD's word goes before what SIP says
        (AGENT_ENDED | {"last_app": "playback"}, "system"),  # talked earlier; ended by an apology
        (AGENT_ENDED | {"originate_disposition": "NO_ANSWER"}, "system"),
        (AGENT_ENDED | {"hangup_cause": "MANAGER_REQUEST"}, "system"),  # killed after the talk
        ({"sip_hangup_disposition": "send_bye"}, "system"),
        ({"sip_hangup_disposition": "send_refuse", "last_app": None}, "system"),
        ({"sip_hangup_disposition": None, "last_app": None}, "system"),
    ],
)
def test_who_hung_up(changes, who):
    headers = CALLER | {f"variable_{name}": value for name, value in changes.items()}
    assert hung_up_by(headers.get) == who


def test_a_recovered_talk_that_the_agent_ended_is_the_agents_and_began_no_later_than_its_answer(tmp_path):
    recovered = AGENT_ENDED | {"recovered": "true", "current_application": "bridge", "last_app": ""}
    recovered |= {"start_uepoch": "1795442454817433", "answer_uepoch": "1795442447819769"}
    recovered |= {"end_uepoch": "1795442463797672", "progress_uepoch": "1795442447937026"}
    headers = CALLER | {f"variable_{name}": value for name, value in recovered.items()}
    assert hung_up_by(headers.get) == "agent"
    leg = record(headers, tmp_path)["leg"]
    assert leg["started_at_us"] == leg["answered_at_us"] == 1795442447819769


def test_a_leg_that_never_was_answered_has_its_ringing(tmp_path):
    leg = record(CALLER | {"variable_answer_uepoch": "0"}, tmp_path)["leg"]
    assert (leg["answered_at_us"], leg["ringing_at_us"]) == (None, 1795381268822766)


def test_a_call_from_phone_to_phone_is_internal(tmp_path):
    headers = {k: v for k, v in CALLER.items() if k != "variable_uckefu_did"}
    made = record(headers | {"Caller-Destination-Number": "1002"}, tmp_path)
    assert (made["interaction"]["direction"], made["interaction"]["to_number"]) == ("internal", "1002")


def test_a_leg_of_no_interaction_is_its_own(tmp_path):
    made = record({"Unique-ID": B, "Call-Direction": "outbound"}, tmp_path)
    assert made["leg"]["interaction_id"] == B
    assert "interaction" not in made


def test_stray_bytes_and_strange_numbers_of_a_phone_make_no_trouble(tmp_path):
    headers = CALLER | {
        "Caller-Caller-ID-Number": "13\udcff8",
        "variable_uckefu_agent_id": "seven",
        "variable_end_uepoch": "-1",
    }
    made = record(headers, tmp_path)
    assert made["leg"]["from_number"] == "13?8"
    assert (made["leg"]["agent_id"], made["leg"]["ended_at_us"]) == (None, None)
    assert json.loads(json.dumps(made)) == made


def test_data_without_a_channel_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Unique-ID"):
        record({}, tmp_path)
