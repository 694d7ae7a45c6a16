"""Which version of a flow serves: the newest good one, whatever happens to the file."""

import os

import pytest
from structlog.testing import capture_logs

from ivr.library import FlowLibrary, NoFlow

GOOD = "version: 1\nstart: a\nnodes:\n  a: {type: queue, queue: service}\n"
NEWER = GOOD.replace("version: 1", "version: 2")
BROKEN = GOOD.replace("start: a", "start: b")


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


@pytest.fixture
def packaged(tmp_path):
    (tmp_path / "packaged").mkdir()
    return tmp_path / "packaged"


@pytest.fixture
def library_of(own, packaged, prompts):
    """A library as a switch that has just started makes it."""
    return lambda: FlowLibrary([own, packaged], own / ".good", prompts, ["zh", "en"])


stamps = iter(range(1_700_000_000, 1_800_000_000))


def save(path, text):
    path.write_text(text, encoding="utf-8")
    stamp = next(stamps)  # an editor saves in another second
    os.utime(path, (stamp, stamp))


def test_the_centres_own_flow_goes_before_the_packaged_one(library_of, own, packaged):
    save(packaged / "main.yml", GOOD)
    library = library_of()
    assert library.get("main").label == "main@1"
    save(own / "main.yml", NEWER)
    assert library.get("main").label == "main@2"


def test_an_unchanged_file_is_read_once(library_of, own):
    save(own / "main.yml", GOOD)
    library = library_of()
    assert library.get("main") is library.get("main")


def test_a_broken_edit_is_refused_with_its_place_and_the_last_good_version_serves(library_of, own):
    save(own / "main.yml", GOOD)
    library = library_of()
    library.get("main")
    save(own / "main.yml", BROKEN)
    with capture_logs() as logs:
        assert library.get("main").label == "main@1"
        assert library.get("main").label == "main@1"
    (refused,) = [line for line in logs if line["event"] == "flow_refused"]  # once, not at every call
    assert refused["reasons"] == [f"{own / 'main.yml'}:2:8: there is no node `b`; there is `a`"]


def test_the_next_good_edit_serves_at_once(library_of, own):
    save(own / "main.yml", GOOD)
    library = library_of()
    library.get("main")
    save(own / "main.yml", BROKEN)
    library.get("main")
    save(own / "main.yml", NEWER)
    assert library.get("main").label == "main@2"


def test_after_a_restart_the_last_good_version_comes_from_the_disk(library_of, own):
    save(own / "main.yml", GOOD)
    library_of().get("main")
    save(own / "main.yml", BROKEN)
    assert library_of().get("main").label == "main@1"


def test_a_deleted_file_is_served_from_the_last_good_version(library_of, own):
    save(own / "main.yml", GOOD)
    library = library_of()
    library.get("main")
    (own / "main.yml").unlink()
    assert library.get("main").label == "main@1"
    assert library_of().get("main").label == "main@1"


def test_without_any_good_version_there_is_no_flow(library_of, own):
    save(own / "main.yml", BROKEN)
    with pytest.raises(NoFlow):
        library_of().get("main")
    with pytest.raises(NoFlow):
        library_of().get("other")


def test_a_last_good_copy_that_somebody_broke_is_no_flow(library_of, own):
    save(own / "main.yml", GOOD)
    library_of().get("main")
    save(own / "main.yml", BROKEN)
    save(own / ".good" / "main.yml", "]")
    with pytest.raises(NoFlow):
        library_of().get("main")


def test_a_prompt_that_is_gone_keeps_no_flow_from_serving(library_of, own):
    save(own / "main.yml", GOOD.replace("queue: service", "queue: service, prompt: lost"))
    with capture_logs() as logs:
        library_of().get("main")
    (loaded,) = [line for line in logs if line["event"] == "flow_loaded"]
    assert [w.split(": ", 1)[1] for w in loaded["warnings"]] == [
        "there is no prompt en/lost.wav; record, upload or type it in the prompt library",
        "there is no prompt zh/lost.wav; record, upload or type it in the prompt library",
    ]


def test_a_folder_that_cannot_be_written_keeps_no_flow_from_serving(library_of, own):
    save(own / "main.yml", GOOD)
    save(own / ".good", "a file stands where the folder should be")
    assert library_of().get("main").label == "main@1"


def test_a_name_from_the_settings_never_leaves_the_folder(library_of, own, tmp_path):
    save(tmp_path / "outside.yml", GOOD)
    with pytest.raises(NoFlow):
        library_of().get("../outside")


def publish(own, name, text):
    (own / name).mkdir(exist_ok=True)
    save(own / name / "published.yml", text)


def test_a_published_version_goes_before_a_file_put_there_by_hand(library_of, own):
    save(own / "main.yml", GOOD)
    publish(own, "main", NEWER)
    assert library_of().get("main").label == "main@2"
    assert library_of().names() == ["main"]


LEADS = "start: a\nnodes:\n  a: {type: subflow, flow: sub, next: b}\n  b: {type: transfer, flow: %s}\n"
SUB = "version: %d\nstart: a\nresult: 1\nnodes:\n  a: {type: set, values: {x: '1'}, next: return}\n"


def test_a_call_keeps_the_versions_of_every_flow_that_it_may_come_to(library_of, own):
    save(own / "main.yml", LEADS % "back")
    save(own / "back.yml", LEADS % "main")
    publish(own, "sub", SUB % 1)
    library = library_of()
    flow, others = library.take("main")
    publish(own, "sub", SUB % 2)
    assert {name: other.label for name, other in others.items()} == {
        "sub": "sub@1",
        "back": "back@1",
        "main": "main@1",
    }
    assert library.take("main")[1]["sub"].label == "sub@2"
    assert flow.leads_to == {"sub", "back"}


def test_a_flow_that_leads_to_one_that_is_not_there_still_serves(library_of, own):
    save(own / "main.yml", LEADS % "lost")
    save(own / "sub.yml", SUB % 1)
    with capture_logs() as logs:
        assert set(library_of().take("main")[1]) == {"sub"}
    assert [line for line in logs if line["event"] == "flow_leads_nowhere"]
