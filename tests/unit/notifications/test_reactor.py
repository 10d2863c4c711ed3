"""What notifications understand of others' events: each reads the example that its producer documents."""

import re
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from pydantic_core import to_json

from functions.notifications.commands import EraseContact, RecordContact, RequestMail
from functions.notifications.events import MailRequested
from functions.notifications.manifest import CONTACT, MAIL, MANIFEST
from functions.notifications.reactor import IDLE_JOBS, REACTIONS, mail_id
from functions.notifications.state import PAUSES
from shared.eventsourcing.joint import Target
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.reaction import Delivery, Reaction

DELIVERY = Delivery(id="customer-900@4.0", subject="x", at=datetime(2017, 3, 6, 12, 5, tzinfo=UTC), correlation_id="f1")


def example(service: str, type_name: str) -> dict[str, Any]:
    """What the producer documents."""
    published = vars(import_module(f"functions.{service}.integration")).values()
    (event,) = [
        each
        for each in published
        if isinstance(each, type) and issubclass(each, IntegrationEvent) and getattr(each, "TYPE", "") == type_name
    ]
    found: dict[str, Any] = event.model_json_schema()["examples"][0]
    return found


def reaction(type_name: str) -> Reaction:
    (found,) = [each for each in REACTIONS if each.type == type_name]
    return found


def targets(type_name: str, **changes: object) -> list[Target]:
    """What the example of an event leads to."""
    to = reaction(type_name)
    event = to.reads.model_validate_json(to_json({**example(to.service, type_name), **changes}))
    asked = to.react(event, DELIVERY)
    assert not callable(asked)
    return list(asked)


@pytest.mark.parametrize("each", REACTIONS, ids=lambda each: each.type)
def test_every_example_is_understood(each: Reaction) -> None:
    """What a producer documents can be read, and leads to one command."""
    (target,) = targets(each.type)

    assert target.entity_id


@pytest.mark.parametrize(
    ("type_name", "kind"),
    [
        ("OrderPlaced.v1", "order_placed"),
        ("OrderCancelled.v1", "order_cancelled"),
        ("OrderLinesCancelled.v1", "lines_cancelled"),
        ("OrderShipmentLost.v1", "shipment_lost"),
        ("ShipmentDispatched.v1", "shipment_dispatched"),
        ("PaymentRefunded.v1", "payment_refunded"),
        ("PaymentRefundFailed.v1", "payment_refund_failed"),
        ("ReturnApproved.v1", "return_approved"),
        ("ReturnRefused.v1", "return_refused"),
        ("ReturnFailed.v1", "return_failed"),
    ],
)
def test_a_fact_is_one_mail(type_name: str, kind: str) -> None:
    """Its id names kind and fact, not the message that told of it."""
    (target,) = targets(type_name)

    assert target.category == MAIL
    assert isinstance(target.command, RequestMail)
    assert target.entity_id == target.command.mail_id
    assert target.entity_id.startswith(f"{kind}.")
    assert target.command.about.kind == kind


def test_what_is_stored_of_a_fact_holds() -> None:
    """The request becomes an event as it is, with every line and sum."""
    placed = example("orders", "OrderPlaced.v1")
    (target,) = targets("OrderPlaced.v1")

    stored = MailRequested(**target.command.model_dump()).model_dump(mode="json")["about"]
    assert (stored["total"], stored["discount"]) == (placed["total"], placed["discount"])
    assert [line["total"] for line in stored["lines"]] == [line["total"] for line in placed["lines"]]


def test_an_order_that_never_was_concerns_nobody() -> None:
    """A cancellation without a customer is not told to anybody."""
    assert targets("OrderCancelled.v1", customer_id="") == []


def test_a_return_of_no_order_concerns_nobody() -> None:
    """Nobody knows who was to be told."""
    assert targets("ReturnFailed.v1", customer_id=None) == []


@pytest.mark.parametrize(
    ("step", "code", "told"),
    [
        ("read_order", "too-late", False),
        ("read_order", "no-answer", True),
        ("read_order", "deadline-passed", True),
        ("approval", "forced-by-operator", True),
        ("open_return", "not-returnable", True),
    ],
)
def test_a_return_that_is_refused_at_once_is_no_news(step: str, code: str, *, told: bool) -> None:
    """Who asked for it is looking at the answer; what fails later, or without a rule, they would not see."""
    assert bool(targets("ReturnFailed.v1", step=step, code=code)) is told


def test_a_contact_is_recorded_with_the_version_of_its_customer() -> None:
    """So that what comes late can be told; its time is only kept."""
    (target,) = targets("ContactChanged.v1")

    assert (target.category, target.entity_id) == (CONTACT, "900")
    assert isinstance(target.command, RecordContact)
    assert (target.command.customer_version, target.command.at) == (4, DELIVERY.at)


def test_an_erasure_is_taken_over() -> None:
    """A customer who is forgotten there is forgotten here."""
    (target,) = targets("CustomerErased.v1")

    assert (target.category, target.entity_id) == (CONTACT, "900")
    assert isinstance(target.command, EraseContact)


class TestAMailId:
    def test_can_be_read(self) -> None:
        """A fact with one name is found by it."""
        assert mail_id("order_placed", "o1") == "order_placed.o1"

    def test_of_one_fact_differs_by_kind(self) -> None:
        """An order that is placed and cancelled is two facts."""
        assert mail_id("order_placed", "o1") != mail_id("order_cancelled", "o1")

    def test_of_a_fact_in_two_parts_is_its_own(self) -> None:
        """However the parts are cut."""
        assert mail_id("payment_refunded", "a", "b.c") != mail_id("payment_refunded", "a.b", "c")

    def test_would_do_in_a_message_id(self) -> None:
        """Which has one @, and no colon."""
        assert re.fullmatch(r"order_placed\.[0-9a-f]{64}", mail_id("order_placed", "o1@x:2"))

    def test_is_never_too_long(self) -> None:
        """An id of a stream has at most 128 characters."""
        assert len(mail_id("shipment_dispatched", "x" * 128)) <= 128


def test_every_pause_has_its_walk() -> None:
    """A mail that waits is met when its pause is over, whichever it is; each walk has its schedule."""
    assert all(job.idle_for > pause for job, pause in zip(IDLE_JOBS.values(), PAUSES, strict=True))
    assert set(IDLE_JOBS) <= {schedule.path for schedule in MANIFEST.schedules}
