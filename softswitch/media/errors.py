"""What can go wrong in the media engine, one class a fact; `code` is stable and crosses the process boundary."""


class MediaError(Exception):
    """Any refusal of the media engine."""

    code = "media-error"


class MediaEngineLost(MediaError):
    """The media process is gone or does not answer; the switch process should exit and be restarted."""

    code = "media-engine-lost"


class NoRtpPort(MediaError):
    """Every RTP port of the configured range is in use."""

    code = "no-rtp-port"


class SourceUnusable(MediaError):
    """A playback source that cannot be played; the text is the reason that `played` reports."""

    code = "source-unusable"


BY_CODE: dict[str, type[MediaError]] = {
    cls.code: cls for cls in (MediaError, MediaEngineLost, NoRtpPort, SourceUnusable)
}
