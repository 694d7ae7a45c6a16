"""The whole stack on a real FreeSWITCH: the generated configuration loads, and phones can use it.

Runs where FreeSWITCH is found (`FREESWITCH` names it, else PATH); what it needs in the environment
(`LD_LIBRARY_PATH`, the folder of its own `freeswitch.py` in `PYTHONPATH`) it takes from the tests' own.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from esl.aio import Client, connect
from sql.models import Interaction
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from uckefu.demo.phone import Phone

pytestmark = pytest.mark.timeout(300)
DOMAIN = "uckefu.local"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    binary = shutil.which(os.environ.get("FREESWITCH", "freeswitch"))
    if binary is None:
        pytest.skip("FreeSWITCH is not here (FREESWITCH names its binary, else PATH)")
    with Stack({"UCKEFU_SWITCH": "freeswitch", "FREESWITCH": binary}) as made:
        yield made


@pytest.fixture
async def switch(stack: Stack) -> Client:
    client = await connect(
        "127.0.0.1", stack.ports.event_socket, stack.settings.secrets["event_socket_password"]
    )
    yield client
    await client.close()


@pytest.fixture
def phone(stack: Stack) -> Iterator[Phone]:
    with Phone(
        "1001", f"127.0.0.1:{stack.ports.sip}", password=stack.sip_password("1001"), domain=DOMAIN
    ) as made:
        yield made.register()


async def test_both_profiles_run_and_the_domain_is_the_phones(switch: Client) -> None:
    profiles = await switch.api("sofia status")
    assert profiles.count("RUNNING") == 2
    assert f"{DOMAIN}\t  alias" in profiles


async def test_only_the_modules_that_we_use_are_loaded(switch: Client) -> None:
    assert await switch.api("module_exists mod_python3") == "true"
    for module in ("mod_callcenter", "mod_loopback", "mod_conference", "mod_voicemail"):
        assert await switch.api(f"module_exists {module}") == "false"


async def test_the_trunks_list_lets_loopback_in_and_nobody_else(switch: Client) -> None:
    assert await switch.api("acl 127.0.0.1 trunks") == "true"
    assert await switch.api("acl 192.0.2.1 trunks") == "false"


@pytest.mark.parametrize("user", ["1001", "1999"])
def test_a_wrong_password_and_an_unknown_user_are_refused_alike(stack: Stack, user: str) -> None:
    with Phone(user, f"127.0.0.1:{stack.ports.sip}", password="wrong", domain=DOMAIN) as stranger:
        stranger.do("register")
        assert stranger.wait("registered", "unregistered")["code"] == 403


@pytest.mark.parametrize("number", ["9000", "9100", "4001"])
def test_a_registered_phone_reaches_music_echo_and_the_centres_number(phone: Phone, number: str) -> None:
    phone.call(number)
    phone.wait("confirmed")
    phone.hang_up()
    phone.wait("disconnected")


def test_a_number_that_is_not_ours_is_refused(phone: Phone) -> None:
    phone.call("5555")
    assert phone.wait("disconnected")["code"] == 404


def test_one_phone_calls_the_other(stack: Stack, phone: Phone) -> None:
    with Phone(
        "1002", f"127.0.0.1:{stack.ports.sip}", password=stack.sip_password("1002"), domain=DOMAIN
    ) as other:
        other.register()
        phone.call("1002")
        other.answer_next()
        phone.wait("confirmed")
        other.hang_up()
        phone.wait("disconnected")


def test_a_gateways_call_reaches_the_flow_and_its_record_reaches_sql(stack: Stack) -> None:
    with Phone("13800138000", f"127.0.0.1:{stack.ports.gateway}") as caller:
        caller.call("1001")
        assert (
            caller.wait("disconnected")["code"] == 404
        )  # a gateway reaches the centre's numbers and nothing else
        caller.call("4001")
        caller.wait("confirmed")
        caller.hang_up()
        caller.wait("disconnected")
    engine = stack.engine()
    statement = select(Interaction.to_number, Interaction.hangup_by).where(
        Interaction.from_number == "13800138000"
    )

    def written() -> tuple[str, str] | None:
        with engine.connect() as connection:
            return next(
                (tuple(row) for row in connection.execute(statement) if row.to_number == "4001"), None
            )

    assert wait_until(written, what="the interaction in SQL") == ("4001", "caller")
    engine.dispose()
