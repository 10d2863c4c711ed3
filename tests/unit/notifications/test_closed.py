"""When a mail or a contact is over, as far as anybody knows: then it may be packed."""

import pytest

from functions.notifications.state import Contact, ContactStatus, Mail, Status, is_closed, is_erased

CLOSED = {Status.SENT, Status.SUPPRESSED, Status.FAILED, Status.ABANDONED}


@pytest.mark.parametrize("status", Status)
def test_it_is_closed_where_nothing_is_expected(status: Status) -> None:
    """By its status alone."""
    assert is_closed(Mail(status=status)) is (status in CLOSED)


@pytest.mark.parametrize("status", ContactStatus)
def test_a_contact_is_closed_when_it_is_erased(status: ContactStatus) -> None:
    """Any other may change at any time."""
    assert is_erased(Contact(status=status)) is (status is ContactStatus.ERASED)
