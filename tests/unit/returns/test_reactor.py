"""What returns do about the refunds that they asked for."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from functions.payments import integration as payments
from functions.returns.manifest import MANIFEST
from functions.returns.reactor import REACTIONS
from shared.eventsourcing.joint import Target
from shared.eventsourcing.reaction import Delivery, Reaction
from shared.eventsourcing.workflow.commands import ConfirmStep
from shared.eventsourcing.workflow.state import Saga, Status

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
DELIVERY = Delivery(id="payment-p1@4.0", subject="p1", at=AT, correlation_id="flow")
(EXAMPLE,) = payments.PaymentRefunded.model_json_schema()["examples"]


async def planned(reaction: Reaction, status: Status) -> Sequence[Target]:
    """What is to be done, where the return of that id has this status."""

    async def read(_: str, __: str) -> Saga:
        return Saga(status=status)

    plan = reaction.react(reaction.reads.model_validate(EXAMPLE), DELIVERY)
    assert callable(plan)
    return await plan(read)


@pytest.mark.parametrize("reaction", REACTIONS, ids=lambda reaction: reaction.type)
async def test_a_return_hears_how_its_refund_ended(reaction: Reaction) -> None:
    """It has the id of the refund, and need not ask any more: a refund that failed is for people."""
    confirm = ConfirmStep(step="refund_payment", at=AT)

    assert await planned(reaction, Status.FORWARDS) == (Target("return", EXAMPLE["refund_id"], confirm),)


@pytest.mark.parametrize("reaction", REACTIONS, ids=lambda reaction: reaction.type)
async def test_the_refund_of_something_else_is_nothing(reaction: Reaction) -> None:
    """Of a cancellation, or for goodwill."""
    assert await planned(reaction, Status.ABSENT) == ()


def test_the_orchestrator_goes_on_then() -> None:
    """Behind the refund the stock and the order are asked: a commit of this reaction wakes who asks them."""
    (subscription,) = [each for each in MANIFEST.subscriptions if each.name == "returns-orchestrator"]

    assert {each.react.__name__ for each in REACTIONS} == {"confirm_refund"}
    assert 'attributes.ce-command = "confirm_refund"' in (subscription.filter or "")
