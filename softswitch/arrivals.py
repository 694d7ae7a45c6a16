"""What an INVITE says: the caller profile and the channel variables that mod_sofia makes of it.

`switch.take_call` uses it on the main thread.
"""

import re
import uuid as uuids

from softswitch.caller import CallerProfile, now_us
from softswitch.sip.profile import Arrival


def profile_of(arrival: Arrival, context: str) -> CallerProfile:
    """The caller profile of an INVITE."""
    request = arrival.request
    address = request.getHFBody("from").getUri()
    user = address.url.username or "anonymous"
    name = re.sub(r"[\x00-\x1f\x7f]+", " ", address.name or "").strip().strip('"') or user
    host = address.url.host
    port = f":{address.url.port}" if address.url.port else ""
    number = request.getRURI().username or request.getHFBody("to").getUrl().username or ""
    uuid = str(uuids.uuid4())
    return CallerProfile(
        uuid=uuid,
        direction="inbound",
        destination_number=number,
        caller_id_name=name,
        caller_id_number=user,
        orig_caller_id_name=name,
        orig_caller_id_number=user,
        network_addr=arrival.source[0],
        ani=user,
        username=user,
        context=context,
        channel_name=f"sofia/{arrival.profile.name}/{user}@{host}{port}",
    )


def variables_of(arrival: Arrival) -> dict[str, str]:
    """The variables that mod_sofia sets for an INVITE."""
    request, source = arrival.request, arrival.source
    variables = {
        "direction": "inbound",
        "sip_network_ip": source[0],
        "sip_network_port": str(source[1]),
        "sip_received_ip": source[0],
        "sip_received_port": str(source[1]),
        "sip_via_protocol": "udp",
        "sip_invite_stamp": str(now_us()),
        "sofia_profile_name": arrival.profile.name,
        "sip_call_id": str(request.getHFBody("call-id")),
        "sip_cseq": str(request.getHFBody("cseq").getCSeqNum()),
    }
    for name, header in (("from", "from"), ("to", "to"), ("contact", "contact")):
        url = request.getHFBody(header).getUrl()
        user, host = url.username or "", str(url.host)
        port = f":{url.port}" if url.port else ""
        variables[f"sip_{name}_user"] = user
        variables[f"sip_{name}_host"] = host
        variables[f"sip_{name}_uri"] = f"{user}@{host}{port}"
    wanted = request.getRURI()
    variables["sip_req_user"] = wanted.username or ""
    variables["sip_req_host"] = str(wanted.host)
    variables["sip_req_uri"] = f"{wanted.username or ''}@{wanted.host}"
    if request.countHFs("user-agent"):
        variables["sip_user_agent"] = str(request.getHF("user-agent").body)
    for header in request.headers:
        if header.name.startswith("x-"):
            variables[f"sip_h_{header.name.title()}"] = str(header.body)
    if arrival.user is not None:
        variables |= {
            "sip_authorized": "true",
            "sip_auth_username": arrival.user.name,
            "sip_auth_realm": arrival.user.domain,
            "user_name": arrival.user.name,
            "domain_name": arrival.user.domain,
        }
    return variables
