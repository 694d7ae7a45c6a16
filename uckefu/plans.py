"""What `make run` starts: the command, the readiness and the time limits of each process.

`uckefu.run` calls `bus_plan` first (everything else needs Redis), then `plans`. The children find their settings
themselves, from the same environment and instance.
"""

import asyncio
import importlib.util
import os
import shutil
import sys
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import redis

from esl.aio import connect
from esl.errors import EslError
from uckefu.bus import find_redis_server, redis_command
from uckefu.child import Plan
from uckefu.messages import say
from uckefu.ports import LOOPBACK, is_listening
from uckefu.settings import PROJECT_ROOT, SettingRefused, Settings, without_password

HTTP_SECONDS = 2
# mod_python3's interpreter looks for its standard library beside the first `python3` on PATH: that of an activated
# environment, made by another build, breaks its C modules. PYTHONHOME in the environment says otherwise.
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"


def bus_plan(settings: Settings) -> Plan:
    """The embedded Redis.

    Raises:
        SettingRefused: there is no redis-server at all.
    """
    binary = find_redis_server()
    if binary is None:
        raise SettingRefused("UCKEFU_REDIS_URL", "", say("no_redis"))
    return Plan("redis", redis_command(binary, settings), lambda: bus_answers(settings))


def bus_answers(settings: Settings) -> bool:
    """Whether Redis serves now (not while it still loads its file)."""
    try:
        client = redis.Redis.from_url(settings.bus_url, socket_connect_timeout=2, socket_timeout=2)
    except ValueError as error:
        raise SettingRefused("UCKEFU_REDIS_URL", without_password(settings.redis_url), str(error)) from error
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def find_freeswitch(settings: Settings) -> str | None:
    """The FreeSWITCH to run, None for the built-in switch.

    Raises:
        SettingRefused: FreeSWITCH was asked for and is not there.
    """
    if settings.switch == "builtin":
        return None
    named = settings.freeswitch or "freeswitch"
    found = shutil.which(named)
    if found is None and (settings.switch == "freeswitch" or settings.freeswitch):
        raise SettingRefused("FREESWITCH", named, say("no_freeswitch"))
    return found


def plans(settings: Settings, freeswitch: str | None) -> list[Plan]:
    """Everything but Redis, in the order of the start; the stop goes the other way round."""
    environment = _environment(settings)
    return [
        _python("history", "acd.history", environment),
        _python("acd", "acd", environment, lambda: is_listening("tcp", settings.acd_port)),
        _freeswitch(settings, freeswitch, environment) if freeswitch else _builtin(settings, environment),
        _python("admin", "admin", environment, lambda: page_answers(settings)),
        _python("mail", "uckefu.postman", environment),
    ]


def demo_plan(settings: Settings, *, seed: int, calls_per_minute: float) -> Plan:
    """The simulated people of `python -m uckefu demo`.

    Raises:
        SettingRefused: the packages that they need are not installed.
    """
    for name in ("pjsua2", "socketio", "requests"):
        if importlib.util.find_spec(name) is None:
            raise SettingRefused("demo", name, say("no_demo_package"))
    options = ["--seed", str(seed), "--calls-per-minute", str(calls_per_minute)]
    plan = _python("demo", "uckefu.demo", _environment(settings))
    return replace(plan, command=[*plan.command, *options], stop_seconds=15)


def _environment(settings: Settings) -> dict[str, str]:
    return {
        "UCKEFU_INSTANCE": str(settings.instance),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _python(
    name: str, module: str, environment: dict[str, str], ready: Callable[[], bool] = lambda: True
) -> Plan:
    return Plan(name, [sys.executable, "-m", module], ready, environment)


def _switch_serves(settings: Settings) -> bool:
    phones = is_listening("udp", settings.sip_port) and is_listening("udp", settings.gateway_port)
    return phones and is_listening("tcp", settings.event_socket_port)


def _builtin(settings: Settings, environment: dict[str, str]) -> Plan:
    return _python("switch", "softswitch", environment, lambda: _switch_serves(settings))


def _freeswitch(settings: Settings, binary: str, environment: dict[str, str]) -> Plan:
    folder = settings.instance / "freeswitch"
    command = [binary, "-nf", "-nc", "-nonat", "-np", "-conf", str(settings.conf_dir)]
    for name in ("log", "run", "db", "temp", "certs", "storage", "cache", "scripts"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        command += [f"-{name}", str(folder / name)]
    command += ["-recordings", str(settings.recordings_dir)]
    ready = lambda: _switch_serves(settings) and has_mod_python(settings)  # noqa: E731
    python = {"PYTHONPATH": python_path(os.environ.get("PYTHONPATH", "")), "PATH": SYSTEM_PATH}
    return Plan("switch", command, ready, environment | python, ready_seconds=60)


def python_path(before: str) -> str:
    """`PYTHONPATH` of FreeSWITCH's own interpreter: the project, its environment's packages, and what was there."""
    parts = [
        str(PROJECT_ROOT),
        sysconfig.get_path("purelib"),
        sysconfig.get_path("platlib"),
        *before.split(os.pathsep),
    ]
    return os.pathsep.join(dict.fromkeys(filter(None, parts)))


def has_mod_python(settings: Settings) -> bool:
    """Whether the running FreeSWITCH has loaded mod_python3.

    Raises:
        SettingRefused: it has not, so no call could be handled.
    """

    async def ask() -> str:
        client = await connect(
            LOOPBACK, settings.event_socket_port, settings.secrets["event_socket_password"]
        )
        try:
            return await client.api("module_exists mod_python3")
        finally:
            await client.close()

    try:
        answer = asyncio.run(ask())
    except (EslError, OSError):  # it has only begun to serve; the supervisor asks again
        return False
    if answer.strip() != "true":
        raise SettingRefused("FREESWITCH", settings.freeswitch or "freeswitch", say("no_mod_python"))
    return True


def page_address(settings: Settings) -> str:
    """Where a browser on this machine finds the pages."""
    host = LOOPBACK if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    return f"http://{host}:{settings.web_port}"


def page_answers(settings: Settings) -> bool:
    """Whether the web process serves and sees its database, Redis and a living ACD."""
    if not is_listening("tcp", settings.web_port):
        return False
    try:
        with urllib.request.urlopen(f"{page_address(settings)}/readyz", timeout=HTTP_SECONDS) as answer:  # noqa: S310 - always http
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def instance_folders(settings: Settings) -> tuple[Path, ...]:
    """The folders that the stack writes to; all are made before anything starts, with mode 700."""
    names = (
        settings.recordings_dir,
        settings.spool_dir,
        settings.instance / "flows",
        settings.instance / "log",
    )
    return (settings.instance, *names, settings.instance / "run")
