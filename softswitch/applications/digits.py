"""Keys: collect them, send them."""

import structlog

from softswitch import playback
from softswitch.applications import Application
from softswitch.channel import Leg

SHORTEST_MILLISECONDS = 1000  # FreeSWITCH takes no shorter timeout
logger = structlog.get_logger("softswitch.dialplan")


def play_and_get_digits(leg: Leg, argument: str) -> None:
    """play_and_get_digits MIN MAX TRIES TIMEOUT TERMINATORS FILE INVALID_FILE [VAR [REGEX [DIGIT_TIMEOUT [TRANSFER]]]]"""
    words = argument.split(maxsplit=10)
    if len(words) < 6:
        logger.error("play_and_get_digits: arguments missing", argument=argument, call_uuid=leg.uuid)
        return
    fewest, most, tries, timeout = (_integer(word) for word in words[:4])
    terminators, prompt, invalid, variable, pattern, digit_timeout, on_failure, *_ = [*words[4:], *[""] * 7]
    playback.play_and_get_digits(
        leg,
        max(0, fewest),
        max(most, fewest),
        tries,
        max(timeout, SHORTEST_MILLISECONDS) / 1000,
        terminators or "#",
        prompt,
        invalid,
        variable,
        pattern,
        _integer(digit_timeout) / 1000,
        on_failure.strip("'"),
    )


def read(leg: Leg, argument: str) -> None:
    """read MIN MAX FILE VAR [TIMEOUT [TERMINATORS [DIGIT_TIMEOUT]]]"""
    words = argument.split()
    if not words:
        logger.error("read: arguments missing", call_uuid=leg.uuid)
        return
    fewest, most, prompt, variable, timeout, terminators, digit_timeout, *_ = [*words, *[""] * 7]
    playback.read(
        leg,
        max(1, _integer(fewest)),
        max(1, _integer(most)),
        prompt,
        variable,
        max(_integer(timeout), SHORTEST_MILLISECONDS) / 1000,
        terminators or "#",
        _integer(digit_timeout) / 1000,
    )


def send_dtmf(leg: Leg, argument: str) -> None:
    """send_dtmf DIGITS[@MILLISECONDS]"""
    digits, _, length = argument.partition("@")
    try:
        leg.audio.media.send_dtmf(leg.uuid, digits.strip(), _integer(length) or 100)
    except ValueError as error:
        logger.error("send_dtmf refused", reason=str(error), call_uuid=leg.uuid)


def flush_dtmf(leg: Leg, argument: str) -> None:
    """flush_dtmf: forget the keys not yet looked at."""
    del argument
    leg.digits.clear()


def _integer(text: str) -> int:
    return int(text) if text.strip().lstrip("+-").isdecimal() else 0


APPLICATIONS = {
    "play_and_get_digits": Application(play_and_get_digits, needs_media=True),
    "read": Application(read, needs_media=True),
    "send_dtmf": Application(send_dtmf, needs_media=True),
    "flush_dtmf": Application(flush_dtmf),
}
