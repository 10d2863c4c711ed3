"""What orders do about shipments, and about their money."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.fulfillment import integration as fulfillment
from functions.orders.commands import (
    RecordDelivery,
    RecordDispute,
    RecordDisputeEnd,
    RecordLoss,
    RecordRefund,
    RecordRefundFailure,
    RecordRefundResolution,
    RecordShipment,
)
from functions.orders.events import MovedLine
from functions.orders.reactor import REACTIONS
from functions.payments import integration as payments
from shared.eventsourcing.joint import Plan, Target
from shared.eventsourcing.message import IntegrationEvent
from shared.eventsourcing.reaction import Delivery, Reaction
from shared.eventsourcing.workflow.commands import ConfirmStep
from shared.eventsourcing.workflow.state import Saga, Status

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
DELIVERY = Delivery(id="shipment-o1-1@4.0", subject="o1-1", at=AT, correlation_id="flow")


async def planned(targets: Sequence[Target] | Plan, cancellation: Status = Status.ABSENT) -> list[Target]:
    """What is to be done, where the cancellation that the refund may be of has this status."""

    async def read(category: str, _: str) -> Saga:
        assert category == "cancellation"
        return Saga(status=cancellation)

    return list(await targets(read) if callable(targets) else targets)


@pytest.mark.parametrize(
    ("reaction", "published", "command"),
    [
        (REACTIONS[0], fulfillment.ShipmentDispatched, RecordShipment),
        (REACTIONS[1], fulfillment.ShipmentDelivered, RecordDelivery),
        (REACTIONS[2], fulfillment.ShipmentLost, RecordLoss),
    ],
)
def test_fulfillments_news_are_recorded(
    reaction: Reaction, published: type[IntegrationEvent], command: type[Any]
) -> None:
    """The producer's documented example becomes a command to its order, at the event's time."""
    (example,) = published.model_json_schema()["examples"]

    targets = reaction.react(reaction.reads.model_validate(example), DELIVERY)

    lines = tuple(MovedLine(**line) for line in example["lines"])
    recorded = command(shipment_id=example["shipment_id"], lines=lines, at=AT)
    assert reaction.type == published.TYPE
    assert targets == [Target("order", example["order_id"], recorded)]


@pytest.mark.parametrize(
    ("published", "command"),
    [
        (payments.PaymentRefunded, RecordRefund),
        (payments.PaymentRefundFailed, RecordRefundFailure),
        (payments.PaymentRefundResolved, RecordRefundResolution),
        (payments.PaymentDisputed, RecordDispute),
        (payments.PaymentDisputeClosed, RecordDisputeEnd),
    ],
)
async def test_what_payments_tell_is_recorded(published: type[IntegrationEvent], command: type[Any]) -> None:
    """The producer's documented example becomes a command to its order, at the event's time."""
    (example,) = published.model_json_schema()["examples"]
    (reaction,) = [each for each in REACTIONS if each.type == published.TYPE]

    targets = reaction.react(reaction.reads.model_validate(example), DELIVERY)

    told = {name: value for name, value in example.items() if name in command.model_fields}
    at = example.get("refunded_at", AT)
    recorded = command.model_validate({**told, "at": at})
    assert await planned(targets) == [Target("order", example["order_id"], recorded)]


@pytest.mark.parametrize("published", [payments.PaymentRefunded, payments.PaymentRefundFailed])
async def test_a_cancellation_hears_how_its_refund_ended(published: type[IntegrationEvent]) -> None:
    """It has the id of the refund, and need not ask any more: a refund that failed is for people."""
    (example,) = published.model_json_schema()["examples"]
    (reaction,) = [each for each in REACTIONS if each.type == published.TYPE]

    targets = reaction.react(reaction.reads.model_validate(example), DELIVERY)

    confirm = ConfirmStep(step="refund_payment", at=AT)
    assert (await planned(targets, Status.FORWARDS))[1:] == [Target("cancellation", example["refund_id"], confirm)]
