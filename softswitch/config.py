"""The built-in switch's view of a FreeSWITCH configuration folder.

`__main__`, `reloadxml` and the tests call `load`. Flow: `preprocess.read` gives the XML tree, here it becomes
profiles, gateways, contexts, modules and settings; `ConfigError` names file and line.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from softswitch.dialplan import Context, compile_contexts
from softswitch.events import CORE_UUID, host_name
from softswitch.preprocess import ConfigError, Element, read

__all__ = ["ConfigError", "Configuration", "DirectoryUser", "Gateway", "Profile", "load"]


@dataclass(frozen=True, slots=True)
class Gateway:
    """A trunk: `params` are username, password, realm, proxy, register, caller-id-in-from..."""

    name: str
    profile: str
    params: dict[str, str]
    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class Profile:
    """A sofia profile: `params` are sip-ip, sip-port, context, auth-calls, codec-prefs..."""

    name: str
    params: dict[str, str]
    gateways: tuple[Gateway, ...]
    aliases: tuple[str, ...]
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """A user of the static directory; params and variables of the domain and groups are already in."""

    user: str
    domain: str
    params: dict[str, str]
    variables: dict[str, str]


@dataclass(slots=True)
class Configuration:
    """What `load` read. Replaced as a whole by `reloadxml`; `variables` also changes by `global_setvar`."""

    conf_dir: Path
    root: Element
    variables: dict[str, str]
    contexts: dict[str, Context] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    local_streams: dict[str, Path] = field(default_factory=dict)  # local_stream://NAME -> folder of WAVs
    directory: dict[tuple[str, str], DirectoryUser] = field(default_factory=dict)  # (user, domain)
    domains: dict[str, dict[str, str]] = field(default_factory=dict)  # directory domain -> its params

    @property
    def gateways(self) -> dict[str, Gateway]:
        """All gateways by name."""
        return {each.name: each for profile in self.profiles.values() for each in profile.gateways}

    def context(self, name: str) -> Context | None:
        """A dialplan context; as in FreeSWITCH, `global` takes the place of one that is not there."""
        return self.contexts.get(name) or self.contexts.get("global")

    def file(self, name: str) -> Element | None:
        """A `<configuration name="...">` element, such as sofia.conf."""
        return next(
            (
                each
                for section in self.sections("configuration")
                for each in section.all("configuration")
                if each.get("name") == name
            ),
            None,
        )

    def sections(self, name: str) -> list[Element]:
        """The `<section name="...">` elements."""
        return [each for each in self.root.all("section") if each.get("name") == name]

    def settings(self, name: str) -> dict[str, str]:
        """The `<settings>` of a configuration, such as event_socket.conf; {} when it is not there."""
        element = self.file(name)
        return element.params("settings", "param") if element else {}

    @property
    def xml_handler(self) -> tuple[str, frozenset[str]]:
        """python.conf: the script whose `xml_fetch` is asked, and for which sections (`directory`)."""
        settings = self.settings("python.conf")
        bindings = settings.get("xml-handler-bindings", "")
        return settings.get("xml-handler-script", ""), frozenset(
            filter(None, bindings.replace(",", "|").split("|"))
        )


def load(conf_dir: Path, variables: Mapping[str, str] | None = None) -> Configuration:
    """Read `freeswitch.xml` in `conf_dir` and all that it includes.

    Args:
        conf_dir: the folder; FreeSWITCH's `-conf`.
        variables: values that win over the built-in ones (`local_ip_v4`, `sounds_dir`...).

    Raises ConfigError with file:line.
    """
    conf_dir = conf_dir.resolve()
    known = builtin_variables(conf_dir) | dict(variables or {})
    path = conf_dir / "freeswitch.xml"
    root = read(path, known)
    if root.tag != "document":
        raise ConfigError(root.place, f"the outermost element must be <document>, not <{root.tag}>")
    configuration = Configuration(conf_dir, root, known)
    for section in configuration.sections("dialplan"):
        configuration.contexts |= compile_contexts(section)
    configuration.profiles = _profiles(configuration.file("sofia.conf"))
    configuration.modules = _modules(configuration.file("modules.conf"))
    configuration.local_streams = _local_streams(configuration.file("local_stream.conf"))
    for section in configuration.sections("directory"):
        _read_directory(section, configuration)
    return configuration


def builtin_variables(conf_dir: Path) -> dict[str, str]:
    """The global variables that FreeSWITCH has before it reads a file."""
    base = conf_dir.parent
    folders = {
        "recordings_dir": "recordings", "sounds_dir": "sounds", "sound_prefix": "sounds", "log_dir": "log",
        "run_dir": "run", "db_dir": "db", "mod_dir": "mod", "script_dir": "scripts", "htdocs_dir": "htdocs",
        "grammar_dir": "grammar", "certs_dir": "tls", "storage_dir": "storage", "cache_dir": "cache",
    }  # fmt: skip
    return {
        "hostname": host_name(),
        "switchname": host_name(),
        "core_uuid": CORE_UUID,
        "local_ip_v4": local_address(),
        "base_dir": str(base),
        "conf_dir": str(conf_dir),
        "temp_dir": "/tmp",  # noqa: S108 - FreeSWITCH's own value of this variable
        **{name: str(base / folder) for name, folder in folders.items()},
    }


def local_address() -> str:
    """This machine's address towards the network; 127.0.0.1 when there is none. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1: connect() on a datagram socket only picks the route
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def _profiles(sofia: Element | None) -> dict[str, Profile]:
    profiles: dict[str, Profile] = {}
    for element in sofia.all("profiles", "profile") if sofia else ():
        name = element.required("name")
        if name in profiles:
            raise ConfigError(element.place, f"profile {name!r} is there twice")
        profiles[name] = Profile(
            name,
            element.params("settings", "param"),
            tuple(_gateway(each, name) for each in element.all("gateways", "gateway")),
            tuple(each.required("name") for each in element.all("aliases", "alias")),
            tuple(each.required("name") for each in element.all("domains", "domain")),
        )
    _refuse_duplicate_gateways(sofia)
    return profiles


def _gateway(element: Element, profile: str) -> Gateway:
    return Gateway(
        element.required("name"), profile, element.params("param"), element.params("variables", "variable")
    )


def _refuse_duplicate_gateways(sofia: Element | None) -> None:
    seen: set[str] = set()
    for element in sofia.all("profiles", "profile", "gateways", "gateway") if sofia else ():
        if element.required("name") in seen:
            raise ConfigError(element.place, f"gateway {element.get('name')!r} is there twice")
        seen.add(element.get("name"))


def _modules(modules: Element | None) -> tuple[str, ...]:
    return tuple(each.required("module") for each in modules.all("modules", "load")) if modules else ()


def _local_streams(element: Element | None) -> dict[str, Path]:
    return (
        {each.required("name"): Path(each.required("path")) for each in element.all("directory")}
        if element
        else {}
    )


def _read_directory(section: Element, configuration: Configuration) -> None:
    for domain in section.all("domain"):
        name = domain.required("name")
        params, variables = domain.params("params", "param"), domain.params("variables", "variable")
        configuration.domains[name] = params
        holders = [domain, *domain.all("groups", "group")]
        for holder in holders:
            below = holder.params("params", "param"), holder.params("variables", "variable")
            for user in [*holder.all("users", "user"), *holder.all("user")]:
                configuration.directory[user.required("id"), name] = DirectoryUser(
                    user.get("id"),
                    name,
                    params | below[0] | user.params("params", "param"),
                    variables | below[1] | user.params("variables", "variable"),
                )
