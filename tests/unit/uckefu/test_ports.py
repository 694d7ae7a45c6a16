"""A port that can't be opened is told before anything starts, by the name of its setting."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import FreePorts
from uckefu.ports import PortUnusable, check_ports, is_listening, listeners
from uckefu.settings import Settings, load_settings


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    for name, value in FreePorts().environment().items():
        monkeypatch.setenv(name, value)
    return load_settings(instance=tmp_path)


@pytest.fixture
def taken(settings: Settings) -> Iterator[None]:
    with (
        socket.create_server(("127.0.0.1", settings.web_port)),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone,
    ):
        phone.bind(("127.0.0.1", settings.sip_port))
        yield


def test_free_ports_pass(settings: Settings) -> None:
    check_ports(settings, freeswitch=False, patience_seconds=0)


def test_a_port_in_use_names_its_setting_and_offers_another(
    settings: Settings, taken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UCKEFU_LANGUAGE", "en")
    with pytest.raises(
        PortUnusable, match=rf"^UCKEFU_WEB_PORT={settings.web_port} is in use.*UCKEFU_WEB_PORT=\d+ make run"
    ):
        check_ports(settings, freeswitch=False, patience_seconds=0)


def test_a_udp_port_in_use_is_found_too(settings: Settings, taken: None) -> None:
    free = settings.model_copy(update={"web_port": settings.web_port + 1})
    with pytest.raises(PortUnusable, match=f"UCKEFU_SIP_PORT={settings.sip_port}"):
        check_ports(free, freeswitch=False, patience_seconds=0)


def test_two_settings_with_one_port_are_refused(settings: Settings) -> None:
    same = settings.model_copy(update={"acd_port": settings.web_port})
    with pytest.raises(PortUnusable, match=r"UCKEFU_ACD_PORT.*UCKEFU_WEB_PORT"):
        check_ports(same, freeswitch=False, patience_seconds=0)


def test_every_port_of_the_settings_is_checked(settings: Settings) -> None:
    checked = {listener.setting for listener in listeners(settings, freeswitch=False)}
    assert checked == {name for name in Settings.model_fields if name.endswith("_port")} - {
        "rtp_first_port",
        "rtp_last_port",
    }


def test_a_listener_is_seen_without_being_asked(settings: Settings, taken: None) -> None:
    assert is_listening("tcp", settings.web_port)
    assert is_listening("udp", settings.sip_port)
    assert not is_listening("tcp", settings.sip_port)
    assert not is_listening("tcp", settings.acd_port)
