"""`python -m softswitch`: the built-in switch as a process.

Builds everything from `uckefu.settings` and the generated configuration, runs sippy's loop on the main thread, and
ends on SIGTERM or SIGINT with a BYE to every phone. Exit status 1 when it can't start or the media process dies.
"""

import gc
import ipaddress
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from softswitch.sip.stack import ED2, Timeout, in_loop, mend_sippy  # isort: skip - main thread, before the rest

from softswitch import config, session
from softswitch.audio import Preferences
from softswitch.channel import is_true
from softswitch.commands import Commands
from softswitch.config import Profile
from softswitch.eventsocket import EventSocket
from softswitch.media import MediaClient, MediaEngineLost
from softswitch.metrics import MetricsServer
from softswitch.sip.profile import ProfileSettings, codecs_of
from softswitch.switch import SoftSwitch
from uckefu.log import configure_logging
from uckefu.settings import PROJECT_ROOT, Settings, load_settings

DRAIN_SECONDS = 8.0  # for reporting hooks and recordings at the end
BYE_SECONDS = 0.3  # for the last BYEs to leave
logger = structlog.get_logger("softswitch")


class CannotStart(Exception):
    """Something that the switch needs is missing or taken; the text says which setting."""


@dataclass(slots=True)
class Running:
    """What was started, for the end."""

    switch: SoftSwitch
    commands: Commands
    media: MediaClient
    event_socket: EventSocket
    metrics: MetricsServer
    exit_status: int = 0
    ending: bool = False


def main() -> int:
    """Run until told to end; returns the exit status."""
    configure_logging("softswitch")
    mend_sippy()
    try:
        running = start(load_settings())
    except (CannotStart, config.ConfigError) as error:
        logger.critical("cannot start", reason=str(error))
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        ED2.regSignal(number, lambda: end(running, 0))
    ED2.loop()
    stop(running)
    return running.exit_status


def start(settings: Settings) -> Running:
    """Build and start all parts. Raises `CannotStart`, `ConfigError`."""
    if str(PROJECT_ROOT) not in sys.path:
        sys.path.insert(0, str(PROJECT_ROOT))  # fs_scripts, as FreeSWITCH's PYTHONPATH has it
    configuration = config.load(settings.conf_dir)
    holder: list[Running] = []
    switch_of: list[SoftSwitch] = []

    def on_media(leg_id: str | None, name: str, data: dict[str, object]) -> None:
        if name == "engine_lost":
            in_loop(_media_lost, holder)
        elif switch_of:
            switch_of[0].on_media_event(leg_id, name, data)

    media = MediaClient(on_media, settings.host, settings.rtp_first_port, settings.rtp_last_port)
    switch = SoftSwitch(configuration, media, settings.domain)
    switch_of.append(switch)
    session.install(switch)
    try:
        media.start()
    except MediaEngineLost as error:
        raise CannotStart(str(error)) from error
    try:
        running = _start_servers(settings, switch, media)
    except BaseException:
        media.stop()
        raise
    holder.append(running)
    for name, folder in configuration.local_streams.items():
        media.add_stream(name, str(folder))
    Timeout(switch.registrar.expire, 1, -1)
    _keep_pauses_short()
    logger.info("serving", profiles={name: each.port for name, each in switch.profiles.items()})
    return running


def _keep_pauses_short() -> None:
    """A caller waits for whatever holds up its thread, and there are two threads a call.

    A thread that wants to run gets its turn after a millisecond, not five; and the garbage collector passes over what is
    there at the start, and looks less often: a full round would stop every thread for tens of milliseconds.
    """
    sys.setswitchinterval(0.001)
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _start_servers(settings: Settings, switch: SoftSwitch, media: MediaClient) -> Running:
    holder: list[Running] = []
    commands = Commands(
        switch,
        lambda: switch.configuration,
        python=session.run_api,
        shutdown=lambda _word: in_loop(end, holder[0], 0),
    )
    switch.commands = commands
    told = switch.configuration.settings("event_socket.conf")
    event_socket = EventSocket(
        switch,
        commands,
        told.get("listen-ip") or "127.0.0.1",
        int(told.get("listen-port") or settings.event_socket_port),
        told.get("password") or settings.secrets["event_socket_password"],
    )
    switch.run_socket = event_socket.run_outbound
    for profile in switch.configuration.profiles.values():
        found = profile_settings(profile, settings, switch.configuration.variables)
        setting = "sip_port" if found.authenticates else "gateway_port"
        _bind(lambda found=found: switch.add_profile(found), setting, found.port)  # type: ignore[misc]
    _bind(event_socket.start, "event_socket_port", event_socket.port)
    token = settings.secrets.get("metrics_token", "")
    metrics: list[MetricsServer] = []

    def open_metrics() -> None:
        metrics.append(
            MetricsServer(switch, settings.host, settings.switch_metrics_port, token, lambda: media.alive)
        )

    _bind(open_metrics, "switch_metrics_port", settings.switch_metrics_port)
    metrics[0].start()
    holder.append(Running(switch, commands, media, event_socket, metrics[0]))
    return holder[0]


def _bind(action: Callable[[], object], setting: str, port: int) -> None:
    try:
        action()
    except OSError as error:
        raise CannotStart(f"port {port} (setting {setting}): {error.strerror or error}") from error


def profile_settings(profile: Profile, settings: Settings, variables: dict[str, str]) -> ProfileSettings:
    """What a sofia profile's parameters mean here."""
    params = profile.params
    host = params.get("sip-ip") or settings.host
    default_port = settings.sip_port if profile.name == "internal" else settings.gateway_port
    authenticates = is_true(params.get("auth-calls", "true"))
    codecs = params.get("inbound-codec-prefs") or params.get("codec-prefs") or "PCMA,PCMU"
    timeout = params.get("rtp-timeout-sec") or params.get("media_timeout") or "300"
    return ProfileSettings(
        name=profile.name,
        host=host,
        port=_port(params.get("sip-port"), default_port, profile.name),
        context=params.get("context") or "default",
        realm=params.get("force-register-domain") or variables.get("domain") or settings.domain,
        authenticates=authenticates,
        networks=() if authenticates else networks_of(settings.trunk_addresses),
        preferences=Preferences(
            host=params.get("ext-rtp-ip") or params.get("rtp-ip") or settings.host,
            codecs=codecs_of(codecs),
            rtp_timeout_seconds=float(timeout) if timeout.isdigit() else 0.0,
        ),
        forced_expires=_number(params.get("sip-force-expires"), 0),
        nonce_seconds=_number(params.get("nonce-ttl"), 120),
        hold_music=params.get("hold-music") or "local_stream://moh",
        several_contacts=params.get("multiple-registrations", "false") not in ("false", "no", "off", "0"),
        allows_transfer=not is_true(params.get("disable-transfer")),
    )


def _port(text: str | None, default: int, profile: str) -> int:
    if not text:
        return default
    if not text.isdigit() or int(text) > 65535:
        raise CannotStart(f"profile {profile}: sip-port {text!r}")
    return int(text)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default


def networks_of(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """The CIDR list of `trunk_addresses`. Raises `CannotStart`."""
    try:
        return tuple(
            ipaddress.ip_network(each.strip(), strict=False) for each in text.split(",") if each.strip()
        )
    except ValueError as error:
        raise CannotStart(f"setting trunk_addresses: {error}") from error


def _media_lost(holder: list[Running]) -> None:
    logger.critical("the media process is gone; ending, to be started again")
    if holder:
        end(holder[0], 1)


def end(running: Running, exit_status: int) -> None:
    """Main thread: begin the end; a second call ends at once."""
    running.exit_status = max(running.exit_status, exit_status)
    if running.ending:
        ED2.breakLoop()
        return
    running.ending = True
    running.switch.stop_accepting()
    threading.Thread(target=_drain, args=(running,), name="drain", daemon=True).start()


def _drain(running: Running) -> None:
    running.switch.hang_up_all("SYSTEM_SHUTDOWN")
    if not running.switch.wait_until_empty(DRAIN_SECONDS):
        logger.warning("legs left at the end", legs=len(running.switch.channels()))
    threading.Event().wait(BYE_SECONDS)
    in_loop(ED2.breakLoop)


def stop(running: Running) -> None:
    """Give everything back."""
    running.commands.close()
    running.event_socket.stop()
    running.metrics.stop()
    for profile in running.switch.profiles.values():
        profile.close()
    running.media.stop()
    running.switch.workers.shutdown(wait=False, cancel_futures=True)
    logger.info("ended", exit_status=running.exit_status)


if __name__ == "__main__":
    sys.exit(main())
