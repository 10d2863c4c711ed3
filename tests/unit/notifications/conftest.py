"""What the tests of sending have in common."""

import pytest

from tests.unit.notifications.post_office import PostOffice


@pytest.fixture
def office() -> PostOffice:
    return PostOffice()
