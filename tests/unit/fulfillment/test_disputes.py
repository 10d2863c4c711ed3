"""A shipment whose payment is disputed stays in the house until the dispute is won."""

from itertools import permutations

import pytest

from functions.fulfillment.state import Status
from functions.payments.integration import (
    EXAMPLE_DISPUTE,
    EXAMPLE_DISPUTE_CLOSED,
    PaymentDisputeClosed,
    PaymentDisputed,
)
from shared.testing.api_spec import ApiSpec
from tests.unit.fulfillment.test_shipping import DISPATCH, ONE_MILK, PLACED, SHIPMENTS
from tests.unit.fulfillment.warehouse import Told, Warehouse

DISPUTED = PaymentDisputed.model_validate({**EXAMPLE_DISPUTE, "order_id": "o1"})
WON = PaymentDisputeClosed.model_validate({**EXAMPLE_DISPUTE_CLOSED, "order_id": "o1", "outcome": "won"})
LOST = WON.model_copy(update={"outcome": "lost"})


@pytest.fixture
def warehouse() -> Warehouse:
    return Warehouse()


@pytest.fixture
async def ann(warehouse: Warehouse) -> ApiSpec:
    """An operator who has an order to ship."""
    await warehouse.told(PLACED)
    return warehouse.operator()


async def dispatch(ann: ApiSpec, shipment: str = "o1-1") -> tuple[int, str | None]:
    """The answer to the last of the steps that lead there."""
    for step, body in (("pick", None), ("pack", None), ("dispatch", DISPATCH)):
        reply = await ann.post(f"{SHIPMENTS}/{shipment}/{step}", f"{shipment}-{step}", body)
    return reply.status, reply.json.get("code")


async def held(warehouse: Warehouse, *numbers: int) -> list[bool]:
    return [bool((await warehouse.shipment(f"o1-{number}")).held_by) for number in numbers]


class TestADispute:
    async def test_holds_what_is_not_dispatched(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """It is picked and packed, and not handed over; the shipment says why."""
        await warehouse.told(DISPUTED)

        assert await dispatch(ann) == (409, "shipment-is-held")
        await warehouse.projected("o1-1")
        seen = await warehouse.reader().get(f"{SHIPMENTS}/o1-1")
        assert (seen.json["status"], seen.json["held_by"]) == ("packed", ["dp_1"])

    async def test_that_is_won_lets_it_go(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """It is paid, after all."""
        await warehouse.told(DISPUTED)
        await warehouse.told(WON)

        assert (await dispatch(ann))[0] == 202
        await warehouse.projected("o1-1")
        assert (await warehouse.reader().get(f"{SHIPMENTS}/o1-1")).json["held_by"] == []

    async def test_that_is_lost_keeps_it(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """Nobody paid for it: it leaves only by a cancellation of its order."""
        await warehouse.told(DISPUTED)
        await warehouse.told(LOST)

        assert await dispatch(ann) == (409, "shipment-is-held")
        assert (await warehouse.stop())[0] == 202
        assert (await warehouse.shipment("o1-1")).status is Status.CANCELLED

    @pytest.mark.parametrize("news", list(permutations([PLACED, DISPUTED, WON])))
    async def test_is_won_whatever_is_told_first(self, warehouse: Warehouse, news: tuple[Told, ...]) -> None:
        """Messages come in any order, and twice."""
        for event in (*news, *news):
            await warehouse.told(event)

        assert (await dispatch(warehouse.operator()))[0] == 202

    @pytest.mark.parametrize("news", list(permutations([PLACED, DISPUTED, LOST])))
    async def test_is_lost_whatever_is_told_first(self, warehouse: Warehouse, news: tuple[Told, ...]) -> None:
        """A shipment that is opened later is held from its beginning, and says so."""
        for event in news:
            await warehouse.told(event)

        assert await dispatch(warehouse.operator()) == (409, "shipment-is-held")
        await warehouse.projected("o1-1")
        assert (await warehouse.reader().get(f"{SHIPMENTS}/o1-1")).json["held_by"] == ["dp_1"]

    async def test_holds_every_part(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """Also one that this instance has not heard of yet; and what is held is not split, or the part would go."""
        behind = warehouse.instance()
        await warehouse.operator(behind).post(f"{SHIPMENTS}/o1-1/pick", "k0")
        await ann.post(f"{SHIPMENTS}/o1-1/split", "k1", ONE_MILK)

        await warehouse.told(DISPUTED, behind)

        refused = await ann.post(f"{SHIPMENTS}/o1-1/split", "k2", ONE_MILK)
        assert await held(warehouse, 1, 2, 3) == [True, True, False]
        assert refused.json["code"] == "shipment-is-held"

    async def test_holds_the_rest_of_what_has_left(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """What the carrier has cannot be held."""
        await ann.post(f"{SHIPMENTS}/o1-1/split", "k1", ONE_MILK)
        await dispatch(ann)

        await warehouse.told(DISPUTED)

        assert await held(warehouse, 1, 2) == [False, True]

    async def test_that_was_won_holds_no_part_later(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """The first shipment remembers, although it has left: the news that there was one comes last."""
        await dispatch(ann)
        await warehouse.told(WON)
        await warehouse.told(DISPUTED)

        assert await held(warehouse, 1) == [False]

    @pytest.mark.parametrize("first_is", ["cancelled", "opened"])
    async def test_that_was_won_holds_no_later_part_of_a_cancelled_order(
        self, warehouse: Warehouse, ann: ApiSpec, first_is: str
    ) -> None:
        """The first shipment remembers also if all of it was stopped: a part is split once more before the news comes
        that there was a dispute.
        """
        await ann.post(f"{SHIPMENTS}/o1-1/split", "k1", {"lines": [{"sku": "tea", "quantity": 3}]})
        if first_is == "cancelled":
            await warehouse.stop(milk=2)
            assert (await warehouse.shipment("o1-1")).status is Status.CANCELLED
        await warehouse.told(WON)
        await ann.post(f"{SHIPMENTS}/o1-2/split", "k2", {"lines": [{"sku": "tea", "quantity": 1}]})

        await warehouse.told(DISPUTED)

        assert (await dispatch(ann, "o1-3"))[0] == 202

    async def test_holds_by_itself(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """Another one that was won lets nothing go."""
        await warehouse.told(DISPUTED)
        await warehouse.told(WON.model_copy(update={"dispute_id": "dp_2"}))

        assert await dispatch(ann) == (409, "shipment-is-held")

    async def test_of_a_cancelled_order_changes_nothing(self, warehouse: Warehouse, ann: ApiSpec) -> None:
        """It is never sent anyway."""
        await warehouse.stop()
        before = await warehouse.shipment("o1-1")

        await warehouse.told(DISPUTED)

        assert await warehouse.shipment("o1-1") == before
