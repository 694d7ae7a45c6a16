"""What may be tried twice."""

import pytest

from tests.second_try import may_be_tried

REAL = "tests/e2e/test_consult.py::test_one"


@pytest.mark.parametrize(
    ("failed", "may"),
    [
        ([REAL], True),
        ([REAL, "tests/integration/softswitch/test_bridge.py::test_two", "tests/conformance/test_talk.py::test_x"], True),
        ([], False),
        ([REAL, REAL + "2", REAL + "3", REAL + "4"], False),
        ([REAL, "tests/unit/acd/test_consult.py::test_three"], False),
        (["tests/e2e/test_consult.py"], False),
    ],
    ids=["one", "three", "none", "four", "a unit test", "a file that can't be read"],
)  # fmt: skip
def test_only_a_few_tests_of_real_processes_are_tried_twice(failed, may):
    assert may_be_tried(failed) is may
