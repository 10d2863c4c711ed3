"""Commits of the log that nobody can read, as a replay gets them."""

from datetime import timedelta

from shared.eventsourcing.event_store import OperationCounts, Position
from shared.operations.history import from_log
from shared.testing.conformance.samples import new_commit
from shared.testing.doubles import FixedClock
from tests.unit.kit.escaped_order import EscapedOrder


async def test_each_comes_once_as_a_row_that_cannot_be_folded() -> None:
    """Several in a row, recorded at the same time, in whichever order the store has their names."""
    clock = FixedClock()
    log = EscapedOrder(clock, OperationCounts())
    streams = ["tally-auth0|b", "tally-auth05", "tally-auth06", "tally-z"]
    await log.append([new_commit(Position(stream, 0)) for stream in streams])
    for stream in streams[1:3]:
        log._streams[stream][0] = (log._streams[stream][0][0], b"{")
    end = clock() + timedelta(days=1)

    batches = [batch async for batch in from_log(log, "tally", after=None, until=end)]

    rows = [(row["stream"], row["type"]) for batch in batches for row in batch.to_pylist()]
    types = ["NoteWritten.v1", "unreadable", "unreadable", "NoteWritten.v1"]
    assert rows == list(zip(streams, types, strict=True))
