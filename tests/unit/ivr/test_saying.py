"""Numbers, money, dates and times in Chinese and English, read from recorded pieces; each piece is there."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ivr.prompts import Prompts
from ivr.saying import NotSayable, pieces
from uckefu.settings import PROJECT_ROOT

PROMPTS = Prompts(PROJECT_ROOT / "sounds")
TODAY = date(2026, 11, 22)
TEXTS = {
    language: yaml.safe_load(
        (PROJECT_ROOT / "sounds" / language / "say" / "pieces.yml").read_text(encoding="utf-8")
    )
    for language in ("zh", "en")
}


def said(how, value, language):
    words = [TEXTS[language][name.removeprefix("say/")] for name in pieces(how, value, language, TODAY)]
    return ("" if language == "zh" else " ").join(words)


@pytest.mark.parametrize(
    ("how", "value", "zh", "en"),
    [
        ("number", 0, "零", "zero"),
        ("number", 10, "十", "ten"),
        ("number", 15, "十五", "fifteen"),
        ("number", 20, "二十", "twenty"),
        ("number", 21, "二十一", "twenty one"),
        ("number", 105, "一百零五", "one hundred and five"),
        ("number", 110, "一百一十", "one hundred and ten"),
        ("number", 200, "二百", "two hundred"),
        ("number", 1000, "一千", "one thousand"),
        ("number", 2026, "两千零二十六", "two thousand and twenty six"),
        ("number", 10005, "一万零五", "ten thousand and five"),
        ("number", 20000, "两万", "twenty thousand"),
        (
            "number",
            123456,
            "十二万三千四百五十六",
            "one hundred and twenty three thousand four hundred and fifty six",
        ),
        ("number", 100000000, "一亿", "one hundred million"),
        ("number", 100050000, "一亿零五万", "one hundred million fifty thousand"),
        ("number", 200000003, "两亿零三", "two hundred million and three"),
        ("number", "3.14", "三点一四", "three point one four"),
        ("number", -2.50, "负二点五", "minus two point five"),
        ("digits", "13800#", "一三八零零井号", "one three eight zero zero hash"),
        ("digits", "+86 10-5", "八六一零五", "eight six one zero five"),
        ("money", 12.5, "十二元五角", "twelve yuan and fifty fen"),
        ("money", "2", "两元", "two yuan"),
        ("money", 0, "零元", "zero yuan"),
        ("money", "0.05", "五分", "five fen"),
        ("money", "100.05", "一百元零五分", "one hundred yuan and five fen"),
        ("money", "-1.23", "负一元二角三分", "minus one yuan and twenty three fen"),
        ("money", "1,234.00", "一千二百三十四元", "one thousand two hundred and thirty four yuan"),
        ("date", "2026-03-04", "三月四日星期三", "Wednesday March fourth"),
        (
            "date",
            "2025-12-31",
            "二零二五年十二月三十一日星期三",
            "Wednesday December thirty first two zero two five",
        ),
        ("time", "09:00", "上午九点整", "nine o'clock a.m."),
        ("time", "14:05", "下午两点零五分", "two oh five p.m."),
        ("time", "00:30", "上午十二点三十分", "twelve thirty a.m."),
        (
            "datetime",
            "2026-03-04T09:10:00",
            "三月四日星期三上午九点十分",
            "Wednesday March fourth nine ten a.m.",
        ),
    ],
)
def test_it_is_said_as_a_person_says_it(how, value, zh, en):
    assert said(how, value, "zh") == zh
    assert said(how, value, "en") == en


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("digits", "12a"), ("digits", ""), ("digits", "1" * 40), ("number", "many"), ("number", "NaN"),
        ("number", "Infinity"), ("number", 10**13), ("number", True), ("money", None), ("date", "soon"),
        ("time", "25:00"), ("sing", 1),
    ],
)  # fmt: skip
def test_what_is_none_of_the_kind_is_not_sayable(how, value):
    with pytest.raises(NotSayable):
        pieces(how, value, "zh", TODAY)


@pytest.mark.parametrize("language", ["zh", "en"])
@given(
    number=st.decimals(min_value=-999999999999, max_value=999999999999, places=2),
    day=st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    clock=st.times(),
)
def test_every_piece_of_every_value_is_recorded(language, number, day, clock):
    for how, value in (
        ("number", number),
        ("money", number),
        ("date", day),
        ("time", clock),
        ("datetime", datetime.combine(day, clock)),
    ):
        names = pieces(how, value, language, TODAY)
        assert names
        assert all(PROMPTS.path(name, language) for name in names), names


@given(st.integers(0, 10**12 - 1))
def test_a_chinese_number_can_be_read_back(number):
    assert chinese(said("number", Decimal(number), "zh")) == number


def chinese(text):
    """The number that a Chinese text says (an independent reading, place by place)."""
    digits = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2}
    total = section = digit = 0
    for character in text:
        if character in digits:
            digit = digits[character]
        elif character in "十百千":
            section += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[character]
            digit = 0
        else:
            total += (section + digit) * {"万": 10**4, "亿": 10**8}[character]
            section = digit = 0
    return total + section + digit


def test_this_year_is_not_said():
    assert "年" not in said("date", TODAY + timedelta(days=1), "zh")
    assert "年" in said("date", TODAY + timedelta(days=60), "zh")
    assert said("time", time(12, 0), "zh") == "下午十二点整"
