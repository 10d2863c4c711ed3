"""When a workflow is over, as far as anybody knows: then it may be packed."""

import pytest

from shared.eventsourcing.workflow.state import Saga, Status, is_closed

CLOSED = {Status.COMPLETED, Status.FAILED}


@pytest.mark.parametrize("status", Status)
def test_it_is_closed_where_nothing_is_expected(status: Status) -> None:
    """By its status alone."""
    assert is_closed(Saga(status=status)) is (status in CLOSED)
