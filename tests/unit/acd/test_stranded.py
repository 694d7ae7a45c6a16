"""Callers whom the switch keeps in `socket` with nobody at its other end."""

from acd.adapters.stranded import Stranded

OURS = "127.0.0.1:5084"


def row(uuid: str, application: str = "socket", data: str = f"{OURS} async full") -> dict[str, str]:
    return {"uuid": uuid, "application": application, "application_data": data}


def test_a_caller_in_our_socket_whom_nobody_attends_is_found_at_the_second_look_and_named_once() -> None:
    stranded = Stranded([OURS], {"attended"}.__contains__)
    rows = [
        row("alone"),
        row("attended"),
        row("music", "playback", "local_stream://moh"),
        row("elsewhere", data="127.0.0.1:9999 async full"),
        {"uuid": "dialling"},
    ]
    assert [stranded.look(rows) for _ in range(3)] == [[], ["alone"], []]


def test_a_caller_who_has_just_come_is_left_alone() -> None:
    attended: set[str] = set()
    stranded = Stranded([OURS], attended.__contains__)
    assert stranded.look([row("new")]) == []
    attended.add("new")
    assert stranded.look([row("new")]) == []
