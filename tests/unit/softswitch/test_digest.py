"""Digest authentication: who is let in, who is not, and how long a guesser waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.sip import digest

SECRET = digest.ha1("1001", "realm", "word")


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def authenticator(clock):
    return digest.Authenticator("realm", 60, clock)


def nonce_of(challenge):
    return digest.read_parameters(challenge)["nonce"]


def credentials(challenge, *, secret=SECRET, user="1001", realm="realm", nc="00000001", method="REGISTER"):
    given = {
        "username": user, "realm": realm, "nonce": nonce_of(challenge), "uri": "sip:realm", "qop": "auth",
        "nc": nc, "cnonce": "abc",
    }  # fmt: skip
    text = ", ".join(f'{name}="{value}"' for name, value in given.items())
    return f'Digest {text}, response="{digest.response(secret, method, given)}"'


def find(user):
    return SECRET if user == "1001" else None


def test_the_right_password_is_accepted(authenticator):
    verdict = authenticator.check(credentials(authenticator.challenge()), "REGISTER", find, "1001")
    assert verdict.accepted


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": digest.ha1("1001", "realm", "wrong")},
        {"user": "1999"},
        {"realm": "elsewhere"},
        {"method": "INVITE"},
    ],
)
def test_anything_else_is_refused(authenticator, changes):
    verdict = authenticator.check(credentials(authenticator.challenge(), **changes), "REGISTER", find, "1001")
    assert (verdict.accepted, verdict.stale, verdict.attempted) == (False, False, True)


def test_the_credentials_must_be_of_the_user_who_calls(authenticator):
    assert not authenticator.check(credentials(authenticator.challenge()), "REGISTER", find, "1002").accepted


def test_no_credentials_are_no_attempt(authenticator):
    assert authenticator.check("", "REGISTER", find, "1001") == digest.Verdict(False)


def test_an_old_nonce_is_stale_and_no_failure(authenticator, clock):
    given = credentials(authenticator.challenge())
    clock.now += 61
    verdict = authenticator.check(given, "REGISTER", find, "1001")
    assert (verdict.accepted, verdict.stale) == (False, True)


def test_a_nonce_of_another_switch_is_stale(authenticator):
    given = credentials(digest.Authenticator("realm").challenge())
    assert authenticator.check(given, "REGISTER", find, "1001").stale


def test_a_recorded_request_is_not_accepted_twice(authenticator):
    challenge = authenticator.challenge()
    assert authenticator.check(credentials(challenge), "REGISTER", find, "1001").accepted
    assert authenticator.check(credentials(challenge), "REGISTER", find, "1001").stale
    assert authenticator.check(credentials(challenge, nc="00000002"), "REGISTER", find, "1001").accepted


def test_a_stale_challenge_says_so(authenticator):
    assert digest.read_parameters(authenticator.challenge(stale=True))["stale"] == "true"


def test_commas_and_quotes_inside_values_are_part_of_them():
    parameters = digest.read_parameters(r'Digest username="a, \"b\"", realm=bare , nonce="x=y,z",uri="sip:a"')
    assert parameters == {"username": 'a, "b"', "realm": "bare", "nonce": "x=y,z", "uri": "sip:a"}


@given(st.text(max_size=200))
def test_no_text_upsets_the_reader(text):
    digest.read_parameters("Digest " + text)
    digest.Authenticator("realm").check("Digest " + text, "REGISTER", find, "1001")


def test_a_guesser_waits_longer_and_longer_after_five(clock):
    failures = digest.Failures(clock)
    assert [failures.add("10.0.0.1", "1001") for _ in range(10)] == [0, 0, 0, 0, 0, 1, 2, 4, 8, 8]
    assert failures.add("10.0.0.2", "1001") == 0
    assert failures.total == 11
    clock.now += digest.FORGET_SECONDS
    assert failures.add("10.0.0.1", "1001") == 0
    failures.forget("10.0.0.1", "1001")
    assert failures.count("10.0.0.1", "1001") == 0
