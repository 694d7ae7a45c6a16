"""Commands from the pages: read from their stream, handed to the core; answers go to each command's own list."""

import asyncio
import json
import time
from typing import Any

import structlog
from redis.exceptions import RedisError

from acd.adapters.redis_connection import Bus
from acd.contract import COMMANDS, REPLY
from acd.domain.effects import Answer
from acd.domain.inputs import CommandReceived
from acd.service.core import Core
from acd.service.presence import PresenceWatch

log = structlog.get_logger(__name__)

OLD_SECONDS = 5  # whoever asked has long been told that there was no answer
BLOCK_SECONDS = 0.5
REPLY_SECONDS = 60
SILENCE_CHECK_SECONDS = 1.0
_REPLY = "redis.call('RPUSH', KEYS[1], ARGV[1]) return redis.call('EXPIRE', KEYS[1], ARGV[2])"


class CommandDesk:
    """Takes commands and answers them."""

    def __init__(self, reader: Bus, bus: Bus, core: Core) -> None:
        self._reader, self._bus, self._core = reader, bus, core
        agents = core.engine.state.agents.values()
        windows = [(agent.agent_id, window) for agent in agents for window in agent.windows]
        self._presence = PresenceWatch(windows, core.now_us())
        self._answers: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Read for ever; while Redis is away, try again."""
        position = self._core.engine.state.last_command or f"{round((time.time() - OLD_SECONDS) * 1000)}-0"
        while True:
            try:
                found = await self._reader.xread(
                    {COMMANDS: position}, count=100, block=round(BLOCK_SECONDS * 1000)
                )
            except (RedisError, OSError) as error:
                log.warning("acd_commands_unreadable", error=str(error))
                await asyncio.sleep(BLOCK_SECONDS)
                continue
            for row_id, fields in found[0][1] if found else ():
                position = row_id
                self._take(row_id, fields.get("data", ""), fields.get("sent_ms", ""))
            await asyncio.sleep(0)

    async def notice_silence(self) -> None:
        """Report windows that went silent."""
        while True:
            await asyncio.sleep(SILENCE_CHECK_SECONDS)
            for agent_id, window_id in self._presence.silent():
                self._submit(
                    {
                        "type": "Presence",
                        "agent_id": agent_id,
                        "window_id": window_id,
                        "here": False,
                        "actor": "system",
                    },
                    "",
                )

    def answer(self, answer: Answer) -> None:
        """Send the reply to a command of a page."""
        if answer.command_id:
            task = asyncio.create_task(self._send(answer))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    def _take(self, row_id: str, text: str, sent_ms: str = "") -> None:
        try:
            command = json.loads(text)
        except ValueError:
            command = None
        if not isinstance(command, dict):
            log.warning("acd_command_unreadable", row=row_id)
            return
        command_id = str(command.get("command_id", ""))
        arrived_ms = int(row_id.partition("-")[0])
        # A Redis that stood still takes in late what was sent before, and who sent it was told that nobody answers.
        waited_ms = arrived_ms - int(sent_ms) if sent_ms.isdecimal() else 0
        if arrived_ms < (time.time() - OLD_SECONDS) * 1000 or waited_ms > OLD_SECONDS * 1000:
            self.answer(Answer(command_id, False, "too-late", "nobody was there to do it"))
        elif command.get("type") == "Presence" and not self._is_news(command):
            self.answer(Answer(command_id, True))
        else:
            self._submit(command, row_id)

    def _is_news(self, command: dict[str, Any]) -> bool:
        window = (command.get("agent_id"), command.get("window_id"))
        if not isinstance(window[0], int) or not isinstance(window[1], str):
            return True  # the engine says what is wrong with it
        return self._presence.heard(
            (window[0], window[1]), command.get("here") is not False, self._core.now_us()
        )

    def _submit(self, command: dict[str, Any], position: str) -> None:
        self._core.submit(CommandReceived(at_us=self._core.now_us(), command=command, position=position))

    async def _send(self, answer: Answer) -> None:
        reply = json.dumps(
            {"ok": answer.ok, "code": answer.code, "message": answer.message}, ensure_ascii=False
        )
        try:
            await self._bus.eval(_REPLY, 1, REPLY + answer.command_id, reply, REPLY_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("acd_reply_not_sent", error=str(error))
