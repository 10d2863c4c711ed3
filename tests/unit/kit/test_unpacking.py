"""What Pub/Sub itself wrote becomes events, span by span."""

from datetime import datetime, timedelta

import pytest

from shared.adapters.memory import MemoryCheckpoints
from shared.eventsourcing.archive_sweep import Unpacking
from shared.eventsourcing.errors import UnavailableError
from shared.testing.doubles import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


async def test_each_span_begins_where_the_last_one_ended(clock: FixedClock) -> None:
    """All stay behind the present."""
    spans: list[tuple[datetime, datetime]] = []

    async def execute(statement: str, *, since: datetime, until: datetime) -> None:
        assert statement == "INSERT"
        spans.append((since, until))

    unpacking = Unpacking("INSERT", execute, MemoryCheckpoints(), clock)
    await unpacking.run()
    spans.clear()
    start = clock.now - timedelta(minutes=1)

    clock.advance(minutes=10)
    await unpacking.run()

    assert spans == [(start, start + timedelta(minutes=10))]


async def test_a_long_span_is_cut_into_pieces(clock: FixedClock) -> None:
    """The first one goes back a week; a piece that failed is tried again, and none that was done."""
    spans: list[tuple[datetime, datetime]] = []

    async def execute(statement: str, *, since: datetime, until: datetime) -> None:
        spans.append((since, until))
        if len(spans) == 3:
            raise UnavailableError("down")

    unpacking = Unpacking("INSERT", execute, MemoryCheckpoints(), clock, piece=timedelta(days=3))
    end = clock.now - timedelta(minutes=1)
    days = [end - timedelta(days=back) for back in (7, 4, 1)]

    with pytest.raises(UnavailableError):
        await unpacking.run()
    await unpacking.run()

    assert spans == [*zip(days, [*days[1:], end], strict=True), (days[2], end)]


async def test_it_ends_when_its_time_is_over(clock: FixedClock) -> None:
    """With its piece; the next run goes on there."""
    spans: list[datetime] = []

    async def execute(statement: str, *, since: datetime, until: datetime) -> None:
        spans.append(since)

    unpacking = Unpacking("INSERT", execute, MemoryCheckpoints(), clock, piece=timedelta(days=3), patience=timedelta(0))

    await unpacking.run()
    await unpacking.run()

    assert spans[1] - spans[0] == timedelta(days=3)


async def test_a_statement_that_failed_is_run_again(clock: FixedClock) -> None:
    """Its span is not noted as done."""
    spans: list[datetime] = []

    async def execute(statement: str, *, since: datetime, until: datetime) -> None:
        spans.append(since)
        if len(spans) == 1:
            raise UnavailableError("down")

    unpacking = Unpacking("INSERT", execute, MemoryCheckpoints(), clock)

    with pytest.raises(UnavailableError):
        await unpacking.run()
    await unpacking.run()

    assert spans[0] == spans[1]
