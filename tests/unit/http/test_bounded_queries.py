"""What one query costs at most, however long the history of what it asks about: counted at the log, exactly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from functions.cart.decider import CART, MAX_CHANGES
from functions.cart.events import CartOpened, Channel, ItemQuantityChanged
from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.event_store import NewCommit, start_of
from shared.eventsourcing.message import Context, Event
from shared.eventsourcing.projection import MAX_FOLDED
from shared.http import documents
from shared.testing.api_spec import ApiSpec, Reply
from shared.testing.doubles import NOON
from tests.unit.http.conftest import Shop

CARTS = "/cart/v1/carts"
LONG = MAX_FOLDED + 150
"""Commits of the cart here: more than the rules let a customer's cart have."""
OPENED = CartOpened(cart_id="long", customer_id="900", channel=Channel.WEB, currency="USD", at=NOON)


@pytest.fixture
async def long(shop: Shop) -> str:
    """The cart `long` of customer 900, a commit each second."""
    position = start_of("cart-long")
    for version in range(1, LONG + 1):
        event: Event = OPENED
        if version > 1:
            event = ItemQuantityChanged(sku="milk", quantity=version, charged=None, at=NOON)
        context = Context(
            command="Test",
            command_id=f"c{version}",
            correlation_id="f",
            actor="customer:900",
            occurred_at=NOON,
        )
        body = encode_commit("cart-long", version, context, CART.codec.encode([event]))  # type: ignore[list-item] # both
        appended = await shop.events.append([NewCommit(position=position, body=body, owed=[])])
        (position,) = getattr(appended, "positions")  # noqa: B009 - nobody else appends
        shop.clock.advance(seconds=1)
    return "long"


@pytest.fixture
async def projected(shop: Shop, long: str) -> str:
    await shop.project(long)
    return long


@pytest.fixture
def owner(shop: Shop) -> ApiSpec:
    return shop.reader("900", "customer")


@asynccontextmanager
async def reads(shop: Shop) -> AsyncIterator[list[int]]:
    """Commits that were read from the log meanwhile."""
    before, found = shop.counts.documents_read, list[int]()
    yield found
    found.append(shop.counts.documents_read - before)


async def asked(shop: Shop, caller: ApiSpec, path: str) -> tuple[int, int, Reply]:
    """Status, commits read, and the answer."""
    async with reads(shop) as read:
        reply = await caller.get(f"{CARTS}/{path}")
    return reply.status, read[0], reply


class TestAnEarlierState:
    async def test_costs_as_many_commits_as_it_has(self, shop: Shop, owner: ApiSpec, projected: str) -> None:
        """From the first one on, where the stored document is newer."""
        assert (await asked(shop, owner, "long?version=7"))[:2] == (200, 7)

    async def test_that_the_read_model_shows_costs_a_look(self, shop: Shop, owner: ApiSpec, projected: str) -> None:
        """By version or by time, the stored document is folded from: there is nothing behind it."""
        newest = await asked(shop, owner, f"long?version={LONG}")
        by_time = await asked(shop, owner, "long?as_of=2030-01-01T00:00:00Z")

        assert (newest[:2], by_time[:2]) == ((200, 1), (200, 1))
        assert newest[2].body == by_time[2].body

    async def test_has_a_most(self, shop: Shop, owner: ApiSpec, projected: str) -> None:
        """So many commits are folded, and not one more."""
        status, read, reply = await asked(shop, owner, f"long?version={MAX_FOLDED}")

        assert (status, read, reply.headers["etag"]) == (200, MAX_FOLDED, f'"{MAX_FOLDED}"')

    @pytest.mark.parametrize("query", ["version={}", "as_of={}"])
    async def test_beyond_it_is_refused(self, shop: Shop, owner: ApiSpec, projected: str, query: str) -> None:
        """The refusal says where it can be seen."""
        moment = (NOON + timedelta(seconds=MAX_FOLDED + 9)).strftime("%Y-%m-%dT%H:%M:%SZ")
        wanted = moment if query.startswith("as_of") else MAX_FOLDED + 9

        status, read, reply = await asked(shop, owner, f"long?{query.format(wanted)}")

        assert (status, reply.json["code"]) == (422, "too-many-commits")
        assert read == MAX_FOLDED + 1

    @pytest.mark.parametrize(
        "path", ["?version=2050", "?as_of=2026-03-01T12:34:30Z", "/provenance", "/history?after=2050"]
    )
    async def test_of_somebody_else_is_as_if_it_were_not(self, shop: Shop, projected: str, path: str) -> None:
        """Nobody learns how long the history of a stranger is."""
        other = shop.reader("901", "customer")

        foreign, absent = await other.get(f"{CARTS}/long{path}"), await other.get(f"{CARTS}/nobody{path}")

        assert (foreign.status, foreign.body) == (404, absent.body)


class TestReadYourWrites:
    async def test_costs_what_the_read_model_lacks(self, shop: Shop, owner: ApiSpec, projected: str) -> None:
        """The stored document is at the end: of a version from the future nothing is there to be read."""
        assert (await asked(shop, owner, f"long?min_version={LONG}"))[:2] == (200, 0)
        assert (await asked(shop, owner, f"long?min_version={LONG + 1}"))[:2] == (412, 1)

    async def test_has_a_most(self, shop: Shop, owner: ApiSpec, long: str) -> None:
        """A read model that lacks more is on its way: come again."""
        status, read, reply = await asked(shop, owner, f"long?min_version={LONG}")

        assert (status, reply.headers["retry-after"]) == (503, "1")
        assert read == MAX_FOLDED + 1


class TestProvenance:
    async def test_has_a_most(self, shop: Shop, owner: ApiSpec, projected: str) -> None:
        """It needs every commit from the first one on."""
        bounded = await asked(shop, owner, f"long/provenance?version={MAX_FOLDED}")
        whole = await asked(shop, owner, "long/provenance")

        assert bounded[:2] == (200, MAX_FOLDED)
        assert (*whole[:2], whole[2].json["code"]) == (422, MAX_FOLDED + 1, "too-many-commits")


class TestHistory:
    async def test_comes_in_pages_to_its_end(self, shop: Shop, owner: ApiSpec, projected: str) -> None:
        """Each page is taken on from where the last one ended, and no page costs more than the bound and itself."""
        seen, costs, after = list[int](), list[int](), 0
        while after is not None:
            _, read, reply = await asked(shop, owner, f"long/history?limit=200&after={after}")
            seen += [entry["version"] for entry in reply.json["items"]]
            costs.append(read)
            after = reply.json["next"]

        assert seen == list(range(1, LONG + 1))
        assert max(costs) <= MAX_FOLDED + 201

    async def test_behind_the_bound_tells_all_but_the_changes(self, shop: Shop, owner: ApiSpec, projected: str) -> None:
        """What a commit changed is told by the document before it, which nobody folds there."""
        folded = await asked(shop, owner, f"long/history?limit=1&after={MAX_FOLDED}")
        late = await asked(shop, owner, f"long/history?limit=1&after={MAX_FOLDED + 1}")

        assert folded[1:2] == (MAX_FOLDED + 2,)
        assert late[1:2] == (2,)
        assert [each[2].json["items"][0]["changes"] is None for each in (folded, late)] == [False, True]

    async def test_behind_the_end_is_empty(self, shop: Shop, owner: ApiSpec, projected: str) -> None:
        """As far as a version can be."""
        status, read, reply = await asked(shop, owner, "long/history?after=9999999999&limit=200")

        assert (status, read, reply.json) == (200, 1, {"items": [], "next": None})


def test_a_cart_of_the_web_stays_below() -> None:
    """All of its history can be asked for at once."""
    assert MAX_CHANGES[Channel.WEB] + 100 < MAX_FOLDED


class TestAPage:
    """Ends before it is larger than a response may be, and says where the next one begins."""

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Room for two carts, or for two commits of one."""
        monkeypatch.setattr(documents, "MAX_PAGE_BYTES", 900)

    @pytest.fixture
    async def carts(self, shop: Shop) -> list[str]:
        """Five carts of customer 900."""
        customer = shop.caller("900", "customer")
        found = [(await customer.post(CARTS, f"k{number}", {"currency": "USD"})).json["id"] for number in range(5)]
        await shop.project(*found)
        return found

    async def test_of_a_list_is_taken_on(self, owner: ApiSpec, carts: list[str]) -> None:
        """Every cart comes once, in more pages than were asked for."""
        sizes, seen, cursor = list[int](), list[str](), ""
        while cursor is not None:
            reply = await owner.get(f"{CARTS}?limit=200{cursor and f'&cursor={cursor}'}")
            sizes.append(len(reply.json["items"]))
            seen += [cart["id"] for cart in reply.json["items"]]
            cursor = reply.json["next"]

        assert sorted(seen) == sorted(carts)
        assert max(sizes) < len(carts)

    async def test_holds_one_item_at_least(
        self, owner: ApiSpec, carts: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However large that is: a walk comes on."""
        monkeypatch.setattr(documents, "MAX_PAGE_BYTES", 1)

        reply = await owner.get(f"{CARTS}?limit=200")

        assert len(reply.json["items"]) == 1
        assert reply.json["next"]

    async def test_of_a_history_is_taken_on(self, owner: ApiSpec, shop: Shop, carts: list[str]) -> None:
        """From the last commit that it holds."""
        customer = shop.caller("900", "customer")
        for number in range(5):
            await customer.post(f"{CARTS}/{carts[0]}/items", f"i{number}", {"sku": "milk", "quantity": 1})

        seen, after = list[int](), 0
        while after is not None:
            reply = await owner.get(f"{CARTS}/{carts[0]}/history?limit=200&after={after}")
            seen += [entry["version"] for entry in reply.json["items"]]
            after = reply.json["next"]

        assert seen == [1, 2, 3, 4, 5, 6]
