"""How a cancellation begins: on what the log says of the order, one at a time."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.orders.plans import MAX_CANCELLATIONS, Cancellation, cancellation_targets
from functions.orders.state import Order
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.joint import Target
from shared.eventsourcing.workflow.state import Saga, Status
from tests.unit.orders.test_decider import ALL_SHIPPED, LATER, PAID, lines, order, shipped, without

ASKED = Cancellation(order_id="o1", lines=None, reason="fraud", at=LATER)


async def begun(*events: Any, sagas: Mapping[str, Status] | None = None, asked: Cancellation = ASKED) -> Target:
    """The start, where the order has these events and its cancellations these statuses."""

    async def read(category: str, entity_id: str) -> Order | Saga:
        if category == "order":
            return order.given(*events).state()
        return Saga(status=(sagas or {}).get(entity_id, Status.ABSENT))

    (target,) = await cancellation_targets(asked, read)
    return target


async def refused(*events: Any, **how: Any) -> str:
    with pytest.raises(DomainError) as refusal:
        await begun(*events, **how)
    return refusal.value.code


async def test_it_takes_the_terms_along() -> None:
    """They never change; what has left is not among them."""
    target = await begun(*PAID, shipped(milk=1))

    assert (target.category, target.entity_id) == ("cancellation", "o1-c1")
    assert target.command.data["ordered"] == [{"sku": "milk", "quantity": 3}, {"sku": "tea", "quantity": 1}]
    assert target.command.data["lines"] is None


async def test_it_takes_the_first_number_that_is_free() -> None:
    """After those that are over, however they ended."""
    over = {"o1-c1": Status.FAILED, "o1-c2": Status.COMPLETED}

    assert (await begun(*PAID, sagas=over)).entity_id == "o1-c3"


@pytest.mark.parametrize("status", [Status.FORWARDS, Status.STUCK])
@pytest.mark.parametrize("refusals", range(6))
async def test_it_waits_for_the_one_before_it(status: Status, refusals: int) -> None:
    """Also where that is stuck: a person has to look at it first."""
    before = {f"o1-c{number + 1}": Status.FAILED for number in range(refusals)}

    assert await refused(*PAID, sagas={**before, f"o1-c{refusals + 1}": status}) == "cancellation-under-way"


async def test_what_was_refused_does_not_count() -> None:
    """Somebody asked in vain, again and again."""
    many = {f"o1-c{number}": Status.FAILED for number in range(1, 10 * MAX_CANCELLATIONS)}

    assert (await begun(*PAID, sagas=many)).entity_id == f"o1-c{10 * MAX_CANCELLATIONS}"


async def test_an_order_has_so_many_and_no_more() -> None:
    """Each takes something out of it."""
    many = [without("placed", f"k{number}", milk=(1, 1)) for number in range(MAX_CANCELLATIONS)]

    assert await refused(*PAID, *many) == "too-many-cancellations"


@pytest.mark.parametrize(
    ("events", "asked", "code"),
    [
        (ALL_SHIPPED, None, "order-is-shipped"),
        ((*PAID, shipped(milk=2)), {"milk": 2}, "not-cancellable"),
        ((*PAID, without("placed", milk=(2, 360))), {"milk": 2}, "not-cancellable"),
    ],
    ids=["all has left", "some has left", "some is cancelled"],
)
async def test_what_is_known_to_be_gone_is_refused_at_once(
    events: tuple[Any, ...], asked: dict[str, int] | None, code: str
) -> None:
    """That can never change."""
    wanted = None if asked is None else lines(**asked)

    assert await refused(*events, asked=Cancellation(order_id="o1", lines=wanted, reason="fraud", at=LATER)) == code
