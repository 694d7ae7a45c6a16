"""The `freeswitch` module that scripts import: sessions, API, events and the console, as mod_python3 has them.

`install` puts it into `sys.modules`; the application `python`, the command `python`, and the directory use it. Names,
signatures and results are those of FreeSWITCH's swig module, hence the camel case.
"""

# ruff: noqa: N802, N803 - FreeSWITCH's own names

import importlib
import json
import math
import os
import sys
import time
import types
from collections.abc import Callable
from importlib.abc import InspectLoader
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import structlog

from softswitch import events
from softswitch.silence import SilenceWatch

if TYPE_CHECKING:
    from softswitch.channel import Digit, Leg
    from softswitch.switch import SoftSwitch

SILENCE_LOOK_SECONDS = 0.25
SUCCESS, BREAK = 0, 2  # switch_status_t, where a script gets it; most methods give 1 or 0
_LEVELS = {
    "DEBUG": "debug", "INFO": "info", "NOTICE": "info", "WARNING": "warning", "ERR": "error", "ERROR": "error",
    "CRIT": "critical", "ALERT": "critical", "CONSOLE": "info",
}  # fmt: skip
logger = structlog.get_logger("freeswitch")


class Event:
    """An event as scripts see it: the `params` of `xml_fetch`, the `env` of a reporting hook."""

    def __init__(self, type: str = "", subclass_name: str = "") -> None:
        self.event = events.new_event(type, subclass=subclass_name) if type else events.Event({})
        self._lowered: dict[str, str] | None = (
            None  # values by lower-case name: a hook asks for many that aren't there
        )

    @classmethod
    def of(cls, event: events.Event) -> "Event":
        """The same event for a script."""
        made = cls()
        made.event = event
        return made

    def getHeader(self, header_name: str) -> str | None:
        """A header's value, None when it is not there."""
        value = self.event.headers.get(header_name)
        if value is not None:
            return value
        if self._lowered is None:
            self._lowered = {}
            for name, each in self.event.headers.items():
                self._lowered.setdefault(name.lower(), each)
        return self._lowered.get(header_name.lower())

    def addHeader(self, header_name: str, value: object) -> bool:
        """Add or replace a header."""
        self.event.headers[header_name] = str(value)
        self._lowered = None
        return True

    def delHeader(self, header_name: str) -> bool:
        """Remove a header."""
        self._lowered = None
        return self.event.headers.pop(header_name, None) is not None

    def getBody(self) -> str:
        """The body."""
        return self.event.body

    def addBody(self, value: str) -> bool:
        """Set the body."""
        self.event.body = value
        return True

    def getType(self) -> str:
        """Event-Name."""
        return self.event.name

    def serialize(self, format: str | None = None) -> str:
        """Plain text, or `json`, or `xml`."""
        if format == "json":
            return json.dumps(self.event.headers | {"_body": self.event.body}, ensure_ascii=False)
        if format == "xml":
            rows = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in self.event.headers.items())
            return f"<event><headers>{rows}</headers></event>"
        return self.event.to_plain()

    def fire(self) -> bool:
        """Publish it."""
        _switch().publish(self.event)
        return True


class Stream:
    """What an API script writes its answer to."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, data: str) -> None:
        """Add to the answer."""
        self._parts.append(str(data))

    def raw_write(self, data: str, len: int) -> None:
        """Add so many characters."""
        self._parts.append(str(data)[:len])

    def get_data(self) -> str:
        """The answer so far."""
        return "".join(self._parts)


class API:
    """API commands from a script."""

    def __init__(self, session: "Session | None" = None) -> None:
        self._session = session

    def execute(self, command: str, data: str | None = None) -> str:
        """Run a command with its arguments."""
        return _switch().api(f"{command} {data}".rstrip() if data else command)

    def executeString(self, command: str) -> str:
        """Run a command line."""
        return _switch().api(command)

    def getTime(self) -> float:
        """Milliseconds since the epoch."""
        import time

        return time.time() * 1000


class Session:
    """A leg as a handler sees it. Blocking calls end at hangup; test `ready()` after each."""

    def __init__(self, source: "Leg | str | None" = None) -> None:
        """`source`: a leg, the UUID of a live one, or a dial string to call."""
        self._leg: Leg | None = None
        self._private: dict[str, Any] = {}
        self._auto_hangup = False
        self._input: tuple[Callable[..., object], object] | None = None
        self._cause = "NONE"
        if isinstance(source, str):
            self._leg = _switch().find(source)
            if self._leg is None and source:
                self._leg, self._cause = _switch().originate(source, {}, 60)
        elif source is not None:
            self._leg = source

    @property
    def leg(self) -> "Leg":
        """The leg. Raises RuntimeError when there is none."""
        if self._leg is None:
            raise RuntimeError("No session is attached")
        return self._leg

    # --- state

    def ready(self) -> bool:
        """Not hung up, not transferred away."""
        return self._leg is not None and self._leg.is_ready

    def answered(self) -> bool:
        """Answered."""
        return self._leg is not None and self._leg.is_answered

    def bridged(self) -> bool:
        """Talking with another leg."""
        return self._leg is not None and self._leg.bridge is not None

    def mediaReady(self) -> bool:
        """Audio flows."""
        return self._leg is not None and self._leg.has_media

    def getState(self) -> str:
        """Such as CS_EXECUTE."""
        return self._leg.state if self._leg is not None else "ERROR"

    def hangupCause(self) -> str:
        """The cause, `NONE` while it is up."""
        return (self._leg.hangup_cause or "NONE") if self._leg is not None else self._cause

    def get_uuid(self) -> str:
        """The UUID."""
        return self.leg.uuid

    @property
    def uuid(self) -> str:
        """The UUID."""
        return self.leg.uuid

    # --- control

    def answer(self) -> int:
        """Answer."""
        return int(self.leg.answer())

    def preAnswer(self) -> int:
        """Early media."""
        return int(self.leg.pre_answer())

    def hangup(self, cause: str = "normal_clearing") -> None:
        """Hang up."""
        self.leg.hangup(cause)

    def transfer(self, extension: str, dialplan: str | None = None, context: str | None = None) -> int:
        """Leave the script's dialplan place and route anew; takes effect when the script returns."""
        self.leg.transfer(extension, dialplan or "", context or "")
        return 1

    def execute(self, app: str, data: str | None = None) -> None:
        """Run an application and wait for its end."""
        self.leg.execute(app, data or "")

    def setVariable(self, var: str, val: object) -> None:
        """Set a channel variable."""
        self.leg.set_variable(var, None if val is None else str(val))

    def getVariable(self, var: str) -> str | None:
        """A channel variable."""
        return self.leg.get_variable(var)

    def setPrivate(self, var: str, val: object) -> None:
        """Keep a Python object with the session."""
        self._private[var] = val

    def getPrivate(self, var: str) -> Any:
        """Such an object, None when there is none."""
        return self._private.get(var)

    def setAutoHangup(self, val: object) -> int:
        """mod_python3's handler sessions don't hang up by themselves."""
        self._auto_hangup = bool(val)
        return SUCCESS

    def setHangupHook(self, pyfunc: Callable[..., object], arg: object = None) -> None:
        """Call `pyfunc(session, what, arg)` on the leg's thread when it is hung up."""
        self.leg.hangup_hook = (
            (lambda: pyfunc(self, "hangup", arg)) if arg is not None else lambda: pyfunc(self, "hangup")
        )

    def setInputCallback(self, cbfunc: Callable[..., object], funcargs: object = None) -> None:
        """Call `cbfunc(session, what, dtmf, args)` for each key during streamFile; "break" or "stop" ends it."""
        self._input = cbfunc, funcargs

    def unsetInputCallback(self) -> None:
        """No such callback any more."""
        self._input = None

    # --- audio and keys

    def streamFile(self, file: str, starting_sample_count: int = 0) -> int:
        """Play a file; 1 when it was played to its end, 0 when it is missing or something stopped it."""
        from softswitch import playback

        del starting_sample_count
        status = playback.play(self.leg, file, self._on_digit if self._input else None)
        return int(status == "success" and self.leg.is_ready)

    def _on_digit(self, digit: "Digit") -> bool:
        if self._input is None:
            return False
        function, argument = self._input
        dtmf = types.SimpleNamespace(digit=digit.digit, duration=digit.milliseconds * 8)
        result = function(self, "dtmf", dtmf, *([argument] if argument is not None else []))
        return str(result).lower() in ("break", "stop", "false")

    def playAndGetDigits(
        self,
        min_digits: int,
        max_digits: int,
        max_tries: int,
        timeout: int,
        terminators: str,
        audio_files: str,
        bad_input_audio_files: str,
        digits_regex: str,
        var_name: str | None = None,
        digit_timeout: int = 0,
        transfer_on_failure: str | None = None,
    ) -> str:
        """Ask for keys; timeouts in milliseconds. '' when nothing valid came."""
        from softswitch import playback

        return playback.play_and_get_digits(
            self.leg,
            max(0, min_digits),
            max_digits,
            max_tries,
            timeout / 1000,
            terminators,
            audio_files,
            bad_input_audio_files,
            var_name or "",
            digits_regex,
            digit_timeout / 1000,
            transfer_on_failure or "",
        )

    def read(
        self,
        min_digits: int,
        max_digits: int,
        prompt_audio_file: str,
        timeout: int,
        valid_terminators: str,
        digit_timeout: int = 0,
    ) -> str:
        """Play a prompt and collect keys."""
        from softswitch import playback

        reading = playback.read(
            self.leg,
            max(1, min_digits),
            max(1, max_digits),
            prompt_audio_file,
            "",
            timeout / 1000,
            valid_terminators,
            digit_timeout / 1000,
        )
        return reading.digits

    def getDigits(
        self, maxdigits: int, terminators: str, timeout: int, interdigit: int = 0, abs_timeout: int = 0
    ) -> str:
        """Collect keys without a prompt; milliseconds."""
        from softswitch import playback

        reading = playback.read_digits(
            self.leg,
            maxdigits,
            terminators,
            timeout / 1000,
            (interdigit or timeout) / 1000,
            abs_timeout / 1000,
        )
        return reading.digits

    def collectDigits(self, *timeouts: int) -> int:
        """Wait for keys, which the input callback gets; `(abs_timeout)` or `(digit_timeout, abs_timeout)`."""
        import time

        deadline = time.monotonic() + timeouts[-1] / 1000
        leg = self.leg
        while (left := deadline - time.monotonic()) > 0 and leg.wait_until(lambda: bool(leg.digits), left):
            digit = leg.take_digit()
            if digit is not None and self._on_digit(digit):
                return BREAK
        return SUCCESS

    def flushDigits(self) -> int:
        """Forget the keys not yet looked at."""
        self.leg.digits.clear()
        return SUCCESS

    def flushEvents(self) -> int:
        """Nothing is queued for the script."""
        return SUCCESS

    def sleep(self, ms: int, sync: int = 0) -> int:
        """Wait, at most until hangup."""
        del sync
        self.leg.sleep(ms / 1000)
        return 1

    def recordFile(
        self, file_name: str, time_limit: int = 0, silence_threshold: int = 0, silence_hits: int = 0
    ) -> int:
        """Record what the caller says, for so many seconds, until a key, or until `silence_hits` seconds of silence."""
        leg = self.leg
        leg.audio.media.start_recording(leg.uuid, file_name, stereo=False)
        watch = SilenceWatch(file_name, silence_threshold)
        deadline = time.monotonic() + (time_limit or math.inf)
        while (left := deadline - time.monotonic()) > 0:
            if leg.wait_until(lambda: bool(leg.digits), min(left, SILENCE_LOOK_SECONDS)) or not leg.is_ready:
                break
            if silence_hits and silence_threshold and watch.silent_seconds() >= silence_hits:
                break
        leg.audio.media.stop_recording(leg.uuid, file_name)
        return int(leg.is_ready)

    def sendEvent(self, sendME: Event) -> None:
        """Publish an event with the channel's data."""
        self.leg.publish_event(sendME.event)

    def consoleLog(self, level_str: str, msg: str) -> None:
        """A log line of this call."""
        consoleLog(level_str, msg, call_uuid=self._leg.uuid if self._leg else "")

    def destroy(self) -> None:
        """The script is done with it."""
        self._leg = None


def consoleLog(level_str: str, msg: str, **fields: object) -> None:
    """A line in the switch's log."""
    method = _LEVELS.get(str(level_str).upper(), "info")
    getattr(logger, method)(str(msg).rstrip("\n"), **fields)


def consoleCleanLog(msg: str) -> None:
    """A line in the switch's log."""
    consoleLog("INFO", msg)


def getGlobalVariable(var_name: str) -> str | None:
    """A global variable."""
    return _switch().global_variable(var_name)


def setGlobalVariable(var_name: str, var_val: str) -> None:
    """Set a global variable."""
    _switch().set_global_variable(var_name, var_val)


def msleep(ms: int) -> None:
    """Wait."""
    import time

    time.sleep(ms / 1000)


def running() -> bool:
    """The switch runs."""
    return True


def _switch() -> "SoftSwitch":
    switch = _installed.get("switch")
    if switch is None:
        raise RuntimeError("freeswitch.install() has not run")
    return switch


_installed: "dict[str, SoftSwitch]" = {}
_compiled: dict[str, tuple[tuple[int, int], types.CodeType]] = {}  # entry scripts, by module name


def install(switch: "SoftSwitch") -> types.ModuleType:
    """Make `import freeswitch` give this; called once by `__main__` before any script is loaded."""
    _installed["switch"] = switch
    module = types.ModuleType("freeswitch", "The switch's own module (built-in switch).")
    for name in (
        "API", "Event", "Session", "Stream", "consoleCleanLog", "consoleLog", "getGlobalVariable", "msleep",
        "running", "setGlobalVariable",
    ):  # fmt: skip
        setattr(module, name, globals()[name])
    sys.modules["freeswitch"] = module
    return module


def load_script(name: str) -> types.ModuleType:
    """Import an entry module, or run it anew when it is known: mod_python3 reloads it at every call.

    The module is sought and compiled again only when its file has changed: that costs more than most scripts.
    """
    known = sys.modules.get(name)
    if known is None:
        return importlib.import_module(name)
    found = os.stat(known.__file__ or "")
    stamp = (found.st_mtime_ns, found.st_size)
    kept = _compiled.get(name)
    if kept is not None and kept[0] == stamp:
        exec(kept[1], known.__dict__)  # noqa: S102 - what importlib.reload does with the same code
        return known
    fresh = importlib.reload(known)
    loader = fresh.__spec__.loader if fresh.__spec__ else None
    if isinstance(loader, InspectLoader) and (code := loader.get_code(name)) is not None:
        _compiled[name] = stamp, code
    return fresh


def run_handler(leg: "Leg", data: str) -> None:
    """The application `python`: `module[::function] [arguments]`; an exception is logged, the dialplan goes on."""
    target, _, arguments = data.strip().partition(" ")
    name, _, function = target.partition("::")
    try:
        module = load_script(name)
        getattr(module, function or "handler")(Session(leg), arguments)
    except Exception:
        logger.exception("python handler failed", script=name, call_uuid=leg.uuid)


def run_api(data: str, env: events.Event | None) -> str:
    """The command `python`: calls `fsapi(session, stream, env, args)` and returns what it wrote.

    As in FreeSWITCH an exception gives `-ERR` text and is logged.
    """
    target, _, arguments = data.strip().partition(" ")
    name, _, function = target.partition("::")
    stream = Stream()
    try:
        module = load_script(name)
        getattr(module, function or "fsapi")("na", stream, Event.of(env) if env else Event(), arguments)
    except Exception as error:
        logger.exception("python script failed", script=name)
        return f"-ERR {type(error).__name__}\n"
    return stream.get_data()
