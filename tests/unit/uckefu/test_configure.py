"""The generated configuration of the switch: what is in it, who may read it, what it refuses."""

import re
import stat
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from uckefu.configure import DIALPLAN, configure, did_pattern, gateway_xml, networks, variables
from uckefu.settings import SettingRefused, Settings, load_settings, make_secrets


def made(tmp_path: Path, **values: object) -> Settings:
    settings = load_settings(instance=tmp_path / "instance", **values)
    make_secrets(settings)
    return settings


def test_only_the_owner_may_read_the_folder_with_the_event_sockets_password(tmp_path: Path) -> None:
    settings = made(tmp_path)
    folder = configure(settings)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "vars.xml").stat().st_mode) == 0o600
    assert settings.secrets["event_socket_password"] in (folder / "vars.xml").read_text()
    assert not any("event_socket_password=" in path.read_text() for path in DIALPLAN.rglob("*.xml"))


def test_every_variable_that_the_files_use_is_defined(tmp_path: Path) -> None:
    known = variables(made(tmp_path))
    used = {
        name for path in DIALPLAN.rglob("*.xml") for name in re.findall(r"\$\$\{(\w+)\}", path.read_text())
    }
    assert used - {"dialplan_dir"} <= set(known)
    assert "dialplan_dir" in known


def test_every_file_is_well_formed_xml() -> None:
    for path in DIALPLAN.rglob("*.xml"):
        ET.fromstring(path.read_text().replace('<?xml version="1.0"?>', ""))


def test_no_line_says_x_pre_process_but_a_directive_alone() -> None:
    # FreeSWITCH drops any other line that has the word in it, and the rest of a line behind a directive.
    for path in DIALPLAN.rglob("*.xml"):
        for line in path.read_text().splitlines():
            if "x-pre-process" in line.lower():
                assert re.fullmatch(r'\s*<X-PRE-PROCESS cmd="include" data="[^"]+"/>', line), (
                    f"{path.name}: {line}"
                )
            if "<include>" in line or "</include>" in line:
                assert line.strip() in ("<include>", "</include>"), f"{path.name}: {line}"


def test_a_context_stands_in_one_file_only() -> None:
    names = [
        name
        for path in DIALPLAN.glob("[0-9]*.xml")
        for name in re.findall(r'<context name="(\w+)"', path.read_text())
    ]
    assert sorted(names) == ["default", "inbound", "outgoing", "public", "uckefu"]


@pytest.mark.parametrize(
    ("dids", "pattern"),
    [("4001", "^(4001)$"), (" 4001, 4002,", "^(4001|4002)$"), ("+862150001234", r"^(\+862150001234)$")],
)
def test_the_numbers_of_the_centre_become_one_pattern(dids: str, pattern: str) -> None:
    assert did_pattern(dids) == pattern


@pytest.mark.parametrize("dids", ["", ",", "40.*", "4001|.*", "4001)"])
def test_a_did_that_is_no_number_is_refused_by_its_setting(dids: str) -> None:
    with pytest.raises(SettingRefused, match="UCKEFU_DIDS"):
        did_pattern(dids)


def test_the_trunks_are_networks_and_nothing_given_is_nobody() -> None:
    assert networks("192.0.2.10, 198.51.100.0/24") == "192.0.2.10/32,198.51.100.0/24"
    assert networks("") == "255.255.255.255/32"
    with pytest.raises(SettingRefused, match="UCKEFU_TRUNK_ADDRESSES"):
        networks("everybody")


def test_a_gateway_is_one_element_or_nothing(tmp_path: Path) -> None:
    assert gateway_xml("") == ""
    assert (
        ET.fromstring(gateway_xml("192.0.2.10:5060")).find("param[@name='proxy']").get("value")
        == "192.0.2.10:5060"
    )
    with pytest.raises(SettingRefused, match="UCKEFU_GATEWAY"):
        gateway_xml('x"/><evil')
    assert "trunk" in (configure(made(tmp_path, gateway="192.0.2.10:5060")) / "gateway.xml").read_text()


@pytest.mark.parametrize("domain", ['a"b', "a<b", "a&b", "${x}"])
def test_a_value_that_would_leave_its_attribute_is_refused(tmp_path: Path, domain: str) -> None:
    with pytest.raises(SettingRefused, match="UCKEFU_DOMAIN"):
        configure(made(tmp_path, domain=domain))


def test_every_listener_of_the_switch_is_on_loopback_by_default(tmp_path: Path) -> None:
    assert variables(made(tmp_path))["sip_ip"] == "127.0.0.1"
    assert (
        'name="listen-ip" value="127.0.0.1"'
        in (DIALPLAN / "autoload_configs" / "event_socket.conf.xml").read_text()
    )


def test_both_profiles_refuse_sip_messages_and_the_phones_need_a_password() -> None:
    for name in ("internal", "external"):
        assert (
            '<param name="enable-chat" value="false"/>'
            in (DIALPLAN / "sip_profiles" / f"{name}.xml").read_text()
        )
    internal = (DIALPLAN / "sip_profiles" / "internal.xml").read_text()
    for param, value in (
        ("auth-calls", "true"),
        ("accept-blind-auth", "false"),
        ("accept-blind-reg", "false"),
    ):
        assert f'<param name="{param}" value="{value}"/>' in internal
