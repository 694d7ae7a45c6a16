"""The short table that `make run` prints: where the pages are, who may sign in, which phones, what to dial."""

import unicodedata
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from sql.models import Agent, Site, User
from sql.seed import login_secret, sip_a1_hash, sip_secret
from uckefu.configure import reachable_address
from uckefu.messages import say
from uckefu.plans import page_address
from uckefu.settings import Settings

Row = tuple[str, ...]


def table(settings: Settings, engine: Engine, freeswitch: str | None, seconds: float) -> str:
    """The whole table as text, in the terminal's language."""
    server = f"{reachable_address(settings.host)}:{settings.sip_port}"
    with Session(engine) as session:
        logins, phones = _logins(session, settings), _phones(session, settings)
        windows = [
            f"{page_address(settings)}/chat/{key}" for key in session.scalars(select(Site.key).limit(3))
        ]
    numbers = [(number.strip(), say("dial_did")) for number in settings.dids.split(",") if number.strip()]
    numbers += [(" ".join(phone[0] for phone in phones), say("dial_extension"))] if phones else []
    numbers += [("9000", say("dial_music")), ("9100", say("dial_echo"))]
    return "\n".join([
        "", f"  {say('running', seconds=f'{seconds:.1f}')}", "",
        *_columns([
            (say("web"), page_address(settings)),
            *((say("visitors"), window) for window in windows),
            (say("switch"), f"FreeSWITCH ({freeswitch})" if freeswitch else say("builtin")),
            (say("logs"), str(settings.instance / "log")),
        ]),
        "", f"  {say('logins')}", *_columns([(say("role"), say("login"), say("password")), *logins]),
        "", f"  {say('phones')}: {say('phones_hint', server=server, domain=settings.domain)}",
        *_columns([(say("extension"), say("password"), say("belongs_to")), *phones]),
        "", f"  {say('numbers')}", *_columns(numbers),
        "", f"  {say('stop_hint')}", "",
    ])  # fmt: skip


def _logins(session: Session, settings: Settings) -> list[Row]:
    rows: list[Row] = []
    for user in session.scalars(select(User).where(User.active).order_by(User.id)):
        password = settings.secrets.get(login_secret(user.login))
        if password is not None:
            rows.append((say(user.role), user.login, password if _opens(user, password) else say("changed")))
    return rows


def _opens(user: User, password: str) -> bool:
    try:
        return PasswordHasher().verify(user.password_hash, password)
    except Argon2Error:
        return False


def _phones(session: Session, settings: Settings) -> list[Row]:
    rows: list[Row] = []
    for agent in session.scalars(select(Agent).order_by(Agent.extension)):
        password = settings.secrets.get(sip_secret(agent.extension))
        if password is not None:
            known = agent.a1_hash == sip_a1_hash(agent.extension, settings.domain, password)
            rows.append((agent.extension, password if known else say("changed"), agent.user.name))
    return rows


def _columns(rows: Sequence[Row]) -> list[str]:
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "    " + "  ".join(_padded(c, w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
