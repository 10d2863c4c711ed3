"""Rows that another release stored: in another shape, or with other fields for queries."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import create_model

from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.generations import Aliases
from shared.eventsourcing.live_rows import LiveRows
from shared.eventsourcing.projection import MAX_FOLDED, Find, Projection, Row
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
STRICT = replace(COUNTED, document_type=create_model("Strict", __base__=Counted, additions=(int, ...)))
"""Whose new field has no default."""
LENIENT = replace(TALLIES, project=lambda document, event: Tally(total=(document or Tally()).total + event.by))
"""That applies what the next release's cannot."""
BY_TOTAL = Find(where={}, order_by="total")
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
        for by in (3, 13):
            await releases.projector(LENIENT).deliver(await append(store, "tally-1", by))

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

    @pytest.mark.parametrize("others", [0, 1])
    async def test_answer_what_is_stored_where_a_commit_fails_now(
        self, releases: Releases, store: MemoryEventStore, others: int
    ) -> None:
        """If it still is a document of this shape: alone, and beside others in a list."""
        await releases.projector(LENIENT).deliver(await append(store, "tally-1", 13))
        for _ in range(others):
            await releases.projector(LENIENT).deliver(await append(store, "tally-2", 20))
        queries = releases.queries(COUNTED)

        one = await queries.get("tallies", "1")
        listed = await queries.find("tallies", BY_TOTAL)

        assert one is not None
        assert (one.version, one.body) == (1, b'{"total":13,"additions":0}')
        assert [row.body for row in listed] == [one.body, b'{"total":20,"additions":1}'][: 1 + others]

    async def test_do_not_show_what_is_no_document_of_this_shape(
        self, releases: Releases, store: MemoryEventStore
    ) -> None:
        """By its key it is not available for now; in a list it costs itself, and nothing else."""
        for stream, by in (("tally-1", 13), ("tally-2", 20)):
            await releases.projector(LENIENT).deliver(await append(store, stream, by))
        queries = releases.queries(STRICT)

        listed = await queries.find("tallies", BY_TOTAL)
        scanned = await queries.scan("tallies", limit=9)

        for asked in (queries.get("tallies", "1"), queries.get_many("tallies", ["1", "2"])):
            with pytest.raises(UnavailableError):
                await asked
        assert [row.body for row in listed] == [row.body for row in scanned] == [None, b'{"total":20,"additions":1}']

    async def test_fold_no_more_than_one_query_may(
        self, releases: Releases, store: MemoryEventStore, rows: MemoryReadStore, counts: OperationCounts
    ) -> None:
        """Of a list that has more, the first rows are folded, and the others answered as they are stored."""
        for key, version in (("1", MAX_FOLDED), ("2", 1), ("3", MAX_FOLDED + 1)):
            await append(store, f"tally-{key}", 3)
            await rows.put("tallies", Row(key, version, FixedClock()(), b'{"total":3}', {"total": 3}, schema="old"))
        before = counts.documents_read

        listed = await releases.queries(COUNTED).find("tallies", BY_TOTAL)

        assert [row.body for row in listed] == [
            b'{"total":3,"additions":1}',
            b'{"total":3,"additions":0}',
            b'{"total":3,"additions":0}',
        ]
        assert counts.documents_read - before == 3 + 1 + 1  # rows, the alias, and the one commit that there is

    async def test_leave_what_is_no_read_model_alone(self, releases: Releases, rows: MemoryReadStore) -> None:
        """It has no shape that they know."""
        put = await rows.put("others", Row("1", 1, FixedClock()(), b"x", {}))

        assert await releases.queries(TALLIES).get("others", "1") == put
