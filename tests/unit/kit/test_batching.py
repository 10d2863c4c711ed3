"""What arrives together is written together."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from shared.eventsourcing.batching import GroupCommit
from shared.eventsourcing.errors import RefusedError, UnavailableError


@dataclass
class SlowStore:
    """Each write lasts until the test lets it end. What begins with `bad` is refused, `down` fails the write."""

    writes: list[list[str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    may_end: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def write(self, items: Sequence[str]) -> Mapping[int, str]:
        self.writes.append(list(items))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await self.may_end.acquire()
        finally:
            self.at_once -= 1
        if "down" in items:
            raise UnavailableError("the store is down")
        return {place: f"{item} is no good" for place, item in enumerate(items) if item.startswith("bad")}

    def finish(self, writes: int = 1000) -> None:
        for _ in range(writes):
            self.may_end.release()


@pytest.fixture
def store() -> SlowStore:
    return SlowStore()


@pytest.fixture
def group(store: SlowStore) -> GroupCommit[str]:
    return GroupCommit(store.write, len, most_items=4, most_bytes=20)


async def begun(*jobs: asyncio.Task[None]) -> None:
    """Let them come as far as they can."""
    for _ in range(5):
        await asyncio.sleep(0)


def add(group: GroupCommit[str], *items: str) -> asyncio.Task[None]:
    return asyncio.create_task(group.add(items))


async def test_the_first_goes_at_once(group: GroupCommit[str], store: SlowStore) -> None:
    """Nobody waits for others to come."""
    first = add(group, "a")

    await begun(first)

    assert (store.writes, first.done()) == ([["a"]], False)
    store.finish()
    await first


async def test_all_that_came_meanwhile_go_together(group: GroupCommit[str], store: SlowStore) -> None:
    """In the order in which they came, and one write at a time."""
    jobs = [add(group, "a")]
    await begun(*jobs)
    jobs += [add(group, "b"), add(group, "c", "d")]
    await begun(*jobs)
    store.finish()

    await asyncio.gather(*jobs)

    assert (store.writes, store.most_at_once) == ([["a"], ["b", "c", "d"]], 1)


async def test_whoever_added_returns_when_theirs_is_written(group: GroupCommit[str], store: SlowStore) -> None:
    """Not before, and not with the others."""
    first = add(group, "a")
    await begun(first)
    second = add(group, "b")
    store.finish(1)

    await first
    await begun(second)

    assert not second.done()
    store.finish()
    await second


async def test_a_write_that_fails_fails_its_members(group: GroupCommit[str], store: SlowStore) -> None:
    """Those before and after it are none of them."""
    jobs = [add(group, "a")]
    await begun(*jobs)
    jobs += [add(group, name) for name in ("b", "c", "d", "down", "e")]
    await begun(*jobs)
    store.finish()

    results = await asyncio.gather(*jobs, return_exceptions=True)

    assert store.writes == [["a"], ["b", "c", "d", "down"], ["e"]]
    assert [type(result) for result in results] == [type(None), *[UnavailableError] * 4, type(None)]


async def test_what_is_refused_is_refused_alone(group: GroupCommit[str], store: SlowStore) -> None:
    """With the store's reason; what went with it is written."""
    jobs = [add(group, "a"), add(group, "bad"), add(group, "c")]
    store.finish()

    results = await asyncio.gather(*jobs, return_exceptions=True)

    assert [type(result) for result in results] == [type(None), RefusedError, type(None)]
    assert "bad is no good" in str(results[1])


async def test_what_is_refused_keeps_nothing_else_of_its_own_out(group: GroupCommit[str], store: SlowStore) -> None:
    """All are tried, in as many writes as it takes; then the refused are told, by their place."""
    store.finish()

    with pytest.raises(RefusedError) as refused:
        await group.add(["bad-1", "b", "c", "d", "e", "bad-2", "g"])

    assert store.writes == [["bad-1", "b", "c", "d"], ["e", "bad-2", "g"]]
    assert refused.value.reasons == {0: "bad-1 is no good", 5: "bad-2 is no good"}


async def test_a_group_has_a_most_of_items(group: GroupCommit[str], store: SlowStore) -> None:
    """Whoever adds more waits for several writes."""
    store.finish()

    await group.add(["a", "b", "c", "d", "e", "f"])

    assert store.writes == [["a", "b", "c", "d"], ["e", "f"]]


async def test_a_group_has_a_most_of_bytes(group: GroupCommit[str], store: SlowStore) -> None:
    """An item that is larger than that goes alone."""
    store.finish()

    await group.add(["a" * 15, "b" * 5, "c", "d" * 30, "e"])

    assert [[len(item) for item in write] for write in store.writes] == [[15, 5], [1], [30], [1]]


async def test_what_nobody_waits_for_is_not_written(group: GroupCommit[str], store: SlowStore) -> None:
    """A request that was cut off comes again."""
    first = add(group, "a")
    await begun(first)
    cut_off, last = add(group, "b"), add(group, "c")
    await begun(cut_off, last)
    cut_off.cancel()
    await begun(cut_off)
    store.finish()

    await asyncio.gather(first, last)

    assert store.writes == [["a"], ["c"]]


async def test_nothing_is_written_for_nothing(group: GroupCommit[str], store: SlowStore) -> None:
    """And nobody waits."""
    await group.add([])

    assert store.writes == []
