"""The whole stack with two agents' phones and a caller behind the gateway."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from acd.contract import AcdClient, SetStatus
from sql.models import Agent, CallLeg, Interaction
from tests.conformance.handset import Handset
from tests.conformance.hearing import AGENT, CALLER, SECOND
from tests.support.stack import Stack
from tests.support.waiting import wait_until

# Callers are in the queue at once: what these tests are about begins there.
STRAIGHT = """version: 1
title: straight
start: service
nodes:
  service: {type: queue, queue: service}
"""
FILES = {"flows/main.yml": STRAIGHT}


class Office:
    """The stack with two agents' phones and a caller; agents are named by extension."""

    def __init__(self, stack: Stack, folder) -> None:
        self.stack, self._bus = stack, stack.bus()
        self.acd = AcdClient(self._bus)
        self.engine = stack.engine()
        with Session(self.engine) as session:
            self.ids = {row.extension: row.id for row in session.scalars(select(Agent))}
        self.caller = Handset("13900000003", f"127.0.0.1:{stack.ports.gateway}")
        self.caller.sing(folder, CALLER)
        self.phones = {
            extension: self._phone(extension, tone, folder)
            for extension, tone in (("1001", AGENT), ("1002", SECOND))
        }

    def _phone(self, extension: str, hertz: int, folder) -> Handset:
        stack = self.stack
        phone = Handset(
            extension,
            f"127.0.0.1:{stack.ports.sip}",
            password=stack.sip_password(extension),
            domain=stack.settings.domain,
        )
        phone.sing(folder, hertz)
        phone.register()
        return phone

    def agent(self, extension: str) -> dict:
        """What the ACD shows of an agent."""
        return (self.acd.view() or {}).get("agents", {}).get(str(self.ids[extension]), {})

    def choose(self, extension: str, status: str) -> None:
        """An agent chooses a status."""
        wait_until(
            lambda: self.agent(extension).get("registered"),
            what=f"the ACD to know phone {extension}",
            seconds=20,
        )
        assert self.acd.send(SetStatus(agent_id=self.ids[extension], status=status)).ok

    def talk_begins(self) -> dict:
        """1001 answers the caller and they hear each other; the call as the page has it."""
        self.choose("1001", "ready")
        self.caller.call("4001")
        self.phones["1001"].answer_next(30)
        self.caller.hears("agent")
        self.phones["1001"].hears("caller")
        return wait_until(lambda: self.agent("1001").get("call"), what="the call")

    def close(self) -> None:
        """Everything goes home."""
        for phone in (self.caller, *self.phones.values()):
            phone.close()
        self._bus.close()
        self.engine.dispose()


def record(office: Office, interaction_id: str) -> tuple[Interaction, list[CallLeg]]:
    """The rows of a call that has ended."""

    def read():
        with Session(office.engine) as session:
            found = session.get(Interaction, interaction_id)
            if found is None or found.ended_at is None:
                return None
            legs = session.scalars(select(CallLeg).where(CallLeg.interaction_id == interaction_id)).all()
            session.expunge_all()
            return found, list(legs)

    return wait_until(read, what="the record", seconds=20)
