"""The media process as the switch uses it: through `MediaClient`, in real time, and how it ends.

The phones are clocked by the engine (they answer each packet with one), so nothing here sleeps.
"""

import os
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import wave
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from softswitch.media import MediaClient, MediaEngineLost, NoRtpPort
from tests.support.ports import free_port
from tests.support.waiting import wait_until
from tests.unit.softswitch_media.phone import Phone, amplitude_of, event_payload

SECONDS = 20


class Room:
    """A media process, its events and its phones."""

    def __init__(self, ports: int = 100) -> None:
        self.events: queue.Queue[tuple[str | None, str, dict[str, Any]]] = queue.Queue()
        first = free_port()
        self.client = MediaClient(lambda *e: self.events.put(e), "127.0.0.1", first, first + 2 * ports - 1)
        self.client.start()
        self.phones: list[Phone] = []

    def phone(self, leg_id: str, hz: float = 0) -> Phone:
        """A phone on a new leg."""
        phone = Phone(hz)
        phone.engine_port = self.client.open(leg_id)
        self.client.set_remote(leg_id, "127.0.0.1", phone.port, 0, 101)
        self.phones.append(phone)
        return phone

    def run(self, frames: int) -> None:
        """Each phone hears a packet and answers with one, `frames` times."""
        for _ in range(frames):
            for phone in self.phones:
                phone.wait_packet()
                phone.say()

    def event(self, name: str) -> tuple[str | None, dict[str, Any]]:
        """Leg and data of the next event of this name."""
        while True:
            leg_id, event_name, data = self.events.get(timeout=SECONDS)
            if event_name == name:
                return leg_id, data

    def close(self) -> None:
        """End all."""
        self.client.stop()
        for phone in self.phones:
            phone.close()


@pytest.fixture
def room() -> Iterator[Room]:
    """A media process, stopped at the end."""
    made = Room()
    yield made
    made.close()


def read(path: Path) -> NDArray[np.int16]:
    """A stereo recording."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def test_two_phones_talk_are_recorded_and_press_keys(room: Room, tmp_path: Path) -> None:
    caller, agent = room.phone("caller", 300), room.phone("agent", 900)
    room.client.connect("caller", "agent")
    room.client.connect("agent", "caller")
    path = tmp_path / "2024" / "call.wav"
    room.client.start_recording("caller", str(path), only_bridged=True)
    room.run(100)
    assert amplitude_of(agent.heard(50), 300) > 3000 > 300 > amplitude_of(agent.heard(50), 900)
    assert amplitude_of(caller.heard(50), 900) > 3000
    caller.send(event_payload(5, end=True, duration=800), payload_type=101)
    assert room.event("dtmf") == ("caller", {"digit": "5", "milliseconds": 100})
    room.client.stop_recording("caller", str(path))
    leg_id, recorded = room.event("recorded")
    assert (leg_id, recorded["path"], recorded["status"]) == ("caller", str(path), "done")
    sound = read(path)
    assert len(sound) == recorded["milliseconds"] * 8 >= 90 * 160
    assert amplitude_of(sound[-8000:, 0], 300) > 3000 and amplitude_of(sound[-8000:, 1], 900) > 3000


def test_the_stream_is_whole_and_keeps_its_clock(room: Room) -> None:
    phone = room.phone("a")
    room.run(150)
    sequences = [p.sequence - phone.packets[0].sequence & 0xFFFF for p in phone.packets]
    clocks = [p.timestamp - phone.packets[0].timestamp & 0xFFFFFFFF for p in phone.packets]
    assert sequences == list(range(150))
    assert all(later > earlier and later % 160 == 0 for earlier, later in pairwise(clocks))


def test_a_prompt_ends_and_a_missing_one_fails(room: Room, tmp_path: Path) -> None:
    phone = room.phone("a")
    room.client.play("a", "tone_stream://%(600,0,700)", play_id="one")
    assert room.event("played") == ("a", {"play_id": "one", "status": "done", "reason": ""})
    phone.hear()
    assert amplitude_of(phone.heard(), 700) > 3000
    room.client.play("a", str(tmp_path / "none.wav"), play_id="two")
    _, played = room.event("played")
    assert played["status"] == "failed" and "No such file" in played["reason"]


def test_music_from_a_folder_plays_until_it_is_stopped(room: Room, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "music.wav"), "wb") as file:
        file.setparams((2, 2, 16_000, 0, "NONE", ""))
        time = np.arange(16_000) / 16_000
        one = (8000 * np.sin(2 * np.pi * 600 * time)).astype("<i2")
        file.writeframes(np.column_stack([one, one]).tobytes())
    room.client.add_stream("moh", str(tmp_path))
    phone = room.phone("a")
    room.client.play("a", "local_stream://moh", play_id="music")
    room.run(80)
    assert amplitude_of(phone.heard(40), 600) > 3000
    room.client.stop_play("a")
    assert room.event("played")[1]["status"] == "broken"


def test_300_legs_opened_and_closed_leave_nothing_in_the_process(room: Room) -> None:
    process = psutil.Process(room.client.pid)
    room.client.open("first")
    room.client.close("first")
    room.client.stats()
    before = process.num_fds()
    for number in range(300):
        room.client.open(str(number))
        room.client.set_remote(str(number), "127.0.0.1", 9, 8, None)
        room.client.close(str(number))
    assert room.client.stats()["legs"] == 0 and process.num_fds() == before


def test_the_process_sleeps_between_packets_and_ticks(room: Room) -> None:
    room.phone("a", 400)
    before = room.client.stats()
    room.run(50)
    after = room.client.stats()
    assert after["wakes"] - before["wakes"] < 10 * (after["ticks"] - before["ticks"])


def test_when_ports_run_out_the_caller_of_open_is_told() -> None:
    room = Room(ports=1)
    room.client.open("a")
    with pytest.raises(NoRtpPort):
        room.client.open("b")
    room.close()


def test_a_listener_that_fails_does_not_end_the_events(room: Room) -> None:
    failed = threading.Event()

    def fail_once(leg_id: str | None, name: str, data: dict[str, Any]) -> None:
        if not failed.is_set():
            failed.set()
            raise KeyError(name)
        room.events.put((leg_id, name, data))

    room.client._on_event = fail_once
    room.client.open("a")
    for play_id in ("one", "two"):
        room.client.play("a", "silence_stream://20", play_id=play_id)
        assert failed.wait(SECONDS)
    assert room.event("played")[1]["play_id"]


def test_an_answer_cannot_be_waited_for_on_the_reader_thread(room: Room) -> None:
    refused: queue.Queue[str] = queue.Queue()

    def call_back(*_: Any) -> None:
        try:
            room.client.open("inside")
        except RuntimeError as error:
            refused.put(str(error))

    room.client._on_event = call_back
    room.client.open("a")
    room.client.play("a", "silence_stream://20", play_id="p")
    assert "cannot be called from on_event" in refused.get(timeout=SECONDS)


def test_when_the_process_is_killed_the_switch_is_told_and_recordings_play(tmp_path: Path) -> None:
    room = Room()
    room.phone("a", 400)
    path = tmp_path / "cut.wav"
    room.client.start_recording("a", str(path))
    room.run(120)
    assert room.client.alive and room.client.pid
    os.kill(room.client.pid, signal.SIGKILL)
    assert room.event("engine_lost") == (None, {})
    assert not room.client.alive
    with pytest.raises(MediaEngineLost):
        room.client.open("b")
    room.client.play("a", "silence_stream://20", play_id="p")  # Nothing to wait for: engine_lost has told.
    assert len(read(path)) >= 60 * 160
    room.close()


def test_a_request_that_waits_when_the_process_dies_ends() -> None:
    room = Room()
    assert room.client.pid
    os.kill(room.client.pid, signal.SIGSTOP)
    failures: queue.Queue[BaseException] = queue.Queue()

    def ask() -> None:
        try:
            room.client.open("a")
        except MediaEngineLost as error:
            failures.put(error)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: room.client._waiting, what="the request to be sent")
    os.kill(room.client.pid, signal.SIGKILL)
    assert "gone" in str(failures.get(timeout=SECONDS))
    thread.join()
    room.close()


def test_a_term_signal_completes_the_recordings(tmp_path: Path) -> None:
    room = Room()
    room.phone("a", 400)
    room.client.start_recording("a", str(tmp_path / "t.wav"))
    room.run(30)
    assert room.client.pid
    os.kill(room.client.pid, signal.SIGTERM)
    assert room.event("recorded")[1]["status"] == "done"
    assert room.event("engine_lost")[0] is None
    room.close()


def test_the_interrupt_of_a_terminal_leaves_it_running(room: Room) -> None:
    assert room.client.pid
    os.kill(room.client.pid, signal.SIGINT)
    room.phone("a")
    room.run(5)
    assert room.client.alive


def test_stop_completes_the_recordings_and_tells_of_no_loss(tmp_path: Path) -> None:
    room = Room()
    room.phone("a", 400)
    room.client.start_recording("a", str(tmp_path / "s.wav"))
    room.run(30)
    room.close()
    names = [name for _, name, _ in room.events.queue]
    assert "recorded" in names and "engine_lost" not in names
    assert len(read(tmp_path / "s.wav")) >= 25 * 160
    room.client.stop()  # A second time does no harm.


def test_the_process_ends_when_the_switch_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "switch.py"
    script.write_text(
        textwrap.dedent("""
            import sys, threading
            from softswitch.media import MediaClient
            client = MediaClient(lambda *_: None, "127.0.0.1", int(sys.argv[1]), int(sys.argv[1]) + 9)
            client.start()
            print(client.pid, flush=True)
            threading.Event().wait()
        """)
    )
    root = str(Path(__file__).resolve().parents[3])
    with subprocess.Popen(
        [sys.executable, str(script), str(free_port())],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    ) as switch:
        assert switch.stdout is not None
        media = psutil.Process(int(next(line for line in switch.stdout if line.strip().isdigit())))
        switch.kill()
        switch.wait(SECONDS)
        wait_until(lambda: not media.is_running() or media.status() == psutil.STATUS_ZOMBIE, what="its end")


def test_a_process_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    events: list[object] = []
    client = MediaClient(lambda *event: events.append(event), "127.0.0.1", 20_000, 20_100)
    with pytest.raises(MediaEngineLost, match="did not start"):
        client.start()
    assert not events and not client.alive
