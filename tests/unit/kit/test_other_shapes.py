"""Rows that another release stored: in another shape, or with other fields for queries."""

from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.generations import Aliases
from shared.eventsourcing.live_rows import LiveRows
from shared.eventsourcing.projection import Find, Projection, Row
from shared.eventsourcing.projector import Outcome, Projector
from shared.testing.doubles import FixedClock
from tests.unit.kit.conftest import TALLIES, Added, Tally, append


class Counted(Tally):
    """The next release's: with a field that has a default."""

    additions: int = 0


class Reworded(Tally):
    """The same, in other words."""


Reworded.__name__ = "Tally"


def count(document: Counted | None, event: Added) -> Counted | None:
    if event.by == 13:
        raise ZeroDivisionError("thirteen")
    before = document or Counted()
    return Counted(total=before.total + event.by, additions=before.additions + 1)


COUNTED = Projection[Added, Counted](
    category="tally",
    collection="tallies",
    document_type=Counted,
    codec=TALLIES.codec,
    project=count,
    fields=lambda tally: {"total": tally.total},
)
BY_PARITY = replace(TALLIES, fields=lambda tally: {"total": tally.total, "even": tally.total % 2 == 0})


@pytest.fixture
def rows(counts: OperationCounts) -> MemoryReadStore:
    return MemoryReadStore(counts)


class Releases:
    """Projectors and queries of one release or another, on the same stores."""

    def __init__(self, store: MemoryEventStore, rows: MemoryReadStore, clock: FixedClock) -> None:
        self._stores, self._clock, self.dead_letters = (store, rows), clock, MemoryDeadLetters()

    def projector(self, projection: Projection[Any, Any]) -> Projector[Any, Any]:
        return Projector(projection, *self._stores, self.dead_letters, self._clock)

    def queries(self, projection: Projection[Any, Any]) -> LiveRows:
        store, rows = self._stores
        return LiveRows(rows, Aliases(rows, self._clock), [projection], store)


@pytest.fixture
def releases(store: MemoryEventStore, rows: MemoryReadStore, clock: FixedClock) -> Releases:
    return Releases(store, rows, clock)


async def shown(rows: MemoryReadStore) -> tuple[int, bytes | None, dict[str, Any]]:
    row = await rows.get("tallies", "1")
    assert row is not None
    return row.version, row.body, dict(row.fields)


class TestTheMark:
    def test_names_the_shape(self) -> None:
        """A field more is another shape, other words are not."""
        assert TALLIES.schema != COUNTED.schema
        assert replace(TALLIES, document_type=Reworded).schema == TALLIES.schema

    async def test_is_part_of_the_row(self, store: MemoryEventStore) -> None:
        """Also of a document that is removed."""
        commit = await append(store, "tally-1", 3)

        assert TALLIES.row("tally-1", None, commit, None).schema == TALLIES.schema


class TestTheProjector:
    async def test_folds_another_shape_anew_with_the_next_commit(
        self, releases: Releases, store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """A default is not what the new field would have been."""
        await releases.projector(TALLIES).deliver(await append(store, "tally-1", 3))

        await releases.projector(COUNTED).deliver(await append(store, "tally-1", 4))

        assert await shown(rows) == (2, b'{"total":7,"additions":2}', {"total": 7})

    @pytest.mark.parametrize(
        ("projection", "expected"),
        [
            (COUNTED, (2, b'{"total":7,"additions":2}', {"total": 7})),
            (BY_PARITY, (2, b'{"total":7}', {"total": 7, "even": False})),
        ],
    )
    async def test_folds_it_anew_when_the_sweep_comes_by(
        self,
        releases: Releases,
        store: MemoryEventStore,
        rows: MemoryReadStore,
        projection: Projection[Any, Any],
        expected: object,
    ) -> None:
        """Without a commit that is new; other fields for queries are another shape, too."""
        for by in (3, 4):
            await releases.projector(TALLIES).deliver(await append(store, "tally-1", by))

        assert await releases.projector(projection).heal("tally-1", 2) is Outcome.HEALED
        assert await shown(rows) == expected

    async def test_does_not_go_back_for_a_commit_that_comes_again(
        self, releases: Releases, store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """The first commit of the stream is not all of it."""
        first = await append(store, "tally-1", 3)
        await releases.projector(TALLIES).deliver(await append(store, "tally-1", 4))

        await releases.projector(COUNTED).deliver(first)

        assert await shown(rows) == (2, b'{"total":7,"additions":2}', {"total": 7})

    async def test_does_not_go_back_to_before_a_commit_that_fails_now(
        self, releases: Releases, store: MemoryEventStore, rows: MemoryReadStore
    ) -> None:
        """The stream is parked, and the document stays as it was."""
        lenient = replace(TALLIES, project=lambda document, event: Tally(total=(document or Tally()).total + event.by))
        for by in (3, 13):
            await releases.projector(lenient).deliver(await append(store, "tally-1", by))

        outcome = await releases.projector(COUNTED).deliver(await append(store, "tally-1", 5))

        parked = await releases.dead_letters.parked("tally.tallies", "tally-1")
        assert (outcome, await shown(rows)) == (Outcome.PARKED, (2, b'{"total":16}', {"total": 16}))
        assert parked is not None
        assert (parked.version, parked.held) == (2, (3,))


class TestQueries:
    async def test_fold_another_shape_for_the_answer(self, releases: Releases, store: MemoryEventStore) -> None:
        """One by one, several at once and in lists: up to the version that is stored."""
        await releases.projector(TALLIES).deliver(await append(store, "tally-1", 3))
        await append(store, "tally-1", 4)
        queries = releases.queries(COUNTED)

        one = await queries.get("tallies", "1")
        many = await queries.get_many("tallies", ["1"])
        (listed,) = await queries.find("tallies", Find(where={}, order_by="total"))

        found = [one, many["1"], listed]
        assert [(row.version, row.body) for row in found if row] == [(1, b'{"total":3,"additions":1}')] * 3

    async def test_list_by_what_is_stored(self, releases: Releases, store: MemoryEventStore) -> None:
        """A page goes on from where the store has the row."""
        await releases.projector(TALLIES).deliver(await append(store, "tally-1", 3))
        doubled = replace(COUNTED, fields=lambda tally: {"total": tally.total * 2})

        (listed,) = await releases.queries(doubled).find("tallies", Find(where={"total": 3}, order_by="total"))

        assert listed.fields == {"total": 3}

    async def test_read_nothing_more_for_their_own_shape(
        self, releases: Releases, store: MemoryEventStore, counts: OperationCounts
    ) -> None:
        """The row, and what remembering the alias costs."""
        await releases.projector(TALLIES).deliver(await append(store, "tally-1", 3))
        queries = releases.queries(TALLIES)
        await queries.get("tallies", "1")
        before = counts.documents_read

        await queries.get("tallies", "1")

        assert counts.documents_read - before == 1

    async def test_leave_what_is_no_read_model_alone(self, releases: Releases, rows: MemoryReadStore) -> None:
        """It has no shape that they know."""
        put = await rows.put("others", Row("1", 1, FixedClock()(), b"x", {}))

        assert await releases.queries(TALLIES).get("others", "1") == put
