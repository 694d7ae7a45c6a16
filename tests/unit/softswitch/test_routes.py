"""Where an INVITE goes, for each kind of dial string."""

from types import SimpleNamespace

import pytest

from softswitch.dialstring import DialLeg
from softswitch.routes import Routes, Trunk
from softswitch.sip.directory import DirectoryUnavailable
from softswitch.sip.registrar import Registrar, Registration

FAR = 4_000_000_000.0


class Directory:
    def find(self, user, domain, details=None):
        if user == "broken":
            raise DirectoryUnavailable("down")
        return SimpleNamespace(name=user) if user == "1002" else None


@pytest.fixture
def registrar():
    made = Registrar(lambda event: None)
    made.register(Registration("1001", "d", "c", "sip:x1@10.0.0.5:5070;ob", ("10.0.0.5", 5099), FAR))
    made.register(Registration("1003", "d", "c3", "sip:x3@192.168.1.5:5060", ("203.0.113.7", 40000), FAR))
    return made


@pytest.fixture
def routes(registrar):
    trunk = Trunk(
        "external",
        {"proxy": "10.1.1.1:5066", "realm": "carrier", "username": "us", "password": "pw"},
        {"x": "y"},
    )
    return Routes(
        registrar, Directory(), "d", lambda: {"internal": "internal", "lan": "internal"}, lambda: {"t": trunk}
    )


def resolve(routes, text):
    kind, _, rest = text.partition("/")
    endpoints, cause = routes.resolve(DialLeg(kind, rest, {}))
    return (endpoints[0] if endpoints else None), cause


def test_a_registered_user_is_reached_at_the_contact(routes):
    endpoint, _ = resolve(routes, "user/1001@d")
    assert (endpoint.uri, endpoint.address, endpoint.to_uri) == (
        "sip:x1@10.0.0.5:5070;ob",
        ("10.0.0.5", 5070),
        "sip:1001@d",
    )
    assert endpoint.channel_name == "sofia/internal/x1@10.0.0.5:5070"
    assert endpoint.variables["dialed_user"] == "1001"


def test_a_phone_behind_nat_is_reached_where_its_register_came_from(routes):
    endpoint, _ = resolve(routes, "user/1003@d")
    assert (endpoint.uri, endpoint.address) == ("sip:x3@192.168.1.5:5060", ("203.0.113.7", 40000))


def test_what_sofia_contact_gave_keeps_the_nat_address(routes):
    endpoint, _ = resolve(routes, "sofia/internal/sip:x3@192.168.1.5:5060")
    assert endpoint.address == ("203.0.113.7", 40000)


def test_an_address_and_an_alias_of_the_profile(routes):
    endpoint, _ = resolve(routes, "sofia/lan/200@10.9.9.9")
    assert (endpoint.profile, endpoint.uri, endpoint.address) == (
        "internal",
        "sip:200@10.9.9.9",
        ("10.9.9.9", 5060),
    )


def test_a_gateway_has_its_login_and_proxy(routes):
    endpoint, _ = resolve(routes, "sofia/gateway/t/10086")
    assert (endpoint.uri, endpoint.address, endpoint.to_uri) == (
        "sip:10086@10.1.1.1:5066",
        ("10.1.1.1", 5066),
        "sip:10086@carrier",
    )
    assert (endpoint.username, endpoint.password, endpoint.from_user) == ("us", "pw", "us")
    assert endpoint.variables == {"x": "y", "sip_gateway_name": "t", "sip_gateway": "t"}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("user/1002@d", "USER_NOT_REGISTERED"),
        ("user/1999@d", "SUBSCRIBER_ABSENT"),
        ("user/broken@d", "SUBSCRIBER_ABSENT"),
        ("sofia/nowhere/1@10.0.0.1", "INVALID_PROFILE"),
        ("sofia/internal/1@:x", "INVALID_URL"),
        ("sofia/gateway/none/1", "INVALID_GATEWAY"),
        ("sofia/gateway/t/", "INVALID_NUMBER_FORMAT"),
        ("error/user_busy", "USER_BUSY"),
        ("error/user_not_registered", "USER_NOT_REGISTERED"),
        ("loopback/1", "CHAN_NOT_IMPLEMENTED"),
    ],
)
def test_what_leads_nowhere_has_its_cause(routes, text, cause):
    assert resolve(routes, text) == (None, cause)
