"""Hooks for all tests: markers by folder, and with CI=true a skipped test is a failure."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

TESTS = Path(__file__).parent
MARKED_FOLDERS = ("integration", "conformance", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the folder that it lives in."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
        if folder in MARKED_FOLDERS:
            item.add_marker(folder)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") != "true" or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if reason.removeprefix("Skipped: ").startswith("FreeSWITCH"):
        return
    report.outcome = "failed"
    report.longrepr = f"CI allows no skip: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Under CI a missing part is a failure; only the FreeSWITCH half of conformance may be absent."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """The same for a module that skips itself as a whole."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture(autouse=True)
def _no_log_context_from_another_test() -> Iterator[None]:
    """What a test binds to its log lines must not show in the next one's."""
    yield
    structlog.contextvars.clear_contextvars()
