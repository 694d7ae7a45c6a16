"""An engine that is ticked by hand."""

from collections.abc import Iterator

import pytest

from tests.unit.softswitch_media.phone import Studio


@pytest.fixture
def studio() -> Iterator[Studio]:
    """A running engine, closed at the end."""
    made = Studio()
    yield made
    made.close()
