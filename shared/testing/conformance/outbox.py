"""The port `Outbox`."""

from datetime import datetime, timedelta

from shared.eventsourcing.event_store import OperationCounts, Outbox, OutboxRow, Position
from shared.testing.conformance.samples import (
    CATEGORY,
    FAR_FUTURE,
    Log,
    collected,
    new_commit,
    one_in_each_shard,
    streams_of,
    write,
)


async def owed(store: Outbox, since: datetime | None = None, before: datetime = FAR_FUTURE) -> list[str]:
    return [row.message_id async for row in store.owed(CATEGORY, since=since, before=before)]


class OutboxConformance:
    """Every outbox keeps these promises. Fixtures to provide: `store`, `counts` (the store's own)."""

    async def test_an_append_leaves_a_row_for_each_message(self, store: Log) -> None:
        """The commit's own message and one for each public event, with the time of the commit."""
        (stream,) = streams_of(CATEGORY, 1)
        result = await store.append([new_commit(Position(stream, 0), public=True)])

        rows = await collected(store.owed(CATEGORY, since=None, before=FAR_FUTURE))

        assert rows == [OutboxRow(f"{stream}@1", result.recorded_at), OutboxRow(f"{stream}@1.0", result.recorded_at)]  # type: ignore[union-attr] # nothing to replay

    async def test_nothing_is_owed_at_first(self, store: Log) -> None:
        """An empty outbox is empty."""
        assert await owed(store) == []

    async def test_rows_come_oldest_first(self, store: Log) -> None:
        """In the order of their commits, whatever their shards."""
        streams = one_in_each_shard(CATEGORY)
        for stream in reversed(streams):
            await write(store, stream, 2)

        rows = await collected(store.owed(CATEGORY, since=None, before=FAR_FUTURE))

        assert {row.message_id for row in rows} == {f"{stream}@{version}" for stream in streams for version in (1, 2)}
        assert rows == sorted(rows, key=lambda row: row.recorded_at)

    async def test_rows_are_chosen_by_age(self, store: Log) -> None:
        """`since` is included, `before` is not."""
        (stream,) = streams_of(CATEGORY, 1)
        times = [result.recorded_at for result in await write(store, stream, 4)]
        all_rows = dict(zip([f"{stream}@{version}" for version in (1, 2, 3, 4)], times, strict=True))

        found = await owed(store, since=times[1], before=times[3])

        assert found == [identity for identity, time in all_rows.items() if times[1] <= time < times[3]]
        assert await owed(store, before=times[0]) == []
        assert await owed(store, since=times[3] + timedelta(milliseconds=1)) == []

    async def test_other_categories_owe_for_themselves(self, store: Log) -> None:
        """A row is in the category of its stream only."""
        (other,) = streams_of("cart_b", 1)
        await write(store, other)

        assert await owed(store) == []

    async def test_a_settled_message_is_owed_no_more(self, store: Log) -> None:
        """Its row is gone, the others stay."""
        (stream,) = streams_of(CATEGORY, 1)
        await store.append([new_commit(Position(stream, 0), public=True)])

        await store.settle([f"{stream}@1"])

        assert await owed(store) == [f"{stream}@1.0"]

    async def test_settling_leaves_the_log_alone(self, store: Log) -> None:
        """The commit is where it was."""
        (stream,) = streams_of(CATEGORY, 1)
        await write(store, stream)

        await store.settle([f"{stream}@1"])

        assert (await store.load(stream)).position.version == 1

    async def test_unknown_messages_are_nothing_to_worry_about(self, store: Log) -> None:
        """Messages arrive twice, and others' messages arrive: neither breaks anything."""
        (stream,) = streams_of(CATEGORY, 1)
        await write(store, stream)

        await store.settle([f"{stream}@1", f"{stream}@1"])
        await store.settle([f"{stream}@1", "cart-9@9", "no message id", "", "@", "@1", "a/b@c/d", "cart-1@"])

        assert await owed(store) == []

    async def test_many_messages_are_settled_at_once(self, store: Log) -> None:
        """More than one commit request may hold."""
        streams = streams_of(CATEGORY, 120)
        for start in range(0, 120, 40):
            await store.append([new_commit(Position(s, 0)) for s in streams[start : start + 40]])
        unknown = [f"{streams[0]}@{version}" for version in range(2, 500)]

        await store.settle([*unknown, *(f"{stream}@1" for stream in streams)])

        assert await owed(store) == []

    async def test_rows_of_odd_streams_have_the_right_message_ids(self, store: Log) -> None:
        """A message's id survives the way into the store and back, whatever its stream is called."""
        odd = ["cart-ä/%@1", "cart-ä/%@2"]
        for stream in odd:
            await write(store, stream)

        assert set(await owed(store)) == {f"{stream}@1" for stream in odd}
        await store.settle([f"{stream}@1" for stream in odd])
        assert await owed(store) == []

    async def test_looking_is_counted_as_it_is_billed(self, store: Log, counts: OperationCounts) -> None:
        """One query whatever the shards, a read per row, and one for an empty answer."""
        assert await owed(store) == []
        assert counts == OperationCounts(rpcs={"RunQuery": 1}, documents_read=1)

    async def test_settling_nothing_costs_nothing(self, store: Log, counts: OperationCounts) -> None:
        """No ids, no request; otherwise a delete a row."""
        await store.settle([])
        assert counts == OperationCounts()

        await store.settle(["cart-1@1", "cart-1@2"])
        assert counts == OperationCounts(rpcs={"Commit": 1}, documents_deleted=2)
