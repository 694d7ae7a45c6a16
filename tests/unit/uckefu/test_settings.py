"""Settings come from the environment, the instance or a default; secrets have no default."""

import json
import stat
from pathlib import Path

import pytest

from uckefu.settings import SECRET_NAMES, SettingRefused, load_settings, make_secrets, store_secrets


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("UCKEFU_WEB_PORT", "UCKEFU_SWITCH", "UCKEFU_DIDS", "FREESWITCH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UCKEFU_INSTANCE", str(tmp_path / "instance"))


def test_the_environment_wins_over_the_instance_and_that_over_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert load_settings().web_port == 8000
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "settings.env").write_text("UCKEFU_WEB_PORT=8001\nUCKEFU_DIDS=4009\n")
    assert (load_settings().web_port, load_settings().dids) == (8001, "4009")
    monkeypatch.setenv("UCKEFU_WEB_PORT", "8002")
    assert load_settings().web_port == 8002


def test_the_instance_folder_is_absolute_whatever_was_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UCKEFU_INSTANCE", "here")
    assert load_settings().instance == tmp_path.resolve() / "here"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UCKEFU_WEB_PORT", "many"),
        ("UCKEFU_SWITCH", "asterisk"),
        ("UCKEFU_RTP_LAST_PORT", "99999"),
        ("UCKEFU_RTP_LAST_PORT", "16384"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingRefused, match=f"{name}={value}: "):
        load_settings()


def test_a_path_too_long_for_a_unix_socket_is_refused_before_redis_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UCKEFU_INSTANCE", str(tmp_path / ("x" * 120)))
    with pytest.raises(SettingRefused, match="UCKEFU_INSTANCE"):
        load_settings()


def test_secrets_are_generated_once_long_and_for_their_owner_only() -> None:
    settings = load_settings()
    make_secrets(settings)
    path = settings.instance / "secrets.json"
    first = json.loads(path.read_text())
    assert set(first) == set(SECRET_NAMES)
    assert all(len(value) >= 32 for value in first.values())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.instance.stat().st_mode) == 0o700
    make_secrets(settings)
    assert json.loads(path.read_text()) == first


def test_without_its_file_no_secret_has_a_value() -> None:
    with pytest.raises(FileNotFoundError):
        _ = load_settings().secrets


def test_a_secret_added_later_is_seen_and_the_others_stay() -> None:
    settings = load_settings()
    make_secrets(settings)
    before = settings.secrets
    store_secrets(settings, {"sip:1001": "abc"})
    assert settings.secrets == before | {"sip:1001": "abc"}
