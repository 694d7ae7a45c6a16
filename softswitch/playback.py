"""Playing to a leg and collecting its keys, on the leg's own thread.

`applications.playback`, `applications.digits` and `session` use it. Follows switch_ivr_play_file, switch_ivr_read,
switch_ivr_collect_digits_count and switch_play_and_get_digits.
"""

import itertools
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from softswitch.channel import Digit, Leg, Play

Status = Literal["success", "break", "not_found", "failed"]
LONGEST_INPUT = 127  # FreeSWITCH's digit buffer
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was keyed, and how it ended: success, timeout, too_small, or gone (the leg must leave)."""

    digits: str
    status: Literal["success", "timeout", "too_small", "gone"]
    terminator: str = ""


def play(
    leg: Leg, source: str, on_digit: Callable[[Digit], bool] | None = None, *, loop: bool = False
) -> Status:
    """Play `source` to its end.

    Args:
        source: a WAV path, `silence_stream://…`, `tone_stream://…`, `local_stream://…`, `file_string://a!b`.
        on_digit: is given each key; True stops the playback. Without it keys stay for whoever asks next.
        loop: begin again at the end, until something stops it.
    """
    parts = (
        source.removeprefix("file_string://").split("!") if source.startswith("file_string://") else [source]
    )
    status: Status = "success"
    for part in parts:
        status = _play_one(leg, resolve(leg, part), on_digit, loop=loop)
        if status in ("break", "failed") or not leg.is_ready:
            break
    return status


def resolve(leg: Leg, source: str) -> str:
    """The file that a relative path means: `sound_prefix` of the channel, else the configured sounds folder."""
    if "://" in source or source.startswith("/"):
        return source
    if source.startswith("%("):
        return f"tone_stream://{source}"
    prefix = leg.get_variable("sound_prefix") or leg.switch.global_variable("sounds_dir") or ""
    return os.path.join(prefix, source)


def _play_one(leg: Leg, source: str, on_digit: Callable[[Digit], bool] | None, *, loop: bool) -> Status:
    if not source:
        return "not_found"
    if not leg.is_ready:
        return "failed"
    if "://" not in source and not os.path.isfile(source):
        leg.switch.log.error("sound file not found", path=source, call_uuid=leg.uuid)
        return "not_found"
    current = Play(f"{leg.uuid}.{next(_numbers)}")
    leg.plays[current.play_id] = current
    headers = {"Playback-File-Type": source.split("://")[0]} if source.startswith(("local_", "tone_")) else {}
    headers["Playback-File-Path"] = source
    leg.publish("PLAYBACK_START", headers)
    begun = time.monotonic()
    leg.audio.media.play(leg.uuid, source, play_id=current.play_id, loop=loop)
    stopped = _wait(leg, current, on_digit, _time_limit(leg))
    if not current.status:
        leg.audio.media.stop_play(leg.uuid, current.play_id)
    leg.plays.pop(current.play_id, None)
    milliseconds = int((time.monotonic() - begun) * 1000)
    leg.set_variables(
        {
            "playback_ms": str(milliseconds),
            "playback_seconds": str(milliseconds // 1000),
            "playback_samples": str(milliseconds * 8),
        }
    )
    leg.publish("PLAYBACK_STOP", headers | {"Playback-Status": "break" if stopped else "done"})
    if stopped:
        return "break"
    if current.status == "failed" or leg.flags.remote_hangup:
        return "failed"
    return "success"


def _time_limit(leg: Leg) -> float | None:
    """`playback_timeout_sec`: a playback is stopped after so many seconds."""
    text = leg.get_variable("playback_timeout_sec") or ""
    return float(text) if text.isdigit() and int(text) else None


def _wait(leg: Leg, current: Play, on_digit: Callable[[Digit], bool] | None, seconds: float | None) -> bool:
    """Wait for the end; True when something stopped it."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while leg.wait_until(
        lambda: bool(current.status) or leg.flags.stop or (on_digit is not None and bool(leg.digits)),
        None if deadline is None else max(0.0, deadline - time.monotonic()),
    ):
        if leg.take_stop():
            return True
        if current.status:
            return False
        if on_digit is not None and (digit := leg.take_digit()) is not None and on_digit(digit):
            return True
    return leg.is_ready  # the time is over; else the leg must leave


def read_digits(
    leg: Leg,
    most: int,
    terminators: str,
    first_seconds: float,
    digit_seconds: float,
    absolute_seconds: float = 0.0,
    already: str = "",
) -> Reading:
    """Collect keys without a prompt (switch_ivr_collect_digits_count).

    Args:
        most: this many are enough.
        terminators: keys that end the input and are not part of it; a leading `=` demands one.
        first_seconds: how long to wait for the first key.
        digit_seconds: how long between keys.
        absolute_seconds: how long in all, 0 for no limit.
        already: keys that were taken during the prompt.
    """
    digits = already
    ends = terminators.lstrip("=")
    begun = time.monotonic()
    while len(digits) < most:
        wait = digit_seconds if digits else first_seconds
        if absolute_seconds:
            wait = min(wait, begun + absolute_seconds - time.monotonic())
        if not leg.wait_until(lambda: bool(leg.digits) or leg.flags.stop, max(0.0, wait)):
            return Reading(digits, "timeout" if leg.is_ready else "gone")
        if leg.take_stop():
            return Reading(digits, "timeout")
        digit = leg.take_digit()
        if digit is None:
            continue
        if digit.digit in ends:
            return Reading(digits, "success", digit.digit)
        digits += digit.digit
    return Reading(digits, "success")


def read(
    leg: Leg,
    fewest: int,
    most: int,
    prompt: str,
    variable: str,
    seconds: float,
    terminators: str,
    digit_seconds: float = 0.0,
) -> Reading:
    """Play a prompt and collect keys, which stop it; sets `read_result` and the variable (switch_ivr_read)."""
    most = min(max(most, fewest), LONGEST_INPUT)
    leg.set_variable("read_result", None)
    if variable:
        leg.set_variable(variable, None)
    if not leg.pre_answer():
        return Reading("", "gone")
    digits = ""
    terminator = ""
    ends = terminators.lstrip("=")
    if prompt and prompt.lower() != "silence":
        digits, terminator = _play_prompt(leg, prompt, ends)
    status: Literal["success", "timeout", "too_small", "gone"] = "success"
    if not leg.is_ready:
        status = "gone"
    elif not terminator and len(digits) < most:
        reading = read_digits(leg, most, ends, seconds, digit_seconds or seconds, already=digits)
        digits, status, terminator = reading.digits, reading.status, reading.terminator
    if terminator:
        leg.set_variable("read_terminator_used", terminator)
    elif terminators.startswith("="):
        status = "too_small"
    if fewest and len(digits) < fewest:
        status = "too_small"
    words = {"success": "success", "timeout": "timeout"}
    leg.set_variable("read_result", words.get(status, "failure"))
    if variable and digits:
        leg.set_variable(variable, digits)
    return Reading(digits, status, terminator)


def _play_prompt(leg: Leg, prompt: str, ends: str) -> tuple[str, str]:
    keyed: list[str] = []

    def first_key(digit: Digit) -> bool:
        keyed.append(digit.digit)
        return True

    play(leg, prompt, first_key)
    key = keyed[0] if keyed else ""
    return ("", key) if key and key in ends else (key, "")


def play_and_get_digits(
    leg: Leg,
    fewest: int,
    most: int,
    tries: int,
    seconds: float,
    terminators: str,
    prompt: str,
    invalid: str,
    variable: str = "",
    pattern: str = "",
    digit_seconds: float = 0.0,
    transfer_on_failure: str = "",
) -> str:
    """Ask until the input fits the pattern or the tries are used up; '' then (switch_play_and_get_digits)."""
    if variable and pattern:
        leg.set_variable(f"{variable}_invalid", None)
    while leg.is_ready and tries > 0:
        reading = read(leg, fewest, most, prompt, variable, seconds, terminators, digit_seconds)
        if reading.status == "gone":
            break
        if fewest == 0 and not reading.digits and reading.terminator:
            return ""
        complete = reading.status == "success" or (
            reading.status == "timeout" and len(reading.digits) >= fewest
        )
        if complete and reading.digits:
            if not pattern or re.search(pattern, reading.digits):
                leg.set_variable("read_result", "success")
                return reading.digits
            leg.set_variable(variable, None)
            leg.set_variable(f"{variable}_invalid", reading.digits)
        if invalid and invalid.lower() != "silence":
            play(leg, invalid)
        tries -= 1
    if transfer_on_failure and leg.is_ready:
        extension, dialplan, context, *_ = [*transfer_on_failure.split(), "", "", ""]
        leg.transfer(extension, dialplan, context)
    return ""
