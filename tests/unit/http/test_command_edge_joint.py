"""Commands to several streams over HTTP: all of them or none, once, and what the answer says of it."""

import asyncio
from dataclasses import replace

import pytest

from shared.eventsourcing.errors import NotFoundError, TopologyError
from shared.eventsourcing.message import Context
from shared.http.auth import Principal
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import NOON
from shared.testing.faults import Fault
from tests.unit.http.store_front import BASKET, Basket, Store, apis

BOTH = {"skus": ["milk", "tea"]}
YESTERDAY = "2026-02-28T08:00:00+00:00"


@pytest.fixture
async def store() -> Store:
    store = Store()
    await store.stock(milk=2, tea=1)
    return store


@pytest.fixture
def caller(store: Store) -> ApiSpec:
    return store.caller()


async def context_of(store: Store, stream: str) -> Context:
    return (await store.commits(stream))[-1].context


class TestAllOrNothing:
    async def test_every_target_is_written(self, store: Store, caller: ApiSpec) -> None:
        """One request, a commit for each stream."""
        await caller.send("PUT", BASKET, json=BOTH)

        assert (await store.left("milk"), await store.left("tea")) == (1, 0)
        assert len(await store.commits("basket-b1")) == 1

    async def test_the_commits_belong_together(self, store: Store, caller: ApiSpec) -> None:
        """They are of one command."""
        await caller.send("PUT", BASKET, json=BOTH)

        streams = ("shelf-milk", "shelf-tea", "basket-b1")
        assert len({(await context_of(store, stream)).command_id for stream in streams}) == 1

    async def test_one_that_refuses_refuses_all(self, store: Store, caller: ApiSpec) -> None:
        """The problem says which field is at fault, and nothing is written."""
        reply = await caller.send("PUT", BASKET, json={"skus": ["milk", "rye"]})

        assert (reply.status, reply.json["code"], reply.fields_at_fault) == (409, "out-of-stock", ["skus"])
        assert (await store.left("milk"), await store.commits("basket-b1")) == (2, [])

    async def test_an_empty_plan_is_accepted(self, store: Store, caller: ApiSpec) -> None:
        """There is nothing to do, and nothing is written."""
        await caller.send("PUT", BASKET, json=BOTH)

        again = await caller.send("PUT", BASKET, json={"skus": ["milk"]})

        assert (again.status, await store.left("milk"), len(await store.commits("basket-b1"))) == (202, 1, 1)

    async def test_after_a_lost_race_it_is_planned_again(self, store: Store, caller: ApiSpec) -> None:
        """An instance whose memory is behind finds out by the append, and goes by what is there then."""
        elsewhere = store.elsewhere()
        await elsewhere.send("PUT", "/store/v1/baskets/b2", json={"skus": ["milk"]})

        reply = await caller.send("PUT", BASKET, json={"skus": ["milk"]})

        assert (reply.status, await store.left("milk")) == (202, 0)

    async def test_the_last_piece_goes_to_one(self, store: Store) -> None:
        """However many ask for it at once, from however many instances."""
        callers = [store.elsewhere() for _ in range(8)]
        urls = [f"/store/v1/baskets/b{number}" for number in range(8)]

        replies = await asyncio.gather(
            *(one.send("PUT", url, json={"skus": ["tea"]}) for one, url in zip(callers, urls, strict=True))
        )

        assert sorted(reply.status for reply in replies) == [202, *[409] * 7]
        assert await store.left("tea") == 0


class TestTheAnswer:
    async def test_has_the_version_of_the_entity(self, caller: ApiSpec) -> None:
        """Of the one in the path, whatever else was written."""
        reply = await caller.send("PUT", BASKET, json=BOTH)

        assert (reply.json, reply.headers["etag"]) == ({"id": "b1", "version": 1}, '"1"')

    async def test_says_where_the_entity_is(self, caller: ApiSpec) -> None:
        """As that of any command."""
        reply = await caller.send("PUT", BASKET, json=BOTH)

        assert reply.headers["location"] == BASKET

    async def test_has_the_version_of_an_entity_that_was_only_read(self, caller: ApiSpec) -> None:
        """It is known, though nothing was written."""
        await caller.send("PUT", BASKET, json=BOTH)

        again = await caller.send("PUT", BASKET, json=BOTH)

        assert again.json == {"id": "b1", "version": 1}

    async def test_has_no_version_of_an_entity_without_part_in_it(self, store: Store) -> None:
        """Nobody looked at it, so neither its version nor its place is made up."""
        reply = await store.caller("operator").post(f"{BASKET}/restock", "k1", BOTH)

        assert (reply.status, reply.json) == (202, {"id": "b1"})
        assert not reply.headers.keys() & {"etag", "location"}


class TestTheContext:
    async def test_is_called_like_the_plan(self, store: Store, caller: ApiSpec) -> None:
        """In the log of every stream."""
        await caller.send("PUT", BASKET, json=BOTH)

        names = {(await context_of(store, stream)).command for stream in ("shelf-milk", "basket-b1")}
        assert names == {"fill_basket"}

    async def test_has_the_time_of_the_commands(self, store: Store, caller: ApiSpec) -> None:
        """It happened when the caller says, not when it arrived."""
        await caller.send("PUT", BASKET, json={**BOTH, "at": YESTERDAY})

        times = {(await context_of(store, stream)).occurred_at.isoformat() for stream in ("shelf-milk", "basket-b1")}
        assert times == {YESTERDAY}

    async def test_has_the_present_time_if_none_was_stated(self, store: Store, caller: ApiSpec) -> None:
        """By the function's clock."""
        await caller.send("PUT", BASKET, json=BOTH)

        assert (await context_of(store, "basket-b1")).occurred_at == NOON

    async def test_has_the_flow_of_a_services_request(self, store: Store, caller: ApiSpec) -> None:
        """And its cause, as that of any command."""
        headers = {"X-Correlation-Id": "flow", "X-Causation-Id": "checkout-c1@2"}
        await caller.send("PUT", BASKET, json=BOTH, headers=headers)

        context = await context_of(store, "shelf-tea")
        assert (context.correlation_id, context.causation_id) == ("flow", "checkout-c1@2")


class TestOnce:
    async def test_the_same_key_is_done_once(self, store: Store) -> None:
        """Also by another instance: the answer is that of the first time, and says so."""
        restock = f"{BASKET}/restock"
        first = await store.caller("operator").post(restock, "k1", BOTH)

        again = await store.elsewhere("operator").post(restock, "k1", BOTH)

        assert (again.body, again.headers["idempotent-replayed"]) == (first.body, "true")
        assert await store.left("milk") == 3

    async def test_a_repeat_is_answered_though_it_would_be_refused_now(self, store: Store, caller: ApiSpec) -> None:
        """The first answer stands."""
        headers = {"Idempotency-Key": "k1"}
        first = await caller.send("PUT", BASKET, json={"skus": ["tea"]}, headers=headers)

        again = await store.elsewhere().send("PUT", BASKET, json={"skus": ["tea"]}, headers=headers)

        assert (again.status, again.body) == (202, first.body)

    async def test_the_same_key_for_another_body_is_refused(self, store: Store) -> None:
        """A key stands for one request."""
        operator = store.caller("operator")
        await operator.post(f"{BASKET}/restock", "k1", BOTH)

        reply = await operator.post(f"{BASKET}/restock", "k1", {"skus": ["tea"]})

        assert (reply.status, reply.json["code"]) == (422, "idempotency-key-reused")

    async def test_many_at_once_are_one(self, store: Store) -> None:
        """They wait for the first of them."""
        operator = store.caller("operator")

        replies = await asyncio.gather(*(operator.post(f"{BASKET}/restock", "k1", BOTH) for _ in range(20)))

        assert len({reply.body for reply in replies}) == 1
        assert await store.left("milk") == 3

    @pytest.mark.parametrize("fault", Fault)
    async def test_a_lost_answer_can_be_asked_for_again(self, store: Store, fault: Fault) -> None:
        """Whether it was written or not: with the same key it is done once."""
        operator = store.caller("operator")
        store.log.next_appends = [fault]
        lost = await operator.post(f"{BASKET}/restock", "k1", BOTH)

        again = await operator.post(f"{BASKET}/restock", "k1", BOTH)

        assert (lost.status, again.status, await store.left("milk")) == (503, 202, 3)


def _nobody(principal: Principal, _: Basket) -> None:
    raise NotFoundError("not-found", f"nothing here is {principal.subject}'s")


class TestDeclaring:
    def test_a_joint_endpoint_beside_a_guard_is_refused(self) -> None:
        """It is about many entities and asks no guard: nobody should believe that one protects it."""
        with pytest.raises(TopologyError):
            replace(apis(settles=False)[1], guard=_nobody)


class TestRefusing:
    async def test_another_role(self, caller: ApiSpec) -> None:
        """Before the body is looked at."""
        assert (await caller.post(f"{BASKET}/restock", "k1", {"nonsense": 1})).status == 403

    async def test_a_body_that_does_not_fit(self, caller: ApiSpec) -> None:
        """The field is named."""
        reply = await caller.send("PUT", BASKET, json={"skus": "milk"})

        assert (reply.status, reply.fields_at_fault) == (400, ["skus"])


class TestAnAsynchronousBuilder:
    async def test_may_seal_what_must_not_be_kept_as_it_is(self, store: Store, caller: ApiSpec) -> None:
        """The log has the sealed text, which opens for who has the key."""
        reply = await caller.post("/store/v1/baskets", "k1", {"skus": [], "note": "ring twice"})

        (commit,) = await store.commits(f"basket-{reply.json['id']}")
        assert b"ring twice" not in commit.body
        assert await store.deps.personal.open(commit.events[0].data["note"]) == "ring twice"
