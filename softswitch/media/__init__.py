"""The media engine of the built-in switch: RTP, mixing, playback, recording, digits, in a process of its own.

The switch uses `MediaClient` (client.py) only. It starts `python -m softswitch.media` (__main__.py, loop.py),
whose engine (engine.py) owns the legs (leg.py). A voice packet walks: socket -> rtp.py -> latching.py ->
playout.py -> mixer.py (decode, gains, encode) -> rtp.py -> socket.
"""

from softswitch.media.client import MediaClient
from softswitch.media.errors import MediaEngineLost, MediaError, NoRtpPort, SourceUnusable

__all__ = ["MediaClient", "MediaEngineLost", "MediaError", "NoRtpPort", "SourceUnusable"]
