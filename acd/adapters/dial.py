"""Text that goes into dial strings and channel variables: checked here, so that no caller can put a command in it.

Called by `call_control`. What a caller's phone says (name, number) never enters a dial string; what does is ours:
ids, an extension, a domain.
"""

import re

from acd.domain.effects import DialOut, OfferCall, PagePhones

AUTO_ANSWER = {
    "sip_h_Call-Info": "<sip:uckefu>;answer-after=0",
    "sip_h_Alert-Info": "<http://uckefu.invalid>;info=alert-autoanswer",
}
"""Headers of the INVITE that tell a phone to answer by itself: makers differ in which one they read."""

_SAFE = {
    "extension": re.compile(r"[0-9A-Za-z_.+*#-]{1,64}"),
    "id": re.compile(r"[0-9A-Za-z_.:-]{1,128}"),
    "path": re.compile(r"[0-9A-Za-z/_-]{1,64}"),
    "domain": re.compile(r"[0-9A-Za-z.-]{1,253}"),
}


class UnsafeText(ValueError):
    """A text that must not go into a dial string."""

    code = "unsafe-text"


def checked(kind: str, text: str) -> str:
    """The text, when it is a plain one of its kind (`extension`, `id`, `domain`). Raises UnsafeText."""
    if not _SAFE[kind].fullmatch(text):
        raise UnsafeText(f"{text!r} is no {kind} for a dial string")
    return text


def bridge_argument(offer: OfferCall, domain: str) -> str:
    """The argument of `bridge` that rings the agent. Raises UnsafeText.

    https://developer.signalwire.com/freeswitch/FreeSWITCH-Explained/Dialplan/Dialplan/Channel-Variables/
    """
    if offer.others:
        return _all_at_once(offer, domain)
    variables = {
        "origination_uuid": checked("id", offer.leg_id),
        "leg_timeout": str(int(offer.timeout_seconds)),
        "ignore_early_media": "true",
        "interaction_id": checked("id", offer.interaction_id),
        "uckefu_role": "agent",
        "uckefu_agent_id": str(int(offer.agent_id)),
        "uckefu_offer_id": checked("id", offer.offer_id),
        "api_reporting_hook": "'python fs_scripts.cdr'",
        **(AUTO_ANSWER if offer.is_auto_answer else {}),
    }
    braces = ",".join(f"{name}={value}" for name, value in variables.items())
    return f"{{{braces}}}user/{checked('extension', offer.extension)}@{checked('domain', domain)}"


def _all_at_once(offer: OfferCall, domain: str) -> str:
    """Several phones: what differs stands before each leg in brackets."""
    common = {
        "leg_timeout": str(int(offer.timeout_seconds)),
        "ignore_early_media": "true",
        "interaction_id": checked("id", offer.interaction_id),
        "uckefu_role": "agent",
        "api_reporting_hook": "'python fs_scripts.cdr'",
    }
    braces = ",".join(f"{name}={value}" for name, value in common.items())
    first = (offer.leg_id, offer.offer_id, offer.agent_id, offer.extension)
    legs = [
        f"[origination_uuid={checked('id', leg_id)},uckefu_agent_id={int(agent_id)},"
        f"uckefu_offer_id={checked('id', offer_id)}]user/{checked('extension', extension)}@{checked('domain', domain)}"
        for leg_id, offer_id, agent_id, extension in (first, *offer.others)
    ]
    return f"{{{braces}}}{','.join(legs)}"


def dial_out_line(effect: DialOut, domain: str, day: str) -> str:
    """The command that rings the agent's phone and, answered, goes to `dialplan/40_outgoing.xml`. Raises UnsafeText.

    Args:
        day: `2026/11/23`, the folder of the recording.
    """
    channel = checked("id", effect.channel_id)
    number = checked("extension", effect.number)
    variables = {
        "origination_uuid": checked("id", effect.leg_id),
        "originate_timeout": str(int(effect.ring_seconds)),
        "ignore_early_media": "true",
        "origination_caller_id_number": number,
        "interaction_id": checked("id", effect.interaction_id),
        "uckefu_role": "agent",
        "uckefu_agent_id": str(int(effect.agent_id)),
        "uckefu_offer_id": checked("id", effect.offer_id),
        "uckefu_customer_leg": channel,
        "uckefu_target": number,
        "uckefu_trunk": checked("id", effect.trunk) if effect.trunk else "",
        "uckefu_shown": checked("extension", effect.caller_number) if effect.caller_number else "",
        "uckefu_dial_seconds": str(int(effect.dial_seconds)),
        "uckefu_recording": f"{checked('path', day)}/{channel}.wav",
        "api_reporting_hook": "'python fs_scripts.cdr'",
        **(AUTO_ANSWER if effect.is_auto_answer else {}),
    }
    braces = ",".join(f"{name}={value}" for name, value in variables.items() if value)
    phone = f"user/{checked('extension', effect.extension)}@{checked('domain', domain)}"
    return f"originate {{{braces}}}{phone} {'outside' if effect.trunk else 'colleague'} XML outgoing"


def is_safe_id(text: str) -> bool:
    """Whether the text may be an interaction id or a channel's UUID."""
    return bool(re.fullmatch(r"[0-9A-Za-z_-]{1,36}", text))


def one_line(text: str) -> str:
    """The text without anything that could end a line of the event socket."""
    return re.sub(r"[\x00-\x1f\x7f]", " ", text).strip()


def page_line(effect: PagePhones, leg_id: str, extension: str, domain: str) -> str:
    """The command that lets one phone answer by itself and hear the caller. Raises UnsafeText."""
    variables = {
        "origination_uuid": checked("id", leg_id),
        "originate_timeout": str(int(effect.timeout_seconds)),
        "ignore_early_media": "true",
        "interaction_id": checked("id", effect.interaction_id),
        "uckefu_role": "paged",
        "eavesdrop_enable_dtmf": "false",
        "api_reporting_hook": "'python fs_scripts.cdr'",
        **AUTO_ANSWER,
    }
    braces = ",".join(f"{name}={value}" for name, value in variables.items())
    phone = f"user/{checked('extension', extension)}@{checked('domain', domain)}"
    return f"originate {{{braces}}}{phone} eavesdrop:{checked('id', effect.channel_id)} inline"
