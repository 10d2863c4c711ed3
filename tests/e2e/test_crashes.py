"""A function process that dies between commit and publish, at every step of the way: nothing is lost, nothing doubled."""

from pathlib import Path

import pytest

from shared.topology import domain_topic, integration_topic
from tests.e2e.rig import CARTS_PATH, SPARE_COMMITS, SPARE_EVENTS, Rig

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module")]

STEPS = ("before the commit", "after the commit", f"after {domain_topic('cart')}", f"after {integration_topic('cart')}")


@pytest.mark.parametrize("step", STEPS)
async def test_a_check_out_survives_a_crash(crashing: Rig, crash_file: Path, step: str) -> None:
    """The caller repeats the request and gets its answer; there is one commit, all of its messages are seen on both
    topics in the end, no row is left in the outbox and the read model is current.
    """
    cart = await crashing.open_cart("milk", "bread")
    restarts = crashing.platform.parts.processes.restarts["cart"]  # type: ignore[union-attr] # on emulators there are
    path, key = f"{CARTS_PATH}/{cart}/checkout", f"checkout-{cart}"
    crash_file.write_text(step)

    cut_off = await crashing.send("POST", path, {}, key=key)
    answer = await crashing.insist("POST", path, {}, key=key)
    again = await crashing.send("POST", path, {}, key=key)
    await crashing.settled()

    assert (cut_off.status, cut_off.headers["Retry-After"], cut_off.is_problem) == (503, "1", True)
    assert crashing.platform.parts.processes.restarts["cart"] == restarts + 1  # type: ignore[union-attr] # as above
    assert (answer.status, answer.body, answer.headers["ETag"]) == (202, {"id": cart, "version": 4}, '"4"')
    assert again.identity == answer.identity
    commits = await crashing.commits(cart)
    assert [commit.context.command for commit in commits] == ["OpenCart", "AddItem", "AddItem", "CheckOutCart"]
    ids = {commit.id for commit in commits}
    assert ids <= await crashing.seen(SPARE_COMMITS)
    assert f"cart-{cart}@4.0" in await crashing.seen(SPARE_EVENTS)
    assert await crashing.owed() == set()
    assert await crashing.behind({f"cart-{cart}": 4}) == {}
