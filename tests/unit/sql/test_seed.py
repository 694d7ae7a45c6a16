"""What a first start puts into the database, and what a later one leaves alone."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from sql.engine import make_engine
from sql.models import ROLES, Agent, Base, ContactNumber, Disposition, Queue, User
from sql.seed import login_secret, seed, sip_a1_hash, sip_secret
from uckefu.settings import Settings, load_settings, make_secrets


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load_settings(instance=tmp_path / "instance", domain="test.local")
    make_secrets(made)
    return made


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    made = make_engine(settings.sql_url)
    Base.metadata.create_all(made)
    seed(made, settings)
    yield made
    made.dispose()


def test_each_role_has_somebody_and_every_queue_both_agents(engine: Engine) -> None:
    with Session(engine) as session:
        assert {user.role for user in session.query(User)} == set(ROLES)
        extensions = {
            queue.name: sorted(t.agent.extension for t in queue.tiers) for queue in session.query(Queue)
        }
    assert extensions == {name: ["1001", "1002"] for name in ("sales", "service", "operator", "webchat")}


def test_the_generated_password_opens_the_account_and_no_other_does(
    engine: Engine, settings: Settings
) -> None:
    with Session(engine) as session:
        for user in session.query(User):
            assert PasswordHasher().verify(user.password_hash, settings.secrets[login_secret(user.login)])
    assert (
        len({value for name, value in settings.secrets.items() if name.startswith(("login:", "sip:"))}) == 6
    )


def test_the_sip_hash_is_that_of_the_generated_password(engine: Engine, settings: Settings) -> None:
    with Session(engine) as session:
        for agent in session.query(Agent):
            assert agent.a1_hash == sip_a1_hash(
                agent.extension, "test.local", settings.secrets[sip_secret(agent.extension)]
            )


def test_a_second_start_adds_nothing_and_keeps_every_password(engine: Engine, settings: Settings) -> None:
    before = settings.secrets
    with Session(engine) as session:
        session.delete(session.query(Disposition).first())
        session.commit()
        left = session.query(Disposition).count()
    seed(engine, settings)
    with Session(engine) as session:
        assert session.query(Disposition).count() == left
        assert session.query(User).count() == 4
    assert settings.secrets == before


def test_two_instances_share_no_password(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    other = load_settings(instance=tmp_path / "other")
    make_secrets(other)
    second = make_engine(other.sql_url)
    Base.metadata.create_all(second)
    seed(second, other)
    second.dispose()
    assert not set(settings.secrets.values()) & set(other.secrets.values()) - {"test.local"}


def test_after_a_change_of_the_domain_the_phones_still_register(engine: Engine, settings: Settings) -> None:
    moved = load_settings(instance=settings.instance, domain="new.local")
    seed(engine, moved)
    with Session(engine) as session:
        agent = session.query(Agent).filter_by(extension="1001").one()
        assert agent.a1_hash == sip_a1_hash("1001", "new.local", moved.secrets["sip:1001"])


def test_the_numbers_of_contacts_are_in_e164(engine: Engine) -> None:
    with Session(engine) as session:
        assert all(
            row.number.startswith("+") and row.number[1:].isdigit() for row in session.query(ContactNumber)
        )


def test_the_passwords_are_readable_by_their_owner_only(engine: Engine, settings: Settings) -> None:
    assert stat.S_IMODE((settings.instance / "secrets.json").stat().st_mode) == 0o600
