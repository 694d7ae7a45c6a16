"""The API commands of the built-in switch, with FreeSWITCH's names, arguments and reply texts.

The event socket (`api`, `bgapi`), scripts (`freeswitch.API`), the dialplan (`${command(args)}`) and hooks call
`Commands.run`. The commands themselves are in `command_channels`, `command_show` and `command_text`.
There is no `system`: nothing that reaches this may start a program.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from esl.event import Event
from softswitch import command_channels, command_show, command_text
from softswitch.command_context import Context, Counters, RunPython
from softswitch.config import Configuration
from softswitch.expand import expand
from softswitch.ports import Switch

_COMMANDS = command_show.COMMANDS | command_channels.COMMANDS | command_text.COMMANDS


class Commands:
    """See the module's docstring."""

    def __init__(
        self,
        switch: Switch,
        configuration: Callable[[], Configuration],
        *,
        python: RunPython | None = None,
        shutdown: Callable[[str], None] | None = None,
    ) -> None:
        """
        Args:
            configuration: gives the configuration that is in force now (`reloadxml` replaces it).
            python: runs `module arguments` with an environment (`softswitch.session.run_api`).
            shutdown: asked by `fsctl shutdown` with its word: '', now, asap, elegant, cancel.
        """
        counters = Counters()
        self._unsubscribe = switch.subscribe(counters.note, counters.wants)
        self._context = Context(
            switch, configuration, self.run, self._expand, counters, time.time(), None, python, shutdown
        )

    def close(self) -> None:
        """Forget what was scheduled."""
        self._unsubscribe()
        while self._context.timers:
            self._context.timers.popitem()[1].cancel()

    def run(self, line: str, env: Event | None = None) -> str:
        """Run a command line and return its text.

        Args:
            line: `uuid_kill <uuid>`; an unknown command is `-ERR <name> Command not found!`.
            env: what a hook hands to `python`: the channel's data.
        """
        name, _, arguments = line.strip().partition(" ")
        reply = self._call(name, arguments.strip(), env)
        return f"-ERR {name} Command not found!\n" if reply is None else reply

    def call(self, name: str, arguments: str) -> str:
        """Run a command inside an expansion: an unknown one gives '', as in FreeSWITCH."""
        return self._call(name, arguments, None) or ""

    def _call(self, name: str, arguments: str, env: Event | None) -> str | None:
        command = _COMMANDS.get(name.lower())
        if command is None:
            return None
        return command(self._context if env is None else replace(self._context, env=env), arguments)

    def _expand(self, text: str, uuid: str) -> str:
        channel = self._context.switch.channel(uuid) if uuid else None
        data = (
            {name.lower(): value for name, value in channel.event_data().items()}
            if channel is not None
            else {}
        )
        variables = self._context.configuration().variables

        def get(name: str) -> str | None:
            return data.get(name.lower()) or variables.get(name)

        return expand(text, get, self.call)
