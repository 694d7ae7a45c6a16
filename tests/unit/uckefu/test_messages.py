"""The terminal speaks Chinese and English, both whole."""

import re
from pathlib import Path

import pytest

from uckefu.messages import TEXTS, language


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "zh"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "UCKEFU_LANGUAGE": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "UCKEFU_LANGUAGE": "zh"}, "zh"),
    ],
)
def test_the_setting_wins_then_the_terminal_then_chinese(environment: dict[str, str], expected: str) -> None:
    assert language(environment) == expected


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_say_it_with_the_same_values(key: str) -> None:
    chinese, english = TEXTS[key]
    assert chinese.strip() and english.strip()
    assert sorted(set(re.findall(r"\{\w+\}", chinese))) == sorted(set(re.findall(r"\{\w+\}", english)))
    assert not re.search(r"[一-鿿]", english)


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    house = Path(__file__).parents[3] / "uckefu"
    code = "".join(path.read_text() for path in house.rglob("*.py") if path.name != "messages.py")
    said = set(re.findall(r"""say\(["'](\w+)["']""", code)) | set(re.findall(r'"(port_\w+)"', code))
    assert said == set(TEXTS) - {"administrator", "supervisor", "agent"}  # these three are the roles
