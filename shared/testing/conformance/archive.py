"""The ports `ArchiveWriter` and `ArchiveReader`, on one store."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic_core import from_json

from shared.adapters.archive import ArchiveStore, Reader
from shared.eventsourcing.archive import FACTS, FOLDED_COLUMNS, UNREADABLE, ArchivedEvent, Growth, marker_of
from shared.eventsourcing.errors import CorruptCommitError, RefusedError, UnavailableError

NOON = datetime(2017, 3, 6, 12, 0, 0, 123456, tzinfo=UTC)


def archived(stream: str, version: int = 1, index: int = 0, **columns: Any) -> ArchivedEvent:
    """A row, as short as a test wants it."""
    return ArchivedEvent(
        **{
            "id": f"{stream}@{version}.{index}",
            "category": stream.partition("-")[0],
            "stream": stream,
            "version": version,
            "index": index,
            "size": 1,
            "type": "NoteWritten.v1",
            "occurred_at": NOON,
            "recorded_at": NOON + timedelta(seconds=version),
            "command": "WriteNote",
            "command_id": "c-1",
            "correlation_id": "flow-1",
            "causation_id": None,
            "actor": "user:1",
            "traceparent": None,
            "data": '{"note":"é"}',
            **columns,
        }
    )


def fact(identity: str) -> dict[str, Any]:
    """A row of the other table."""
    times = {"occurred_at": NOON, "recorded_at": NOON}
    return {
        "id": identity,
        "type": "T.v1",
        "service": "orders",
        "subject": "1",
        "correlation_id": "c",
        "payload": "{}",
        **times,
    }


def as_json(value: Any) -> Any:
    """A JSON column as its client gives it: as text, or read already."""
    return from_json(value) if isinstance(value, str) else value


class ArchiveConformance:
    """Fixtures to provide: `store` and `reader` of one empty archive; `nowhere`, a store that cannot be reached."""

    async def test_a_row_is_read_back_as_it_was_written(self, store: ArchiveStore, reader: Reader) -> None:
        """The columns that a replay needs, to the microsecond, in UTC."""
        east = NOON.astimezone(timezone(timedelta(hours=9)))
        await store.write([archived("cart-1", 7, 2, size=3, recorded_at=east)])

        (row,) = self._rows(reader, "cart")

        assert tuple(row) == FOLDED_COLUMNS
        assert row == {
            "stream": "cart-1",
            "version": 7,
            "index": 2,
            "size": 3,
            "type": "NoteWritten.v1",
            "recorded_at": NOON,
            "data": '{"note":"é"}',
        }

    async def test_a_category_is_read_alone(self, store: ArchiveStore, reader: Reader) -> None:
        """Others with the same beginning are others."""
        await store.write([archived("cart-1"), archived("carts-1"), archived("order-1")])

        assert [row["stream"] for row in self._rows(reader, "cart")] == ["cart-1"]

    async def test_reading_ends_at_a_time(self, store: ArchiveStore, reader: Reader) -> None:
        """What was recorded at it is included."""
        await store.write([archived("cart-1", version) for version in range(1, 6)])

        rows = self._rows(reader, "cart", until=NOON + timedelta(seconds=3))

        assert sorted(row["version"] for row in rows) == [1, 2, 3]

    async def test_of_nothing_there_is_nothing(self, store: ArchiveStore, reader: Reader) -> None:
        """An empty archive is no trouble."""
        await store.write([])

        assert (self._rows(reader, "cart"), list(reader.growth())) == ([], [])

    async def test_what_is_missing_is_told(self, store: ArchiveStore) -> None:
        """Those ids of which no row is there."""
        await store.write([archived("cart-1"), archived("cart-2")])

        missing = await store.missing("cart", ["cart-1@1.0", "cart-2@1.0", "cart-2@2.0"], since=NOON)

        assert missing == {"cart-2@2.0"}

    async def test_nothing_is_missing_of_nothing(self, store: ArchiveStore) -> None:
        """Nobody is asked."""
        assert await store.missing("cart", [], since=NOON) == set()

    async def test_writes_may_overlap(self, store: ArchiveStore, reader: Reader) -> None:
        """All of them are written, whatever went together."""
        await asyncio.gather(*(store.write([archived(f"cart-{number}")]) for number in range(700)))

        assert len({row["stream"] for row in self._rows(reader, "cart")}) == 700

    async def test_each_event_grows_the_log_once(self, store: ArchiveStore, reader: Reader) -> None:
        """However often it was written: by category and day of its recording, with the bytes of its JSON."""
        twice = [archived("cart-1"), archived("cart-1")]
        later = archived("cart-1", 2, recorded_at=NOON + timedelta(days=1))
        two = [archived("cart-2", 1, index, size=2) for index in range(2)]
        await store.write([*twice, later, *two, archived("order-1")])

        assert list(reader.growth()) == [
            Growth("cart", date(2017, 3, 6), 2, 2, 3, 3 * 13),
            Growth("cart", date(2017, 3, 7), 0, 1, 1, 13),
            Growth("order", date(2017, 3, 6), 1, 1, 1, 13),
        ]

    async def test_a_marker_is_read_and_not_counted(self, store: ArchiveStore, reader: Reader) -> None:
        """A replay comes upon the place of a commit that nobody can read; no view does."""
        marker = marker_of(CorruptCommitError("cart-1", 2, NOON, "broken"))
        await store.write([marker, archived("cart-2")])

        (row,) = [row for row in self._rows(reader, "cart") if row["stream"] == "cart-1"]

        assert (row["version"], row["index"], row["size"], row["type"], row["data"]) == (2, 0, 1, UNREADABLE, "null")
        assert await store.missing("cart", [marker.id], since=NOON) == set()
        assert [(each.streams, each.events) for each in reader.growth()] == [(1, 1)]

    async def test_a_claimed_time_stands_beside_the_one_it_is_filed_under(
        self, store: ArchiveStore, reader: Reader
    ) -> None:
        """Of facts `happened_at` is the one that is claimed, if there is one."""
        claimed = NOON.replace(year=1970)
        await store.insert(FACTS, [{**fact("a@1.0"), "claimed_at": claimed}, fact("b@1.0")])

        answer = reader.view("facts_once")

        at = [answer.columns.index(name) for name in ("id", "occurred_at", "claimed_at", "happened_at")]
        assert sorted(tuple(row[place] for place in at) for row in answer.rows) == [
            ("a@1.0", NOON, claimed, claimed),
            ("b@1.0", NOON, None, NOON),
        ]

    async def test_other_tables_take_rows_too(self, store: ArchiveStore, reader: Reader) -> None:
        """And views show them, by the names of their columns."""
        await store.insert(FACTS, [fact("a@1.0"), fact("a@1.0"), fact("b@1.0")])

        answer = reader.view("facts_once")

        assert sorted(row[answer.columns.index("id")] for row in answer.rows) == ["a@1.0", "b@1.0"]

    @pytest.mark.parametrize("order", [1, -1])
    async def test_two_rows_of_one_event_count_once(self, store: ArchiveStore, reader: Reader, order: int) -> None:
        """Whatever else they say, and whichever came first: that one stays which was recorded first, then the one that
        happened first, then the one that is first as text.
        """
        later: dict[str, Any] = {"recorded_at": NOON + timedelta(days=1), "occurred_at": NOON - timedelta(days=1)}
        kept = archived("cart-1", 1, recorded_at=NOON, data='{"note":"a"}')
        others = [
            archived("cart-1", 1, recorded_at=NOON, data='{"note":"b"}'),
            archived("cart-1", 1, recorded_at=NOON, occurred_at=NOON + timedelta(days=1)),
            archived("cart-1", 1, **later),
        ]

        await store.write([kept, *others][::order])

        answer = reader.view("events_once")
        at = [answer.columns.index(name) for name in ("recorded_at", "occurred_at", "data")]
        ((recorded_at, occurred_at, data),) = [tuple(row[place] for place in at) for row in answer.rows]
        assert (recorded_at, occurred_at, as_json(data)) == (NOON, NOON, {"note": "a"})
        assert [each.events for each in reader.growth()] == [1]

    async def test_a_product_is_as_its_highest_version_says(self, store: ArchiveStore, reader: Reader) -> None:
        """Whatever the times say, and as a number: 10 comes after 9."""
        listed = {**fact("product-milk@9.0"), "type": "commerce.catalog.ProductListed.v1", "subject": "milk"}
        ninth = {**listed, "recorded_at": NOON + timedelta(seconds=2), "payload": '{"sku":"milk","department":"OLD"}'}
        tenth = {**listed, "id": "product-milk@10.0", "payload": '{"sku":"milk","department":"NEW"}'}

        await store.insert(FACTS, [tenth, ninth])

        assert [tuple(row)[:2] for row in reader.view("products").rows] == [("milk", "NEW")]

    @pytest.mark.parametrize("order", [1, -1])
    async def test_two_rows_of_one_fact_count_once(self, store: ArchiveStore, reader: Reader, order: int) -> None:
        """As of events: the same one stays whenever it is asked for."""
        later = {"recorded_at": NOON + timedelta(days=1), "occurred_at": NOON - timedelta(days=1)}
        others = [
            {**fact("a@1.0"), "payload": '{"amount":2}'},
            {**fact("a@1.0"), "occurred_at": NOON + timedelta(days=1), "payload": '{"amount":0}'},
            {**fact("a@1.0"), **later, "payload": '{"amount":0}'},
        ]

        await store.insert(FACTS, [{**fact("a@1.0"), "payload": '{"amount":1}'}, *others][::order])

        answer = reader.view("facts_once")
        ((payload, happened_at),) = [
            (row[answer.columns.index("payload")], row[answer.columns.index("happened_at")]) for row in answer.rows
        ]
        assert (as_json(payload), happened_at) == ({"amount": 1}, NOON)

    async def test_a_row_that_is_refused_keeps_nobody_out(self, store: ArchiveStore, reader: Reader) -> None:
        """It is told as what can never be written; those that came with it are written."""
        bad = {**fact("bad"), "occurred_at": "yesterday"}

        results = await asyncio.gather(
            *(store.insert(FACTS, [row]) for row in (fact("a"), fact("b"), bad, fact("c"))), return_exceptions=True
        )

        assert [type(result) for result in results] == [type(None), type(None), RefusedError, type(None)]
        assert {row[0] for row in reader.view("facts_once").rows} == {"a", "b", "c"}

    async def test_a_store_that_is_down_is_unavailable(self, nowhere: ArchiveStore) -> None:
        """The message comes again."""
        with pytest.raises(UnavailableError):
            await nowhere.write([archived("cart-1")])

    def test_an_unknown_view_is_unavailable(self, reader: Reader) -> None:
        """It may be there tomorrow."""
        with pytest.raises(UnavailableError):
            reader.view("nonsense")

    def _rows(self, reader: Reader, category: str, **bounds: datetime) -> list[dict[str, Any]]:
        batches: Iterator[Any] = reader.batches(category, **bounds)
        return [row for batch in batches for row in batch.to_pylist()]
