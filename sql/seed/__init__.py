"""The sample data of a first start: people, queues, outcomes and some contacts.

The supervisor and `python -m sql seed` call `seed`. It fills an empty database once and never touches it again;
the passwords that it makes up are in `instance/secrets.json`, so that `make run` can show them.
"""

import hashlib
import secrets

import structlog
from argon2 import PasswordHasher
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from sql.models import Agent, Contact, ContactNumber, Disposition, Queue, Site, Tier, User
from sql.seed.samples import CHAT_QUEUE, CONTACTS, DISPOSITIONS, PEOPLE, QUEUES, SITE, Person
from uckefu.settings import Settings, store_secrets
from uckefu.times import now

log = structlog.get_logger(__name__)
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # nothing that is mistaken for another when it is typed
PASSWORD_LETTERS = 14  # 70 bits


def seed(engine: Engine, settings: Settings) -> None:
    """Fill an empty database, and follow a change of the SIP domain; the tables and secrets must be there."""
    with Session(engine) as session:
        if session.scalar(select(User.id).limit(1)) is None:
            _make_passwords(settings)
            _add_everything(session, settings)
        else:
            _follow_domain(session, settings)
        session.commit()
    store_secrets(settings, {"sip_domain": settings.domain})


def sip_a1_hash(extension: str, domain: str, password: str) -> str:
    """What digest authentication needs of a SIP password (RFC 2617, 3.2.2.2): MD5(extension:domain:password)."""
    return hashlib.md5(f"{extension}:{domain}:{password}".encode(), usedforsecurity=False).hexdigest()


def login_secret(login: str) -> str:
    """The name in `secrets.json` of a sample user's first password."""
    return f"login:{login}"


def sip_secret(extension: str) -> str:
    """The name in `secrets.json` of an extension's SIP password."""
    return f"sip:{extension}"


def _make_passwords(settings: Settings) -> None:
    names = [login_secret(person.login) for person in PEOPLE]
    names += [sip_secret(person.extension) for person in PEOPLE if person.extension]
    store_secrets(settings, {name: _password() for name in names if name not in settings.secrets})


def _password() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(PASSWORD_LETTERS))


def _add_everything(session: Session, settings: Settings) -> None:
    agents = [agent for person in PEOPLE if (agent := _add_person(session, person, settings))]
    for name, (title_zh, title_en) in QUEUES.items():
        tiers = [Tier(agent=agent, position=position) for position, agent in enumerate(agents, 1)]
        session.add(Queue(name=name, title_zh=title_zh, title_en=title_en, tiers=tiers))
    _add_chat(session, agents)
    for position, (code, title_zh, title_en) in enumerate(DISPOSITIONS, 1):
        session.add(Disposition(code=code, title_zh=title_zh, title_en=title_en, position=position))
    for name, company, vip_level, numbers in CONTACTS:
        known = [ContactNumber(number=number) for number in numbers]
        session.add(Contact(name=name, company=company, vip_level=vip_level, created_at=now(), numbers=known))
    log.info("sample_data_added", users=len(PEOPLE), queues=len(QUEUES), contacts=len(CONTACTS))


def _add_chat(session: Session, agents: list[Agent]) -> None:
    name, title_zh, title_en = CHAT_QUEUE
    tiers = [Tier(agent=agent, position=position) for position, agent in enumerate(agents, 1)]
    session.add(Queue(name=name, title_zh=title_zh, title_en=title_en, channel="chat", tiers=tiers))
    key, site_name = SITE
    session.add(
        Site(
            key=key, name=site_name, secret=secrets.token_urlsafe(32), queue_name=name, settings={}, created_at=now()
        )
    )  # fmt: skip


def _add_person(session: Session, person: Person, settings: Settings) -> Agent | None:
    password = settings.secrets[login_secret(person.login)]
    user = User(
        login=person.login, name=person.name, role=person.role, password_hash=PasswordHasher().hash(password), created_at=now()
    )  # fmt: skip
    session.add(user)
    if not person.extension:
        return None
    sip_password = settings.secrets[sip_secret(person.extension)]
    a1_hash = sip_a1_hash(person.extension, settings.domain, sip_password)
    agent = Agent(user=user, extension=person.extension, a1_hash=a1_hash)
    session.add(agent)
    return agent


def _follow_domain(session: Session, settings: Settings) -> None:
    # The domain is part of each hash: after a change the old hashes would refuse every phone, silently.
    before = settings.secrets.get("sip_domain", settings.domain)
    if before == settings.domain:
        return
    for agent in session.scalars(select(Agent)):
        password = settings.secrets.get(sip_secret(agent.extension), "")
        if agent.a1_hash == sip_a1_hash(agent.extension, before, password):
            agent.a1_hash = sip_a1_hash(agent.extension, settings.domain, password)
        else:
            log.warning("sip_password_must_be_set_again", extension=agent.extension, domain=settings.domain)
