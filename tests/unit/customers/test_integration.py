"""What customers publish, and what they keep to themselves."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from functions.customers import integration
from functions.customers.events import ContactChanged, CustomerErased, CustomerEvent
from functions.customers.integration import to_integration
from shared.eventsourcing.message import Event

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
PUBLIC = {ContactChanged, CustomerErased}


def test_a_contact_is_published_as_it_is_sealed() -> None:
    """Whoever sends mails opens it when there is one to send. Fingerprints are nobody else's business."""
    event = ContactChanged(
        customer_id="900",
        name="sealed:1",
        name_fingerprint="f1",
        email="sealed:2",
        email_fingerprint="f2",
        mail_preferences={"order_placed": False},
        at=AT,
    )

    assert to_integration(event) == integration.ContactChanged(
        customer_id="900", name="sealed:1", email="sealed:2", mail_preferences={"order_placed": False}
    )


def test_an_erasure_is_published() -> None:
    """So that others drop what is of no use any more. Who asked for it stays here."""
    assert to_integration(CustomerErased(customer_id="900", by="operator:ann", at=AT)) == integration.CustomerErased(
        customer_id="900", erased_at=AT
    )


@pytest.mark.parametrize("private", [cls for cls in get_args(CustomerEvent) if cls not in PUBLIC])
def test_everything_else_stays_private(private: type[Event]) -> None:
    """An address that is needed elsewhere is stated there."""
    assert to_integration(private.model_construct()) is None  # type: ignore[arg-type] # a member of the union, chosen at run time


@pytest.mark.parametrize("published", [integration.ContactChanged, integration.CustomerErased])
def test_examples_round_trip(published: type[integration.ContactChanged]) -> None:
    """Each published contract carries an example that fits it."""
    (example,) = published.model_json_schema()["examples"]

    assert published.model_validate(example).model_dump(mode="json") == example
