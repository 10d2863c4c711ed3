"""What inventory does about the news of others, and about time."""

from typing import Any

import pytest

from functions.fulfillment import integration as fulfillment
from functions.inventory.reactor import IDLE_FOR, REACTIONS, expire
from shared.eventsourcing.message import IntegrationEvent
from shared.testing.api_spec import ApiSpec

BASE = "/inventory/v1"
DISPATCHED = {"shipment_id": "s1", "reservation_id": "r1", "lines": [{"sku": "milk", "quantity": 3}]}


@pytest.fixture(autouse=True)
async def reserved(service: ApiSpec, warehouse: Any) -> None:
    """Ten pieces of milk, four of them reserved."""
    milk = [{"sku": "milk", "quantity": 10}]
    await service.send("PUT", f"{BASE}/receipts/in-1", json={"lines": milk, "reason": "delivery"})
    body = {"lines": [{"sku": "milk", "quantity": 4}], "expires_at": warehouse.soon}
    await service.send("PUT", f"{BASE}/reservations/r1", json=body)


@pytest.mark.parametrize(
    ("reaction", "published"),
    [(REACTIONS[0], fulfillment.ShipmentDispatched)],
)
def test_understands_what_others_publish(reaction: Any, published: type[IntegrationEvent]) -> None:
    """The producer's documented example can be read, and is of the type that is waited for."""
    (example,) = published.model_json_schema()["examples"]

    assert reaction.type == published.TYPE
    assert reaction.reads.model_validate(example)


class TestADispatchedShipment:
    async def test_leaves_the_stock(self, warehouse: Any) -> None:
        """What left the house is neither on hand nor reserved."""
        outcome = await warehouse.push("fulfillment", "ShipmentDispatched.v1", DISPATCHED, identity="a@1.0")

        assert (outcome, await warehouse.stock("milk")) == ("done", (7, 1))

    async def test_leaves_once(self, service: ApiSpec, warehouse: Any) -> None:
        """Delivered again, or told by hand before, it changes nothing more."""
        body = {"shipment_id": "s1", "lines": DISPATCHED["lines"]}
        await service.post(f"{BASE}/reservations/r1/ship", "k1", body)

        for _ in range(2):
            await warehouse.push("fulfillment", "ShipmentDispatched.v1", DISPATCHED, identity="a@1.0")

        assert await warehouse.stock("milk") == (7, 1)

    async def test_of_more_than_is_kept_is_for_a_person(self, warehouse: Any) -> None:
        """It is kept among the dead letters, and the stock as it was."""
        more = {**DISPATCHED, "lines": [{"sku": "milk", "quantity": 5}]}

        outcome = await warehouse.push("fulfillment", "ShipmentDispatched.v1", more, identity="a@1.0")

        assert (outcome, await warehouse.stock("milk")) == ("buried", (10, 4))


class TestExpiry:
    async def test_gives_the_stock_back(self, warehouse: Any) -> None:
        """A reservation that nobody allocated ends, and its stock is available again."""
        warehouse.clock.now += IDLE_FOR

        changed = await expire(warehouse.wiring)("reservation-r1", 1)

        assert (changed, await warehouse.stock("milk"), await warehouse.status("r1")) == (True, (10, 0), "expired")

    async def test_leaves_what_is_sold(self, service: ApiSpec, warehouse: Any) -> None:
        """An allocated reservation is visited in vain."""
        await service.post(f"{BASE}/reservations/r1/allocate", "k1")
        warehouse.clock.now += IDLE_FOR

        changed = await expire(warehouse.wiring)("reservation-r1", 2)

        assert (changed, await warehouse.stock("milk")) == (False, (10, 4))

    async def test_happens_once(self, warehouse: Any) -> None:
        """A walk that is repeated expires nothing twice."""
        warehouse.clock.now += IDLE_FOR
        visit = expire(warehouse.wiring)

        assert [await visit("reservation-r1", 1), await visit("reservation-r1", 2)] == [True, False]
