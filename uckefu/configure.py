"""`python -m uckefu configure`: writes `instance/freeswitch/conf`, which both switches read.

The supervisor calls it at each start. The folder is of mode 700, because vars.xml has the event socket's password;
everything else in it is included from `dialplan/` of the project by `$${dialplan_dir}`.
"""

import ipaddress
import os
import re
import shutil
import socket
from pathlib import Path
from xml.sax.saxutils import quoteattr

from uckefu.centre import load_centre
from uckefu.settings import PROJECT_ROOT, SettingRefused, Settings

DIALPLAN = PROJECT_ROOT / "dialplan"
SOUNDS = PROJECT_ROOT / "sounds"


def configure(settings: Settings) -> Path:
    """Write the configuration of the switch and return its folder; the secrets must have been made.

    Raises:
        SettingRefused: a value that would not survive FreeSWITCH's XML or dialplan.
    """
    values = variables(settings)
    gateway = gateway_xml(settings.gateway)
    folder = settings.conf_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    settings.recordings_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [f'  <X-PRE-PROCESS cmd="set" data="{name}={value}"/>' for name, value in values.items()]
    _write(folder / "vars.xml", "\n".join(["<include>", *lines, "</include>", ""]))
    _write(folder / "gateway.xml", f"<include>\n{gateway}</include>\n")
    shutil.copyfile(DIALPLAN / "freeswitch.xml", folder / "freeswitch.xml")
    return folder


def variables(settings: Settings) -> dict[str, str]:
    """The `$${name}` values of this instance.

    Raises:
        SettingRefused: as `configure`.
    """
    centre = load_centre(settings.centre_file)
    values = {
        "domain": settings.domain,
        "switch_name": settings.switch_name,
        "sip_ip": reachable_address(settings.host),
        "sip_port": str(settings.sip_port),
        "gateway_port": str(settings.gateway_port),
        "rtp_first_port": str(settings.rtp_first_port),
        "rtp_last_port": str(settings.rtp_last_port // 2 * 2),  # RTP is even; FreeSWITCH warns at each call
        "event_socket_port": str(settings.event_socket_port),
        "event_socket_password": settings.secrets["event_socket_password"],
        "acd_address": f"127.0.0.1:{settings.acd_port}",
        "acd_standby_address": f"127.0.0.1:{settings.acd_standby_port}",
        "trunk_addresses": networks(settings.trunk_addresses),
        "did_pattern": did_pattern(settings.dids),
        "default_language": centre.language,
        "fallback_extension": centre.fallback_extension,
        "dialplan_dir": str(DIALPLAN),
        "sounds_dir": str(SOUNDS),
        "recordings_dir": str(settings.recordings_dir.resolve()),
        "instance_conf_dir": str(settings.conf_dir.resolve()),
    }
    for name, value in values.items():
        _refuse_unsafe(name, value)
    return values


# FreeSWITCH copies a value into XML text and dialplan data as it is: nothing may end an attribute or begin a variable.
_UNSAFE = re.compile(r"[\"<>&{}\x00-\x1f]")
_CALLED = {
    "switch_name": "UCKEFU_SWITCH_NAME",
    "domain": "UCKEFU_DOMAIN",
    "recordings_dir": "UCKEFU_INSTANCE",
}
_CALLED |= {"instance_conf_dir": "UCKEFU_INSTANCE", "fallback_extension": "centre.yml: fallback_extension"}


def _refuse_unsafe(name: str, value: str) -> None:
    if found := _UNSAFE.search(value):
        raise SettingRefused(_CALLED.get(name, name), value, f"the character {found[0]!r} can't be in it")


def reachable_address(host: str) -> str:
    """The address that SIP and RTP tell the far end: `host`, or this machine's own when it is a wildcard."""
    if host not in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # TEST-NET: a datagram socket only picks the route, nothing is sent
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def did_pattern(dids: str) -> str:
    """The regular expression of the centre's numbers, with one capture: `^(4001|4002)$`.

    Raises:
        SettingRefused: something that is no number.
    """
    numbers = [number.strip() for number in dids.split(",") if number.strip()]
    for number in numbers:
        if not re.fullmatch(r"\+?[0-9]{1,20}", number):
            raise SettingRefused("UCKEFU_DIDS", dids, f"{number!r} is no number, e.g. 4001 or +862150001234")
    if not numbers:
        raise SettingRefused("UCKEFU_DIDS", dids, "at least one number is needed, e.g. 4001")
    return "^(" + "|".join(number.replace("+", r"\+") for number in numbers) + ")$"


def networks(addresses: str) -> str:
    """The trunks' networks in CIDR notation, by comma.

    Raises:
        SettingRefused: something that is no network.
    """
    try:
        found = [
            str(ipaddress.ip_network(part.strip(), strict=False))
            for part in addresses.split(",")
            if part.strip()
        ]
    except ValueError as error:
        raise SettingRefused("UCKEFU_TRUNK_ADDRESSES", addresses, str(error)) from error
    return ",".join(found) or "255.255.255.255/32"  # nobody


def gateway_xml(address: str) -> str:
    """The outgoing trunk, named `trunk`; nothing for ''.

    Raises:
        SettingRefused: not host:port.
    """
    if not address:
        return ""
    if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?", address):
        raise SettingRefused("UCKEFU_GATEWAY", address, "host:port is needed, e.g. 192.0.2.10:5060")
    params = {"username": "uckefu", "proxy": address, "register": "false", "caller-id-in-from": "true"}
    lines = [
        f"    <param name={quoteattr(name)} value={quoteattr(value)}/>\n" for name, value in params.items()
    ]
    return '  <gateway name="trunk">\n' + "".join(lines) + "  </gateway>\n"


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    part.replace(path)
