"""What a hangup cause says about an offer. Names are Q.850's as FreeSWITCH has them.

Which cause comes when was seen on FreeSWITCH 1.10.12: a ring time that is over gives NO_ANSWER through `user/…` and
ALLOTTED_TIMEOUT through a sofia URL; 480 gives NO_USER_RESPONSE; a phone that is not registered has no leg at all.
"""

EXPIRED = frozenset({"NO_ANSWER", "ALLOTTED_TIMEOUT", "PROGRESS_TIMEOUT"})
DECLINED = frozenset({"CALL_REJECTED"})
WITHDRAWN = frozenset({"ORIGINATOR_CANCEL", "PICKED_OFF", "LOSE_RACE", "CONTROL_FAILED"})


def outcome_of(cause: str) -> str:
    """expired, declined, withdrawn or failed (busy, not registered, unreachable, anything else)."""
    if cause in EXPIRED:
        return "expired"
    if cause in DECLINED:
        return "declined"
    return "withdrawn" if cause in WITHDRAWN else "failed"
