"""A bug in a projection, found out by one of many commits: one stream waits for the fix, all others go on."""

import random

import pytest

from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projection import Projection, Row
from shared.eventsourcing.projector import Projector
from shared.testing.doubles import FixedClock
from tests.unit.kit.conftest import TALLIES, Added, Tally, append
from tests.unit.kit.test_projector import MENDED, POISON

STREAMS, COMMITS, AT_FAULT = 50, 20, 7
NAMES = [f"tally-{number}" for number in range(STREAMS)]
POISONED = NAMES[17]
Documents = dict[str, tuple[int, bytes | None]]


class Shop:
    """A log of 1,000 commits, and what a projector makes of them in the order in which they happen to come."""

    def __init__(self, store: MemoryEventStore, clock: FixedClock) -> None:
        self.store, self.clock = store, clock
        self.rows, self.dead_letters = MemoryReadStore(OperationCounts()), MemoryDeadLetters()
        self.commits: list[Commit] = []

    async def write(self) -> None:
        for version in range(1, COMMITS + 1):
            for stream in NAMES:
                at_fault = (stream, version) == (POISONED, AT_FAULT)
                self.commits.append(await append(self.store, stream, POISON if at_fault else version % 10))

    def projector(self, projection: Projection[Added, Tally]) -> Projector[Added, Tally]:
        return Projector(projection, self.store, self.rows, self.dead_letters, self.clock)

    async def deliver(self, projection: Projection[Added, Tally]) -> None:
        """Shuffled by a seed, and a fifth of them twice."""
        shuffled = random.Random(7)  # noqa: S311 - a test's own order
        messages = [*self.commits, *shuffled.sample(self.commits, 200)]
        shuffled.shuffle(messages)
        projector = self.projector(projection)
        for commit in messages:
            await projector.deliver(commit)

    async def documents(self) -> Documents:
        return {stream: _shown(await self.rows.get("tallies", stream.removeprefix("tally-"))) for stream in NAMES}


def _shown(row: Row | None) -> tuple[int, bytes | None]:
    assert row is not None
    return row.version, row.body


@pytest.fixture
async def shop(store: MemoryEventStore, clock: FixedClock) -> Shop:
    """1,000 commits were delivered to the projection with the bug."""
    shop = Shop(store, clock)
    await shop.write()
    await shop.deliver(TALLIES)
    return shop


@pytest.fixture
async def clean(shop: Shop) -> Documents:
    """What the mended projection makes of the same commits, from nothing."""
    other = Shop(shop.store, shop.clock)
    other.commits = shop.commits
    await other.deliver(MENDED)
    return await other.documents()


async def test_all_others_stay_current(shop: Shop, clean: Documents) -> None:
    """49 streams are at their end, the 50th is where the commit at fault begins."""
    found = await shop.documents()

    assert len(shop.commits) == 1000
    assert [stream for stream in NAMES if found[stream] != clean[stream]] == [POISONED]
    assert found[POISONED][0] == AT_FAULT - 1


async def test_the_followers_are_held(shop: Shop) -> None:
    """One letter: the commit at fault, the reason, and every later version."""
    (letter,) = [each async for each in shop.dead_letters.list("tally")]

    assert (letter.stream, letter.version, letter.error) == (POISONED, AT_FAULT, "ZeroDivisionError: thirteen")
    assert set(letter.held) == set(range(AT_FAULT + 1, COMMITS + 1))


async def test_a_redrive_before_the_fix_changes_nothing(shop: Shop) -> None:
    """It fails as it did, and the stream stays parked."""
    before = await shop.documents()

    with pytest.raises(ZeroDivisionError):
        await shop.projector(TALLIES).redrive(POISONED, dry_run=False)

    assert await shop.documents() == before
    assert await shop.dead_letters.parked("tally.tallies", POISONED) is not None


async def test_a_dry_run_shows_the_change_and_makes_none(shop: Shop, clean: Documents) -> None:
    """The document as it is and as it would be."""
    before = await shop.documents()

    was, would_be = await shop.projector(MENDED).redrive(POISONED, dry_run=True)

    assert was == Tally.model_validate_json(before[POISONED][1] or b"")
    assert would_be == Tally.model_validate_json(clean[POISONED][1] or b"")
    assert await shop.documents() == before
    assert await shop.dead_letters.parked("tally.tallies", POISONED) is not None


async def test_after_the_redrive_all_is_as_in_a_clean_run(shop: Shop, clean: Documents) -> None:
    """All 50 documents, and nothing waits."""
    await shop.projector(MENDED).redrive(POISONED, dry_run=False)

    assert await shop.documents() == clean
    assert [each async for each in shop.dead_letters.list("tally")] == []
