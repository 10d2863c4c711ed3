"""When a redemption is over, as far as anybody knows: then it may be packed."""

import pytest

from functions.promotions.state import Redemption, Status, is_closed

CLOSED = {Status.RELEASED}


@pytest.mark.parametrize("status", Status)
def test_it_is_closed_where_nothing_is_expected(status: Status) -> None:
    """By its status alone."""
    assert is_closed(Redemption(status=status)) is (status in CLOSED)
