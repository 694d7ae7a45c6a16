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
    assert refused["reasons"] == [f"{own / 'main.yml'}:2:8: there is no node `b`"]


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
        "there is no prompt en/lost.wav",
        "there is no prompt zh/lost.wav",
    ]


def test_a_folder_that_cannot_be_written_keeps_no_flow_from_serving(library_of, own):
    save(own / "main.yml", GOOD)
    save(own / ".good", "a file stands where the folder should be")
    assert library_of().get("main").label == "main@1"


def test_a_name_from_the_settings_never_leaves_the_folder(library_of, own, tmp_path):
    save(tmp_path / "outside.yml", GOOD)
    with pytest.raises(NoFlow):
        library_of().get("../outside")
