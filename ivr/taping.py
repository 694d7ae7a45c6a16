"""One recording of what the caller says: `voicemail` and `survey` use it."""

from pathlib import Path

from ivr.call import Call


def tape(
    call: Call, kind: str, max_seconds: float, silence_seconds: float, min_seconds: float, *, beep: bool
) -> tuple[Path, float] | None:
    """Beep and record; None when nothing came that is long enough (its file is removed).

    Args:
        kind: the folder, `voicemail` or `survey`.
    """
    path = call.context.filing.audio_path(kind, call.context.interaction_id, call.context.now())
    if path is None:
        return None
    call.forget_keys()
    tone = call.context.prompts.path("say/beep", call.language)
    if beep and tone is not None:
        call.session.play(tone)
    seconds = call.session.record(path, max_seconds, silence_seconds)
    call.forget_keys()
    if seconds < max(min_seconds, 0.1):
        path.unlink(missing_ok=True)
        return None
    return path, seconds
