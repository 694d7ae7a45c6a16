"""The demo's choices: the same seed lives the same day, and everybody whom the demo promises comes by."""

import re
from random import Random

from uckefu.demo.people import KNOWN_NUMBERS, MENU_KEYS, Visit, a_visit, pause_seconds


def a_day(seed: int) -> list[Visit]:
    rng = Random(seed)
    return [a_visit(rng) for _ in range(500)]


def test_the_same_seed_has_the_same_callers() -> None:
    assert a_day(7) == a_day(7) != a_day(8)


def test_callers_dial_from_chinese_numbers_and_some_are_known_contacts() -> None:
    numbers = {visit.number for visit in a_day(1)}
    assert numbers & set(KNOWN_NUMBERS)
    assert all(re.fullmatch(r"1\d{10}|0\d{9,11}|00\d{8,14}", number) for number in numbers)


def test_some_press_wrong_keys_some_nothing_and_most_a_key_of_the_menu() -> None:
    keys = [visit.keys for visit in a_day(1)]
    assert "" in keys
    assert any(key and key[0] not in MENU_KEYS for key in keys)
    assert sum(key in tuple(MENU_KEYS) for key in keys) > len(keys) / 2


def test_talks_last_ten_to_sixty_seconds_and_callers_come_every_eight_to_twenty() -> None:
    assert all(10 <= visit.talk_seconds <= 60 for visit in a_day(1))
    rng = Random(1)
    assert all(8 < pause_seconds(rng, 4.3) < 20 for _ in range(500))
