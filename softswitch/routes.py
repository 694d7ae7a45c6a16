"""From a leg of a dial string to where its INVITE goes.

`originate` asks. `user/1001@domain` is every contact of the user; `sofia/<profile>/…` a SIP address;
`sofia/gateway/<name>/<number>` a trunk; `error/<cause>` fails with that cause.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from softswitch.dialstring import DialLeg
from softswitch.sip import causes
from softswitch.sip.dialog import Target
from softswitch.sip.directory import Directory, DirectoryUnavailable
from softswitch.sip.registrar import Registrar, Registration

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Trunk:
    """What is needed of a gateway."""

    profile: str
    params: Mapping[str, str]
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One INVITE to send."""

    profile: str
    number: str
    channel_name: str
    uri: str
    address: tuple[str, int]
    to_uri: str = ""
    from_host: str = ""
    from_user: str = ""  # "" for the caller's number
    username: str = ""
    password: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    def target(self, caller_number: str, caller_name: str, headers: Mapping[str, str]) -> Target:
        """For the dialog."""
        return Target(
            uri=self.uri,
            address=self.address,
            to_uri=self.to_uri,
            from_host=self.from_host,
            from_user=self.from_user or caller_number,
            from_name=caller_name,
            username=self.username,
            password=self.password,
            headers=headers,
        )


class Routes:
    """See the module's text."""

    def __init__(
        self,
        registrar: Registrar,
        directory: Directory,
        domain: str,
        profiles: Callable[[], Mapping[str, str]],
        gateways: Callable[[], Mapping[str, Trunk]],
    ) -> None:
        """`profiles` gives each profile's (and alias's) own name; `gateways` the trunks by name."""
        self._registrar = registrar
        self._directory = directory
        self._domain = domain
        self._profiles = profiles
        self._gateways = gateways

    def resolve(self, leg: DialLeg) -> tuple[Sequence[Endpoint], str]:
        """The INVITEs of a leg, or none and the cause."""
        if leg.kind == "user":
            return self._user(leg.rest)
        if leg.kind == "sofia":
            return self._sofia(leg.rest)
        if leg.kind == "error":
            return (), causes.parse(leg.rest, "DESTINATION_OUT_OF_ORDER")
        return (), "CHAN_NOT_IMPLEMENTED"

    def _user(self, rest: str) -> tuple[Sequence[Endpoint], str]:
        user, _, domain = rest.partition("@")
        domain = domain or self._domain
        found = self._registrar.contacts(user, domain)
        if found:
            return [_to_contact(each, user, domain) for each in found], ""
        try:
            known = self._directory.find(user, domain, {"action": "user_call"})
        except DirectoryUnavailable:
            known = None
        return (), "USER_NOT_REGISTERED" if known is not None else "SUBSCRIBER_ABSENT"

    def _sofia(self, rest: str) -> tuple[Sequence[Endpoint], str]:
        profile, _, where = rest.partition("/")
        if profile == "gateway":
            return self._gateway(where)
        name = self._profiles().get(profile)
        if name is None:
            return (), "INVALID_PROFILE"
        address = re.sub(r"^sips?:", "", where.strip().strip("<>"))
        user, at, host = address.rpartition("@")
        if not at and address:
            # sofia/internal/1001: a registered user of the profile (the %domain form too).
            plain, _, domain = address.partition("%")
            found = self._registrar.contacts(plain, domain)
            return (
                ([_to_contact(each, plain, each.realm) for each in found], "")
                if found
                else ((), "USER_NOT_REGISTERED")
            )
        hop = _hop(host)
        if hop is None:
            return (), "INVALID_URL"
        registered = next((each for each in self._registrar.all() if _same_uri(each.uri, address)), None)
        if registered is not None:
            return [_to_contact(registered, registered.user, registered.realm)], ""
        bare = re.sub(r";.*", "", host)
        return [Endpoint(name, user, f"sofia/{name}/{user}@{bare}", f"sip:{address}", hop)], ""

    def _gateway(self, where: str) -> tuple[Sequence[Endpoint], str]:
        name, _, number = where.partition("/")
        trunk = self._gateways().get(name)
        if trunk is None:
            return (), "INVALID_GATEWAY"
        params = trunk.params
        realm = params.get("realm") or params.get("proxy", "")
        hop = _hop(params.get("proxy") or realm)
        if hop is None or not number:
            return (), "INVALID_GATEWAY" if hop is None else "INVALID_NUMBER_FORMAT"
        uri = f"sip:{number}@{hop[0]}:{hop[1]}"
        own_number = "" if params.get("caller-id-in-from") == "true" else params.get("username", "")
        endpoint = Endpoint(
            profile=trunk.profile,
            number=number,
            channel_name=f"sofia/{trunk.profile}/{number}",
            uri=uri,
            address=hop,
            to_uri=f"sip:{number}@{_host_only(realm)}",
            from_host=params.get("from-domain", ""),
            from_user=params.get("from-user", own_number),
            username=params.get("auth-username") or params.get("username", ""),
            password=params.get("password", ""),
            variables=dict(trunk.variables) | {"sip_gateway_name": name, "sip_gateway": name},
        )
        return [endpoint], ""


def _to_contact(registration: Registration, user: str, domain: str) -> Endpoint:
    uri = registration.uri if registration.uri.startswith("sip:") else f"sip:{registration.uri}"
    host = uri.removeprefix("sip:").rpartition("@")[2]
    hop = _hop(host)
    if hop is None or hop[0] != registration.network[0]:
        hop = registration.network  # behind NAT: answer to where the REGISTER came from
    bare = re.sub(r";.*", "", uri.removeprefix("sip:"))
    return Endpoint(
        profile=registration.profile,
        number=user,
        channel_name=f"sofia/{registration.profile}/{bare}",
        uri=uri,
        address=hop,
        to_uri=f"sip:{user}@{domain}",
        variables={"dialed_user": user, "dialed_domain": domain, "presence_id": f"{user}@{domain}"},
    )


def _hop(host: str) -> tuple[str, int] | None:
    """Host and port of `host[:port][;params]`."""
    bare = re.sub(r"[;?].*", "", host.strip())
    name, colon, port = bare.partition(":")
    if not name or (colon and not port.isdigit()):
        return None
    return name, int(port) if colon else 5060


def _host_only(text: str) -> str:
    hop = _hop(text)
    return hop[0] if hop else text


def _same_uri(registered: str, address: str) -> bool:
    return registered.removeprefix("sip:") == address
