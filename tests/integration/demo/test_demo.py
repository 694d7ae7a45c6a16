"""`python -m uckefu demo` as `make demo` runs it, hurried: calls come, are taken, talked through and written up."""

import os
import sys
import time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from sql.engine import make_engine
from sql.models import Conversation, Interaction, Talk
from tests.support.ports import FreePorts
from tests.support.servers import temporary_folder
from tests.support.waiting import wait_until
from uckefu.child import Child, Plan
from uckefu.settings import PROJECT_ROOT, Settings, load_settings

pytestmark = [pytest.mark.timeout(300), pytest.mark.e2e]


def talks(settings: Settings) -> list[tuple[Talk, Interaction]]:
    """The talks that are written up, with their calls."""
    engine = make_engine(settings.sql_url)
    try:
        with Session(engine, expire_on_commit=False) as session:
            done = select(Talk, Interaction).join(Interaction, Interaction.id == Talk.interaction_id)
            rows = session.execute(done.where(Talk.disposition_id.is_not(None), Talk.ended_at.is_not(None)))
            return [(talk, interaction) for talk, interaction in rows]
    finally:
        engine.dispose()


def answered_chats(settings: Settings) -> list[str]:
    """The web visitors' conversations in which an agent has written."""
    engine = make_engine(settings.sql_url)
    try:
        with Session(engine) as session:
            return list(
                session.scalars(select(Conversation.id).where(Conversation.first_reply_at.is_not(None)))
            )
    finally:
        engine.dispose()


def test_a_simulated_call_is_answered_talked_through_and_written_up_and_a_visitor_gets_an_answer() -> None:
    with temporary_folder() as folder:
        environment = FreePorts().environment() | {
            "UCKEFU_INSTANCE": str(folder / "instance"),
            "UCKEFU_LANGUAGE": "en",
            "UCKEFU_SWITCH": "builtin",
        }
        command = [sys.executable, "-m", "uckefu", "demo", "--seed", "4", "--calls-per-minute", "30"]
        demo = Child(Plan("stack", command, environment=environment), folder, PROJECT_ROOT)
        ready = folder / "instance" / "run" / "ready"
        log = folder / "instance" / "log" / "demo.log"
        demo.start()
        try:
            wait_until(lambda: ready.exists() or demo.status is not None, seconds=90, what="the demo")
            assert ready.exists(), demo.tail(100)
            assert "This is a demo" in demo.tail(100)
            fields = {name.removeprefix("UCKEFU_").lower(): value for name, value in environment.items()}
            del fields["language"]
            settings = load_settings(**fields)
            written = wait_until(lambda: talks(settings), seconds=150, every=0.5, what="a talk")
            assert wait_until(lambda: answered_chats(settings), seconds=150, every=0.5, what="a chat")
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{log.read_text() if log.exists() else 'no log'}") from error
        finally:
            demo.ask_to_stop()
            demo.wait_stopped(time.monotonic() + 60)
        talk, interaction = written[0]
        assert interaction.answered_at is not None
        assert interaction.from_number
        assert talk.ended_at is not None and talk.ended_at > talk.connected_at
        assert "Traceback" not in log.read_text()
        assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and runs_phone_of(pid, folder)]


def runs_phone_of(pid: str, folder: object) -> bool:
    """Whether this process is a phone that was started by the demo of this instance."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as command, open(f"/proc/{pid}/environ", "rb") as environment:
            return b"phone_process" in command.read() and str(folder).encode() in environment.read()
    except OSError:
        return False  # it ended while we looked
