"""What is published on one server takes effect for the next call on the others, without a restart."""

import shutil

import numpy as np
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from ivr.contacts import ContactFiles
from ivr.contacts import write as write_contacts
from ivr.library import FlowLibrary
from ivr.prompt_library import PromptLibrary
from ivr.prompts import Prompts
from ivr.speech import Speech
from ivr.spreading import FOLDERS, Spreader, is_shared
from ivr.versions import FlowStore
from sql.engine import make_engine
from sql.models import Base, SharedFile
from uckefu.settings import PROJECT_ROOT

FLOW = "version: 1\nstart: a\nnodes:\n  a: {type: queue, queue: service, prompt: {text: {zh: 您好, en: Hello}}}\n"


class Tone:
    name = "tone"

    def render(self, text, language):
        return np.sin(np.arange(4000) / 3)


class Server:
    """An instance folder with what its pages write and its calls read."""

    def __init__(self, instance, record):
        self.instance, self.record = instance, record
        self.spreader = Spreader(record, instance)
        self.prompts = Prompts(PROJECT_ROOT / "sounds", instance / "sounds")
        self.speech = Speech(instance / "speech", {"default": Tone()})
        self.store = FlowStore(instance / "flows", self.prompts, self.speech, ["zh", "en"])
        self.library = FlowLibrary(
            [instance / "flows"], instance / "flows" / ".good", self.prompts, ["zh", "en"]
        )

    def publish(self, text, name="front"):
        self.store.save_draft(name, text, "李雷")
        self.store.publish(name, "李雷")

    def restart(self):
        self.spreader = Spreader(self.record, self.instance)

    def queue_of_next_call(self, name="front"):
        return self.library.get(name).nodes["a"].queue


@pytest.fixture
def record(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'record.db'}")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def first(tmp_path, record):
    return Server(tmp_path / "first", record)


@pytest.fixture
def second(tmp_path, record):
    return Server(tmp_path / "second", record)


def test_a_published_flow_serves_the_next_call_on_every_server(first, second):
    first.publish(FLOW)
    first.spreader.step()
    second.spreader.step()
    assert second.queue_of_next_call() == "service"
    first.publish(FLOW.replace("service", "sales"))
    first.spreader.step()
    second.spreader.step()
    assert second.queue_of_next_call() == "sales"


def test_its_texts_are_spoken_there_too_and_its_versions_can_be_rolled_back_there(first, second):
    first.publish(FLOW)
    first.publish(FLOW.replace("service", "sales"))
    first.spreader.step()
    second.spreader.step()
    assert second.speech.path("您好", "zh") is not None
    second.store.rollback("front", 1, "韩梅梅")
    second.spreader.step()
    first.spreader.step()
    assert first.queue_of_next_call() == "service"


def test_the_flow_that_serves_comes_after_all_that_it_needs(first, second, monkeypatch):
    first.publish(FLOW)
    first.spreader.step()
    taken = []
    take = second.spreader._take
    monkeypatch.setattr(
        second.spreader, "_take", lambda s, path, here: (taken.append(path), take(s, path, here))
    )
    second.spreader.step()
    assert taken[-1] == "flows/front/published.yml"
    assert any(path.startswith("speech/") for path in taken)


def test_nothing_is_given_or_taken_when_nothing_has_changed(first, second):
    first.publish(FLOW)
    assert first.spreader.step() > 0
    assert second.spreader.step() > 0
    assert [first.spreader.step(), second.spreader.step(), first.spreader.step()] == [0, 0, 0]


def test_prompts_and_contacts_go_along(first, second):
    library = PromptLibrary(first.instance / "sounds", first.prompts, first.speech)
    library.add("zh", "welcome", np.sin(np.arange(8000) / 3), author="李雷", origin="uploaded", text="您好")
    write_contacts(first.instance / "contacts", {"13800138000": {"vip": 2}}, "CN")
    first.spreader.step()
    second.spreader.step()
    assert second.prompts.path("welcome", "zh") == second.instance / "sounds" / "zh" / "welcome.wav"
    assert ContactFiles(second.instance / "contacts").find("13800138000", "CN") == {"vip": 2}


def test_what_is_removed_on_one_server_is_removed_on_the_others(first, second):
    first.publish(FLOW)
    first.spreader.step()
    second.spreader.step()
    shutil.rmtree(first.instance / "flows" / "front")
    first.restart()  # it was removed while nobody looked
    first.spreader.step()
    second.spreader.step()
    assert not (second.instance / "flows" / "front" / "published.yml").exists()


def test_of_two_changes_at_once_the_last_one_given_stays_everywhere(first, second):
    first.publish(FLOW)
    for server in (first, second):
        server.spreader.step()
    first.publish(FLOW.replace("service", "sales"))
    second.publish(FLOW.replace("service", "operator"))
    for server in (first, second, first):
        server.spreader.step()
    assert (first.queue_of_next_call(), second.queue_of_next_call()) == ("operator", "operator")


def test_a_new_server_takes_what_the_others_have(first, second):
    second.publish(FLOW.replace("service", "operator"))  # somebody's try, before it was one of them
    first.publish(FLOW)
    for server in (first, second):
        server.spreader.step()
    assert second.queue_of_next_call() == "service"


def test_a_new_database_gets_what_the_servers_have(first, second, record):
    first.publish(FLOW)
    first.spreader.step()
    with Session(record) as session, session.begin():
        session.query(SharedFile).delete()
    first.spreader.step()
    second.spreader.step()
    assert second.queue_of_next_call() == "service"


def test_without_a_database_each_server_goes_on_with_the_files_it_has(first, tmp_path):
    first.publish(FLOW)
    first.spreader.record = create_engine(f"sqlite:///{tmp_path}/no-such-folder/record.db")
    with pytest.raises(SQLAlchemyError):
        first.spreader.step()
    assert first.queue_of_next_call() == "service"


@pytest.mark.parametrize(
    "path",
    [
        "centre.yml",
        "secrets.json",
        "flows/../secrets.json",
        "/flows/a.yml",
        "flows/.good/a.yml",
        "flows/a/lock",
        "flows",
    ],
)
def test_no_other_file_of_an_instance_is_given_or_taken(first, record, path):
    assert not is_shared(path)
    with Session(record) as session, session.begin():
        session.add(SharedFile(path=path, digest="0" * 64, content=b"x", at_us=0))
    first.spreader.step()
    assert {child.name for child in first.instance.rglob("*") if child.is_file()} <= {"spread.json"}


def test_a_content_that_is_not_what_its_digest_says_is_not_taken(first, record):
    with Session(record) as session, session.begin():
        session.add(SharedFile(path="flows/a.yml", digest="0" * 64, content=b"x", at_us=0))
    first.spreader.step()
    assert not (first.instance / "flows" / "a.yml").exists()


def test_a_file_that_is_too_large_stays_here_and_is_told_once(first, record):
    big = first.instance / "sounds" / "zh" / "big.wav"
    big.parent.mkdir(parents=True)
    big.write_bytes(bytes(8_000_001))
    with capture_logs() as logs:
        assert [first.spreader.step(), first.spreader.step()] == [0, 0]
    assert [line["event"] for line in logs] == ["file_too_large_to_be_shared"]


def test_it_looks_at_the_texts_after_the_flows():
    assert FOLDERS.index("flows") < FOLDERS.index("speech")
