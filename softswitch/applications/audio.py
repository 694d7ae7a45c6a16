"""What the caller hears and what is kept: playback, echo, hold, recording."""

from softswitch import playback
from softswitch.applications import Application
from softswitch.channel import Digit, Leg

_RESPONSES = {
    "success": "FILE PLAYED",
    "break": "FILE PLAYED",
    "not_found": "FILE NOT FOUND",
    "failed": "PLAYBACK ERROR",
}
_ALL_KEYS = "1234567890*#"


def play(leg: Leg, argument: str) -> None:
    """playback SOURCE[@@offset]; a key of `playback_terminators` (`*`) stops it."""
    leg.set_variable("playback_terminator_used", None)
    ends = leg.get_variable("playback_terminators") or "*"
    keys = {"any": _ALL_KEYS, "none": ""}.get(ends.lower(), ends)

    def stop(digit: Digit) -> bool:
        if digit.digit in keys:
            leg.set_variable("playback_terminator_used", digit.digit)
            return True
        return False

    status = playback.play(leg, argument.partition("@@")[0], stop)
    leg.set_variable("current_application_response", _RESPONSES[status])


def endless_playback(leg: Leg, argument: str) -> None:
    """endless_playback SOURCE: again and again until hangup or transfer."""
    status: playback.Status = "success"
    while leg.is_ready:
        status = playback.play(leg, argument, loop=True)
        if status not in ("success", "break"):
            break
    leg.set_variable("current_application_response", _RESPONSES[status])


def gentones(leg: Leg, argument: str) -> None:
    """gentones %(on,off,hz…)[|loops]"""
    tones, _, loops = argument.partition("|")
    playback.play(leg, f"tone_stream://{tones}" + (f";loops={loops}" if loops else ""))


def echo(leg: Leg, argument: str) -> None:
    """echo: the caller hears itself, until hangup or transfer."""
    del argument
    leg.audio.media.connect(leg.uuid, leg.uuid)
    try:
        while leg.wait_until(lambda: leg.flags.stop or bool(leg.digits)):
            if leg.take_stop():
                break
            leg.take_digit()
    finally:
        leg.audio.media.disconnect(leg.uuid, leg.uuid)


def record_session(leg: Leg, argument: str) -> None:
    """record_session PATH [+limit]: record in the background (RECORD_STEREO, RECORD_BRIDGE_REQ)."""
    leg.switch.recorder.start(leg, argument.partition(" +")[0].strip())


def stop_record_session(leg: Leg, argument: str) -> None:
    """stop_record_session PATH|all"""
    leg.switch.recorder.act(leg, argument.strip(), "stop")


def mask(leg: Leg, argument: str) -> None:
    """record_session_mask PATH: silence in the recording."""
    leg.switch.recorder.act(leg, argument.strip(), "mask")


def unmask(leg: Leg, argument: str) -> None:
    """record_session_unmask PATH"""
    leg.switch.recorder.act(leg, argument.strip(), "unmask")


def hold(leg: Leg, argument: str) -> None:
    """hold: re-INVITE sendonly."""
    del argument
    leg.switch.hold(leg.uuid, True)


def unhold(leg: Leg, argument: str) -> None:
    """unhold"""
    del argument
    leg.switch.hold(leg.uuid, False)


def displace_session(leg: Leg, argument: str) -> None:
    """displace_session SOURCE: the leg hears it while it does something else, and nobody hears the leg."""
    if argument.split():
        leg.switch.displace(leg.uuid, argument.split()[0], True)


def stop_displace_session(leg: Leg, argument: str) -> None:
    """stop_displace_session SOURCE: undo it; nothing happens when there is none."""
    leg.switch.displace(leg.uuid, argument.strip(), False)


APPLICATIONS = {
    "playback": Application(play, needs_media=True),
    "endless_playback": Application(endless_playback, needs_media=True),
    "gentones": Application(gentones, needs_media=True),
    "echo": Application(echo, needs_media=True),
    "record_session": Application(record_session, needs_media=True),
    "stop_record_session": Application(stop_record_session),
    "record_session_mask": Application(mask),
    "record_session_unmask": Application(unmask),
    "hold": Application(hold),
    "unhold": Application(unhold),
    "displace_session": Application(displace_session, needs_media=True),
    "stop_displace_session": Application(stop_displace_session),
}
