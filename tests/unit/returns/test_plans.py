"""How a return begins: on what the log says of the other returns of its order."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.returns.plans import MAX_RETURNS, Asked, return_targets
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.joint import Target
from shared.eventsourcing.workflow.state import Saga, Status

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MILK = [{"sku": "milk", "quantity": 1}]


def other(status: Status, customer_id: str | None = "900") -> Saga:
    return Saga(status=status, data={"customer_id": customer_id, "lines": MILK})


async def begun(sagas: Mapping[str, Saga], customer_id: str | None = "900") -> Target:
    """The start of a return, where the order has these."""

    async def read(category: str, entity_id: str) -> Saga:
        assert category == "return"
        return sagas.get(entity_id, Saga())

    asked = Asked(order_id="o1", customer_id=customer_id, data={"lines": MILK, "return_reason": "damaged"}, at=AT)
    (target,) = await return_targets(asked, read)
    return target


def under_way(target: Target) -> Any:
    return target.command.data["under_way"]


async def test_the_first_has_the_first_number() -> None:
    """It knows what was asked for, and of no other."""
    target = await begun({})

    assert (target.category, target.entity_id, target.command.workflow_id) == ("return", "o1-r1", "o1-r1")
    assert target.command.data == {
        "return_id": "o1-r1",
        "order_id": "o1",
        "customer_id": "900",
        "lines": MILK,
        "return_reason": "damaged",
        "under_way": [],
    }


@pytest.mark.parametrize("status", [Status.FORWARDS, Status.WAITING, Status.BACKWARDS, Status.STUCK])
async def test_what_is_under_way_is_taken_along(status: Status) -> None:
    """Its pieces may be on their way."""
    target = await begun({"o1-r1": other(status)})

    assert target.entity_id == "o1-r2"
    assert under_way(target) == [{"return_id": "o1-r1", "lines": MILK}]


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
async def test_what_is_over_is_not(status: Status) -> None:
    """The order knows what is back."""
    target = await begun({"o1-r1": other(status)})

    assert (target.entity_id, under_way(target)) == ("o1-r2", [])


@pytest.mark.parametrize(
    ("theirs", "mine", "counts"),
    [("901", "900", False), (None, "900", True), ("900", None, True), ("901", None, True)],
    ids=["a stranger's", "one by staff", "staff asks", "staff asks after a stranger"],
)
async def test_a_stranger_keeps_nobody_from_returning(theirs: str | None, mine: str | None, *, counts: bool) -> None:
    """What somebody asks of an order that is not theirs is refused a moment later."""
    target = await begun({"o1-r1": other(Status.FORWARDS, theirs)}, mine)

    assert bool(under_way(target)) is counts


async def test_an_order_has_so_many_and_no_more() -> None:
    """Somebody asks in vain, again and again."""
    with pytest.raises(DomainError) as refused:
        await begun({f"o1-r{number + 1}": other(Status.FAILED) for number in range(MAX_RETURNS)})

    assert (refused.value.code, refused.value.field) == ("too-many-returns", "order_id")
