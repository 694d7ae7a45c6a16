"""What a phone says, applied to its leg: variables, states and causes as mod_sofia sets them.

`sip.dialog` calls it on the main thread; each method is quick.
"""

import structlog

from softswitch import referring
from softswitch.caller import now_us
from softswitch.channel import Leg
from softswitch.sip import causes, sdp
from softswitch.sip.dialog import Dialog

logger = structlog.get_logger(__name__)


class Signals:
    """The listener of one dialog."""

    def __init__(self, leg: Leg, dialog: Dialog) -> None:
        self._leg = leg
        self._dialog = dialog

    def ringing(self, code: int, body: str | None) -> None:
        """180, 183 and so on to our INVITE."""
        leg = self._leg
        if not leg.is_up or leg.flags.answered:
            return
        if body is not None and self._hear(body):
            if not leg.flags.early_media:
                leg.flags.early_media = True
                leg.times.progress_media = leg.times.progress_media or now_us()
                leg.audio.start()
                leg.publish("CHANNEL_PROGRESS_MEDIA")
                leg.set_call_state("EARLY")
        elif not leg.flags.ring_ready and code != 183:
            leg.flags.ring_ready = True
            leg.times.progress = leg.times.progress or now_us()
            leg.publish("CHANNEL_PROGRESS")
            leg.set_call_state("RINGING")
        leg.wake()

    def answered(self, body: str | None) -> None:
        """200 to our INVITE, or the ACK to our late offer."""
        leg = self._leg
        if not leg.is_up:
            return
        if body is None or not self._hear(body):
            leg.set_variable("endpoint_disposition", "NO CODECS")
            leg.flags.answered = True  # so that a BYE is sent
            leg.hangup("INCOMPATIBLE_DESTINATION")
            return
        leg.audio.start()
        leg.mark_answered()

    def failed(self, code: int, phrase: str, reason: str) -> None:
        """Our INVITE was refused."""
        leg = self._leg
        if not leg.is_up:
            return
        leg.flags.remote_hangup = True
        leg.set_variables(
            {
                "sip_hangup_disposition": "recv_refuse",
                "sip_term_status": str(code),
                "sip_invite_failure_status": str(code),
                "sip_invite_failure_phrase": phrase,
                "proto_specific_hangup_cause": f"sip:{code}",
            }
        )
        leg.hangup(reason or causes.from_sip(code))

    def ended(self, method: str, reason: str) -> None:
        """BYE or CANCEL."""
        leg = self._leg
        if not leg.is_up:
            return
        leg.flags.remote_hangup = True
        if method == "BYE":
            leg.set_variables(
                {
                    "sip_hangup_disposition": "recv_bye",
                    "sip_term_status": "200",
                    "sip_term_cause": "16",
                    "proto_specific_hangup_cause": "sip:200",
                }
            )
            leg.hangup(reason or "NORMAL_CLEARING")
        else:
            leg.set_variable("sip_hangup_disposition", "recv_cancel")
            leg.hangup(reason if reason and reason != "NORMAL_CLEARING" else "ORIGINATOR_CANCEL")

    def offered(self, body: str) -> str | None:
        """A re-INVITE: hold, resume, or another address."""
        leg = self._leg
        if not leg.is_up or not self._hear(body):
            return None
        remote = leg.audio.remote
        answer = leg.audio.answer()
        if remote is not None:
            leg.switch.phone_holds(leg, remote.is_held)
        return answer

    def offer_answered(self, body: str | None) -> None:
        """The 200 to our re-INVITE."""
        if body is not None and self._leg.is_up and self._hear(body):
            self._leg.audio.start()

    def offer_failed(self, code: int) -> None:
        """Our re-INVITE was refused; only the codes that end a dialog end the leg (RFC 3261 section 14.1)."""
        leg = self._leg
        logger.info("re-INVITE refused", code=code, call_uuid=leg.uuid)
        if code in (408, 481, 503) and leg.is_up:
            leg.set_variables({"sip_hangup_disposition": "recv_refuse", "sip_term_status": str(code)})
            leg.flags.remote_hangup = code == 481
            leg.hangup(causes.from_sip(code))

    def digit(self, digit: str, milliseconds: int) -> None:
        """A key by INFO."""
        self._leg.push_digit(digit, milliseconds, "ENDPOINT")

    def referred(self, number: str, header: str, replaces: str) -> None:
        """REFER: the partner goes to `number`, or on with the partner of the call that `replaces` names."""
        if not self._leg.switch.may_transfer(self._leg):
            self._dialog.notify_refer(referring.REFUSED, final=True)
        elif replaces:
            referring.attended(self._leg, self._dialog, replaces)
        else:
            referring.blind(self._leg, self._dialog, number, header)

    def _hear(self, body: str) -> bool:
        try:
            self._leg.audio.hear(sdp.parse(body))
        except sdp.SdpError as error:
            logger.info("description not usable", reason=str(error), call_uuid=self._leg.uuid)
            return False
        self._leg.set_variable("switch_r_sdp", body)
        return True
