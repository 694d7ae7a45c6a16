"""Times and caller profiles as events and the CDR show them."""

from softswitch.caller import CallerProfile, Times

SECOND = 1_000_000


def times():
    return Times(
        created=10 * SECOND + 900_000, progress=11 * SECOND + 100_000, answered=12 * SECOND + 800_000,
        bridged=12 * SECOND + 900_000, hungup=15 * SECOND + 100_000,
    )  # fmt: skip


def test_seconds_come_from_truncated_instants_as_in_freeswitch():
    variables = times().variables()
    assert (variables["duration"], variables["billsec"], variables["waitsec"]) == ("5", "3", "2")
    assert (variables["mduration"], variables["billmsec"], variables["uduration"]) == (
        "4200",
        "2300",
        "4200000",
    )
    assert variables["progress_mediasec"] == "0"
    assert (variables["start_uepoch"], variables["end_epoch"]) == ("10900000", "15")
    assert "progress_media_stamp" not in variables


def test_a_call_that_was_not_answered_has_no_billed_time():
    unanswered = Times(created=SECOND, hungup=3 * SECOND).variables()
    assert (unanswered["billsec"], unanswered["flow_billsec"], unanswered["answer_uepoch"]) == ("0", "0", "0")
    assert unanswered["duration"] == "2"


def test_a_profile_moves_and_remembers_where_it_was():
    before = CallerProfile("u", "inbound", "4001", context="public")
    after = before.moved("queue", "XML", "uckefu")
    assert (after.destination_number, after.context, after.rdnis) == ("queue", "uckefu", "4001")
    assert before.destination_number == "4001"


def test_empty_fields_are_no_headers():
    headers = CallerProfile("u", "inbound", "4001").headers("Caller", times())
    assert headers["Caller-Destination-Number"] == "4001"
    assert "Caller-RDNIS" not in headers
    assert headers["Caller-Channel-Answered-Time"] == "12800000"
    assert CallerProfile("u", "inbound", "4001").field("destination_number") == "4001"
    assert CallerProfile("u", "inbound").field("no_such") is None
