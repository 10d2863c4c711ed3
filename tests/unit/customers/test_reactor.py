"""When an erasure is carried out, what it waits for, and what a run that was cut off leaves to the next one."""

from dataclasses import replace
from typing import Any

import pytest

from shared.eventsourcing.errors import UnavailableError
from shared.testing.api_spec import ApiSpec
from tests.unit.customers.conftest import PAUSE, Registry
from tests.unit.customers.profiles import PROFILE, URL

ERASURE = f"{URL}/erasure"
EARLIER = "2026-03-01T11:00:00Z"


def order(identity: str, status: str, customer_id: str = "900") -> dict[str, Any]:
    return {"id": identity, "status": status, "customer_id": customer_id}


def workflow(identity: str, ended_at: str | None) -> dict[str, Any]:
    """A checkout or a return."""
    return {"id": identity, "ended_at": ended_at, "customer_id": "900"}


@pytest.fixture
async def sealed(registry: Registry) -> str:
    """An address of the customer, on an order."""
    return await registry.personal.seal("900", "12 St James's Square")


class TestWhatIsUnderWay:
    @pytest.mark.parametrize("status", ["created", "confirmed", "placed", "shipped", "of-a-later-release"])
    async def test_an_order_that_is_not_over_keeps_the_address(
        self, registry: Registry, customer: ApiSpec, sealed: str, status: str
    ) -> None:
        """It can be sent; the customer is told what the erasure waits for."""
        registry.others.lists["orders"] = [order("o1", "delivered"), order("o2", status)]

        assert not await registry.erased("900")

        told = (await registry.reader("900", "customer").get(ERASURE)).json
        assert (told["status"], told["waits_for"]) == ("requested", [{"kind": "order", "id": "o2"}])
        assert await registry.personal.open(sealed) is not None

    async def test_a_return_that_is_not_over_is_waited_for(self, registry: Registry) -> None:
        """Its refund is told to the customer."""
        registry.others.lists["returns"] = [workflow("r1", None)]

        assert not await registry.erased("900")

    async def test_a_checkout_that_runs_is_waited_for(self, registry: Registry) -> None:
        """It may come to an order."""
        registry.others.lists["checkout"] = [workflow("c1", None)]

        assert not await registry.erased("900")

    async def test_a_checkout_that_ended_just_now_is_waited_for(self, registry: Registry) -> None:
        """Its order may not be listed yet; at the next look it is."""
        registry.others.lists["checkout"] = [workflow("c1", "2026-03-01T12:30:00Z")]

        assert not await registry.erased("900")
        assert await registry.walk() == 1

    async def test_every_page_is_read(self, registry: Registry) -> None:
        """What is under way may be the oldest."""
        registry.others.lists["orders"] = [*(order(f"o{n}", "delivered") for n in range(4)), order("o5", "placed")]

        assert not await registry.erased("900")

    async def test_all_that_is_over_is_not_waited_for(self, registry: Registry, sealed: str) -> None:
        """Nor what is under way for somebody else."""
        over = ("delivered", "returned", "cancelled", "lost")
        registry.others.lists["orders"] = [*(order(each, each) for each in over), order("o9", "placed", "901")]
        registry.others.lists["returns"] = [workflow("r1", EARLIER)]
        registry.others.lists["checkout"] = [workflow("c1", EARLIER)]

        assert await registry.erased("900")
        assert await registry.personal.open(sealed) is None


class TestCarryingOut:
    async def test_it_is_carried_out_when_that_is_over(self, registry: Registry, sealed: str) -> None:
        """By itself: it is looked at again after each pause."""
        registry.others.lists["orders"] = [order("o1", "placed")]
        assert not await registry.erased("900")
        assert await registry.walk() == 0

        registry.others.lists["orders"] = [order("o1", "delivered")]

        assert await registry.walk() == 1
        told = (await registry.reader("900", "customer").get(ERASURE)).json
        assert (told["status"], told["erased_at"]) == ("erased", "2026-03-01T15:00:03Z")
        assert await registry.personal.open(sealed) is None

    async def test_a_pause_begins_with_the_request(self, registry: Registry, customer: ApiSpec) -> None:
        """A walk that meets an earlier change of the profile asks nobody."""
        await customer.send("PUT", URL, json=PROFILE)
        registry.clock.advance(seconds=PAUSE.total_seconds() / 2)
        await customer.post(f"{URL}/erase", "k1")
        registry.clock.advance(seconds=-PAUSE.total_seconds() / 2)

        assert await registry.walk() == 0
        assert registry.others.asked == []
        assert await registry.walk() == 1

    async def test_who_does_not_leave_is_left_alone(self, registry: Registry, customer: ApiSpec) -> None:
        """Nobody is asked about them."""
        await customer.send("PUT", URL, json=PROFILE)

        assert await registry.walk() == 0
        assert registry.others.asked == []

    async def test_a_service_that_does_not_answer_is_asked_again(self, registry: Registry, sealed: str) -> None:
        """Nothing is erased on what is not known, and the next run comes by again."""
        registry.others.down = True
        with pytest.raises(UnavailableError):
            await registry.erased("900")
        assert await registry.personal.open(sealed) is not None

        registry.others.down = False

        assert await registry.walk() == 1

    async def test_a_run_that_was_cut_off_is_finished_by_the_next_one(
        self, registry: Registry, sealed: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The vault was down when the erasure was on record."""
        with monkeypatch.context() as down:
            down.setattr(registry.vault, "erase", unavailable)
            with pytest.raises(UnavailableError):
                await registry.erased("900")
        assert await registry.personal.open(sealed) is not None

        assert await registry.walk() == 1
        assert await registry.personal.open(sealed) is None

    async def test_a_customer_who_cannot_be_read_keeps_nobody_waiting(
        self, registry: Registry, operator: ApiSpec, sealed: str
    ) -> None:
        """The walk goes on to the next one."""
        await operator.send("PUT", "/customers/v1/customers/899", json=PROFILE)
        stored = registry.events._states["customer-899"]
        registry.events._states["customer-899"] = replace(stored, body=b"{")

        assert await registry.erased("900")
        assert await registry.personal.open(sealed) is None

    async def test_erasures_are_done_again_after_a_restore(self, registry: Registry, sealed: str) -> None:
        """A vault from before them has the keys back: the walk, begun anew, destroys them once more."""
        backup = dict(registry.vault._entries)
        await registry.erased("900")
        registry.vault._entries = backup
        assert await registry.personal.open(sealed) is not None

        assert await registry.walk() == 1

        assert await registry.personal.open(sealed) is None


class TestTheErasure:
    async def test_of_who_never_asked_is_none(self, registry: Registry) -> None:
        """Whether they have a profile or not: a checkout asks about everybody."""
        assert (await registry.reader("checkout", "service").get(ERASURE)).json == {
            "status": "none",
            "requested_at": None,
            "waits_for": [],
            "erased_at": None,
        }

    async def test_is_not_shown_to_other_customers(self, registry: Registry, customer: ApiSpec) -> None:
        """They do not learn who leaves."""
        await customer.post(f"{URL}/erase", "k1")

        assert (await registry.reader("901", "customer").get(ERASURE)).status == 404

    async def test_without_a_profile_shows_no_profile(self, registry: Registry, customer: ApiSpec) -> None:
        """There is nothing to be opened."""
        await customer.post(f"{URL}/erase", "k1")

        assert (await registry.reader("900", "customer").get(URL)).status == 404


async def unavailable(*_: object) -> None:
    raise UnavailableError("the vault is down")
