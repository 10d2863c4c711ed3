"""The first answer to a request, for ever: it comes before whatever the same request would meet now."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from shared.eventsourcing.errors import (
    CorruptDataError,
    DomainError,
    ForbiddenError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
)
from shared.eventsourcing.joint import Read, Target
from shared.http.command_api import Call, Endpoint, JointEndpoint
from shared.http.edge import guarded
from shared.http.problems import bad_field
from shared.testing.api_spec import ApiSpec
from tests.unit.http.store_front import BASKET, FillBody, RecordingEffect, Store

BASKETS, RESTOCK, MOVES = "/store/v1/baskets", f"{BASKET}/restock", "/store/v1/shelves/milk/moves"
MILK = {"skus": ["milk"]}
KEY = {"Idempotency-Key": "k1"}
REFUSALS = [
    DomainError("no", "not now"),
    NotFoundError("gone", "not any more"),
    ForbiddenError("not you"),
    bad_field("skus", "not these"),
    CorruptDataError("cannot be read"),
    TooLargeError("too much by now"),
    KeyError("a bug"),
]
NAMES = [type(each).__name__ for each in REFUSALS]


@pytest.fixture
async def store() -> Store:
    store = Store()
    await store.stock(milk=2)
    return store


def elsewhere(store: Store, change: Callable[[Endpoint], Endpoint]) -> ApiSpec:
    """A caller of another instance whose endpoints are these."""
    edge = store.edge(store.new_wiring())
    apis = [replace(api, endpoints=tuple(map(change, api.endpoints))) for api in edge.apis]
    return ApiSpec(guarded("store-commands", replace(edge, apis=apis), lambda *_, **__: None), "operator")


def refusing(error: Exception) -> Callable[[Endpoint], Endpoint]:
    """The endpoint as it meets this, whatever it is asked."""

    def build(_body: Any, _call: Call) -> Any:
        raise error

    async def plan(_body: FillBody, _call: Call, _read: Read) -> Sequence[Target]:
        raise error

    def change(endpoint: Endpoint) -> Endpoint:
        if isinstance(endpoint, JointEndpoint):
            return replace(endpoint, plan=plan)
        return replace(endpoint, build=build)

    return change


@pytest.mark.parametrize("refusal", [*REFUSALS, UnavailableError("no key now")], ids=[*NAMES, "UnavailableError"])
@pytest.mark.parametrize(("method", "url"), [("POST", BASKETS), ("POST", MOVES)])
async def test_comes_before_what_a_builder_raises(store: Store, refusal: Exception, method: str, url: str) -> None:
    """A key that is gone, an entity that is missing, a dependency that is down: it was carried out when it came."""
    body = MILK if url == BASKETS else {"by": 1}
    first = await store.caller("operator").send(method, url, json=body, headers=KEY)

    again = await elsewhere(store, refusing(refusal)).send(method, url, json=body, headers=KEY)

    assert (again.status, again.body, again.headers["idempotent-replayed"]) == (202, first.body, "true")


@pytest.mark.parametrize("refusal", REFUSALS, ids=NAMES)
@pytest.mark.parametrize(("method", "url"), [("PUT", BASKET), ("POST", RESTOCK)])
async def test_comes_before_what_a_plan_raises(store: Store, refusal: Exception, method: str, url: str) -> None:
    """Of a command to several streams as well."""
    first = await store.caller("operator").send(method, url, json=MILK, headers=KEY)

    again = await elsewhere(store, refusing(refusal)).send(method, url, json=MILK, headers=KEY)

    assert (again.status, again.body, again.headers["idempotent-replayed"]) == (202, first.body, "true")


async def test_comes_before_an_erased_key(store: Store) -> None:
    """What the builder seals can be sealed no more since the person was erased."""
    body = {"skus": [], "note": "ring twice"}
    first = await store.caller().post(BASKETS, "k1", body)
    await store.deps.personal.erase("service")

    again = await store.elsewhere().post(BASKETS, "k1", body)

    assert (again.status, again.body) == (202, first.body)


@pytest.mark.parametrize("url", [BASKETS, RESTOCK])
async def test_is_not_given_to_another_request(store: Store, url: str) -> None:
    """Whatever that one meets, its key was used before."""
    await store.caller("operator").post(url, "k1", MILK)

    reply = await elsewhere(store, refusing(DomainError("no", "not now"))).post(url, "k1", {"skus": ["tea"]})

    assert (reply.status, reply.json["code"]) == (422, "idempotency-key-reused")


@pytest.mark.parametrize("url", [BASKETS, RESTOCK])
async def test_leaves_a_first_refusal_as_it_is(store: Store, url: str) -> None:
    """A request that has no answer yet is told why it is refused."""
    reply = await elsewhere(store, refusing(DomainError("no", "not now"))).post(url, "k1", MILK)

    assert (reply.status, reply.json["code"]) == (409, "no")


async def test_is_followed_by_the_effect_again() -> None:
    """Which may have been cut off the first time."""
    effect = RecordingEffect()
    store = Store(effect)
    first = await store.caller("operator").post(BASKETS, "k1", {"skus": []})

    again = await elsewhere(store, refusing(DomainError("no", "not now"))).post(BASKETS, "k1", {"skus": []})

    assert again.json == {**first.json, "times": 2}
    assert [entity for _, entity, _ in effect.asked] == [first.json["id"]] * 2


async def test_costs_nothing_where_nothing_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is asked for it only when there is something to refuse."""
    asked: list[str] = []
    monkeypatch.setattr(type(store.wiring), "answered", lambda _, key: asked.append(key))

    await store.caller().post(BASKETS, "k1", {"skus": []})

    assert asked == []


@pytest.mark.parametrize(("url", "role"), [(BASKETS, "service"), (RESTOCK, "operator")])
async def test_says_that_it_is_no_first_time_to_those_who_waited(store: Store, url: str, role: str) -> None:
    """Of equal requests at the same time all but one hear that it was carried out for another."""
    caller = store.caller(role)

    replies = await asyncio.gather(*(caller.post(url, "k1", {"skus": []}) for _ in range(5)))

    assert [("idempotent-replayed" in reply.headers) for reply in replies].count(False) == 1
