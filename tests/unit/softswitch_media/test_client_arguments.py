"""Wrong arguments are refused where they are made; no process is needed for that."""

from collections.abc import Callable

import pytest

from softswitch.media import MediaClient, MediaEngineLost


@pytest.fixture
def client() -> MediaClient:
    """A client that was not started."""
    return MediaClient(lambda *_: None, "127.0.0.1", 20_000, 20_100)


@pytest.mark.parametrize(
    ("first", "last"), [(20_000, 32_768), (40_000, 41_000), (20_000, 20_000), (80, 20_000), (0, 0)]
)
def test_ports_of_the_ephemeral_range_are_refused(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="between 1024 and 32767"):
        MediaClient(lambda *_: None, "127.0.0.1", first, last)


@pytest.mark.parametrize("host", ["localhost", "", "::1"])
def test_a_host_that_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(ValueError):
        MediaClient(lambda *_: None, host, 20_000, 20_100)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda c: c.set_remote("a", "phone.example", 4000, 0, 101),
        lambda c: c.set_remote("a", "224.0.0.1", 4000, 0, 101),
        lambda c: c.set_remote("a", "255.255.255.255", 4000, 0, 101),
        lambda c: c.set_remote("a", "10.0.0.1", 70_000, 0, 101),
        lambda c: c.set_remote("a", "10.0.0.1", 4000, 9, 101),
        lambda c: c.set_remote("a", "10.0.0.1", 4000, 0, 8),
        lambda c: c.set_direction("a", "both"),
        lambda c: c.set_rtp_timeout("a", -1),
        lambda c: c.connect("a", "b", float("nan")),
        lambda c: c.connect("a", "b", -1.0),
        lambda c: c.play("a", "x.wav", play_id=""),
        lambda c: c.start_recording("a", "relative.wav"),
        lambda c: c.start_recording("a", "/tmp/null\0.wav"),
        lambda c: c.send_dtmf("a", "1x"),
        lambda c: c.send_dtmf("a", "1", 10),
    ],
)
def test_wrong_arguments_are_refused(client: MediaClient, wrong: Callable[[MediaClient], None]) -> None:
    with pytest.raises(ValueError):
        wrong(client)


def test_a_client_that_was_not_started_is_not_alive_and_gives_no_leg(client: MediaClient) -> None:
    client.close("a")
    assert not client.alive and client.pid is None
    with pytest.raises(MediaEngineLost):
        client.open("a")
