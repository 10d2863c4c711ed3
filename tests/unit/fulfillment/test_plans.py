"""Pieces of an order are stopped: fulfillment decides in its own streams, whatever races for them."""

import asyncio

import pytest

from functions.fulfillment.state import Status
from shared.testing.api_spec import ApiSpec
from tests.unit.fulfillment.test_shipping import DISPATCH, ONE_MILK, PLACED, SHIPMENTS
from tests.unit.fulfillment.warehouse import Warehouse

STEPS = (("pick", None), ("pack", None), ("dispatch", DISPATCH))


@pytest.fixture
def warehouse() -> Warehouse:
    return Warehouse()


@pytest.fixture
async def ann(warehouse: Warehouse) -> ApiSpec:
    """An operator who has an order to ship: two of milk, three of tea."""
    await warehouse.told(PLACED)
    return warehouse.operator()


async def sent(ann: ApiSpec, shipment: str) -> None:
    for step, body in STEPS:
        assert (await ann.post(f"{SHIPMENTS}/{shipment}/{step}", f"{shipment}/{step}", body)).status == 202


async def statuses(warehouse: Warehouse, *numbers: int) -> list[Status]:
    return [(await warehouse.shipment(f"o1-{number}")).status for number in numbers]


async def test_everything_is_stopped_however_often_it_was_split(warehouse: Warehouse, ann: ApiSpec) -> None:
    """Also a shipment that this instance has not heard of yet."""
    behind = warehouse.instance()
    await warehouse.operator(behind).post(f"{SHIPMENTS}/o1-1/pick", "k0")
    await ann.post(f"{SHIPMENTS}/o1-1/split", "k1", ONE_MILK)

    assert await warehouse.stop(wiring=behind) == (202, None)

    assert await statuses(warehouse, 1, 2) == [Status.CANCELLED, Status.CANCELLED]
    assert await warehouse.stopped() == {"milk": 2, "tea": 3}


async def test_it_is_done_once(warehouse: Warehouse, ann: ApiSpec) -> None:
    """Asked again, it says what it has stopped."""
    await warehouse.stop(milk=1)

    assert await warehouse.stop(milk=1) == (202, None)

    assert await warehouse.stopped() == {"milk": 1}
    assert (await warehouse.shipment("o1-1")).lines == {"milk": 1, "tea": 3}


async def test_what_has_left_is_refused_by_its_name(warehouse: Warehouse, ann: ApiSpec) -> None:
    """Nothing changes then."""
    await sent(ann, "o1-1")
    before = await warehouse.shipment("o1-1")

    assert await warehouse.stop() == (409, "shipment-is-dispatched")

    assert await warehouse.shipment("o1-1") == before
    assert await warehouse.stopped() == {}


async def test_the_rest_is_stopped_where_a_part_has_left(warehouse: Warehouse, ann: ApiSpec) -> None:
    """One milk is on its way; the other one and the tea stay."""
    await ann.post(f"{SHIPMENTS}/o1-1/split", "k", ONE_MILK)
    await sent(ann, "o1-2")

    assert await warehouse.stop("c1", milk=2) == (409, "shipment-is-dispatched")
    assert await warehouse.stop("c2") == (202, None)

    assert await statuses(warehouse, 1, 2) == [Status.CANCELLED, Status.DISPATCHED]
    assert await warehouse.stopped("c2") == {"milk": 1, "tea": 3}


async def test_what_was_stopped_before_is_refused(warehouse: Warehouse, ann: ApiSpec) -> None:
    """By another cancellation."""
    await warehouse.stop("c1")

    assert await warehouse.stop("c2") == (409, "nothing-to-stop")
    assert await warehouse.stop("c3", tea=1) == (409, "nothing-to-stop")


async def test_the_least_ready_parcel_is_opened(warehouse: Warehouse, ann: ApiSpec) -> None:
    """A packed one stays packed as long as another one will do."""
    await ann.post(f"{SHIPMENTS}/o1-1/split", "k", ONE_MILK)
    for step in ("pick", "pack"):
        await ann.post(f"{SHIPMENTS}/o1-1/{step}", step)

    await warehouse.stop("c1", milk=1)
    assert await statuses(warehouse, 1, 2) == [Status.PACKED, Status.CANCELLED]

    await warehouse.stop("c2", milk=1)
    assert await statuses(warehouse, 1, 2) == [Status.PICKED, Status.CANCELLED]


async def test_an_order_that_was_stopped_first_is_never_shipped(warehouse: Warehouse) -> None:
    """The news of it comes later than its cancellation."""
    assert await warehouse.stop() == (202, None)

    assert await warehouse.told(PLACED) == "done"

    assert await statuses(warehouse, 1) == [Status.FORESTALLED]
    assert await warehouse.stopped() == {"milk": 2, "tea": 3}


async def test_an_order_that_was_stopped_in_part_first_is_shipped_without(warehouse: Warehouse) -> None:
    """Two cancellations before the order itself was heard of."""
    assert [await warehouse.stop("c1", milk=1), await warehouse.stop("c2", tea=3)] == [(202, None)] * 2
    assert await warehouse.stop("c3", milk=2) == (409, "nothing-to-stop")

    await warehouse.told(PLACED)

    assert (await warehouse.shipment("o1-1")).lines == {"milk": 1}


@pytest.mark.parametrize("number", range(10))
async def test_it_is_dispatched_or_stopped_and_never_both(warehouse: Warehouse, ann: ApiSpec, number: int) -> None:
    """Whoever comes first, by instances that know nothing of each other."""
    for step in ("pick", "pack"):
        await ann.post(f"{SHIPMENTS}/o1-1/{step}", step)

    async def dispatch() -> int:
        return (await warehouse.operator().post(f"{SHIPMENTS}/o1-1/dispatch", "d", DISPATCH)).status

    both = [warehouse.stop(), dispatch()]
    await asyncio.gather(*(both if number % 2 else reversed(both)))

    (status,) = await statuses(warehouse, 1)
    assert (status, await warehouse.stopped()) in [
        (Status.DISPATCHED, {}),
        (Status.CANCELLED, {"milk": 2, "tea": 3}),
    ]


async def test_a_split_does_not_slip_through(warehouse: Warehouse, ann: ApiSpec) -> None:
    """At the same time, in either order."""
    await asyncio.gather(warehouse.operator().post(f"{SHIPMENTS}/o1-1/split", "k", ONE_MILK), warehouse.stop())

    assert Status.OPEN not in await statuses(warehouse, 1, 2)
    assert await warehouse.stopped() == {"milk": 2, "tea": 3}


@pytest.mark.parametrize("who", ["operator:ann", "customer:900"])
async def test_only_the_workflow_stops(warehouse: Warehouse, who: str) -> None:
    """People ask the orders, which know what follows."""
    body = {"cancellation_id": "c1", "ordered": [{"sku": "milk", "quantity": 1}], "reason": "fraud"}

    reply = await warehouse.operator(who=who).post("/fulfillment/v1/orders/o1/stop", "k", body)

    assert reply.status == 403


async def test_a_parcel_that_was_lost_is_delivered_when_it_turns_up(warehouse: Warehouse, ann: ApiSpec) -> None:
    """Who declared it lost was wrong."""
    await sent(ann, "o1-1")

    assert (await ann.post(f"{SHIPMENTS}/o1-1/lose", "l")).status == 202
    assert (await ann.post(f"{SHIPMENTS}/o1-1/deliver", "d")).status == 202

    assert await statuses(warehouse, 1) == [Status.DELIVERED]


async def test_what_was_stopped_early_is_told_once(warehouse: Warehouse) -> None:
    """A cancellation overtakes the news of its order: it asks what was stopped before and after that comes."""
    await warehouse.stop(milk=1)
    before = await warehouse.stopped()
    await warehouse.told(PLACED)

    assert before == await warehouse.stopped() == {"milk": 1}
