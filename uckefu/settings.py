"""Where every process finds its addresses, folders and secrets.

Each process builds one `Settings` at its start (`load_settings`) and passes it on. A value comes from the
environment (`UCKEFU_WEB_PORT=8001`), else from `instance/settings.env`, else from the default here.
Secrets are generated at first start into `instance/secrets.json` (mode 600) and never have a default.
"""

import json
import os
import re
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def without_password(url: str) -> str:
    """A URL as it may be shown."""
    return re.sub(r"//[^@/]*@", "//…@", url)


class SettingRefused(ValueError):
    """A setting that can't work; the message names it as it is written in the environment."""

    code = "setting-refused"

    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(f"{name}={value}: {reason}")
        self.name = name


class Settings(BaseSettings):
    """All that a process may be told from outside. Ports are checked by the supervisor at start."""

    model_config = SettingsConfigDict(env_prefix="UCKEFU_", extra="ignore")

    instance: Path = PROJECT_ROOT / "instance"
    host: str = "127.0.0.1"  # every listener binds here; loopback by default
    domain: str = "uckefu.local"  # the SIP domain and digest realm
    switch: Literal["auto", "freeswitch", "builtin"] = "auto"
    freeswitch: str = Field(default="", validation_alias="FREESWITCH")  # path of the binary; "" looks on PATH
    switch_name: str = "switch1"

    web_port: int = 8000
    sip_port: int = 5060  # profile `internal`: phones, with digest authentication
    gateway_port: int = 5080  # profile `external`: gateways, by address
    rtp_first_port: int = 16384
    rtp_last_port: int = 24999  # below the ephemeral range
    event_socket_port: int = 8021
    acd_port: int = 8084  # the ACD's outbound event socket
    acd_standby_port: int = 8085  # the second ACD's
    acd_metrics_port: int = 9101
    switch_metrics_port: int = 9102

    dids: str = "4001"  # the centre's own numbers, by comma, as they arrive in the INVITE
    trunk_addresses: str = "127.0.0.0/8"  # CIDR list, by comma: who may call in on the external profile
    https: bool = False  # the pages are reached over https (a proxy in front): cookies are Secure
    gateway: str = ""  # host:port of the outgoing trunk; "" for none
    database_url: str = ""  # "" is SQLite in the instance folder
    redis_url: str = ""  # "" is the Redis that the supervisor starts, on a unix socket
    async_mode: Literal["eventlet", "gevent"] = "eventlet"

    @property
    def sql_url(self) -> str:
        """SQLAlchemy URL of the record."""
        return self.database_url or f"sqlite:///{self.instance / 'uckefu.db'}"

    @property
    def bus_url(self) -> str:
        """Redis URL of the bus."""
        return self.redis_url or f"unix://{self.instance / 'redis.sock'}"

    @property
    def conf_dir(self) -> Path:
        """The generated FreeSWITCH configuration that both switches read."""
        return self.instance / "freeswitch" / "conf"

    @property
    def recordings_dir(self) -> Path:
        """Recordings, `YYYY/MM/DD/<interaction id>.wav` (UTC date) below it."""
        return self.instance / "recordings"

    @property
    def spool_dir(self) -> Path:
        """CDRs that could not be written to SQL yet, one JSON file a leg."""
        return self.instance / "spool" / "cdr"

    @property
    def centre_file(self) -> Path:
        """The centre's own settings (`uckefu.centre.Centre`), read on the call path."""
        return self.instance / "centre.yml"

    @property
    def mail_file(self) -> Path:
        """The mail account (`admin.mail.account.Account`), mode 600; without it no mail leaves."""
        return self.instance / "mail.json"

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Generated secrets by name; `make_secrets` must have run once."""
        return dict(json.loads((self.instance / "secrets.json").read_text(encoding="utf-8")))


def load_settings(**overrides: object) -> Settings:
    """Return the settings of this process.

    Args:
        overrides: values that win over the environment, for tests.

    Raises:
        SettingRefused: a value of the wrong kind.
    """
    named = overrides.get("instance") or os.environ.get("UCKEFU_INSTANCE") or PROJECT_ROOT / "instance"
    instance = Path(str(named)).expanduser().resolve()
    try:
        settings = Settings(_env_file=instance / "settings.env", **(overrides | {"instance": instance}))  # type: ignore[arg-type,call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        called = name if name == "FREESWITCH" else f"UCKEFU_{name.upper()}"
        raise SettingRefused(called, first["input"], first["msg"]) from error
    _refuse_impossible(settings)
    return settings


LONGEST_SOCKET_PATH = 107  # bytes, of a unix socket
LAST_RTP_PORT = 32_767  # Linux's ephemeral range begins above


def _refuse_impossible(settings: Settings) -> None:
    first, last = settings.rtp_first_port, settings.rtp_last_port
    if not 1024 <= first < last - 3:
        why = f"at least four ports above UCKEFU_RTP_FIRST_PORT={first} are needed"
        raise SettingRefused("UCKEFU_RTP_LAST_PORT", last, why)
    if last > LAST_RTP_PORT:
        why = f"{LAST_RTP_PORT} at most: the ports above are given to clients by the system"
        raise SettingRefused("UCKEFU_RTP_LAST_PORT", last, why)
    if (
        not settings.redis_url
        and len(os.fsencode(settings.bus_url.removeprefix("unix://"))) > LONGEST_SOCKET_PATH
    ):
        raise SettingRefused(
            "UCKEFU_INSTANCE", settings.instance, "the path is too long for Redis's unix socket"
        )


SECRET_NAMES = ("flask_secret_key", "event_socket_password", "metrics_token")


def make_secrets(settings: Settings) -> None:
    """Generate what is missing in `instance/secrets.json`, kept at mode 600; existing values stay."""
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.instance / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    missing = [name for name in SECRET_NAMES if name not in known]
    if missing:
        store_secrets(settings, {name: secrets.token_urlsafe(32) for name in missing})


def store_secrets(settings: Settings, values: dict[str, str]) -> None:
    """Add `values` to `instance/secrets.json`, written whole and atomically with mode 600."""
    path = settings.instance / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(known | values, stream, indent=1)
    part.replace(path)
    settings.__dict__.pop("secrets", None)
