"""A function process that dies between commit and publish, at every step: nothing is lost, nothing done twice."""

from collections.abc import Callable

import pytest

from shared.topology import domain_topic, integration_topic
from tests.e2e.rig import CARTS_PATH, SPARE_COMMITS, SPARE_EVENTS, Rig

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module")]

BEFORE_COMMIT, AFTER_COMMIT = "before the commit", "after the commit"
BETWEEN_TOPICS, BEFORE_ANSWER = f"after {domain_topic('cart')}", f"after {integration_topic('cart')}"
CrashAt = Callable[[str], object]


@pytest.mark.parametrize("step", [BEFORE_COMMIT, AFTER_COMMIT, BETWEEN_TOPICS, BEFORE_ANSWER])
async def test_a_check_out_survives_a_crash(crashing: Rig, crash_at: CrashAt, step: str) -> None:
    """The caller repeats the request and gets its answer; there is one commit, all of its messages are seen on both
    topics in the end, no row is left in the outbox and the read model is current.
    """
    cart = await crashing.open_cart("milk", "bread")
    restarts = crashing.restarts
    path, key = f"{CARTS_PATH}/{cart}/checkout", f"checkout-{cart}"

    crash_at(step)
    cut_off = await crashing.send("POST", path, {}, key=key)
    answer = await crashing.insist("POST", path, {}, key=key)
    again = await crashing.send("POST", path, {}, key=key)
    await crashing.settled()

    assert (cut_off.status, cut_off.headers["Retry-After"], cut_off.is_problem) == (503, "1", True)
    assert crashing.restarts == restarts + 1
    assert (answer.status, answer.body, answer.headers["ETag"]) == (202, {"id": cart, "version": 4}, '"4"')
    assert again.identity == answer.identity
    commits = await crashing.commits(cart)
    assert [commit.context.command for commit in commits] == ["OpenCart", "AddItem", "AddItem", "CheckOutCart"]
    assert {commit.id for commit in commits} <= await crashing.seen(SPARE_COMMITS)
    assert f"cart-{cart}@4.0" in await crashing.seen(SPARE_EVENTS)
    assert await crashing.owed() == set()
    assert await crashing.behind({f"cart-{cart}": 4}) == {}


@pytest.mark.parametrize("step", [BEFORE_COMMIT, AFTER_COMMIT, BETWEEN_TOPICS])
async def test_an_opening_survives_a_crash(crashing: Rig, crash_at: CrashAt, step: str) -> None:
    """The platform chose the id before it died: the repetition is told that very cart, and there is no other."""
    before = await crashing.ends()
    request = ("POST", CARTS_PATH, {"currency": "USD", "customer_id": "900"})

    crash_at(step)
    cut_off = await crashing.send(*request, key=f"opening {step}")
    answer = await crashing.insist(*request, key=f"opening {step}")

    assert (cut_off.status, answer.status) == (503, 202)
    assert (await crashing.ends()).keys() - before.keys() == {f"cart-{answer.body['id']}"}
    await crashing.settled()
    assert await crashing.behind({f"cart-{answer.body['id']}": 1}) == {}


@pytest.mark.parametrize("step", ["before settling", "after settling"])
async def test_a_relay_that_crashes_starts_again(crashing: Rig, crash_at: CrashAt, step: str) -> None:
    """What it saw and did not acknowledge comes again, what it settled stays settled: the outbox empties."""
    await crashing.open_cart("milk")

    crash_at(step)
    status = await crashing.fire("relay")
    await crashing.settled()

    assert status == 503
    assert await crashing.owed() == set()
