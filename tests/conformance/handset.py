"""The phones of the suite: `uckefu.demo.phone.Phone` with a tone of its own and an ear."""

from pathlib import Path

from tests.conformance.hearing import HEADER_BYTES, milliseconds_of, samples_of, story, windows, write_tone
from tests.support.waiting import wait_until
from uckefu.demo.phone import Phone

HEARD_MILLISECONDS = 200


class Handset(Phone):
    """A phone that says one tone all the time. Kept over many tests; `begin` makes it fresh."""

    def sing(self, folder: Path, hertz: int) -> None:
        """Send this tone into every call."""
        self.do("play", path=str(write_tone(folder / f"says-{self.user}.wav", hertz)))

    def begin(self, folder: Path) -> None:
        """Forget what was; record what is heard from now on into `folder`.

        Waits until the phone has done all earlier commands: a hang-up of the last test that is still in the
        pipe would decline this one's first call.
        """
        self._path = folder / f"heard-{self.user}.wav"
        self.do("record", path=str(self._path))
        self.wait("recording", path=str(self._path))
        self.seen.clear()

    def hears(self, tone: str, seconds: float = 8, *, milliseconds: int = HEARD_MILLISECONDS) -> None:
        """Wait until the phone hears this tone, from now on, for a moment. Raises TimeoutError."""
        size = self._path.stat().st_size if self._path.exists() else 0
        begin = max(0, size - HEADER_BYTES)
        wait_until(
            lambda: milliseconds_of(samples_of(self._path, first_byte=begin), tone) >= milliseconds,
            seconds=seconds,
            what=f"phone {self.user} to hear {tone!r}",
        )

    def hears_silence(self, milliseconds: int = 500, seconds: float = 8) -> None:
        """Wait until so much of the recording in a row, from now on, has no tone in it. Raises TimeoutError."""
        begin = max(0, (self._path.stat().st_size if self._path.exists() else 0) - HEADER_BYTES)

        def is_silent() -> bool:
            last = windows(samples_of(self._path, first_byte=begin))[-(milliseconds // 100) :]
            return len(last) >= milliseconds // 100 and not any(last)

        wait_until(is_silent, seconds=seconds, what=f"silence at phone {self.user}")

    def heard(self) -> list[str]:
        """All tones that it heard, in order; closes the recording."""
        return story(self.recording())

    def recording(self):  # type: ignore[no-untyped-def]
        """The samples that it heard; closes the recording."""
        self.finish_recording()
        return samples_of(self._path)
