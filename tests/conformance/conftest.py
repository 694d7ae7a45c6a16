"""The suite's switches, phones and controller. Every test that asks for `switch` runs once on each."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.controller import Desk
from tests.conformance.handset import Handset
from tests.conformance.hearing import AGENT, CALLER, SECOND
from tests.conformance.journal import Journal, Loop, open_journal
from tests.conformance.switches import NAMES, RunningSwitch, find_freeswitch, running
from tests.conformance.wire import Sipp
from tests.support.servers import temporary_folder
from tests.support.waiting import wait_until

CALLER_NUMBER = "13800000001"


@pytest.fixture(scope="session", params=NAMES)
def switch(request: pytest.FixtureRequest) -> Iterator[RunningSwitch]:
    """One switch, for all tests on it."""
    if request.param == "freeswitch" and find_freeswitch() is None:
        pytest.skip("FreeSWITCH is not here (FREESWITCH names its binary, else PATH)")
    with temporary_folder() as folder, running(request.param, folder) as started:
        yield started


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@pytest.fixture(scope="session")
def open_desk(loop: Loop, switch: RunningSwitch) -> Iterator[Desk]:
    desk = Desk(loop)
    desk.open(switch.ports.acd)
    yield desk
    desk.close()


@pytest.fixture(scope="session")
def open_socket(loop: Loop, switch: RunningSwitch) -> Journal:
    password = switch.settings.secrets["event_socket_password"]
    journal = loop.run(open_journal(loop, switch.ports.event_socket, password))
    journal.switch = switch
    return journal


@pytest.fixture
def journal(open_socket: Journal) -> Iterator[Journal]:
    """All events of this test; afterwards every call is ended."""
    open_socket.begin()
    yield open_socket
    open_socket.api("hupall")
    wait_until(lambda: open_socket.api("show channels").strip() == "0 total.", what="all calls to end")


@pytest.fixture
def desk(open_desk: Desk, journal: Journal) -> Iterator[Desk]:
    """The controller that the dialplan's `socket` connects to."""
    yield open_desk
    journal.api("hupall")
    open_desk.end()


@pytest.fixture(scope="session")
def session_caller(switch: RunningSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handset]:
    with Handset(CALLER_NUMBER, switch.address("lab")) as phone:
        phone.sing(tmp_path_factory.mktemp("tones"), CALLER)
        yield phone


def _registered(switch: RunningSwitch, user: str, hertz: int, folder: Path) -> Handset:
    phone = Handset(
        user, switch.address("internal"), password=switch.sip_password(user), domain=switch.domain
    )
    phone.sing(folder, hertz)
    phone.register()
    return phone


@pytest.fixture(scope="session")
def session_agent(switch: RunningSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handset]:
    with _registered(switch, "1001", AGENT, tmp_path_factory.mktemp("tones")) as phone:
        yield phone


@pytest.fixture(scope="session")
def session_second(switch: RunningSwitch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handset]:
    with _registered(switch, "1002", SECOND, tmp_path_factory.mktemp("tones")) as phone:
        yield phone


@pytest.fixture
def caller(session_caller: Handset, journal: Journal, tmp_path: Path) -> Handset:
    """Somebody outside: a phone without an account, on the profile `lab`."""
    session_caller.begin(tmp_path)
    return session_caller


@pytest.fixture
def agent(session_agent: Handset, journal: Journal, tmp_path: Path) -> Handset:
    """The phone of extension 1001, registered."""
    session_agent.begin(tmp_path)
    return session_agent


@pytest.fixture
def second(session_second: Handset, journal: Journal, tmp_path: Path) -> Handset:
    """The phone of extension 1002, registered."""
    session_second.register()  # another test may have taken its place
    session_second.begin(tmp_path)
    return session_second


@pytest.fixture
def sipp(switch: RunningSwitch, tmp_path: Path) -> Iterator[Callable[..., Sipp]]:
    """Starts sipp as a phone that follows a script to the letter: `sipp(scenario, "lab", number="7002")`."""
    if shutil.which("sipp") is None:
        pytest.skip("sipp is not installed")
    made: list[Sipp] = []

    def start(scenario: str, profile: str = "lab", number: str = "") -> Sipp:
        made.append(Sipp(tmp_path, scenario, switch.address(profile), number))
        return made[-1]

    yield start
    for each in made:
        each.kill()
