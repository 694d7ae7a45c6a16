"""Turns a channel's data after its hangup into the record that `sql.record.write_leg` takes. No I/O but one look.

`reporting` calls `leg_record`. Which variable says what was seen on FreeSWITCH 1.10.12:
an answered call that the agent's phone ends leaves `last_bridge_hangup_cause` on the caller's leg, and that
leg then ends with the same cause out of `bridge`; one that the caller ends does not.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Get = Callable[[str], str | None]

FAR_END_ENDED = ("recv_bye", "recv_cancel", "recv_refuse")
DETAIL = (
    "endpoint_disposition", "originate_disposition", "sip_hangup_disposition", "sip_term_status", "sip_user_agent",
    "sip_network_ip", "read_codec", "write_codec", "rtp_audio_in_mos", "rtp_audio_in_quality_percentage",
    "bridge_uuid", "uckefu_offer_id", "transfer_history",
)  # fmt: skip


def leg_record(header: Get, recordings_dir: Path, switch_name: str) -> dict[str, Any]:
    """The record of one leg, ready for JSON: `leg`, and for the caller's own leg `interaction`.

    Args:
        header: gives a header of the channel data (`Unique-ID`, `variable_…`), None when there is none.
        recordings_dir: a recording is named only when its file is there.
        switch_name: for the interaction.

    Raises:
        ValueError: there is no channel UUID in the data.
    """
    leg = _leg(header)
    record: dict[str, Any] = {"leg": leg}
    if leg["id"] == _variable(header, "interaction_id"):
        record["interaction"] = _interaction(header, leg, recordings_dir, switch_name)
    return record


def _leg(header: Get) -> dict[str, Any]:
    uuid = _clean(header("Unique-ID")) or _variable(header, "uuid")
    if not uuid:
        raise ValueError("channel data without Unique-ID")
    disposition = _variable(header, "sip_hangup_disposition")
    direction = _clean(header("Call-Direction")) or _variable(header, "direction")
    return {
        "id": uuid,
        "interaction_id": _variable(header, "interaction_id") or uuid,
        "direction": direction or "inbound",
        "role": _variable(header, "uckefu_role"),
        "from_number": _clean(header("Caller-Caller-ID-Number")) or _variable(header, "sip_from_user"),
        "to_number": _called(header, direction),
        "agent_id": _integer(_variable(header, "uckefu_agent_id")),
        **_instants(header),
        "hung_up_first": disposition in FAR_END_ENDED if disposition else None,
        "hangup_cause": _variable(header, "hangup_cause") or _clean(header("Hangup-Cause")),
        "sip_call_id": _variable(header, "sip_call_id"),
        "detail": {name: value for name in DETAIL if (value := _variable(header, name))},
    }


def _called(header: Get, direction: str) -> str:
    """Whom the leg called; a transfer through the dialplan has replaced the destination, so the DID comes first."""
    first = "dialed_user" if direction == "outbound" else "uckefu_did"
    return _variable(header, first) or _clean(header("Caller-Destination-Number"))


def _instants(header: Get) -> dict[str, int | None]:
    started, answered = _instant(header, "start_uepoch"), _instant(header, "answer_uepoch")
    ringing = _instant(header, "progress_uepoch") or _instant(header, "progress_media_uepoch")
    if ringing and answered and ringing > answered:
        ringing = None  # a caller's leg takes over the ringing of the agent's, long after its own answer
    ended = _instant(header, "end_uepoch")
    if started and _variable(header, "recovered") == "true":
        # `sofia recover` gives the channel a new start and leaves the other times as they were.
        started = min(started, ringing or started, answered or started)
    return {
        "started_at_us": started, "ringing_at_us": ringing, "answered_at_us": answered, "ended_at_us": ended,
    }  # fmt: skip


def _interaction(header: Get, leg: dict[str, Any], recordings_dir: Path, switch_name: str) -> dict[str, Any]:
    recording = _variable(header, "uckefu_recording")
    return {
        "id": leg["id"],
        "channel": "voice",
        # A call from phone to phone has no DID.
        "direction": _direction(header, leg),
        "from_number": leg["from_number"],
        "to_number": leg["to_number"],
        "language": _variable(header, "uckefu_language"),
        "flow": _variable(header, "uckefu_flow"),
        "intent": _variable(header, "uckefu_intent"),
        "started_at_us": leg["started_at_us"],
        "answered_at_us": leg["answered_at_us"],
        "ended_at_us": leg["ended_at_us"],
        "hangup_by": hung_up_by(header),
        "hangup_cause": leg["hangup_cause"],
        "recording": recording if recording and (recordings_dir / recording).is_file() else "",
        "switch_name": switch_name,
    }


def _direction(header: Get, leg: dict[str, Any]) -> str:
    """A call that an agent makes from the page says so; one from phone to phone has no DID."""
    if said := _variable(header, "uckefu_direction"):
        return said
    return str(leg["direction"]) if _variable(header, "uckefu_did") else "internal"


def hung_up_by(header: Get) -> str:
    """Who ended the caller's call: `caller`, `agent` or `system`."""
    if said := _variable(header, "uckefu_hangup_by"):  # the ACD knows: the agent did it from the page
        return said
    if _variable(header, "sip_hangup_disposition") in FAR_END_ENDED:
        return "caller"
    if _variable(header, "uckefu_role") == "customer":  # called by the agent, whose leg ends it otherwise
        return "agent"
    bridge_cause = _variable(header, "last_bridge_hangup_cause")
    talked = _variable(header, "originate_disposition") == "SUCCESS" and _last_application(header) == "bridge"
    if talked and bridge_cause and bridge_cause == _variable(header, "hangup_cause"):
        return "agent"
    return "system"


def _last_application(header: Get) -> str:
    """A call that was recovered in its talk has ended no application since, but still is in `bridge`."""
    return _variable(header, "last_app") or _variable(header, "current_application")


def _variable(header: Get, name: str) -> str:
    return _clean(header(f"variable_{name}"))


def _clean(value: str | None) -> str:
    """The text without the stray bytes that a phone may send (mod_python3 gives them as surrogates)."""
    return (value or "").encode("utf-8", "replace").decode("utf-8")


def _integer(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _instant(header: Get, name: str) -> int | None:
    """Microseconds since the epoch; FreeSWITCH writes 0 for what has not happened."""
    return _integer(_variable(header, name)) or None
