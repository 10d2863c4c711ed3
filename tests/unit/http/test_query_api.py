"""The edge of the read side: documents, lists, history, earlier states, and whose they are."""

from collections.abc import AsyncIterator

import pytest

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.message import Commit
from shared.testing.api_spec import ApiSpec
from tests.unit.http.conftest import Shop

CARTS = "/cart/v1/carts"
USD = {"currency": "USD"}


def item(sku: str, cents: int) -> dict[str, object]:
    return {"sku": sku, "quantity": 1, "charged": {"amount": cents, "currency": "USD"}}


async def down(*_: object, **__: object) -> AsyncIterator[Commit]:
    """A log that does not answer."""
    raise UnavailableError("down")
    yield


@pytest.fixture
def reader(shop: Shop) -> ApiSpec:
    return shop.reader("op", "operator")


@pytest.fixture
async def cart(shop: Shop, till: ApiSpec) -> str:
    """A till's cart for customer 900 at version 3 (milk, tea), a commit an hour, not projected."""
    cart_id = str((await till.post(CARTS, "k1", {**USD, "customer_id": "900"})).json["id"])
    for number, (sku, cents) in enumerate([("milk", 250), ("tea", 399)]):
        shop.clock.advance(hours=1)
        till = shop.caller("till-1", "pos")
        await till.post(f"{CARTS}/{cart_id}/items", f"k{number + 2}", item(sku, cents))
    return cart_id


class TestOneDocument:
    async def test_is_returned_with_its_version(self, shop: Shop, reader: ApiSpec, cart: str) -> None:
        """A document comes with the version it shows."""
        await shop.project(cart)

        reply = await reader.get(f"{CARTS}/{cart}")

        assert (reply.status, reply.headers["etag"], reply.json["total"]["amount"]) == (200, '"3"', 649)

    async def test_is_not_there_before_it_is_projected(self, reader: ApiSpec, cart: str) -> None:
        """The read model is eventually consistent, and honest about it."""
        assert (await reader.get(f"{CARTS}/{cart}")).status == 404

    async def test_a_version_token_reads_through(self, reader: ApiSpec, cart: str) -> None:
        """Who asks for what they wrote gets it, projected or not."""
        reply = await reader.get(f"{CARTS}/{cart}?min_version=3")

        assert (reply.status, reply.headers["etag"], reply.json["line_count"]) == (200, '"3"', 2)

    @pytest.mark.parametrize("version", [4, 9_999_999_998, 9_999_999_999])
    @pytest.mark.parametrize("projected", [False, True])
    async def test_a_version_token_from_the_future_is_refused(
        self, shop: Shop, reader: ApiSpec, cart: str, *, version: int, projected: bool
    ) -> None:
        """Whoever wrote a version finds it in the log: it does not help to wait for one that is not there."""
        if projected:
            await shop.project(cart)

        reply = await reader.get(f"{CARTS}/{cart}?min_version={version}")

        assert (reply.status, reply.fields_at_fault) == (412, ["min_version"])
        assert (reply.json["code"], reply.headers["etag"]) == ("version-mismatch", '"3"')

    @pytest.mark.parametrize("version", [1, 9_999_999_998])
    async def test_a_version_token_of_nothing_is_not_found(self, reader: ApiSpec, version: int) -> None:
        """There is nothing whose version it could be, now or later."""
        assert (await reader.get(f"{CARTS}/nobody?min_version={version}")).status == 404

    @pytest.mark.parametrize("query", ["min_version=1", "version=1", "as_of=2030-01-01T00:00:00Z"])
    async def test_a_log_that_is_down_is_asked_again(
        self, shop: Shop, reader: ApiSpec, cart: str, monkeypatch: pytest.MonkeyPatch, query: str
    ) -> None:
        """Only then nobody knows, and the caller is told when to come back."""
        monkeypatch.setattr(shop.events, "read", down)

        reply = await reader.get(f"{CARTS}/{cart}?{query}")

        assert (reply.status, reply.headers["retry-after"]) == (503, "1")

    @pytest.mark.parametrize("cart_id", ["nobody", "x" * 128])
    async def test_what_does_not_exist_is_not_found(self, reader: ApiSpec, cart_id: str) -> None:
        """An unknown id is a 404."""
        assert (await reader.get(f"{CARTS}/{cart_id}")).status == 404

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("min_version=0", "min_version"),
            ("min_version=-1", "min_version"),
            (f"min_version={2**63}", "min_version"),
            ("min_version=x", "min_version"),
            ("version=-1", "version"),
            (f"version={2**63}", "version"),
            ("as_of=yesterday", "as_of"),
            ("as_of=1767225600", "as_of"),
            ("as_of=2026-03-01T12:00:00", "as_of"),
            ("colour=red", "colour"),
            ("version=1&version=2", "version"),
            ("version=1&min_version=1", "version"),
        ],
    )
    async def test_a_wrong_parameter_is_named(self, reader: ApiSpec, cart: str, query: str, field: str) -> None:
        """A parameter that does not fit is refused by name."""
        reply = await reader.get(f"{CARTS}/{cart}?{query}")

        assert (reply.status, reply.fields_at_fault) == (400, [field])


class TestEarlierStates:
    @pytest.mark.parametrize(("version", "amount"), [(1, 0), (2, 250), (3, 649)])
    async def test_by_version(self, reader: ApiSpec, cart: str, version: int, amount: int) -> None:
        """Every version can be seen again."""
        reply = await reader.get(f"{CARTS}/{cart}?version={version}")

        assert (reply.headers["etag"], reply.json["total"]["amount"]) == (f'"{version}"', amount)

    async def test_a_version_that_never_was_is_not_found(self, reader: ApiSpec, cart: str) -> None:
        """Beyond the newest version there is nothing to see."""
        reply = await reader.get(f"{CARTS}/{cart}?version=4")

        assert (reply.status, reply.fields_at_fault) == (404, ["version"])

    @pytest.mark.parametrize(
        ("as_of", "version"),
        [
            ("2026-03-01T12:00:00Z", 1),
            ("2026-03-01T12:59:59.999Z", 1),
            ("2026-03-01T13:00:00Z", 2),
            ("2026-03-01T15:00:00%2B02:00", 2),
            ("2026-03-01T14:00:00Z", 3),
            ("2030-01-01T00:00:00Z", 3),
        ],
    )
    async def test_by_time(self, reader: ApiSpec, cart: str, as_of: str, version: int) -> None:
        """At a commit's own moment it is seen, a moment earlier it is not; zones do not matter."""
        reply = await reader.get(f"{CARTS}/{cart}?as_of={as_of}")

        assert reply.headers["etag"] == f'"{version}"'

    async def test_before_the_first_commit_there_is_nothing(self, reader: ApiSpec, cart: str) -> None:
        """A cart did not exist before it was opened."""
        assert (await reader.get(f"{CARTS}/{cart}?as_of=2026-03-01T11:59:59Z")).status == 404


class TestHistory:
    async def test_says_who_did_what_when(self, reader: ApiSpec, cart: str) -> None:
        """Each commit is listed with its author, its command and its times."""
        (_, second, _) = (await reader.get(f"{CARTS}/{cart}/history")).json["items"]

        assert (second["version"], second["actor"], second["command"]) == (2, "pos:till-1", "AddItem")
        assert second["recorded_at"] == "2026-03-01T13:00:00Z"

    async def test_says_what_changed(self, reader: ApiSpec, cart: str) -> None:
        """Each commit is listed with the fields it changed, however deep they lie, before and after."""
        (_, second, _) = (await reader.get(f"{CARTS}/{cart}/history")).json["items"]

        assert second["changes"]["line_count"] == [0, 1]
        assert second["changes"]["total.amount"] == [0, 250]
        assert second["changes"]["lines[0].sku"] == [None, "milk"]

    async def test_says_why(self, shop: Shop, till: ApiSpec, reader: ApiSpec, cart: str) -> None:
        """The reason that came with a command is told to staff."""
        await till.post(f"{CARTS}/{cart}/checkout", "c")
        await shop.caller("op", "operator").post(f"{CARTS}/{cart}/restore", "r", {"reason": "mistake"})

        *_, checked_out, restored = (await reader.get(f"{CARTS}/{cart}/history")).json["items"]

        assert (checked_out["reason"], restored["reason"]) == (None, "mistake")

    async def test_comes_in_pages(self, reader: ApiSpec, cart: str) -> None:
        """A page ends where the next one begins."""
        first = (await reader.get(f"{CARTS}/{cart}/history?limit=2")).json
        second = (await reader.get(f"{CARTS}/{cart}/history?limit=2&after={first['next']}")).json

        assert [[x["version"] for x in page["items"]] for page in (first, second)] == [[1, 2], [3]]

    async def test_the_last_page_says_so(self, reader: ApiSpec, cart: str) -> None:
        """A page that ends with the newest commit names no next one."""
        assert (await reader.get(f"{CARTS}/{cart}/history?limit=3")).json["next"] is None

    async def test_of_nothing_is_not_found(self, reader: ApiSpec) -> None:
        """What never was has no history."""
        assert (await reader.get(f"{CARTS}/nobody/history")).status == 404


class TestLists:
    @pytest.fixture
    async def carts(self, shop: Shop) -> list[str]:
        """Five carts of customer 900, oldest first; the last two opened in the same moment."""
        ids = []
        for number in range(5):
            shop.clock.advance(minutes=1 if number < 4 else 0)
            till = shop.caller("till-1", "pos")
            reply = await till.post(CARTS, f"k{number}", {**USD, "customer_id": "900"})
            ids.append(str(reply.json["id"]))
        other = await shop.caller("till-1", "pos").post(CARTS, "other", {**USD, "customer_id": "901"})
        await shop.project(*ids, other.json["id"])
        return ids

    async def test_come_newest_first(self, reader: ApiSpec, carts: list[str]) -> None:
        """A customer's carts are listed from the newest to the oldest, and nobody else's."""
        reply = await reader.get(f"{CARTS}?customer_id=900")

        assert [cart["id"] for cart in reply.json["items"]] == sorted(carts, reverse=True)

    async def test_pages_hold_everything_once(self, reader: ApiSpec, carts: list[str]) -> None:
        """Page by page, every cart comes exactly once, also those of the same moment."""
        seen, cursor = [], ""
        while cursor is not None:
            reply = await reader.get(f"{CARTS}?customer_id=900&limit=2{cursor and f'&cursor={cursor}'}")
            seen += [cart["id"] for cart in reply.json["items"]]
            cursor = reply.json["next"]

        assert sorted(seen) == sorted(carts)

    async def test_can_be_filtered(self, shop: Shop, reader: ApiSpec, carts: list[str]) -> None:
        """A filter leaves only what equals it."""
        till = shop.caller("till-1", "pos")
        await till.post(f"{CARTS}/{carts[1]}/items", "i", item("milk", 250))
        await till.post(f"{CARTS}/{carts[1]}/checkout", "c")
        await shop.project(carts[1])

        reply = await reader.get(f"{CARTS}?customer_id=900&status=checked-out")

        assert [cart["id"] for cart in reply.json["items"]] == [carts[1]]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("since=2026-03-01T12:03:00Z", [2, 3, 4]),
            ("until=2026-03-01T12:03:00Z", [0, 1]),
            ("since=2026-03-01T13:02:00%2B01:00&until=2026-03-01T12:04:00Z", [1, 2]),
            ("since=2026-03-01T12:05:00Z", []),
            ("until=1970-01-01T00:00:00Z", []),
        ],
    )
    async def test_can_be_of_a_time(self, reader: ApiSpec, carts: list[str], query: str, found: list[int]) -> None:
        """Not before the one, and before the other, page by page."""
        seen, cursor = [], ""
        while cursor is not None:
            reply = await reader.get(f"{CARTS}?customer_id=900&limit=1&{query}{cursor and f'&cursor={cursor}'}")
            seen += [cart["id"] for cart in reply.json["items"]]
            cursor = reply.json["next"]

        assert sorted(seen) == [carts[number] for number in found]

    async def test_staff_must_say_whose(self, reader: ApiSpec) -> None:
        """A list of everybody's carts is not offered."""
        reply = await reader.get(CARTS)

        assert (reply.status, reply.fields_at_fault) == (400, ["customer_id"])

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=201",
            "cursor=x",
            "cursor=bnVsbA",
            "cursor=WzEsMl0",
            "since=x",
            "until=1969-12-31T23:59:59Z",
        ],
    )
    async def test_a_wrong_page_is_refused(self, reader: ApiSpec, query: str) -> None:
        """A limit out of bounds and a made-up cursor are refused by name."""
        reply = await reader.get(f"{CARTS}?customer_id=900&{query}")

        assert (reply.status, reply.fields_at_fault) == (400, [query.partition("=")[0]])


class TestWhose:
    async def test_a_customer_sees_their_own(self, shop: Shop, cart: str) -> None:
        """What is yours you see."""
        await shop.project(cart)

        assert (await shop.reader("900", "customer").get(f"{CARTS}/{cart}")).status == 200

    @pytest.mark.parametrize("suffix", ["", "?version=2", "?as_of=2030-01-01T00:00:00Z", "/history", "/provenance"])
    async def test_what_is_not_theirs_is_not_there(self, shop: Shop, cart: str, suffix: str) -> None:
        """By no path does a customer see, or learn of, somebody else's cart."""
        await shop.project(cart)

        assert (await shop.reader("901", "customer").get(f"{CARTS}/{cart}{suffix}")).status == 404

    @pytest.mark.parametrize("query", ["", "?version=9", "?min_version=1", "?min_version=9"])
    async def test_somebody_elses_is_as_if_it_were_not(self, shop: Shop, cart: str, query: str) -> None:
        """Whatever is asked, somebody else's cart and no cart at all get the same answer."""
        await shop.project(cart)
        other = shop.reader("901", "customer")

        foreign, absent = await other.get(f"{CARTS}/{cart}{query}"), await other.get(f"{CARTS}/nobody{query}")

        assert (foreign.status, foreign.body) == (absent.status, absent.body)

    async def test_a_customers_history_names_nobody(self, shop: Shop, cart: str) -> None:
        """A customer sees what changed and when, not who of the staff it was nor what is stored."""
        (first, *_) = (await shop.reader("900", "customer").get(f"{CARTS}/{cart}/history")).json["items"]

        assert first["actor"] == "pos"
        assert not first.keys() & {"events", "reason", "correlation_id", "causation_id"}

    async def test_a_caller_without_a_role_sees_nothing(self, shop: Shop, cart: str) -> None:
        """A good token of nobody in particular is refused."""
        assert (await shop.reader("900").get(f"{CARTS}/{cart}")).status == 403

    async def test_a_list_is_their_own(self, shop: Shop, cart: str) -> None:
        """A customer need not say whose carts they mean."""
        await shop.project(cart)

        reply = await shop.reader("900", "customer").get(CARTS)

        assert [found["id"] for found in reply.json["items"]] == [cart]

    async def test_a_list_of_others_is_refused(self, shop: Shop) -> None:
        """Asking for somebody else's carts is refused."""
        reply = await shop.reader("901", "customer").get(f"{CARTS}?customer_id=900")

        assert (reply.status, reply.fields_at_fault) == (403, ["customer_id"])

    async def test_nobody_sees_nothing(self, shop: Shop, cart: str) -> None:
        """A query needs a token."""
        assert (await ApiSpec(shop.query_function).get(f"{CARTS}/{cart}")).status == 401
