"""Draft, checked, published, rolled back: what the next call gets, who did it, and that nothing half-done ever serves."""

import itertools
import shutil
import threading
from datetime import UTC, datetime, timedelta

import pytest

from ivr.known import Known
from ivr.library import FlowLibrary
from ivr.speech import Speech, SpeechNotAvailable
from ivr.versions import DraftChanged, FlowStore, NoSuchVersion, NotPublished

GOOD = "# a note\nversion: 1\nstart: a\nnodes:\n  a: {type: queue, queue: service, prompt: welcome}\n"
NEWER = GOOD.replace("service", "sales")
BROKEN = GOOD.replace("start: a", "start: b")
SPOKEN = GOOD.replace("prompt: welcome", "prompt: {text: {zh: 您好, en: Hello}}")


class Tone:
    name = "tone"

    def __init__(self):
        self.spoken = []

    def render(self, text, language):
        import numpy as np

        if text == "unsayable":
            raise SpeechNotAvailable("no voice")
        self.spoken.append((text, language))
        return np.sin(np.arange(4000) / 3)


@pytest.fixture
def voice():
    return Tone()


@pytest.fixture
def store(tmp_path, prompts, voice):
    seconds = itertools.count()
    now = lambda: datetime(2025, 3, 4, tzinfo=UTC) + timedelta(seconds=next(seconds))  # noqa: E731
    speech = Speech(tmp_path / "speech", {"default": voice})
    return FlowStore(tmp_path / "flows", prompts, speech, ["zh", "en"], now=now)


@pytest.fixture
def library(tmp_path, prompts):
    return FlowLibrary([tmp_path / "flows"], tmp_path / "flows" / ".good", prompts, ["zh", "en"])


def publish(store, text, **more):
    store.save_draft("main", text, "李雷")
    return store.publish("main", "李雷", **more)


def test_publishing_takes_effect_for_the_next_call_and_a_running_one_keeps_its_version(store, library):
    publish(store, GOOD)
    running, _ = library.take("main")
    publish(store, NEWER)
    following, _ = library.take("main")
    assert (running.label, running.nodes["a"].queue) == ("main@1", "service")
    assert (following.label, following.nodes["a"].queue) == ("main@2", "sales")


def test_a_copy_of_the_published_file_serves_the_next_call_on_another_server(
    store, library, prompts, tmp_path
):
    other = tmp_path / "other-server" / "flows"
    there = FlowLibrary([other], other / ".good", prompts, ["zh", "en"])
    for text, label in ((GOOD, "main@1"), (NEWER, "main@2")):
        publish(store, text)
        (other / "main").mkdir(parents=True, exist_ok=True)
        shutil.copy2(store.folder / "main" / "published.yml", other / "main" / "published.yml")
        assert there.get("main").label == library.get("main").label == label


def test_a_draft_that_fails_its_checks_is_not_published_and_says_why(store, library):
    publish(store, GOOD)
    with pytest.raises(NotPublished) as refused:
        publish(store, BROKEN)
    assert [str(p) for p in refused.value.problems] == [
        "main/draft.yml:3:8: there is no node `b`; there is `a`"
    ]
    assert library.get("main").label == "main@1"
    assert [v.number for v in store.versions("main")] == [1]


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("welcome", "lost"),
        GOOD + "  bye: {type: hangup}\n",
        SPOKEN.replace(", en: Hello", ""),
        SPOKEN.replace("您好", "您好{nothing|digits}"),
    ],
)
def test_what_only_harms_a_little_is_not_published_either(store, text):
    with pytest.raises(NotPublished):
        publish(store, text)


def test_a_queue_that_nobody_has_is_not_published(store):
    with pytest.raises(NotPublished) as refused:
        publish(store, GOOD.replace("service", "servise"), known=Known(queues=frozenset({"service"})))
    assert "there is no queue `servise`; did you mean `service`?" in str(refused.value)


def test_every_version_has_author_time_and_reason(store):
    publish(store, GOOD, note="first")
    publish(store, NEWER, note="sales now")
    newest, oldest = store.versions("main")
    assert (newest.number, newest.author, newest.note, newest.is_current) == (2, "李雷", "sales now", True)
    assert (oldest.number, oldest.is_current) == (1, False)
    assert newest.at > oldest.at
    assert [(step["action"], step["author"]) for step in store.history("main")] == [
        ("drafted", "李雷"), ("checked", "李雷"), ("published", "李雷"),
    ] * 2  # fmt: skip


def test_the_text_of_a_version_keeps_the_authors_comments_and_has_its_number(store):
    publish(store, GOOD)
    publish(store, NEWER)
    assert store.text("main", 2) == NEWER.replace("version: 1", "version: 2")
    publish(store, NEWER.replace("version: 1\n", ""))
    assert store.text("main", 3).startswith("version: 3\n# a note\nstart")


def test_rolling_back_lets_the_older_version_serve_again(store, library):
    publish(store, GOOD)
    publish(store, NEWER)
    store.rollback("main", 1, "韩梅梅", "sales was wrong")
    assert library.get("main").label == "main@1"
    assert store.current("main") == 1
    assert store.history("main")[-1] | {"at": ""} == {
        "at": "", "action": "rolled back", "author": "韩梅梅", "version": 1, "note": "sales was wrong",
    }  # fmt: skip
    assert publish(store, NEWER).number == 3


def test_a_version_that_would_harm_callers_by_now_is_not_rolled_back_to(store, library):
    publish(store, GOOD)
    publish(store, NEWER)
    with pytest.raises(NotPublished):
        store.rollback("main", 1, "x", known=Known(queues=frozenset({"sales"})))
    assert library.get("main").label == "main@2"


def test_the_diff_says_what_changed_node_by_node(store):
    publish(store, GOOD)
    publish(store, NEWER.replace("# a note", "# another") + "  b: {type: hangup}\non_error: b\n")
    assert [str(change) for change in store.diff("main", 1, 2)] == [
        "~ nodes.a.queue: service -> sales",
        '+ nodes.b: {"type": "hangup"}',
        "+ on_error: b",
    ]
    store.save_draft("main", GOOD, "x")
    assert store.diff("main", 1) == []
    store.save_draft("main", "[", "x")
    assert [change.kind for change in store.diff("main", 1)] == ["changed"]


def test_a_draft_may_be_broken_and_is_kept(store):
    draft = store.save_draft("main", "[", "x")
    assert store.draft("main").text == "["
    assert not draft.checked
    assert [p.code for p in store.check_draft("main", "x")] == ["not-yaml"]


def test_a_draft_that_passed_is_marked_until_it_changes(store):
    store.save_draft("main", GOOD, "x")
    assert store.check_draft("main", "y") == []
    assert store.draft("main").checked == store.draft("main").mark
    store.save_draft("main", NEWER, "x")
    assert not store.draft("main").checked


def test_two_who_edit_at_once_do_not_overwrite_each_other(store):
    seen = store.save_draft("main", GOOD, "x")
    store.save_draft("main", NEWER, "y", expected=seen.mark)
    with pytest.raises(DraftChanged):
        store.save_draft("main", BROKEN, "x", expected=seen.mark)
    assert store.draft("main").author == "y"


def test_texts_are_spoken_before_the_version_serves_and_only_once(store, voice, tmp_path):
    publish(store, SPOKEN)
    publish(store, SPOKEN.replace("service", "sales"))
    assert sorted(voice.spoken) == [("Hello", "en"), ("您好", "zh")]
    assert store.speech.path("您好", "zh").is_file()


def test_a_text_that_no_voice_can_speak_is_not_published(store, library):
    publish(store, GOOD)
    with pytest.raises(NotPublished, match="'unsayable' can't be spoken: no voice"):
        publish(store, SPOKEN.replace("您好", "unsayable"))
    assert library.get("main").label == "main@1"


def test_the_text_of_a_named_prompt_is_spoken_for_the_day_that_its_file_is_gone(store, voice):
    publish(store, GOOD)
    assert ("您好，欢迎致电优客服。", "zh") in voice.spoken


def test_a_full_disk_leaves_the_version_that_serves(store, library, monkeypatch):
    publish(store, GOOD)
    store.save_draft("main", NEWER, "x")
    monkeypatch.setattr(
        "ivr.versions.os.fsync", lambda _f: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(OSError):
        store.publish("main", "x")
    assert library.get("main").label == "main@1"
    assert store.current("main") == 1


def test_many_who_publish_at_once_get_one_version_each(store):
    store.save_draft("main", GOOD, "x")
    store.check_draft("main", "x")
    threads = [threading.Thread(target=store.publish, args=("main", str(n))) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [v.number for v in store.versions("main")] == [5, 4, 3, 2, 1]
    assert store.current("main") in range(1, 6)


@pytest.mark.parametrize("name", ["../main", "", "a/b", ".good"])
def test_a_name_never_leaves_the_folder(store, name):
    with pytest.raises(NoSuchVersion):
        store.save_draft(name, GOOD, "x")


def test_what_is_not_there_is_told(store):
    with pytest.raises(NoSuchVersion):
        store.draft("main")
    with pytest.raises(NoSuchVersion):
        store.publish("main", "x")
    with pytest.raises(NoSuchVersion):
        store.rollback("main", 3, "x")
    assert (store.versions("main"), store.current("main"), store.history("main")) == ([], None, [])
