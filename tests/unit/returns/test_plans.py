"""How a return begins: on what the log says of the other returns of its order."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.returns.plans import Asked, return_targets
from shared.eventsourcing.joint import Target
from shared.eventsourcing.workflow.state import Saga, Status

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MILK = [{"sku": "milk", "quantity": 1}]


def other(number: int, status: Status, *earlier: Mapping[str, Any]) -> Saga:
    """A return that took these along."""
    return Saga(status=status, data={**named(number), "under_way": earlier})


def named(number: int) -> Mapping[str, Any]:
    return {"return_id": f"o1-r{number}", "customer_id": "900", "lines": MILK}


async def begun(*sagas: Saga) -> Target:
    """The start of a return, where the order has these."""
    known = {saga.data["return_id"]: saga for saga in sagas}

    async def read(category: str, entity_id: str) -> Saga:
        assert category == "return"
        return known.get(entity_id, Saga())

    asked = Asked(order_id="o1", customer_id="900", data={"lines": MILK, "return_reason": "damaged"}, at=AT)
    (target,) = await return_targets(asked, read)
    return target


def under_way(target: Target) -> Any:
    return target.command.data["under_way"]


async def test_the_first_has_the_first_number() -> None:
    """It knows what was asked for, and of no other."""
    target = await begun()

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
    target = await begun(other(1, status))

    assert (target.entity_id, under_way(target)) == ("o1-r2", [named(1)])


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
async def test_what_is_over_is_not(status: Status) -> None:
    """The order knows what is back."""
    target = await begun(other(1, status))

    assert (target.entity_id, under_way(target)) == ("o1-r2", [])


async def test_what_the_last_one_took_along_is_looked_at_again() -> None:
    """Some of it may be over by now."""
    first, second = other(1, Status.WAITING), other(2, Status.COMPLETED, named(1))

    target = await begun(first, second, other(3, Status.FAILED, named(1), named(2)))

    assert (target.entity_id, under_way(target)) == ("o1-r4", [named(1)])


@pytest.mark.parametrize("many", [*range(20), 1000])
async def test_the_next_number_is_found_among_any_many(many: int) -> None:
    """Whoever asks again and again does not use them up."""
    target = await begun(*(other(number + 1, Status.FAILED) for number in range(many)))

    assert target.entity_id == f"o1-r{many + 1}"
