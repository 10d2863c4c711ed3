"""The bench's reader of rows: no command is lost, however late its row is."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.adapters.firestore.database import Database
from tests.bench.lag import _Lags, _Reader


class Rows:
    """One cart's row, at a version that the test sets."""

    root = "rows"

    def __init__(self) -> None:
        self.version = 0

    async def get(self, names: Sequence[str]) -> dict[str, Any]:
        stamp = SimpleNamespace(seconds=0, nanos=0)
        fields = {
            "version": SimpleNamespace(integer_value=self.version),
            "recorded_at": SimpleNamespace(timestamp_value=stamp),
        }
        return {name: SimpleNamespace(fields=fields, update_time=stamp) for name in names}


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    monkeypatch.setattr("tests.bench.lag.moment", lambda stamp: timedelta(seconds=stamp.seconds))
    return Rows()


async def test_two_commands_of_one_cart_are_both_waited_for(rows: Rows) -> None:
    """The second command of a cart does not push out the first, whose row is late."""
    reader, lags = _Reader(cast("Database", rows)), _Lags()
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(reader.read())
        reader.expect("c", 1, lags)
        reader.expect("c", 2, lags)
        rows.version = 2
        await reader.seen_all()
        reading.cancel()

    assert (len(lags.readable), len(lags.written)) == (2, 1)


async def test_a_row_that_is_still_to_come_is_waited_for(rows: Rows) -> None:
    """A version that is shown ends its own waiting, not that of the next one."""
    reader, lags = _Reader(cast("Database", rows)), _Lags()
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(reader.read())
        reader.expect("c", 1, lags)
        reader.expect("c", 2, lags)
        rows.version = 1
        while not lags.readable:  # noqa: ASYNC110 - the reader looks every 10 ms
            await asyncio.sleep(0)
        assert len(lags.readable) == 1
        rows.version = 2
        await reader.seen_all()
        reading.cancel()

    assert (len(lags.readable), len(lags.written)) == (2, 2)
