"""One leg of a call, as `ports.Channel`: what it tells its phone, how it ends, is held and is transferred.

`lifecycle.run` is its thread; `sip.dialog` tells it what the phone did (`signals`); `applications`, `bridge`,
`commands` and the event socket act on it. Its data are in `leg_state`, its thread's work in `leg_work`. All methods
may be called from any thread, except those that say "own thread".
"""

import uuid as uuids

from softswitch.caller import now_us
from softswitch.leg_state import STATES, Dialog, Digit, Flags, Play, Queued, is_true
from softswitch.leg_work import LegWork
from softswitch.media import MediaError
from softswitch.sip import causes


class Leg(LegWork):
    """A channel. See the module's text."""

    # --- signalling towards the phone

    def ring(self) -> None:
        """Tell the caller that it rings (180)."""
        with self._condition:
            if not self.is_up or self.has_media or self.flags.ring_ready:
                return
            self.flags.ring_ready = True
            self.times.progress = self.times.progress or now_us()
        self.dialog.ring()
        self.publish("CHANNEL_PROGRESS")
        self.set_call_state("RINGING")

    def pre_answer(self) -> bool:
        """Open the audio before the answer (183); False when that can't be."""
        if self.has_media:
            return self.is_up
        if not self.is_up or self.direction == "outbound":
            return False
        body = self._describe_audio()
        if not body:
            return False
        with self._condition:
            self.flags.early_media = True
            self.times.progress_media = self.times.progress_media or now_us()
        self.dialog.progress(body)
        self.publish("CHANNEL_PROGRESS_MEDIA")
        self.set_call_state("EARLY")
        return self.is_up

    def answer(self) -> bool:
        """Answer an inbound leg (200); True when it is answered."""
        if self.flags.answered:
            return self.is_up
        if not self.is_up or self.direction == "outbound":
            return False
        body = self._describe_audio()
        if not body:
            return False
        self.dialog.answer(body)
        self.mark_answered()
        return self.is_up

    def _describe_audio(self) -> str:
        """Our side of the audio; '' when there is no port for it, and the leg is hung up."""
        try:
            return self.audio.answer()
        except MediaError as error:
            self._log.error("no audio for the call", reason=str(error))
            self.hangup("NORMAL_CIRCUIT_CONGESTION")
            return ""

    def mark_answered(self) -> None:
        """The leg is answered, whoever did it."""
        with self._condition:
            if self.flags.answered or not self.is_up:
                return
            self.flags.answered = True
            self.times.answered = now_us()
        self.publish("CHANNEL_ANSWER")
        self.set_call_state("ACTIVE")
        self.set_variable("endpoint_disposition", "ANSWER")
        self.set_variables(dict.fromkeys(("read_codec", "write_codec"), self.audio.codec_name))
        self.switch.on_answer(self)
        self.wake()

    def hangup(self, cause: str = "NORMAL_CLEARING") -> None:
        """End the leg; returns at once. The first cause counts.

        What the partner and the CDR read is set before anybody can see that the leg is down.
        """
        if self.flags.held:
            self.mark_held(False, resumed=False)
        with self._condition:
            if not self.is_up or self._ending:
                return
            self._ending = True
        word = causes.parse(cause)
        bridge = self.bridge
        self._tell_partner(word)
        if bridge is not None and not bridge.ended:
            self.set_variable("last_bridge_role", "originator" if bridge.first is self else "originatee")
        if not self.flags.remote_hangup:
            self.set_variable("sip_hangup_disposition", self._disposition())
        with (
            self._condition
        ):  # also over the event, so that this leg's thread can't publish anything before it
            self.state = "CS_HANGUP"
            self.hangup_cause = word
            self.times.hungup = now_us()
            self.publish("CHANNEL_HANGUP")
        if not self.flags.remote_hangup:
            self._end_dialog()
        self._log.info("hangup", cause=word, channel=self.name)
        if bridge is not None:  # this leg's thread may not have come to serve it yet
            bridge.end()
        self.wake()

    def _tell_partner(self, cause: str) -> None:
        partner = self.partner
        if partner is None or not partner.is_up:  # who ended first was told nothing by the other
            return
        partner.set_variable("last_bridge_hangup_cause", cause)
        if specific := self.variables.get("proto_specific_hangup_cause"):
            partner.set_variable("last_bridge_proto_specific_hangup_cause", specific)

    def _disposition(self) -> str:
        if self.flags.answered:
            return "send_bye"
        return "send_cancel" if self.direction == "outbound" else "send_refuse"

    def _end_dialog(self) -> None:
        if self.flags.answered or self.direction == "outbound":
            self.dialog.end(self.hangup_cause)
        else:
            code, phrase = self._refusal()
            self.dialog.refuse(code, phrase, self.hangup_cause)

    def _refusal(self) -> tuple[int, str]:
        """The final response: what `respond` said, else the other leg's own code, else the cause's."""
        asked = self.variables.get("respond_with", "")
        code_text, _, phrase = asked.partition(" ")
        if code_text.isdigit():
            return int(code_text), phrase or causes.PHRASES.get(int(code_text), "Refused")
        specific = self.variables.get("last_bridge_proto_specific_hangup_cause", "").removeprefix("sip:")
        if specific.isdigit() and 400 <= int(specific) < 700 and not self.is_true("sip_ignore_remote_cause"):
            return int(specific), causes.PHRASES.get(int(specific), "Failure")
        code = causes.to_sip(self.hangup_cause)
        return code, causes.PHRASES.get(code, "Failure")

    # --- hold

    def mark_held(self, on: bool, *, resumed: bool = True) -> None:
        """Hold or unhold, for events and times; `bridge` looks after the audio. `resumed`: the talk goes on."""
        with self._condition:
            if self.flags.held == on:
                return
            self.flags.held = on
            if on:
                self.times.last_hold = now_us()
            else:
                self.times.hold_accum += now_us() - self.times.last_hold
        self.set_call_state("HELD" if on else "UNHELD")
        self.publish("CHANNEL_HOLD" if on else "CHANNEL_UNHOLD")
        if not on and resumed:
            self.set_call_state("ACTIVE")

    # --- transfer and break

    def transfer(self, extension: str, dialplan: str = "XML", context: str = "") -> None:
        """Leave what runs and route anew; a bridged peer is let go by the bridge's end (switch_ivr_session_transfer)."""
        use_dialplan = (
            dialplan or self.get_variable("force_transfer_dialplan") or self.caller.dialplan or "XML"
        )
        use_context = (
            context or self.get_variable("force_transfer_context") or self.caller.context or "default"
        )
        if self.flags.held:
            self.mark_held(False, resumed=False)
        other = self.switch.find(self.variables.get("bridge_uuid", ""))
        with self._condition:
            if not self.is_up:
                return
            self.flags.transfer = True
            self.caller = self.caller.moved(extension or "service", use_dialplan, use_context)
            source = (
                f"{now_us() // 1_000_000}:{uuids.uuid4()}:bl_xfer:{extension}/{use_context}/{use_dialplan}"
            )
            self.caller.transfer_source = source
            self.times.transferred = self.times.profile_created = now_us()
            self.state = "CS_ROUTING"
        self.set_variables({"transfer_history": source, "transfer_source": source})
        self.set_variable("signal_bond", None)
        if other is not None:
            other.set_variable("signal_bond", None)
        if (bridge := self.bridge) is not None:  # this leg's thread may not have come to serve it yet
            bridge.end()
        self.wake()


__all__ = ["STATES", "Dialog", "Digit", "Flags", "Leg", "Play", "Queued", "is_true"]
