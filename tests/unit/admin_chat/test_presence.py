"""Where a visitor who waits stands, and how long it will take: the ACD's own figures."""

from admin.chat.presence import position_of

SECOND = 1_000_000


def view(at_seconds: int, **expected):
    """Two who wait in a queue and one in another, the first since second 100."""
    row = {"queue": "webchat", "entered_at_us": 100 * SECOND, **expected}
    members = [row | {"interaction_id": "first", "position": 1}, row | {"interaction_id": "second", "position": 2},
               row | {"interaction_id": "elsewhere", "queue": "sales", "position": 1}]  # fmt: skip
    return {"at_us": at_seconds * SECOND, "members": members}


def test_a_waiting_visitor_is_told_the_place_and_what_is_left_of_the_acds_estimate():
    expected = {"expected_us": [60 * SECOND, 120 * SECOND]}
    assert position_of(view(100, **expected), "second") == {
        "conversation_id": "second", "position": 2, "waiting": 2, "seconds": 120,
    }  # fmt: skip
    assert position_of(view(145, **expected), "second")["seconds"] == 50


def test_an_estimate_that_is_over_is_soon_and_one_that_nobody_knows_is_none():
    assert position_of(view(900, expected_us=[60 * SECOND, 120 * SECOND]), "first")["seconds"] == 10
    assert position_of(view(100, expected_us=[9_000 * SECOND] * 2), "first")["seconds"] == 3600
    assert position_of(view(100, expected_us=None), "first")["seconds"] is None
    assert position_of(view(100), "nobody") is None
