"""What a leg's own thread does: wait, take keys, run applications.

`channel.Leg` is on top of it; `lifecycle` is the thread.
"""

import time
import uuid as uuids
from collections.abc import Callable
from typing import TYPE_CHECKING

from softswitch.leg_state import DEEPEST, MOST_DIGITS, Digit, LegState, Queued

if TYPE_CHECKING:
    from softswitch.applications import Application
    from softswitch.channel import Leg


class LegWork(LegState):
    """See the module's text. "Own thread" marks what only the leg's thread may call."""

    def break_application(self, *, everything: bool = False) -> None:
        """Stop the playback or wait that runs now; with `everything` also what is queued behind it."""
        with self._condition:
            self.flags.stop = True
            if everything:
                self._queue.clear()
        self.wake()

    def take_stop(self) -> bool:
        """Own thread: was it told to stop? Clears the mark."""
        with self._condition:
            asked = self.flags.stop
            self.flags.stop = False
            return asked

    # --- digits

    def push_digit(self, digit: str, milliseconds: int, source: str) -> None:
        """A key was pressed."""
        with self._condition:
            if len(self.digits) < MOST_DIGITS:
                self.digits.append(Digit(digit, milliseconds, source))
                self.digits_dialed = (self.digits_dialed + digit)[-MOST_DIGITS:]
        self.wake()

    def take_digit(self) -> Digit | None:
        """Own thread: the oldest key not yet looked at; publishes DTMF."""
        with self._condition:
            digit = self.digits.popleft() if self.digits else None
        if digit is not None:
            self.publish(
                "DTMF",
                {
                    "DTMF-Digit": digit.digit,
                    "DTMF-Duration": str(digit.milliseconds * 8),
                    "DTMF-Source": digit.source,
                },
            )
        return digit

    # --- waiting (own thread)

    def wake(self) -> None:
        """Have the thread, and who watches, look again."""
        with self._condition:
            self._condition.notify_all()
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher()

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` at each change; returns how to end it."""
        with self._condition:
            self._watchers.append(watcher)

        def unwatch() -> None:
            with self._condition:
                if watcher in self._watchers:
                    self._watchers.remove(watcher)

        return unwatch

    def wait_until(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Own thread: run what is queued and wait for `done`; False when the time is up or the leg must leave."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            with self._condition:
                if done():
                    return True
                if not self.is_ready:
                    return False
                job = self._next_job()
                if job is None:
                    left = None if deadline is None else deadline - time.monotonic()
                    if left is not None and left <= 0:
                        return False
                    self._condition.wait(left)
                    continue
            self._run_job(job)

    def wait_for(self, peer: "Leg", fact: Callable[[], bool], seconds: float) -> bool:
        """Own thread: wait for something that another leg's thread does."""
        unwatch = peer.watch(self.wake)
        try:
            return self.wait_until(fact, seconds)
        finally:
            unwatch()

    def sleep(self, seconds: float) -> None:
        """Own thread: wait, ended by hangup, transfer or break."""
        self.wait_until(lambda: self.flags.stop, seconds)
        self.take_stop()

    def park(self, until: Callable[[], bool]) -> None:
        """Own thread: do what is queued until `until()`, hangup or transfer."""
        self.flags.parked = True
        self.publish("CHANNEL_PARK")
        while self.wait_until(lambda: until() or bool(self.digits)) and not until():
            self.take_digit()
        self.flags.parked = False
        self.publish("CHANNEL_UNPARK")

    def _next_job(self) -> Queued | None:
        if self.flags.locked or not self._queue or self._depth >= DEEPEST:
            return None
        return self._queue.popleft()

    def _run_job(self, job: Queued) -> None:
        self.flags.locked = job.lock
        try:
            count = 0
            while self.is_ready and (job.loops < 0 or count < job.loops):
                begun = time.monotonic()
                self.execute(job.application, job.argument, job.event_uuid)
                count += 1
                if time.monotonic() - begun < 0.5:  # FreeSWITCH refuses to loop what ends at once
                    break
        finally:
            if job.lock:
                self.flags.locked = False

    # --- applications

    def queue_execute(
        self,
        application: str,
        argument: str = "",
        event_uuid: str = "",
        *,
        loops: int = 1,
        lock: bool = False,
    ) -> None:
        """Queue an application; the thread runs it in turn."""
        with self._condition:
            if not self.is_up:
                return
            self._queue.append(Queued(application, argument, event_uuid, loops, lock))
        self.wake()

    def execute(self, application: str, argument: str = "", event_uuid: str = "") -> None:
        """Own thread: run an application and return when it is done (switch_core_session_execute_application)."""
        found = self.switch.application(application)
        if not self.is_up and not (found and found.after_hangup):
            return
        if found is None:
            self._log.error("no such application", application=application)
            self.hangup("DESTINATION_OUT_OF_ORDER")
            return
        if self._depth >= DEEPEST:
            self._log.error("applications nested too deep", application=application)
            return
        if found.needs_media and not self.has_media and not self.pre_answer():
            return
        self._depth += 1
        try:
            self._run_application(found, application, argument, event_uuid or str(uuids.uuid4()))
        finally:
            self._depth -= 1

    def _run_application(self, found: "Application", name: str, argument: str, event_uuid: str) -> None:
        expanded = argument if not found.expands else self.switch.expand(self.whole, argument)
        self.last_executed = name, expanded
        self.set_variable("current_application", name)
        self.set_variable("current_application_data", expanded)
        self.set_variable("current_application_response", None)
        headers = {"Application": name} | ({"Application-Data": expanded} if expanded else {})
        headers["Application-UUID"] = event_uuid
        self.publish("CHANNEL_EXECUTE", headers)
        self.flags.stop = False
        try:
            found.run(self.whole, expanded)
        except Exception:  # noqa: BLE001 - logged with its trace
            # One application's defect must not end the switch; the dialplan goes on with the next action.
            self._log.exception("application failed", application=name, argument=expanded)
        response = self.get_variable("current_application_response") or "_none_"
        self.publish("CHANNEL_EXECUTE_COMPLETE", headers | {"Application-Response": response})

    def play_aside(self, source: str, *, loop: bool = False) -> None:
        """Play to this leg while it talks: within the bridge, as FreeSWITCH's broadcast; `uuid_break` ends it."""
        self.queue_execute("endless_playback" if loop else "playback", source)
