"""`python -m uckefu run`, behind `make run`: everything in one terminal, from an empty folder to a call.

Order: settings, lock, ports, secrets, Redis, database, texts, the switch's configuration, then all processes side
by side. `instance/run/ready` exists while all of them serve.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from sql import migrate
from sql.engine import make_engine
from sql.seed import seed
from uckefu.child import Plan
from uckefu.configure import configure
from uckefu.messages import say
from uckefu.plans import bus_answers, bus_plan, find_freeswitch, instance_folders, plans
from uckefu.ports import check_ports
from uckefu.settings import PROJECT_ROOT, SettingRefused, Settings, make_secrets, without_password
from uckefu.supervisor import StopAsked, Supervisor
from uckefu.table import table

Tell = Callable[[str], None]


class AlreadyRunning(Exception):
    """Another supervisor has this instance; the message is for people."""

    code = "already-running"


class DatabaseAway(Exception):
    """The database can't be prepared; the message is for people."""

    code = "database-away"


def run(settings: Settings, tell: Tell, *, more: Sequence[Plan] = (), notice: str = "") -> None:
    """Start everything, stay until Ctrl-C or SIGTERM, stop everything.

    Args:
        more: further processes, started last and stopped first (the demo).
        notice: said below the table.

    Raises:
        SettingRefused, PortUnusable, AlreadyRunning, DatabaseAway, StartFailed: with a text for people.
    """
    began = time.monotonic()
    freeswitch = find_freeswitch(settings)
    for folder in instance_folders(settings):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one(settings):
        check_ports(settings, freeswitch=freeswitch is not None)
        supervisor = Supervisor(settings.instance, PROJECT_ROOT, tell)
        ready = settings.instance / "run" / "ready"
        with supervisor.signals():
            try:
                engine = _start(supervisor, settings, freeswitch, tell, more)
                tell(table(settings, engine, freeswitch, time.monotonic() - began))
                if notice:
                    tell(notice)
                engine.dispose()
                fresh = ready.with_suffix(".new")  # whoever reads `ready` finds it whole
                fresh.write_text(f"{os.getpid()}\n")
                fresh.replace(ready)
                supervisor.watch()
            except StopAsked:
                tell(say("stopping"))
            else:
                tell(say("stopping"))
            finally:
                ready.unlink(missing_ok=True)
                supervisor.stop()
    tell(say("stopped"))


def _start(
    supervisor: Supervisor, settings: Settings, freeswitch: str | None, tell: Tell, more: Sequence[Plan]
) -> Engine:
    make_secrets(settings)
    make_engine(
        settings.sql_url
    ).dispose()  # this and the next line refuse what can't work, before anything runs
    configure(settings)
    if settings.redis_url:
        if not bus_answers(settings):
            raise SettingRefused("UCKEFU_REDIS_URL", without_password(settings.redis_url), say("redis_away"))
    else:
        supervisor.start([bus_plan(settings)])
    tell(say("preparing"))
    engine = prepare(settings)
    following = [*plans(settings, freeswitch), *more]
    tell(say("starting", name=", ".join(plan.name for plan in following)))
    supervisor.start(following)
    return engine


def prepare(settings: Settings) -> Engine:
    """Bring database and texts up to date; the secrets must be there.

    Raises:
        DatabaseAway: it does not answer, or refuses.
    """
    from admin.i18n import compile_catalogues  # the web's packages take a second to import: only here

    engine = make_engine(settings.sql_url)
    try:
        migrate.upgrade(engine)
        seed(engine, settings)
    except SQLAlchemyError as error:
        raise DatabaseAway(say("database_away", reason=str(error).splitlines()[0])) from error
    compile_catalogues()
    return engine


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the instance's lock; it goes with the process, however that ends.

    Raises:
        AlreadyRunning: another process has it.
    """
    descriptor = os.open(settings.instance / "run" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(descriptor, 20).decode().strip()
        os.close(descriptor)
        raise AlreadyRunning(say("already_running", pid=pid, instance=settings.instance)) from None
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    try:
        yield
    finally:
        with suppress(OSError):
            os.truncate(descriptor, 0)
        os.close(descriptor)
