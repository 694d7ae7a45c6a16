"""One SIP phone (pjsua2) in a process of its own: JSON commands on stdin, JSON events on stdout.

Started by `uckefu.demo.phone.Phone`. It has no sound device: it plays a WAV into the call and records what it
hears into another. A phone process takes up to four calls (a limit of pjsua2-python).
"""

import argparse
import json
import os
import select
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pjsua2 as pj


def tell(event: str, **fields: Any) -> None:
    """Write one event line; `at` is the wall clock in seconds."""
    sys.stdout.write(json.dumps({"event": event, "at": time.time(), **fields}) + "\n")
    sys.stdout.flush()


class Call(pj.Call):  # type: ignore[misc]
    """A call of the phone; its state changes become events."""

    def __init__(self, phone: "Phone", call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone.account, call_id)
        self.phone = phone

    def onCallState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        """The invite session changed."""
        info = self.getInfo()
        tell(
            info.stateText.lower(), call=info.id, code=info.lastStatusCode, reason=info.lastReason,
            call_id=info.callIdString,
        )  # fmt: skip
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.phone.forget(self)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        """Audio is up, held or gone: connect the player and the recorder again."""
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO:
                continue
            active = media.status in (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)
            tell("media", call=info.id, status=int(media.status))
            if active:
                self.phone.connect_audio(self.getAudioMedia(index))

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        """The far end keyed something."""
        tell("dtmf", digit=prm.digit)

    def onCallTransferStatus(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        """The far end reports how a REFER goes."""
        tell("transfer", code=prm.statusCode, final=prm.finalNotify)


class Account(pj.Account):  # type: ignore[misc]
    """The phone's SIP account."""

    def __init__(self, phone: "Phone") -> None:
        super().__init__()
        self.phone = phone

    def onRegState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        """A REGISTER was answered."""
        active = prm.code // 100 == 2 and prm.expiration > 0
        tell("registered" if active else "unregistered", code=prm.code, reason=prm.reason)

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        """An INVITE came: ring."""
        call = Call(self.phone, prm.callId)
        self.phone.calls.append(call)
        info = call.getInfo()
        tell(
            "incoming",
            call=info.id,
            from_uri=info.remoteUri,
            call_id=info.callIdString,
            invite=prm.rdata.wholeMsg,
        )
        if self.phone.options.ring:
            self.phone.reply(call, 180)
        if self.phone.options.busy:
            self.phone.reply(call, 486)
        elif "answer-after=0" in prm.rdata.wholeMsg:  # RFC 5373's older brother, as desk phones know it
            self.phone.reply(call, 200)


class Phone:
    """The endpoint and its one account; `run` is the loop of the process."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.calls: list[Call] = []
        self.player: Any = None
        self.recorder: Any = None
        self.recording = ""
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        self.endpoint.libInit(self._endpoint_config())
        transport = pj.TransportConfig()
        transport.port = options.port
        transport.boundAddress = transport.publicAddress = options.host
        self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.endpoint.audDevManager().setNullDev()
        self.endpoint.libStart()
        for codec in self.endpoint.codecEnum2():
            wanted = codec.codecId.split("/")[0] in options.codecs.split(",")
            self.endpoint.codecSetPriority(codec.codecId, 200 if wanted else 0)
        self.account = Account(self)
        self.account.create(self._account_config())

    def _endpoint_config(self) -> Any:
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.logConfig.level = config.logConfig.consoleLevel = 0
        config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        return config

    def _account_config(self) -> Any:
        options = self.options
        config = pj.AccountConfig()
        config.idUri = f"sip:{options.user}@{options.domain}"
        if options.password:
            config.regConfig.registrarUri = f"sip:{options.registrar}"
            config.regConfig.registerOnAdd = False
            config.regConfig.timeoutSec = options.expires
            config.regConfig.retryIntervalSec = 0
            config.sipConfig.authCreds.append(
                pj.AuthCredInfo("digest", "*", options.user, 0, options.password)
            )
        media = config.mediaConfig.transportConfig
        media.boundAddress = media.publicAddress = options.host
        media.port = 0 if not options.rtp_port else options.rtp_port
        return config

    def reply(self, call: Call, code: int) -> None:
        prm = pj.CallOpParam()
        prm.statusCode = code
        call.answer(prm)

    def forget(self, call: Call) -> None:
        self.calls = [c for c in self.calls if c is not call]

    def connect_audio(self, media: Any) -> None:
        if self.player is not None:
            self.player.startTransmit(media)
        if self.recorder is not None:
            media.startTransmit(self.recorder)

    # ---- commands
    def do_register(self) -> None:
        self.account.setRegistration(True)

    def do_unregister(self) -> None:
        self.account.setRegistration(False)

    def do_call(self, uri: str) -> None:
        call = Call(self)
        self.calls.append(call)
        call.makeCall(uri, pj.CallOpParam(True))

    def do_answer(self, code: int = 200) -> None:
        self.reply(self.calls[-1], code)

    def do_hangup(self, code: int = 0) -> None:
        prm = pj.CallOpParam()
        prm.statusCode = code
        for call in list(self.calls):
            call.hangup(prm)

    def do_play(self, path: str) -> None:
        self.player = pj.AudioMediaPlayer()
        self.player.createPlayer(path)
        self._reconnect()

    def do_record(self, path: str) -> None:
        self.recording = path
        self.recorder = pj.AudioMediaRecorder()
        self.recorder.createRecorder(path)
        self._reconnect()
        tell("recording", path=path)

    def do_stop_recording(self) -> None:
        for call in self.calls:
            if call.isActive() and call.hasMedia():
                call.getAudioMedia(-1).stopTransmit(self.recorder)
        self.recorder = None  # the library closes the file a little later, on its own clock
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and not self._closed():
            self.endpoint.libHandleEvents(10)
        tell("recorded")

    def _closed(self) -> bool:
        with open(self.recording, "rb") as file:
            header = file.read(12)
        return header[8:] == b"WAVE" and header[4:8] != bytes(4)  # the sizes are written last

    def _reconnect(self) -> None:
        for call in self.calls:
            if call.isActive() and call.hasMedia():
                self.connect_audio(call.getAudioMedia(-1))

    def do_dtmf(self, digits: str, method: str = "rfc4733") -> None:
        prm = pj.CallSendDtmfParam()
        prm.digits = digits
        prm.duration = 100
        prm.method = pj.PJSUA_DTMF_METHOD_SIP_INFO if method == "info" else pj.PJSUA_DTMF_METHOD_RFC2833
        self.calls[-1].sendDtmf(prm)

    def do_hold(self) -> None:
        self.calls[-1].setHold(pj.CallOpParam(True))

    def do_resume(self) -> None:
        prm = pj.CallOpParam(True)
        prm.opt.flag = pj.PJSUA_CALL_UNHOLD
        self.calls[-1].reinvite(prm)

    def do_transfer(self, uri: str) -> None:
        self.calls[-1].xfer(uri, pj.CallOpParam(True))

    def do_join(self, replaces: str = "") -> None:
        """REFER with Replaces, as a desk phone's transfer key: the first call's partner goes to the second's."""
        if replaces:
            host = self.options.domain
            self.calls[0].xfer(f"<sip:nobody@{host}?Replaces={quote(replaces)}>", pj.CallOpParam(True))
        else:
            self.calls[0].xferReplaces(self.calls[1], pj.CallOpParam(True))

    def run(self) -> None:
        """Serve commands until stdin ends or `quit`."""
        os.set_blocking(sys.stdin.fileno(), False)
        pending = b""
        tell("ready", address=self.endpoint.transportGetInfo(0).localName)
        while True:
            self.endpoint.libHandleEvents(10)
            if not select.select([sys.stdin], [], [], 0)[0]:
                continue
            data = os.read(sys.stdin.fileno(), 65536)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                if not self._command(json.loads(line)):
                    return

    def _command(self, request: dict[str, Any]) -> bool:
        name = request.pop("do")
        if name == "quit":
            return False
        method: Callable[..., None] = getattr(self, "do_" + name)
        try:
            method(**request)
        except (pj.Error, IndexError) as error:
            tell("refused", do=name, error=str(error.info() if isinstance(error, pj.Error) else error))
        return True


def main() -> None:
    """Parse the options of one phone and run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", default="")
    parser.add_argument("--domain", required=True, help="domain of the account's address")
    parser.add_argument("--registrar", default="", help="host:port that REGISTER goes to")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rtp-port", type=int, default=0)
    parser.add_argument("--codecs", default="PCMA,PCMU")
    parser.add_argument("--expires", type=int, default=300)
    parser.add_argument("--ring", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--busy", action="store_true")
    events = os.dup(1)
    os.dup2(2, 1)  # the library prints banners to fd 1 before its log level is set
    sys.stdout = os.fdopen(events, "w", encoding="utf-8")
    phone = Phone(parser.parse_args())
    try:
        phone.run()
    finally:
        phone.do_hangup()
        phone.endpoint.libHandleEvents(100)
        sys.stdout.flush()
        os._exit(0)  # the library's own teardown of Python objects may crash; the calls are ended above


if __name__ == "__main__":
    main()
