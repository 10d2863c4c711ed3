"""Earlier shapes of the events of contacts and mails."""

import pytest

from functions.notifications.decider import CONTACTS_DECIDER, MAILS_DECIDER
from functions.notifications.events import ContactRecorded, MailRequested
from shared.eventsourcing.message import StoredEvent

RECORDED_V1 = StoredEvent(
    "ContactRecorded.v1",
    {
        "customer_id": "900",
        "name": "sealed:name",
        "email": "sealed:email",
        "preferences": {"order_placed": False},
        "at": "2017-03-06T12:05:00Z",
    },
)


def test_a_contact_of_v1_comes_before_any_version() -> None:
    """It does not say which version of the customer it is of."""
    event = CONTACTS_DECIDER.codec.decode(RECORDED_V1)

    assert isinstance(event, ContactRecorded)
    assert event.customer_version == 0


def test_a_contact_of_v1_keeps_what_it_said() -> None:
    """All other fields are as they were stored."""
    event = CONTACTS_DECIDER.codec.decode(RECORDED_V1)

    assert event.model_dump(mode="json", exclude={"customer_version"}) == RECORDED_V1.data


@pytest.mark.parametrize("type_name", ["MailRequested.v1", "MailRequested.v2"])
def test_an_earlier_mail_keeps_what_it_said(type_name: str) -> None:
    """There were fewer kinds of mails, and each of them is still one."""
    about = {"kind": "order_cancelled", "order_id": "o1", "reason": "declined"}
    data = {"mail_id": "order_cancelled.o1", "customer_id": "900", "about": about, "at": "2017-03-06T12:05:00Z"}

    event = MAILS_DECIDER.codec.decode(StoredEvent(type_name, data))

    assert isinstance(event, MailRequested)
    assert event.model_dump(mode="json") == data
