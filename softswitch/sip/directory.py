"""Users and their secrets, as FreeSWITCH finds them: the script of python.conf.xml first, then the static directory.

`sip.profile` asks for each REGISTER and INVITE with credentials, on a worker thread (the script may ask a database);
`originate` asks whether a user exists. The script's `xml_fetch(params, args)` returns an XML document.
"""

import importlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from xml.etree import ElementTree

import structlog

from softswitch.session import Event as ScriptEvent
from softswitch.sip import digest

logger = structlog.get_logger(__name__)


class DirectoryUnavailable(Exception):
    """The script failed: nobody can say whether the user exists. Answered with 503, the phone tries again."""


class StaticDirectory(Protocol):
    """What is used of `config.Configuration`."""

    @property
    def directory(self) -> Mapping[tuple[str, str], "StaticUser"]: ...
    @property
    def xml_handler(self) -> tuple[str, frozenset[str]]: ...


class StaticUser(Protocol):
    """A user of the configuration files."""

    @property
    def params(self) -> dict[str, str]: ...
    @property
    def variables(self) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class User:
    """What the directory says of a user."""

    name: str
    domain: str
    params: dict[str, str]
    variables: dict[str, str]

    @property
    def ha1(self) -> str | None:
        """`a1-hash`, or made from `password`; None when there is neither."""
        if known := self.params.get("a1-hash"):
            return known
        password = self.params.get("password")
        return digest.ha1(self.name, self.domain, password) if password else None


class Directory:
    """See the module's text."""

    def __init__(self, configuration: Callable[[], StaticDirectory]) -> None:
        self._configuration = configuration
        self._lock = threading.Lock()

    def find(self, user: str, domain: str, details: Mapping[str, str] | None = None) -> User | None:
        """The user, or None when there is none. Raises `DirectoryUnavailable`. May wait for the script's database.

        Args:
            user: the user's name (extension).
            domain: the SIP domain.
            details: more headers for the script (`action`, `sip_profile`, `ip`...), as mod_sofia sends them.
        """
        script, sections = self._configuration().xml_handler
        if script and (not sections or "directory" in sections):
            found = self._ask_script(script, user, domain, details or {})
            if found is not None:
                return found
        static = self._configuration().directory.get((user, domain))
        return User(user, domain, static.params, static.variables) if static is not None else None

    def _ask_script(self, script: str, user: str, domain: str, details: Mapping[str, str]) -> User | None:
        params = ScriptEvent("REQUEST_PARAMS")
        headers = {
            "section": "directory",
            "tag_name": "domain",
            "key_name": "name",
            "key_value": domain,
            "key": "id",
            "user": user,
            "domain": domain,
            **details,
        }
        for name, value in headers.items():
            params.addHeader(name, value)
        try:
            module = importlib.import_module(script)
            text = module.xml_fetch(params, "")
        except Exception as error:
            logger.exception("directory script failed", script=script)
            raise DirectoryUnavailable(script) from error
        return _read(str(text or ""), user, domain)


def _read(text: str, user: str, domain: str) -> User | None:
    """The user in the script's document; a document without it says that there is none."""
    if not text.strip():
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - written by our own script
    except ElementTree.ParseError as error:
        raise DirectoryUnavailable(f"not XML: {error}") from error
    for found_domain in root.iter("domain"):
        if found_domain.get("name") not in (domain, None):
            continue
        for found in found_domain.iter("user"):
            if found.get("id") == user:
                params = _pairs(found_domain, "params", "param") | _pairs(found, "params", "param")
                variables = _pairs(found_domain, "variables", "variable") | _pairs(
                    found, "variables", "variable"
                )
                return User(user, domain, params, variables)
    return None


def _pairs(element: ElementTree.Element, group: str, tag: str) -> dict[str, str]:
    return {
        each.get("name", ""): each.get("value", "")
        for holder in element.findall(group)
        for each in holder.findall(tag)
    }
