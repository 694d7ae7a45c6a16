"""Figures and their intervals from batches."""

import random

import pytest

from acd.simulate.figures import Batch, figures, student_t


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [
        (1, 12.7062),
        (2, 4.3027),
        (3, 3.1824),
        (4, 2.7764),
        (5, 2.5706),
        (10, 2.2281),
        (19, 2.0930),
        (31, 2.0395),
    ],
)
def test_students_t_is_as_in_the_tables(freedom: int, quantile: float) -> None:
    assert student_t(freedom) == pytest.approx(quantile, rel=2e-3)


def test_an_interval_holds_the_truth_in_95_of_100_cases() -> None:
    chance = random.Random(5)
    held = 0
    for _ in range(400):
        batches = [Batch(offered=50, waited=sum(chance.random() < 0.3 for _ in range(50))) for _ in range(16)]
        low, high = figures(batches)["p_wait"]["ci95"]  # type: ignore[index]
        held += low <= 0.3 <= high
    assert 0.92 < held / 400 < 0.98


def test_a_share_stays_between_0_and_1_and_nothing_seen_is_not_0() -> None:
    told = figures([Batch(offered=10, waited=0), Batch(offered=10, waited=9)])
    assert told["p_wait"]["ci95"] == [0.0, 1.0]  # type: ignore[index]
    assert told["asa_seconds"] == {"value": None, "ci95": [None, None]}
    assert figures([Batch(offered=4, waited=1)])["p_wait"] == {"value": 0.25, "ci95": [None, None]}
