"""What queries show of a document never goes back, whatever fails, and whichever generation an instance believes in."""

import asyncio
import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.errors import TooLargeError, UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.generations import FIRST, Aliases, Generations, place
from shared.eventsourcing.live_rows import LiveRows
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projection import Projection, Row
from shared.eventsourcing.projector import Outcome, Projector
from shared.eventsourcing.projectors import Projectors
from shared.testing.doubles import FixedClock
from tests.unit.kit.conftest import TALLIES, Added, Tally, append

SECOND = place("tallies", "2")
COMMITS = 8


class Failing(MemoryReadStore):
    """`before` and `after` are how many of the next writes fail: before they are carried out, or after it. Nothing is
    written to the collections that are `down`, and documents are `too_large` for others.
    """

    def __init__(self) -> None:
        super().__init__(OperationCounts())
        self.before = self.after = 0
        self.down: set[str] = set()
        self.too_large: set[str] = set()

    async def put_all(self, rows: Mapping[str, Row]) -> Mapping[str, Row]:
        if self.down & rows.keys() or self.before:
            self.before = max(self.before - 1, 0)
            raise UnavailableError("nothing was written")
        if self.too_large & rows.keys():
            raise TooLargeError("1 MiB")
        written = await super().put_all(rows)
        if self.after:
            self.after -= 1
            raise UnavailableError("everything was written")
        return written


class Shop:
    """A log and its read model in two generations; instances that deliver, and instances that answer queries. Each
    remembers the alias for itself.
    """

    def __init__(self) -> None:
        self.clock, self.rows, self.dead_letters = FixedClock(), Failing(), MemoryDeadLetters()
        self.log = MemoryEventStore(self.clock, OperationCounts())
        self.commits: list[Commit] = []
        self.operator = Aliases(self.rows, self.clock)
        self.projectors = [Projectors(TALLIES, Aliases(self.rows, self.clock), self._projector) for _ in range(2)]
        self.queries = [LiveRows(self.rows, Aliases(self.rows, self.clock), [TALLIES], self.log) for _ in range(2)]
        self._seen = 0

    async def begin(self) -> None:
        """Both generations are kept, and all instances know it."""
        await self.operator.change("tallies", lambda known: known.begun().completed("2"))
        for _ in range(COMMITS):
            self.commits.append(await append(self.log, "tally-1", 1))

    def _projector(self, projection: Projection[Added, Tally]) -> Projector[Added, Tally]:
        return Projector(projection, self.log, self.rows, self.dead_letters, self.clock)

    async def flip(self) -> Generations:
        return await self.operator.change("tallies", lambda now: now.living("2" if now.live == FIRST else FIRST))

    async def versions(self) -> dict[str, int]:
        return {name: row.version for name in ("tallies", SECOND) if (row := await self.rows.get(name, "1"))}

    async def look(self, instance: int) -> None:
        """A query may not show less than one that ended before it began."""
        before = self._seen
        row = await self.queries[instance].get("tallies", "1")
        shown = row.version if row else 0
        assert shown >= before
        self._seen = max(self._seen, shown)


@pytest.fixture
async def shop() -> Shop:
    shop = Shop()
    await shop.begin()
    return shop


@pytest.mark.parametrize("down", ["tallies", SECOND])
async def test_a_write_that_fails_changes_no_generation(shop: Shop, down: str) -> None:
    """So a flip cannot show an older document, whichever of them it is that cannot be written."""
    (projectors, _), (first, second, *_) = shop.projectors, shop.commits
    await projectors.deliver(first)
    shop.rows.down.add(down)
    with pytest.raises(UnavailableError):
        await projectors.deliver(second)

    assert await shop.versions() == {"tallies": 1, SECOND: 1}
    shop.rows.down.clear()
    assert await projectors.deliver(second) is Outcome.APPLIED
    assert await shop.versions() == {"tallies": 2, SECOND: 2}


async def test_a_document_that_one_generation_cannot_hold_parks_its_stream_there(shop: Shop) -> None:
    """The other generation goes on."""
    (projectors, _), (first, second, *_) = shop.projectors, shop.commits
    await projectors.deliver(first)
    shop.rows.too_large.add(SECOND)

    assert await projectors.deliver(second) is Outcome.APPLIED

    parked = [(each.projection, each.version) async for each in shop.dead_letters.list("tally")]
    assert (await shop.versions(), parked) == ({"tallies": 2, SECOND: 1}, [(f"tally.{SECOND}", 2)])


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_what_a_query_shows_never_goes_back(chance: random.Random) -> None:
    """Deliveries and sweeps of several instances, writes that fail or whose acknowledgement is lost, flips, memories of
    the alias that are old: in any order, and at the same time.
    """
    asyncio.run(_anything(chance))


async def _anything(chance: random.Random) -> None:
    shop = Shop()
    await shop.begin()
    for _ in range(30):
        async with asyncio.TaskGroup() as together:
            for _ in range(chance.randint(1, 4)):
                together.create_task(_something(shop, chance))
        shop.clock.advance(seconds=chance.choice([0, 1, 4]))


async def _something(shop: Shop, chance: random.Random) -> None:
    for _ in range(chance.randint(0, 5)):
        await asyncio.sleep(0)
    projectors, instance = chance.choice(shop.projectors), chance.randrange(2)
    try:
        match chance.choice(["deliver", "deliver", "heal", "fault", "flip", "look", "look"]):
            case "deliver":
                await projectors.deliver(chance.choice(shop.commits))
            case "heal":
                await projectors.heal("tally-1", chance.randint(1, COMMITS))
            case "fault":
                shop.rows.before, shop.rows.after = chance.choice([(1, 0), (0, 1)])
            case "flip":
                await shop.flip()
            case _:
                await shop.look(instance)
    except UnavailableError:
        return  # the message comes again, or not
