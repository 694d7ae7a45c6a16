"""What the page does to a phone that rings or talks: `NOTIFY talk` answers it, the INVITE tells it to answer by itself.

The phone is a sipp script, so each message is known: it answers when, and only when, the switch asks it to.
"""

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
    m=audio [media_port] RTP/AVP 8
    a=rtpmap:8 PCMA/8000
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


def rings(journal, sipp, leg: str, **variables: str):
    """A phone that rings, and the thread that waits for what comes of it."""
    phone = sipp(PHONE)
    braces = ",".join(f"{name}={value}" for name, value in {"origination_uuid": leg, **variables}.items())
    line = f"originate {{{braces},originate_timeout=8}}sofia/internal/{phone.uri} &park"
    journal.command(f"bgapi {line}")
    journal.wait("CHANNEL_PROGRESS", leg)
    return phone


def test_a_phone_that_rings_answers_by_notify_talk(journal, sipp):
    phone = rings(journal, sipp, "notify-talk")
    assert journal.api("uuid_phone_event notify-talk talk").startswith("+OK")
    phone.saw("< NOTIFY")
    assert "Event: talk" in phone.log
    journal.wait("CHANNEL_ANSWER", "notify-talk")
    journal.api("uuid_kill notify-talk")
    phone.finish()
    assert phone.messages[0] == "< INVITE"
    assert phone.messages.index("> 180") < phone.messages.index("< NOTIFY") < phone.messages.index("< ACK")


def test_an_event_for_a_phone_that_is_gone_is_an_error(journal):
    assert journal.api("uuid_phone_event no-such-leg talk").startswith("-ERR")


def test_muting_a_leg_that_is_gone_is_an_error(journal):
    assert journal.api("uuid_audio no-such-leg start read mute 1").startswith("-ERR")
