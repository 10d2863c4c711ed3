"""Whoever tries one card or coupon after the other over HTTP is told to wait."""

import asyncio
from collections import Counter as Count

import pytest

from functions.checkout.manifest import LIMIT, PAUSE
from shared.eventsourcing.workflow.calls import Request
from shared.testing.api_spec import ApiSpec, Reply
from tests.unit.checkout.conftest import Counter
from tests.unit.checkout.shop import Shop, refused
from tests.unit.checkout.test_api import BODY, URL

_answer = Shop.answer


@pytest.fixture
def refuse(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Service → the code by which it refuses from now on; every checkout has a cart and goods of its own. `owner` is
    whose cart it is, if not that of customer 900.
    """
    codes: dict[str, str] = {}
    shops: dict[str, Shop] = {}

    async def answer(request: Request) -> object:
        code = None if request.path.endswith(("/void", "/release")) else codes.get(request.service)
        shop = shops.setdefault(request.key.partition("/")[0], Shop())
        shop.customer = codes.get("owner", "900")
        return refused(code) if code else await _answer(shop, request)

    monkeypatch.setattr(counter.shop, "answer", answer)
    return codes


async def tried(counter: Counter, customer: ApiSpec, *keys: object) -> list[int]:
    """The answers to one checkout a key, each at its end before the next begins."""
    found = []
    for key in keys:
        reply = await customer.post(URL, f"{key}", BODY)
        found.append(reply.status)
        if reply.status == 202:
            await counter.run(reply.json["id"])
    return found


@pytest.mark.parametrize(
    ("service", "code"), [("payments", "card-declined"), ("promotions", "coupon-not-found")], ids=["cards", "coupons"]
)
async def test_after_five_in_a_row_a_customer_waits(
    counter: Counter, customer: ApiSpec, refuse: dict[str, str], service: str, code: str
) -> None:
    """They are told for how long; others are not held up; and later they go on."""
    refuse[service] = code
    assert await tried(counter, customer, *range(5)) == [202] * 5

    reply = await customer.post(URL, "sixth", BODY)

    assert (reply.status, reply.json["code"], reply.headers["retry-after"]) == (429, "too-many-attempts", "300")
    refuse["owner"] = "901"
    assert (await counter.caller("901", "customer").post(URL, "another", BODY)).status == 202
    del refuse["owner"]
    counter.clock.advance(seconds=300)
    assert (await customer.post(URL, "seventh", BODY)).status == 202


async def test_a_good_one_ends_the_row(counter: Counter, customer: ApiSpec, refuse: dict[str, str]) -> None:
    """Who found the right card is as good as new."""
    refuse["payments"] = "card-declined"
    await tried(counter, customer, *range(4))
    refuse.clear()
    await tried(counter, customer, "good")
    refuse["payments"] = "card-declined"

    assert await tried(counter, customer, *range(10, 15)) == [202] * 5


async def test_other_failures_do_not_count(counter: Counter, customer: ApiSpec, refuse: dict[str, str]) -> None:
    """It is not the customer's fault that something is sold out."""
    refuse["inventory"] = "out-of-stock"

    assert await tried(counter, customer, *range(8)) == [202] * 8


async def test_a_request_that_comes_again_gets_its_answer(
    counter: Counter, customer: ApiSpec, refuse: dict[str, str]
) -> None:
    """It is no other attempt, and is answered while others have to wait."""
    refuse["payments"] = "card-declined"
    assert await tried(counter, customer, *range(5)) == [202] * 5

    again = [await customer.post(URL, "4", BODY) for _ in range(3)]

    assert [reply.status for reply in again] == [202] * 3
    assert len({reply.json["id"] for reply in again}) == 1


async def test_many_at_a_time_are_no_way_around_it(customer: ApiSpec) -> None:
    """Whatever becomes of the first five."""
    replies: list[Reply] = await asyncio.gather(*(customer.post(URL, f"{n}", BODY) for n in range(20)))

    assert Count(reply.status for reply in replies) == {202: 5, 429: 15}


async def test_a_till_is_not_held_up(counter: Counter, refuse: dict[str, str]) -> None:
    """Whose cards are declined there are its customers'."""
    refuse["payments"] = "card-declined"
    till, body = counter.caller("till-1", "pos"), {**BODY, "customer_id": "900"}

    for n in range(8):
        reply = await till.post(URL, f"{n}", body)
        await counter.run(reply.json["id"])
        assert reply.status == 202


async def test_limit_and_pause_are_settings(
    counter: Counter, customer: ApiSpec, refuse: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of where it is deployed."""
    monkeypatch.setenv(LIMIT, "2")
    monkeypatch.setenv(PAUSE, "60")
    refuse["payments"] = "card-declined"

    assert await tried(counter, customer, *range(3)) == [202, 202, 429]
    assert (await customer.post(URL, "k", BODY)).headers["retry-after"] == "60"
