"""A whole UCKeFu for the benches: agents in SQL, their phones registered, numbers to dial, all made ready.

On FreeSWITCH it also has mod_callcenter with the same agents and phones, as the reference. Numbers at the gateway:
4009 queues at once for ACD, 5001 queues at once in mod_callcenter, 5002 is the main menu as plain dialplan XML, 5003
the same menu as a flow (both without CDR and queue), 4010 queues at once for the talk bench.
"""

import os
import re
import secrets
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from string import Template
from types import TracebackType

import psutil
import yaml
from sqlalchemy.orm import Session

from acd.contract import AcdClient, AcdView, ReloadConfiguration, SetStatus
from esl.blocking import ESLconnection
from sql.models import Agent, Queue, Tier, User
from sql.seed import sip_a1_hash
from tests.bench import load
from tests.bench.meter import cpu_seconds, family, prefer
from tests.support.ports import free_port
from tests.support.servers import temporary_folder
from tests.support.stack import NAMES, Stack
from tests.support.waiting import wait_until
from uckefu.settings import PROJECT_ROOT
from uckefu.times import now

OFFERS, TALKS, CALLCENTER, PLAIN_MENU, FLOW_MENU = "4009", "4010", "5001", "5002", "5003"
QUEUE_AT_ONCE = "version: 1\ntitle: {0}\nstart: now\nnodes:\n  now: {{type: queue, queue: {0}{1}}}\n"
A_PROMPT = ", prompt: please_hold"  # the far ends of `rtp.py` speak only when they were spoken to
RTP_WINDOW = 1000  # FreeSWITCH takes two ports a leg
FIRST_EXTENSION = 1101
CONF = Path(__file__).with_name("conf")


class Refused(RuntimeError):
    """The ACD or the switch refused what the bench needs."""


class Office:
    """See the module.

    Args:
        switch: `builtin` or `freeswitch`.
        agents: how many there are; the first `offer_agents` of them are in the offer bench's queue.
    """

    def __init__(self, switch: str, *, agents: int, offer_agents: int) -> None:
        self.switch, self.agents, self.offer_agents = switch, agents, offer_agents
        self.phone_port = free_port()
        first = load.free_window(RTP_WINDOW, 17_000, 25_000)
        environment = {
            "UCKEFU_SWITCH": switch,
            "UCKEFU_DIDS": f"4001,{OFFERS},{TALKS}",
            "UCKEFU_RTP_FIRST_PORT": str(first),
            "UCKEFU_RTP_LAST_PORT": str(first + RTP_WINDOW - 1),
        }
        flows = {"default": "main", OFFERS: "bench", TALKS: "talk", FLOW_MENU: "menu"}
        files = {
            "centre.yml": yaml.safe_dump({"flows": flows}),
            "flows/bench.yml": QUEUE_AT_ONCE.format("bench", ""),
            "flows/talk.yml": QUEUE_AT_ONCE.format("talk", A_PROMPT),
            "flows/menu.yml": menu_flow(),
        }
        self.stack = Stack(environment, files=files)
        self._resources = ExitStack()
        self._passwords: dict[str, str] = {}

    def __enter__(self) -> "Office":
        try:
            self.folder = self._resources.enter_context(temporary_folder())
            self._resources.enter_context(self.stack)
            prefer(self.stack.every_pid())
            self.bus = self._resources.enter_context(self.stack.bus())
            self.acd = AcdClient(self.bus)
            self._hire()
            self._add_numbers()
            self._register()
            self._make_ready()
        except BaseException:
            self._resources.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.__exit__(kind, error, trace)  # the stack keeps its logs when something failed

    # ---- what is where

    @property
    def gateway(self) -> int:
        """Where callers dial."""
        return self.stack.ports.gateway

    @property
    def switch_pids(self) -> list[int]:
        """The switch and, of the built-in one, its media process."""
        pid = self.stack.pid("switch")
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]

    @property
    def media_pid(self) -> int:
        """The process that carries RTP."""
        return self.switch_pids[-1]

    def cpu_seconds(self) -> dict[str, float]:
        """CPU seconds so far of each process of the stack, with its children."""
        return {name: cpu_seconds(family(self.stack.pid(name))) for name in NAMES}

    @property
    def extensions(self) -> list[str]:
        """The agents' extensions."""
        return [str(FIRST_EXTENSION + n) for n in range(self.agents)]

    def view(self) -> AcdView:
        """The ACD's view."""
        return self.acd.view() or {"queues": {}, "agents": {}}

    def ready(self, queue: str) -> int:
        """How many agents of a queue are ready now."""
        return int(self.view()["queues"].get(queue, {}).get("ready", 0))

    def talking(self) -> int:
        """How many agents talk now."""
        return sum(agent["state"] == "talking" for agent in self.view()["agents"].values())

    def busy(self) -> dict[str, str]:
        """The agents (by extension) that are offered a call, talk, or are in wrap-up, with their state."""
        states = {agent["extension"]: agent["state"] for agent in self.view()["agents"].values()}
        return {
            extension: state
            for extension, state in states.items()
            if state not in ("idle", "signed-out", "not-ready")
        }

    def wait_idle(self, queue: str, agents: int) -> None:
        """Wait until that many are ready; who missed a call in the rush is made ready again."""
        wait_until(lambda: not self.busy(), seconds=60, what=f"the agents to be free: {self.busy()}")
        for agent_id, agent in self.view()["agents"].items():
            if agent["status"] == "no-answer":
                self.acd.send(SetStatus(agent_id=int(agent_id), status="ready"))
        wait_until(lambda: self.ready(queue) == agents, seconds=60, what=f"{agents} idle agents in {queue}")

    def api(self, command: str) -> str:
        """An API command of the switch."""
        connection = ESLconnection(
            "127.0.0.1",
            str(self.stack.ports.event_socket),
            self.stack.settings.secrets["event_socket_password"],
        )
        try:
            name, _, arguments = command.partition(" ")
            answer = connection.api(name, arguments)
            return str(answer.getBody()) if answer else ""
        finally:
            connection.disconnect()

    # ---- the making of it

    def _hire(self) -> None:
        domain = self.stack.settings.domain
        engine = self.stack.engine()
        with Session(engine) as session:
            people = []
            for extension in self.extensions:
                self._passwords[extension] = secrets.token_hex(8)
                user = User(
                    login=f"bench{extension}",
                    name=extension,
                    role="agent",
                    password_hash="!",
                    created_at=now(),
                )
                a1_hash = sip_a1_hash(extension, domain, self._passwords[extension])
                people.append(Agent(user=user, extension=extension, a1_hash=a1_hash))
            session.add_all(people)
            for name, count in (("bench", self.offer_agents), ("talk", self.agents)):
                tiers = [Tier(agent=agent, position=n) for n, agent in enumerate(people[:count], 1)]
                session.add(Queue(name=name, title_zh=name, title_en=name, wrap_up_seconds=0, tiers=tiers))
            session.commit()
            self.agent_ids = [agent.id for agent in people]
        engine.dispose()

    def _add_numbers(self) -> None:
        """A dialplan of the bench's own: the project's with more numbers at the gateway, loaded by `reloadxml`."""
        dialplan = self.stack.instance / "bench-dialplan"
        shutil.copytree(PROJECT_ROOT / "dialplan", dialplan)
        inbound = dialplan / "10_inbound.xml"
        begin = '<context name="public">'
        text = inbound.read_text(encoding="utf-8")
        numbers = (CONF / "numbers.xml").read_text(encoding="utf-8")
        inbound.write_text(text.replace(begin, begin + "\n" + numbers), encoding="utf-8")
        (dialplan / "autoload_configs" / "callcenter.conf.xml").write_text(
            self._callcenter(), encoding="utf-8"
        )
        variables = self.stack.settings.conf_dir / "vars.xml"
        text = variables.read_text(encoding="utf-8")
        variables.write_text(
            re.sub(r"dialplan_dir=[^\"]*", f"dialplan_dir={dialplan}", text), encoding="utf-8"
        )
        self._expect(self.api("reloadxml"))
        if self.switch == "freeswitch":
            self._expect(self.api("load mod_callcenter"))

    def _callcenter(self) -> str:
        domain = self.stack.settings.domain
        agents = "".join(
            f'<agent name="{e}@{domain}" type="callback" contact="[leg_timeout=10]user/{e}@{domain}" status="Available" '
            'max-no-answer="3" wrap-up-time="0" reject-delay-time="10" busy-delay-time="60"/>\n'
            for e in self.extensions[: self.offer_agents]
        )
        tiers = "".join(
            f'<tier agent="{e}@{domain}" queue="bench@{domain}" level="1" position="1"/>\n'
            for e in self.extensions[: self.offer_agents]
        )
        template = Template((CONF / "callcenter.conf.xml").read_text(encoding="utf-8"))
        return template.substitute(domain=domain, agents=agents, tiers=tiers)

    @staticmethod
    def _expect(reply: str) -> None:
        if not reply.lstrip("\n").startswith("+OK"):
            raise Refused(reply)

    def _register(self) -> None:
        rows = [
            (extension, f"[authentication username={extension} password={self._passwords[extension]}]", self.phone_port)
            for extension in self.extensions
        ]  # fmt: skip
        options = ("-m", str(len(rows)), "-r", "20", "-l", "20")
        failed = load.run(self.folder, "register", free_port(), self.stack.ports.sip, rows, *options)
        if failed:
            log = (self.folder / "register.log").read_text(errors="replace")
            raise Refused(f"{failed} phones could not register: {log[-3000:]}")

    def _make_ready(self) -> None:
        self.acd.send(ReloadConfiguration())
        known = lambda: set(map(str, self.agent_ids)) <= set((self.acd.view() or {}).get("agents", {}))  # noqa: E731
        wait_until(known, seconds=60, what="the agents in the ACD")
        for agent_id in self.agent_ids:
            reply = self.acd.send(SetStatus(agent_id=agent_id, status="ready"))
            if not reply.ok:
                raise Refused(f"agent {agent_id}: {reply.code}")
        self.wait_idle("talk", self.agents)


def menu_flow() -> str:
    """The main line's flow with a hangup in place of each queue, so that only the flow is measured."""
    flow = yaml.safe_load((PROJECT_ROOT / "ivr" / "flows" / "main.yml").read_text(encoding="utf-8"))
    for node in flow["nodes"].values():
        if node["type"] == "queue":
            prompt = node["prompt"]
            node.clear()
            node |= {"type": "hangup", "prompt": prompt}
    return yaml.safe_dump(flow, allow_unicode=True)


def offices() -> list[str]:
    """The switches that are here: the built-in one, and FreeSWITCH when FREESWITCH or PATH has it."""
    return (
        ["builtin", "freeswitch"]
        if shutil.which(os.environ.get("FREESWITCH") or "freeswitch")
        else ["builtin"]
    )
