"""tone_stream and the other sources: cadence, pitch, loops, and the words for what is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from softswitch.media.errors import SourceUnusable
from softswitch.media.library import Library
from softswitch.media.sources import Samples, SharedStream, Source
from softswitch.media.tones import FOR_EVER, digit_tones, parse_tones
from tests.unit.softswitch_media.phone import amplitude_of


def played(source: Source, most_frames: int = 10_000) -> NDArray[np.int16]:
    """All that a source gives, up to a limit."""
    frames = []
    while len(frames) < most_frames and (frame := source.next_frame()) is not None:
        frames.append(frame)
    return np.concatenate(frames)


def test_a_cadence_is_on_and_off_for_its_milliseconds() -> None:
    sound = parse_tones("%(500,250,450)").samples
    assert len(sound) == 6000
    assert amplitude_of(sound[:4000], 450) > 10_000
    assert not sound[4000:].any()


def test_several_frequencies_sound_together() -> None:
    sound = parse_tones("%(1000,0,440,480)").samples
    assert amplitude_of(sound, 440) == pytest.approx(amplitude_of(sound, 480), rel=0.1)


def test_parts_follow_each_other_and_the_volume_holds_from_where_it_stands() -> None:
    sound = parse_tones("%(100,0,400);v=-27;%(100,0,400)").samples
    loud, soft = np.abs(sound[:800]).max(), np.abs(sound[800:]).max()
    assert loud / soft == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize(
    ("script", "loops", "samples"),
    [
        ("%(100,100,350);loops=3", 3, 1600),
        ("%(100,100,350);loops=-1", FOR_EVER, 1600),
        ("L=4;%(100,100,350,440)", 4, 1600),
        ("L=2;%(100,100,350);loops=3", 6, 1600),
        ("l=3;%(10,10,350)", 1, 480),
        ("%(100, 100, 350.5)", 1, 1600),
        ("c=1;r=8000;%(10,0,350)", 1, 80),
    ],
)
def test_loops_are_counted_as_mod_tone_stream_does(script: str, loops: int, samples: int) -> None:
    tones = parse_tones(script)
    assert (tones.loops, len(tones.samples)) == (loops, samples)


@pytest.mark.parametrize(
    "script",
    [
        *("", ";", "%(100,100)", "%(a,b,c)", "%(1,2,3", "%(100,0,5000)", "%(-1,0,400)", "nonsense"),
        *("%(0,0,400);loops=-1", "r=16000;%(1,1,400)", "%(100,0,400);loops=x", "%(100,0,400);loops=-7"),
        *("%(999999999,0,400)", "v=1e999;%(1,1,1)", "v=.;%(1,1,1)", "%(1,1,nan)", "%(inf,1,1)"),
        *("l=99999;%(1000,0,400)", ">=2;%(100,0,400)"),
    ],
)
def test_a_wrong_script_is_refused_with_the_part_that_is_wrong(script: str) -> None:
    with pytest.raises(SourceUnusable, match="tone_stream: "):
        parse_tones(script)


@given(st.text(alphabet="%(),;=lLvcr0123456789-.x ", max_size=40))
def test_any_script_gives_tones_or_a_reason(script: str) -> None:
    reason = "tone_stream: "
    try:
        tones = parse_tones(script)
    except SourceUnusable as error:
        reason = str(error)
    else:
        assert len(tones.samples)
    assert reason.startswith("tone_stream: ")


def test_a_loop_joins_to_the_sample() -> None:
    one_pass = np.arange(1, 251, dtype=np.int16)
    sound = played(Samples(one_pass, 3))
    assert (sound[:750] == np.tile(one_pass, 3)).all() and not sound[750:].any()


def test_an_empty_sound_is_over_at_once() -> None:
    assert Samples(np.zeros(0, np.int16), FOR_EVER).next_frame() is None


def test_a_sound_shorter_than_a_frame_loops_inside_it() -> None:
    frame = Samples(np.array([1, 2, 3], np.int16), FOR_EVER).next_frame()
    assert frame is not None and frame.tolist() == ([1, 2, 3] * 54)[:160]


def test_silence_has_its_length_and_minus_one_never_ends() -> None:
    library = Library(lambda: 0)
    assert len(played(library.source("silence_stream://1000"))) == 8000
    assert len(played(library.source("silence_stream://-1"), 500)) == 80_000
    assert len(played(library.source("silence_stream://40,1400"))) == 320


@pytest.mark.parametrize("source", ["silence_stream://", "silence_stream://x", "silence_stream://-2"])
def test_a_wrong_silence_is_refused(source: str) -> None:
    with pytest.raises(SourceUnusable, match="silence_stream"):
        Library(lambda: 0).source(source)


def test_tones_come_through_the_library_and_loop_when_told() -> None:
    library = Library(lambda: 0)
    assert len(played(library.source("tone_stream://%(20,0,400);loops=3"))) == 480
    assert len(played(library.source("tone_stream://%(20,0,400)", loop=True), 99)) == 99 * 160


def test_all_listeners_of_a_stream_hear_the_same_moment() -> None:
    now = [0]
    music = np.arange(1000, dtype=np.int16)
    early = SharedStream(music, lambda: now[0])
    early.next_frame()
    now[0] = 6
    late = SharedStream(music, lambda: now[0])
    first, second = early.next_frame(), late.next_frame()
    assert first is not None and second is not None and (first == second).all()
    assert first.tolist() == [*range(960, 1000), *range(120)]


def test_an_unknown_stream_is_refused() -> None:
    with pytest.raises(SourceUnusable, match="no stream 'moh'"):
        Library(lambda: 0).source("local_stream://moh")


def test_digits_as_sound_have_their_two_tones() -> None:
    sound = digit_tones("5", 200)
    assert amplitude_of(sound[640:2240], 770) > 5000 and amplitude_of(sound[640:2240], 1336) > 5000
    assert amplitude_of(sound[640:2240], 1477) < 500
