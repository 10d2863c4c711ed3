"""From a placed order to parcels, through the service's edges."""

import pytest

from functions.fulfillment.manifest import MANIFEST
from functions.fulfillment.state import Shipment, Status, shipment_id
from functions.orders.integration import EXAMPLE_PLACED, OrderPlaced
from shared.testing.api_spec import ApiSpec
from tests.unit.fulfillment.warehouse import ADDRESS, Warehouse

LINE = {"sku": "milk", "quantity": 2, "unit_price": None, "total": {"amount": 398, "currency": "USD"}}
PLACED = OrderPlaced.model_validate(
    {**EXAMPLE_PLACED, "order_id": "o1", "lines": [LINE, {**LINE, "sku": "tea", "quantity": 3}]}
)
SHIPMENTS = "/fulfillment/v1/shipments"
ONE_MILK = {"lines": [{"sku": "milk", "quantity": 1}]}
ONE_TEA = {"lines": [{"sku": "tea", "quantity": 1}]}
SPLIT_AND_PICKED = (("split", ONE_MILK), ("pick", None))
DISPATCH = {"carrier": "DHL", "tracking": "T1"}


@pytest.fixture
def warehouse() -> Warehouse:
    return Warehouse()


@pytest.fixture
async def ann(warehouse: Warehouse) -> ApiSpec:
    """An operator who has an order to ship."""
    await warehouse.told(PLACED)
    return warehouse.operator()


async def statuses(warehouse: Warehouse, *numbers: int) -> list[Status]:
    return [(await warehouse.shipment(f"o1-{number}")).status for number in numbers]


class TestAnOrder:
    async def test_is_shipped_step_by_step(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """Picked, packed, handed over, delivered: others are told of the last two."""
        for step, body in (("pick", None), ("pack", None), ("dispatch", DISPATCH), ("deliver", None)):
            reply = await ann.post(f"{SHIPMENTS}/o1-1/{step}", step, body)
            assert reply.status == 202

        told = [message.attributes["ce-type"] for message in warehouse.topics.on(MANIFEST.integration_topic)]
        assert [each.rpartition("fulfillment.")[2] for each in told] == [
            "ShipmentDispatched.v1",
            "ShipmentDelivered.v1",
        ]

    async def test_that_is_told_of_twice_is_shipped_once(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """The second delivery finds it done."""
        assert await warehouse.told(PLACED) == "duplicate"

    @pytest.mark.parametrize("letters", [126, 127, 128])
    async def test_with_the_longest_id_is_shipped(self, warehouse: Warehouse, letters: int) -> None:
        """Its shipments can be reached, and a list takes the cursor that it gave behind one of them."""
        await warehouse.told(PLACED.model_copy(update={"order_id": "o" * letters}))
        ann, opened = warehouse.operator(), shipment_id("o" * letters, 1)

        replies = [await ann.post(f"{SHIPMENTS}/{opened}/{step}", step, body) for step, body in SPLIT_AND_PICKED]
        await warehouse.projected(opened, shipment_id("o" * letters, 2))
        first = await warehouse.reader().get(f"{SHIPMENTS}?limit=1")
        second = await warehouse.reader().get(f"{SHIPMENTS}?limit=1&cursor={first.json['next']}")

        assert [reply.status for reply in replies] == [202, 202]
        assert {each.json["items"][0]["status"] for each in (first, second)} == {"picked", "open"}

    async def test_is_not_a_customers_to_ship(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """The warehouse is for its people."""
        customer = warehouse.operator(who="customer:900")

        assert (await customer.post(f"{SHIPMENTS}/o1-1/pick", "k")).status == 403


class TestASplit:
    async def test_moves_lines_to_a_shipment_of_their_own(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """What is taken out of one is in the other, with the order's address."""
        assert (await ann.post(f"{SHIPMENTS}/o1-1/split", "k", ONE_MILK)).status == 202

        first, second = await warehouse.shipment("o1-1"), await warehouse.shipment("o1-2")
        assert (first.lines, second.lines) == ({"milk": 1, "tea": 3}, {"milk": 1})
        assert second == Shipment(**{**dict(first), "shipment_id": "o1-2", "lines": {"milk": 1}})

    async def test_is_made_once_for_each_key(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """A repeated request is the same split, not another one."""
        for _ in range(2):
            await ann.post(f"{SHIPMENTS}/o1-1/split", "k", ONE_MILK)

        assert await statuses(warehouse, 2, 3) == [Status.OPEN, Status.ABSENT]

    async def test_can_be_split_again(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """Numbers are the order's: the third comes from the second."""
        await ann.post(f"{SHIPMENTS}/o1-1/split", "k1", {"lines": [{"sku": "tea", "quantity": 2}]})
        await ann.post(f"{SHIPMENTS}/o1-2/split", "k2", ONE_TEA)

        assert [(await warehouse.shipment(f"o1-{n}")).lines for n in (2, 3)] == [{"tea": 1}, {"tea": 1}]

    async def test_by_an_instance_that_is_behind_takes_the_next_number(
        self, warehouse: Warehouse, ann: ApiSpec
    ) -> None:
        """It learns of the other split when it writes, and plans anew."""
        behind = warehouse.operator()
        await behind.post(f"{SHIPMENTS}/o1-1/pick", "k0")
        await ann.post(f"{SHIPMENTS}/o1-1/split", "k1", ONE_MILK)

        await behind.post(f"{SHIPMENTS}/o1-1/split", "k2", ONE_TEA)

        assert [(await warehouse.shipment(f"o1-{n}")).lines for n in (1, 2, 3)] == [
            {"milk": 1, "tea": 2},
            {"milk": 1},
            {"tea": 1},
        ]

    async def test_has_an_end(self, warehouse: Warehouse) -> None:
        """An order goes in ten parcels at most."""
        await warehouse.told(
            PLACED.model_copy(update={"lines": (PLACED.lines[0].model_copy(update={"quantity": 20}),)})
        )
        ann = warehouse.operator()

        replies = [await ann.post(f"{SHIPMENTS}/o1-1/split", f"k{n}", ONE_MILK) for n in range(10)]

        assert [reply.status for reply in replies] == [202] * 9 + [409]
        assert replies[-1].json["code"] == "too-many-shipments"

    @pytest.mark.parametrize(
        ("shipment", "body", "code"),
        [
            ("o2-1", ONE_MILK, "shipment-not-found"),
            ("o1-1", {"lines": [*ONE_MILK["lines"], *ONE_MILK["lines"]]}, "product-named-twice"),
            ("o1-1", {"lines": [{"sku": "milk", "quantity": 3}]}, "not-in-shipment"),
        ],
    )
    async def test_is_refused(
        self, warehouse: Warehouse, ann: ApiSpec, *, shipment: str, body: object, code: str
    ) -> None:
        """Nothing is written where it makes no sense."""
        reply = await ann.post(f"{SHIPMENTS}/{shipment}/split", "k", body)

        assert reply.json["code"] == code
        assert await statuses(warehouse, 2) == [Status.ABSENT]


class TestAParcelOfAnErasedCustomer:
    @pytest.fixture
    async def packed(self, warehouse: Warehouse, ann: ApiSpec) -> ApiSpec:
        """Of an order that the erasure should have waited for."""
        for step in ("pick", "pack"):
            await ann.post(f"{SHIPMENTS}/o1-1/{step}", step)
        return ann

    async def test_does_not_leave(self, warehouse: Warehouse, packed: ApiSpec) -> None:
        """Nobody could tell where it goes."""
        await warehouse.deps.personal.erase(PLACED.customer_id)

        reply = await packed.post(f"{SHIPMENTS}/o1-1/dispatch", "k", DISPATCH)

        assert (reply.status, reply.json["code"]) == (409, "address-erased")
        assert await statuses(warehouse, 1) == [Status.PACKED]

    async def test_that_has_left_has_left(self, warehouse: Warehouse, packed: ApiSpec) -> None:
        """Asked again, it is not dispatched a second time, and not refused either."""
        await packed.post(f"{SHIPMENTS}/o1-1/dispatch", "k1", DISPATCH)
        await warehouse.deps.personal.erase(PLACED.customer_id)

        assert (await packed.post(f"{SHIPMENTS}/o1-1/dispatch", "k2", DISPATCH)).status == 202


class TestALabel:
    @pytest.fixture
    async def placed(self, warehouse: Warehouse) -> OrderPlaced:
        """An order with an address that can be opened."""
        await warehouse.told(PLACED)
        return PLACED

    async def test_shows_where_it_goes(self, warehouse: Warehouse, placed: OrderPlaced) -> None:
        """The address is opened for this answer."""
        reply = await warehouse.reader().get(f"{SHIPMENTS}/o1-1/label")

        assert (reply.status, reply.json["address"], reply.json["order_id"]) == (200, ADDRESS, "o1")

    async def test_of_a_forgotten_customer_cannot_be_had(self, warehouse: Warehouse, placed: OrderPlaced) -> None:
        """The key is gone, and the address with it."""
        await warehouse.deps.personal.erase("900")

        reply = await warehouse.reader().get(f"{SHIPMENTS}/o1-1/label")

        assert (reply.status, reply.json["code"]) == (409, "address-erased")

    @pytest.mark.parametrize("shipment", ["o1-2", "o9-1"])
    async def test_of_nothing_is_not_found(self, warehouse: Warehouse, placed: OrderPlaced, shipment: str) -> None:
        """There is no such shipment."""
        assert (await warehouse.reader().get(f"{SHIPMENTS}/{shipment}/label")).status == 404

    async def test_is_for_the_warehouse_only(self, warehouse: Warehouse, placed: OrderPlaced) -> None:
        """Customers know where they live."""
        customer = warehouse.reader("customer:900")

        assert (await customer.get(f"{SHIPMENTS}/o1-1/label")).status == 403

    async def test_is_not_in_the_document(self, warehouse: Warehouse, placed: OrderPlaced) -> None:
        """What staff read every day holds no address."""
        reply = await warehouse.reader().get(f"{SHIPMENTS}/o1-1?min_version=1")

        assert (reply.status, reply.json["status"]) == (200, "open")
        assert b"sealed" not in reply.body


class TestTracking:
    async def test_is_the_customers_to_see(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """With carrier and number, found by their order; of others' parcels they do not learn that there are any."""
        for step, body in (("pick", None), ("pack", None), ("dispatch", {"carrier": "UPS", "tracking": "1Z999"})):
            await ann.post(f"{SHIPMENTS}/o1-1/{step}", step, body)
        await warehouse.projected("o1-1")

        own, other = (warehouse.reader(f"customer:{customer}") for customer in ("900", "901"))
        (shown,) = (await own.get(f"{SHIPMENTS}?order_id=o1")).json["items"]
        assert (shown["id"], shown["status"], shown["carrier"], shown["tracking"]) == (
            "o1-1",
            "dispatched",
            "UPS",
            "1Z999",
        )
        assert (await own.get(f"{SHIPMENTS}/o1-1")).json == shown
        assert (await other.get(f"{SHIPMENTS}?order_id=o1")).json["items"] == []
        assert (await other.get(f"{SHIPMENTS}/o1-1")).status == 404
        assert (await own.get(f"{SHIPMENTS}?customer_id=901")).status == 403
