"""What notifications publish: nothing."""

from typing import get_args

import pytest

from functions.notifications.events import ContactEvent, MailEvent
from functions.notifications.integration import contact_to_integration, mail_to_integration
from shared.eventsourcing.message import Event


@pytest.mark.parametrize("private", get_args(MailEvent))
def test_mails_are_private(private: type[Event]) -> None:
    """Which mail went to whom is nobody else's business."""
    assert mail_to_integration(private.model_construct()) is None  # type: ignore[arg-type,func-returns-value] # any of the union; that it is None is the question


@pytest.mark.parametrize("private", get_args(ContactEvent))
def test_contacts_are_private(private: type[Event]) -> None:
    """They are the customers service's to publish."""
    assert contact_to_integration(private.model_construct()) is None  # type: ignore[arg-type,func-returns-value] # as above
