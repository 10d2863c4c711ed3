"""Requests that are repeated, all at once: done once, answered alike."""

import asyncio

import pytest

from tests.e2e.rig import CARTS_PATH, Rig, line

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module")]

TIMES = 100


async def test_a_hundred_identical_requests_are_one(rig: Rig) -> None:
    """One commit, and a hundred equal answers: status, body, ETag and Location."""
    cart = await rig.open_cart()
    request = ("POST", f"{CARTS_PATH}/{cart}/items", line("milk"))

    answers = await asyncio.gather(*(rig.send(*request, key=f"same-{cart}") for _ in range(TIMES)))

    assert {answer.identity for answer in answers} == {answers[0].identity}
    assert (answers[0].status, answers[0].body) == (202, {"id": cart, "version": 2})
    assert len(await rig.commits(cart)) == 2


async def test_a_hundred_identical_openings_are_one_cart(rig: Rig) -> None:
    """Where the platform chooses the id, a repetition is told the first one."""
    before = await rig.ends()
    request = ("POST", CARTS_PATH, {"currency": "USD", "customer_id": "900"})

    answers = await asyncio.gather(*(rig.send(*request, key="one-opening") for _ in range(TIMES)))

    assert {answer.identity for answer in answers} == {answers[0].identity}
    assert (await rig.ends()).keys() - before.keys() == {f"cart-{answers[0].body['id']}"}


async def test_a_key_says_one_thing_only(rig: Rig) -> None:
    """Other requests under a key in use are refused, at the same time as much as later, and change nothing."""
    cart = await rig.open_cart()
    path, key = f"{CARTS_PATH}/{cart}/items", f"reused-{cart}"

    answers = await asyncio.gather(*(rig.send("POST", path, line("milk", n), key=key) for n in range(1, 21)))
    later = await rig.send("POST", path, line("milk", 21), key=key)

    statuses = [answer.status for answer in answers]
    assert (statuses.count(202), statuses.count(422)) == (1, 19)
    assert later.status == 422
    assert len(await rig.commits(cart)) == 2


async def test_many_writers_of_one_cart_lose_nothing(rig: Rig) -> None:
    """Fifty different lines at once: fifty commits, all in the cart as it is read back."""
    cart = await rig.open_cart()
    path = f"{CARTS_PATH}/{cart}/items"

    answers = await asyncio.gather(*(rig.send("POST", path, line(f"sku-{n}", cents=n)) for n in range(50)))
    shown = await rig.send("GET", f"{CARTS_PATH}/{cart}?min_version=51")

    assert sorted(answer.body["version"] for answer in answers) == list(range(2, 52))
    assert shown.body["total"] == {"amount": sum(range(50)), "currency": "USD"}
    assert shown.body["line_count"] == 50


async def test_a_cart_that_the_caller_has_is_not_sent_again(rig: Rig) -> None:
    """304 without a body, through the gateway and the functions' server."""
    cart = await rig.open_cart("milk")
    url = f"{CARTS_PATH}/{cart}?min_version=2"

    answers = [await rig.send(method, url, headers={"If-None-Match": 'W/"2"'}) for method in ("GET", "HEAD", "GET")]

    assert [(each.status, each.content, each.headers["ETag"]) for each in answers] == [(304, b"", '"2"')] * 3
