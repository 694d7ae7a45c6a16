"""sipp scenarios from steps, for tests that need a phone which does exactly this and nothing else.

CALLER = scenario(invite("4001"), ring(), answered(), ack(), pause(500), bye())
"""

OFFER = """v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP {formats}
{attributes}a={direction}
"""
ATTRIBUTES = {8: "a=rtpmap:8 PCMA/8000\n", 0: "a=rtpmap:0 PCMU/8000\n", 9: "a=rtpmap:9 G722/8000\n"}


def sdp(*codecs: int, direction: str = "sendrecv", event: int = 101) -> str:
    """A description with these codecs (PCMA without arguments) and telephone-event."""
    chosen = codecs or (8,)
    formats = " ".join(map(str, (*chosen, event)))
    attributes = "".join(ATTRIBUTES[codec] for codec in chosen)
    attributes += f"a=rtpmap:{event} telephone-event/8000\na=fmtp:{event} 0-15\n"
    return OFFER.format(formats=formats, attributes=attributes, direction=direction)


def scenario(*steps: str) -> str:
    """The XML of a scenario."""
    body = "\n".join(steps)
    return f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="phone">\n{body}\n</scenario>\n'


def send(message: str, attributes: str = "") -> str:
    """Send a message as written."""
    return f"<send {attributes}><![CDATA[\n{message}\n]]></send>"


def _with_body(head: str, body: str) -> str:
    if not body:
        return f"{head}Content-Length: 0\n\n"
    return f"{head}Content-Type: application/sdp\nContent-Length: [len]\n\n{body}"


def invite(
    number: str = "[service]",
    body: str | None = None,
    *,
    user: str = "4471",
    headers: str = "",
    cseq: int = 1,
) -> str:
    """The first INVITE."""
    head = (
        f"INVITE sip:{number}@[remote_ip]:[remote_port] SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        f'From: "Caller One" <sip:{user}@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]\n'
        f"To: <sip:{number}@[remote_ip]:[remote_port]>\n"
        f"Call-ID: [call_id]\nCSeq: {cseq} INVITE\n"
        f"Contact: <sip:{user}@[local_ip]:[local_port]>\nMax-Forwards: 70\nUser-Agent: sipp\n{headers}"
    )
    return send(_with_body(head, sdp() if body is None else body), 'retrans="500"')


def in_dialog(
    method: str, cseq: int, body: str = "", *, headers: str = "", user: str = "4471", content: str = ""
) -> str:
    """A request of the caller within its dialog."""
    head = (
        f"{method} [next_url] SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        f'From: "Caller One" <sip:{user}@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]\n'
        "To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]\n"
        f"Call-ID: [call_id]\nCSeq: {cseq} {method}\nMax-Forwards: 70\n"
        f"Contact: <sip:{user}@[local_ip]:[local_port]>\n{headers}"
    )
    if content:
        head += f"Content-Type: {content}\nContent-Length: [len]\n\n"
        return send(head + body, 'retrans="500"')
    return send(_with_body(head, body), "" if method == "ACK" else 'retrans="500"')


def ack(cseq: int = 1, body: str = "") -> str:
    """ACK to a 200."""
    return in_dialog("ACK", cseq, body)


def bye(cseq: int = 2) -> str:
    """BYE and its 200."""
    return in_dialog("BYE", cseq) + expect(200)


def refused(code: int, cseq: int = 1) -> str:
    """A final refusal and its ACK (which has the INVITE's branch)."""
    head = (
        "ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n[last_Via:]\n[last_From:]\n[last_To:]\n"
        f"Call-ID: [call_id]\nCSeq: {cseq} ACK\nMax-Forwards: 70\nContent-Length: 0\n\n"
    )
    return expect(code) + send(head)


def expect(code: int, attributes: str = "") -> str:
    """A response that must come."""
    return f'<recv response="{code}" rrs="true" {attributes}/>'


def may(code: int) -> str:
    """A response that may come."""
    return f'<recv response="{code}" optional="true"/>'


def answered() -> str:
    """Whatever provisional responses, then 200."""
    return may(100) + may(180) + may(183) + expect(200)


def request(method: str, attributes: str = "") -> str:
    """A request that must come."""
    return f'<recv request="{method}" {attributes}/>'


def respond(code: int, phrase: str, body: str = "", *, headers: str = "") -> str:
    """Answer the last request."""
    tag = "" if code == 100 else ";tag=[pid]SIPpB[call_number]"
    head = (
        f"SIP/2.0 {code} {phrase}\n[last_Via:]\n[last_From:]\n[last_To:]{tag}\n[last_Call-ID:]\n[last_CSeq:]\n"
        f"Contact: <sip:phone@[local_ip]:[local_port]>\n{headers}"
    )
    return send(_with_body(head, body))


def respond_in_dialog(code: int, phrase: str, body: str = "") -> str:
    """Answer a request that has a To tag already."""
    head = (
        f"SIP/2.0 {code} {phrase}\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n"
        "Contact: <sip:phone@[local_ip]:[local_port]>\n"
    )
    return send(_with_body(head, body))


def hung_up() -> str:
    """A BYE that must come, and its 200."""
    return request("BYE") + respond_in_dialog(200, "OK")


def pause(milliseconds: int) -> str:
    """Wait."""
    return f'<pause milliseconds="{milliseconds}"/>'


def phone(*steps: str) -> str:
    """The called side: takes an INVITE, then the steps."""
    remember = (
        '<recv request="INVITE"><action>'
        '<ereg regexp="tag=([^;]*)" search_in="hdr" header="From:" assign_to="whole,from_tag"/>'
        '<ereg regexp="([0-9]+) INVITE" search_in="hdr" header="CSeq:" assign_to="whole_cseq,invite_cseq"/>'
        "</action></recv>"
    )
    used = '<Reference variables="whole,whole_cseq,from_tag,invite_cseq"/>'
    return scenario(remember, *steps, used)


def answer(*codecs: int) -> str:
    """The called side answers and gets its ACK."""
    return respond(200, "OK", sdp(*codecs)) + request("ACK")


def in_dialog_of_phone(
    method: str, *, cseq: int = 2, body: str = "", headers: str = "", expect: int = 200, then: str = ""
) -> str:
    """A request of the called side within its dialog, its response, and what follows."""
    return send(_with_body(_phone_head(method, cseq, headers), body), 'retrans="500"') + _final(expect) + then


def ack_of_phone(cseq: int) -> str:
    """The called side's ACK to the 200 of its re-INVITE."""
    return send(_with_body(_phone_head("ACK", cseq, ""), ""))


def _phone_head(method: str, cseq: int, headers: str) -> str:
    return (
        f"{method} sip:uckefu@[remote_ip]:[remote_port] SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        "From: <sip:phone@[local_ip]:[local_port]>;tag=[pid]SIPpB[call_number]\n"
        "To: <sip:uckefu@[remote_ip]:[remote_port]>;tag=[$from_tag]\n"
        f"Call-ID: [call_id]\nCSeq: {cseq} {method}\nMax-Forwards: 70\n"
        f"Contact: <sip:phone@[local_ip]:[local_port]>\n{headers}"
    )


def _final(code: int) -> str:
    return may(100) + f'<recv response="{code}"/>'


def cancelled() -> str:
    """A CANCEL that must come: 200 for it, 487 for the INVITE, ACK."""
    ok = "SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n"
    ended = (
        "SIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]SIPpB[call_number]\n"
        "[last_Call-ID:]\nCSeq: [$invite_cseq] INVITE\nContent-Length: 0\n\n"
    )
    return request("CANCEL") + send(ok) + send(ended) + request("ACK")


def register(
    user: str, domain: str, *, cseq: int, expires: int = 60, contact: str = "", credentials: str = ""
) -> str:
    """A REGISTER; `credentials` is sipp's `[authentication …]`."""
    where = contact or f"<sip:{user}@[local_ip]:[local_port]>"
    return send(
        f"REGISTER sip:{domain} SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        f"From: <sip:{user}@{domain}>;tag=[pid]r[call_number]\nTo: <sip:{user}@{domain}>\n"
        f"Call-ID: [call_id]\nCSeq: {cseq} REGISTER\nContact: {where}\n{credentials}Max-Forwards: 70\n"
        f"User-Agent: sipp phone\nExpires: {expires}\nContent-Length: 0\n\n",
        'retrans="500"',
    )


def registered(
    user: str, password: str, domain: str, *, expires: int = 60, contact: str = "", result: int = 200
) -> str:
    """Register with a password: challenge, then `result`."""
    word = f"[authentication username={user} password={password}]\n"
    return (
        register(user, domain, cseq=1, expires=expires, contact=contact)
        + '<recv response="401" auth="true"/>'
        + register(user, domain, cseq=2, expires=expires, contact=contact, credentials=word)
        + f'<recv response="{result}"/>'
    )
