"""sipp as a phone of which every message is known: what it sent, what it got, in order."""

import re
import subprocess
from pathlib import Path

from tests.support.ports import free_port, is_free
from tests.support.waiting import wait_until

_MESSAGE = re.compile(r"message (sent|received)[^\n]*\n\n((?:SIP/2\.0 \d{3}|[A-Z]+ sip)[^\n]*)")

PHONE = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="a phone that answers when it is told to">
  <recv request="INVITE" crlf="true">
    <action>
      <ereg regexp=".*" search_in="hdr" header="Via:" assign_to="1"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="2"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="3"/>
      <ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="4"/>
    </action>
  </recv>
  <send><![CDATA[
    SIP/2.0 180 Ringing
    [last_Via:]
    [last_From:]
    [last_To:];tag=[pid]phone[call_number]
    [last_Call-ID:]
    [last_CSeq:]
    Contact: <sip:phone@[local_ip]:[local_port]>
    Content-Length: 0

  ]]></send>
  <recv request="NOTIFY" crlf="true"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
  <send retrans="500"><![CDATA[
    SIP/2.0 200 OK
    Via:[$1]
    From:[$2]
    To:[$3];tag=[pid]phone[call_number]
    [last_Call-ID:]
    CSeq:[$4]
    Contact: <sip:phone@[local_ip]:[local_port]>
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=phone 1 1 IN IP4 [local_ip]
    s=-
    c=IN IP4 [media_ip]
    t=0 0
    m=audio [media_port] RTP/AVP 8 0
    a=rtpmap:8 PCMA/8000
    a=rtpmap:0 PCMU/8000
  ]]></send>
  <recv request="ACK" crlf="true"/>
  <recv request="BYE" crlf="true"/>
  <send><![CDATA[
    SIP/2.0 200 OK
    [last_Via:]
    [last_From:]
    [last_To:]
    [last_Call-ID:]
    [last_CSeq:]
    Content-Length: 0

  ]]></send>
</scenario>
"""
"""A phone that rings, and answers when, and only when, the switch says so by `NOTIFY talk`."""
REGISTER = """<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="a phone says where it is">
  <send><![CDATA[
    REGISTER sip:{domain} SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:{user}@{domain}>;tag=[pid]register
    To: <sip:{user}@{domain}>
    Call-ID: [call_id]
    CSeq: 1 REGISTER
    Contact: <sip:phone@[local_ip]:{port}>
    Max-Forwards: 70
    Expires: 300
    Content-Length: 0

  ]]></send>
  <recv response="401" auth="true"/>
  <send><![CDATA[
    REGISTER sip:{domain} SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:{user}@{domain}>;tag=[pid]register
    To: <sip:{user}@{domain}>
    Call-ID: [call_id]
    CSeq: 2 REGISTER
    Contact: <sip:phone@[local_ip]:{port}>
    [authentication username={user} password={password}]
    Max-Forwards: 70
    Expires: 300
    Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
"""
"""A REGISTER with its password; format `user`, `password`, `domain` and the `port` at which the phone waits."""


class Sipp:
    """One sipp process with one call.

    Args:
        folder: for its files.
        scenario: the XML.
        target: `host:port` of the switch.
        number: whom it calls ([service] of the scenario); "" for a phone that waits for a call.
    """

    def __init__(self, folder: Path, scenario: str, target: str, number: str = "") -> None:
        self.port = free_port()
        self._folder = folder / f"sipp-{self.port}"
        self._folder.mkdir()
        path = self._folder / "scenario.xml"
        path.write_text(scenario, encoding="utf-8")
        command = [
            "sipp", target, "-sf", str(path), "-i", "127.0.0.1", "-p", str(self.port), "-m", "1", "-nostdin", "-mi", "127.0.0.1",
            "-mp", str(free_port()), "-timeout", "25", "-timeout_error", "-trace_msg", "-trace_err",
            "-message_file", str(self._folder / "messages"), "-error_file", str(self._folder / "errors"),
            *(["-s", number] if number else []),
        ]  # fmt: skip
        with (self._folder / "out").open("wb") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=self._folder
            )
        if not number:
            wait_until(lambda: not is_free(self.port), seconds=30, what="sipp to listen")

    @property
    def uri(self) -> str:
        """Where it waits, for a dial string."""
        return f"sip:phone@127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """Every message as it was."""
        path = self._folder / "messages"
        return path.read_text(errors="replace").replace("\r", "") if path.exists() else ""

    @property
    def messages(self) -> list[str]:
        """The messages in order: `> INVITE` was sent, `< 200` was received. Repetitions of one are left out."""
        told: list[str] = []
        for direction, line in _MESSAGE.findall(self.log):
            word = line.split()[1] if line.startswith("SIP/2.0") else line.split()[0]
            step = f"{'>' if direction == 'sent' else '<'} {word}"
            if not told or told[-1] != step:
                told.append(step)
        return told

    def saw(self, step: str, seconds: float = 10) -> None:
        """Wait for a message."""
        wait_until(lambda: step in self.messages, seconds=seconds, what=f"{step!r} in {self.messages}")

    def finish(self, seconds: float = 20) -> "Sipp":
        """Wait for its end. Raises AssertionError when the script was not followed."""
        status = self.process.wait(seconds)
        errors = self._folder / "errors"
        text = errors.read_text(errors="replace") if errors.exists() else ""
        assert status == 0, f"sipp ended with {status}: {text}\n{self.messages}"
        return self

    def kill(self) -> None:
        """Whatever it does, it ends."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
