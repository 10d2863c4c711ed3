"""Faults on request reach the messages they were drawn for, and lose nothing but what they drop."""

import gc

from emulators.delivery.faults import Faults
from emulators.delivery.lane import _Held
from shared.testing.virtual_time import on_virtual_time
from tests.unit.emulators.delivery_world import world


@on_virtual_time
async def test_dropped_message_is_lost() -> None:
    """A drop is acknowledged and reaches nobody, as from a broker that lost it."""
    async with world(faults=Faults(drop=1)) as w:
        await w.publish("a", "b")
        stats = await w.settled()

    assert (w.functions.requests, stats.counters.dropped, stats.backlog) == ([], 2, 0)


@on_virtual_time
async def test_duplicate_is_delivered_twice() -> None:
    """A duplicate reaches the function beside the message itself."""
    async with world(faults=Faults(duplicate=1)) as w:
        await w.publish("a")
        stats = await w.settled()

    assert (w.functions.order, stats.counters.duplicated) == (["a", "a"], 1)


@on_virtual_time
async def test_delay_holds_back() -> None:
    """A delayed message is sent after the time that was asked for."""
    async with world(faults=Faults(delay=1, delay_seconds=0.2)) as w:
        await w.publish("a")
        await w.settled()

    assert w.functions.times("a") == [0.2]


@on_virtual_time
async def test_reordered_message_lets_the_next_pass() -> None:
    """A message that is kept back is sent right after the next one, or after 1 s if there is none."""
    faults = Faults(reorder=0.5, seed=1)
    kept = [number for number in range(1, 20) if faults.plan("fast-sub", str(number)).reorder]
    first = next(number for number in kept if number + 1 not in kept)

    async with world(faults=faults) as w:
        await w.publish(*map(str, range(1, first + 2)))
        await w.settled()

    assert w.functions.order.index(str(first + 1)) < w.functions.order.index(str(first))
    assert w.functions.times(str(first)) == [0]


@on_virtual_time
async def test_the_last_message_is_held_back_for_a_second() -> None:
    """On a subscription that stays quiet nothing passes it: then it is sent all the same."""
    async with world(faults=Faults(reorder=1)) as w:
        await w.publish("a")
        stats = await w.settled(within=2)

    assert w.functions.times("a") == [1]
    assert stats.counters.acked == 1


@on_virtual_time
async def test_failed_attempt_reaches_nobody() -> None:
    """An attempt that fails by request counts as a refusal."""
    async with world(faults=Faults(fail=1)) as w:
        await w.publish("a")
        stats = await w.settled()

    assert (w.functions.requests, stats.counters.failed, stats.counters.dead_lettered) == ([], 5, 1)


@on_virtual_time
async def test_faults_lose_nothing_but_drops() -> None:
    """With every fault at work, all messages but the dropped ones are accepted at least once."""
    faults = Faults(duplicate=0.2, delay=0.2, reorder=0.2, drop=0.1, fail=0.2, seed=3)
    async with world(faults=faults) as w:
        await w.publish(*map(str, range(1, 201)))
        stats = await w.settled()

    dropped = {str(number) for number in range(1, 201) if faults.plan("fast-sub", str(number)).drop}
    assert set(w.functions.order) == {str(number) for number in range(1, 201)} - dropped
    assert stats.counters.dropped == len(dropped) > 0
    assert stats.counters.acked == 200 - len(dropped)


@on_virtual_time
async def test_reordering_everything_keeps_nothing() -> None:
    """Where each message waits for the next one, those that are done are still forgotten, the last one, too."""
    async with world(faults=Faults(reorder=1)) as w:
        await w.publish(*map(str, range(100)))
        stats = await w.settled()
        gc.collect()
        kept = [each for each in gc.get_objects() if isinstance(each, _Held)]

    assert stats.counters.acked == 100
    assert kept == []
