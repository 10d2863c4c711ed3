"""Conditional requests as RFC 9110 has them: what they let through, what they stop, and what comes first."""

import asyncio

import pytest

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.event_store import OperationCounts
from shared.http.edge import Handler
from shared.testing.api_spec import ApiSpec, Reply
from tests.unit.http.conftest import Shop
from tests.unit.http.store_front import BASKET, Store

CARTS, MOVES, BASKETS = "/cart/v1/carts", "/store/v1/shelves/milk/moves", "/store/v1/baskets"
USD = {"currency": "USD", "customer_id": "900"}
MILK = {"skus": ["milk"]}
MALFORMED = ["x", "1.5", "", " ", ",", '"1" "2"', '"1', "W/1", 'w/"1"', "²", '*, "1"', '"a b"', "99999999999", "-1"]


@pytest.fixture
async def store() -> Store:
    store = Store()
    await store.stock(milk=5)
    return store


async def moved(store: Store, **headers: str) -> Reply:
    """Goods onto the shelf of milk, which is at version 1."""
    return await store.caller().post(MOVES, "k1", {"by": 1}, **headers)


async def filled(store: Store, **headers: str) -> Reply:
    """A joint command: milk from the shelf into the basket."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await store.caller().send("PUT", BASKET, json=MILK, headers=named)


class TestIfMatch:
    @pytest.mark.parametrize("value", ['"1"', "1", "*", " * ", '"7", "1"', 'W/"1" , "1"', '"a,b","1"', ', "1" ,'])
    async def test_that_names_the_version_lets_a_command_through(self, store: Store, value: str) -> None:
        """Alone, in a list, or as any."""
        assert (await moved(store, if_match=value)).status == 202

    @pytest.mark.parametrize(
        "value", ['"7"', "7", '"0"', '"01"', 'W/"1"', '"7", W/"1"', '"x"', '""', '"-1"', '"9999999999999"']
    )
    async def test_that_names_another_stops_it(self, store: Store, value: str) -> None:
        """Nothing is changed, and the problem says which version there is. A weak tag is that of no version here."""
        reply = await moved(store, if_match=value)

        assert (reply.status, reply.json["code"], reply.fields_at_fault) == (412, "version-mismatch", ["If-Match"])
        assert (reply.headers["etag"], await store.left()) == ('"1"', 5)

    @pytest.mark.parametrize("value", ["*", '"1"', '"0"', 'W/"1"'])
    async def test_stops_a_command_that_would_begin_something(self, store: Store, value: str) -> None:
        """What does not exist has no version, so the problem names none."""
        reply = await store.caller().post("/store/v1/shelves/tea/moves", "k1", {"by": 1}, if_match=value)

        assert (reply.status, "etag" in reply.headers, await store.left("tea")) == (412, False, 0)

    @pytest.mark.parametrize("value", ["*", '"1"'])
    async def test_stops_a_command_that_takes_a_new_id(self, store: Store, value: str) -> None:
        """A new entity has no version."""
        assert (await store.caller().post(BASKETS, "k1", {"skus": []}, if_match=value)).status == 412

    async def test_comes_before_a_rule(self, store: Store) -> None:
        """Whether the entity exists or not: what a rule says depends on what the request contains."""
        there = await store.caller().post(MOVES, "k1", {"by": -9}, if_match='"7"')
        absent = await store.caller().post("/store/v1/shelves/tea/moves", "k2", {"by": -9}, if_match="*")

        assert (there.status, absent.status) == (412, 412)

    async def test_comes_after_what_is_not_there(self, till: ApiSpec) -> None:
        """Without the condition it would be a 404, and so it is with one."""
        reply = await till.post(f"{CARTS}/nobody/items", "k1", {"sku": "a", "quantity": 1}, if_match="*")

        assert reply.status == 404


class TestIfNoneMatch:
    @pytest.mark.parametrize("value", ["*", '"1"', "1", 'W/"1"', '"7", "1"'])
    async def test_that_names_the_version_stops_a_command(self, store: Store, value: str) -> None:
        """Compared weakly: a weak tag is that version as well."""
        reply = await moved(store, if_none_match=value)

        assert (reply.status, reply.fields_at_fault, reply.headers["etag"]) == (412, ["If-None-Match"], '"1"')
        assert await store.left() == 5

    @pytest.mark.parametrize("value", ['"7"', 'W/"7"', '"01"', '"x", "0"'])
    async def test_that_names_another_lets_it_through(self, store: Store, value: str) -> None:
        """It is none of those."""
        assert (await moved(store, if_none_match=value)).status == 202

    async def test_lets_the_first_of_two_begin_something(self, store: Store) -> None:
        """And stops the second, whatever instance it comes to."""
        first = await store.caller().post("/store/v1/shelves/tea/moves", "k1", {"by": 1}, if_none_match="*")
        second = await store.elsewhere().post("/store/v1/shelves/tea/moves", "k2", {"by": 1}, if_none_match="*")

        assert (first.status, second.status, await store.left("tea")) == (202, 412, 1)

    async def test_lets_one_of_many_begin_something(self, store: Store) -> None:
        """Those that lose the race find that it exists."""
        callers = [store.elsewhere() for _ in range(8)]
        url = "/store/v1/shelves/tea/moves"

        replies = await asyncio.gather(
            *(each.post(url, f"k{n}", {"by": 1}, if_none_match="*") for n, each in enumerate(callers))
        )

        assert sorted(reply.status for reply in replies) == [202, *[412] * 7]

    async def test_lets_a_command_through_that_takes_a_new_id(self, store: Store) -> None:
        """A new entity does not exist yet."""
        assert (await store.caller().post(BASKETS, "k1", {"skus": []}, if_none_match="*")).status == 202

    async def test_is_forgotten_of_a_request_that_was_answered(self, store: Store) -> None:
        """The first answer stands, though the entity exists by now."""
        send = store.caller().post
        first = await send("/store/v1/shelves/tea/moves", "k1", {"by": 1}, if_none_match="*")

        again = await send("/store/v1/shelves/tea/moves", "k1", {"by": 1}, if_none_match="*")

        assert (again.status, again.body) == (202, first.body)


class TestBoth:
    @pytest.mark.parametrize(
        ("if_match", "if_none_match", "field"),
        [('"7"', "*", "If-Match"), ('"1"', "*", "If-None-Match"), ("*", '"1"', "If-None-Match")],
    )
    async def test_if_match_comes_first(self, store: Store, if_match: str, if_none_match: str, field: str) -> None:
        """The problem names the first of them that does not hold."""
        reply = await moved(store, if_match=if_match, if_none_match=if_none_match)

        assert (reply.status, reply.fields_at_fault) == (412, [field])

    @pytest.mark.parametrize("value", MALFORMED)
    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
    async def test_what_is_no_tag_is_refused(self, store: Store, shop: Shop, header: str, value: str) -> None:
        """By name, of a command and of a query: a condition that cannot be read must not pass for one that holds."""
        command = await store.caller().post(MOVES, "k1", {"by": 1}, **{header: value})
        query = await shop.reader("op", "operator").send("GET", f"{CARTS}/x", headers={header: value})

        assert [(each.status, each.fields_at_fault) for each in (command, query)] == [(400, [header])] * 2

    async def test_a_long_list_is_read_in_time(self, store: Store) -> None:
        """In one pass, whatever it holds."""
        reply = await moved(store, if_match=" ," * 30_000 + '"1' + "\t," * 30_000)

        assert reply.status == 400


class TestOfSeveralStreams:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"if_match": "*"}, 412),
            ({"if_match": '"1"'}, 412),
            ({"if_none_match": "*"}, 202),
            ({"if_none_match": '"1"'}, 202),
        ],
    )
    async def test_the_entity_does_not_exist(self, store: Store, headers: dict[str, str], status: int) -> None:
        """The conditions are about the entity in the path."""
        reply = await filled(store, **headers)

        assert (reply.status, await store.left()) == (status, 5 - (status == 202))

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"if_match": "*"}, 202),
            ({"if_match": '"1"'}, 202),
            ({"if_match": '"2"'}, 412),
            ({"if_none_match": "*"}, 412),
            ({"if_none_match": '"2"'}, 202),
        ],
    )
    async def test_the_entity_exists(self, store: Store, headers: dict[str, str], status: int) -> None:
        """Also if another instance wrote it, and there is nothing left to do."""
        await store.elsewhere().send("PUT", BASKET, json=MILK)

        reply = await filled(store, **headers)

        assert (reply.status, reply.headers["etag"]) == (status, '"1"')

    async def test_a_memory_that_is_behind_stops_nothing(self, store: Store) -> None:
        """A condition is decided on what the store says."""
        caller = store.caller("operator")
        await caller.send("PUT", "/store/v1/baskets/b2", json=MILK, headers={"If-Match": "*"})
        await store.elsewhere().send("PUT", "/store/v1/baskets/b2", json=MILK)

        reply = await caller.send("PUT", "/store/v1/baskets/b2", json=MILK, headers={"If-Match": '"1"'})

        assert reply.status == 202

    async def test_an_unconditional_one_reads_nothing_for_it(self) -> None:
        """Only who states a condition pays for it."""
        counts = OperationCounts()
        store = Store()
        store.log._log = MemoryEventStore(store.clock, counts)
        caller = store.caller("operator")
        await caller.post(f"{BASKET}/restock", "k1", MILK)
        read = counts.documents_read, counts.rpcs.get("BatchGetDocuments")

        await caller.post(f"{BASKET}/restock", "k2", MILK)

        assert (counts.documents_read, counts.rpcs.get("BatchGetDocuments")) == read


class TestQueries:
    @pytest.fixture
    async def cart(self, shop: Shop, till: ApiSpec) -> str:
        """At version 1, projected."""
        cart_id = str((await till.post(CARTS, "k1", USD)).json["id"])
        await shop.project(cart_id)
        return cart_id

    async def ask(self, function: Handler, shop: Shop, url: str, method: str = "GET", **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await ApiSpec(function, shop.token("op", "operator")).send(method, url, headers=named)

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("value", ['"1"', 'W/"1"', '"7", W/"1"', "*", "1"])
    @pytest.mark.parametrize("suffix", ["", "?version=1", "/provenance"])
    async def test_a_version_that_the_caller_has_is_not_sent_again(
        self, shop: Shop, cart: str, method: str, value: str, suffix: str
    ) -> None:
        """304 without a body, with the headers that the 200 would have had."""
        url = f"{CARTS}/{cart}{suffix}"
        full = await self.ask(shop.query_function, shop, url)

        reply = await self.ask(shop.query_function, shop, url, method, if_none_match=value)

        assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", '"1"')
        assert reply.headers["cache-control"] == full.headers["cache-control"]
        assert not reply.headers.keys() & {"content-type", "content-length"}

    @pytest.mark.parametrize("value", ['"2"', 'W/"2"', '"x"'])
    async def test_another_version_is_sent(self, shop: Shop, cart: str, value: str) -> None:
        """It is news."""
        assert (await self.ask(shop.query_function, shop, f"{CARTS}/{cart}", if_none_match=value)).status == 200

    @pytest.mark.parametrize("suffix", ["?customer_id=900", "/{cart}/history"])
    async def test_what_has_no_tag_is_sent(self, shop: Shop, cart: str, suffix: str) -> None:
        """A list and a history have no version that a caller could have."""
        url = CARTS + suffix.format(cart=cart)

        sent = await self.ask(shop.query_function, shop, url, if_none_match='"1"')
        wanted = await self.ask(shop.query_function, shop, url, if_match='"1"')

        assert (sent.status, wanted.status, "etag" in wanted.headers) == (200, 412, False)

    @pytest.mark.parametrize(("value", "status"), [('"1"', 200), ("*", 200), ('"2"', 412), ('W/"1"', 412)])
    async def test_only_the_wanted_version_is_sent(self, shop: Shop, cart: str, value: str, status: int) -> None:
        """Or 412 with the version that there is."""
        reply = await self.ask(shop.query_function, shop, f"{CARTS}/{cart}", if_match=value)

        assert (reply.status, reply.headers["etag"]) == (status, '"1"')

    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
    async def test_what_is_not_there_is_not_found(self, shop: Shop, header: str) -> None:
        """Whatever is stated: a condition tells nobody whether there is something that they may not see."""
        assert (await self.ask(shop.query_function, shop, f"{CARTS}/nobody", **{header: "*"})).status == 404

    @pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
    async def test_somebody_elses_is_as_if_it_were_not(self, shop: Shop, cart: str, header: str) -> None:
        """Of commands and queries alike."""
        stranger, reader = shop.caller("901", "customer"), shop.reader("901", "customer")
        item = {"sku": "a", "quantity": 1}

        for value in ("*", '"1"', '"7"'):
            foreign = await stranger.post(f"{CARTS}/{cart}/items", "k1", item, **{header: value})
            absent = await stranger.post(f"{CARTS}/nobody/items", "k2", item, **{header: value})
            seen = await reader.send("GET", f"{CARTS}/{cart}", headers={header: value})

            assert (foreign.status, foreign.body, seen.status) == (absent.status, absent.body, 404)
