"""A replay by several processes: every document once, and on from where a kill has left it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.projection import Row
from shared.operations.replay import Phase, Replay, Replayed
from tests.unit.operations.conftest import TALLIES_MODEL, batch_of, shuffled, source_of, tallied
from tests.unit.operations.test_folding import documents, told_by_the_log

BUCKETS = 4


class Taken:
    """A sink; it fails when it has taken so many buckets."""

    def __init__(self, fails_after: int | None = None) -> None:
        self.rows: list[Row] = []
        self.calls = 0
        self.fails_after = fails_after

    async def __call__(self, rows: Sequence[Row]) -> None:
        if self.calls == self.fails_after:
            raise ConnectionResetError
        self.calls += 1
        self.rows += rows


def replay(folder: Path, key: str = "all") -> Replay:
    return Replay(read_model=TALLIES_MODEL, folder=folder, key=key, buckets=BUCKETS, processes=2)


def unwatched(_: Phase, __: int, ___: int) -> None:
    """Nobody looks."""


async def test_every_document_is_written_once(store: MemoryEventStore, folder: Path) -> None:
    """As the log says, whatever the order of the archive."""
    commits = await tallied(store, 12, 100)
    sink = Taken()

    done = await replay(folder).run(source_of(batch_of(shuffled(commits, 3))), sink, unwatched)

    assert documents(sink.rows) == told_by_the_log(commits)
    assert len(sink.rows) == len(told_by_the_log(commits))
    assert done == Replayed(events=120, documents=len(sink.rows), behind=())


async def test_the_watch_is_told_to_the_last_event(store: MemoryEventStore, folder: Path) -> None:
    """Both phases come to their end."""
    seen: dict[Phase, tuple[int, int]] = {}

    await replay(folder).run(
        source_of(batch_of(await tallied(store, 5, 50))),
        Taken(),
        lambda phase, done, total: seen.update({phase: (done, total)}),
        expected=50,
    )

    assert seen == {Phase.READING: (50, 50), Phase.FOLDING: (50, 50)}


async def test_what_was_written_before_a_kill_is_not_folded_again(store: MemoryEventStore, folder: Path) -> None:
    """Nor is the history read again; the sums are those of the whole."""
    commits = await tallied(store, 12, 100)
    first, second = Taken(fails_after=2), Taken()
    with pytest.raises(ConnectionResetError):
        await replay(folder).run(source_of(batch_of(commits)), first, unwatched)

    done = await replay(folder).run(source_of(), second, unwatched)

    assert second.calls == BUCKETS - 2
    assert documents([*first.rows, *second.rows]) == told_by_the_log(commits)
    assert done == Replayed(events=100, documents=len(first.rows) + len(second.rows), behind=())


async def test_one_that_was_cut_off_while_it_read_begins_anew(store: MemoryEventStore, folder: Path) -> None:
    """Half a history is none."""
    commits = await tallied(store, 5, 50)

    async def broken() -> object:
        yield batch_of(commits[:20])
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await replay(folder).run(broken, Taken(), unwatched)  # type: ignore[arg-type] # yields what a source yields
    sink = Taken()
    done = await replay(folder).run(source_of(batch_of(commits)), sink, unwatched)

    assert (documents(sink.rows), done.events) == (told_by_the_log(commits), 50)


async def test_another_history_is_another_replay(store: MemoryEventStore, folder: Path) -> None:
    """What is left of one up to another time is thrown away."""
    commits = await tallied(store, 5, 50)
    await replay(folder, "until May").run(source_of(batch_of(commits[:20])), Taken(), unwatched)
    sink = Taken()

    await replay(folder, "until June").run(source_of(batch_of(commits)), sink, unwatched)

    assert documents(sink.rows) == told_by_the_log(commits)


async def test_nothing_is_left_of_one_that_is_forgotten(store: MemoryEventStore, folder: Path) -> None:
    """Its files are gone."""
    one = replay(folder)
    await one.run(source_of(batch_of(await tallied(store, 2, 5))), Taken(), unwatched)

    one.forget()

    assert [*folder.parent.iterdir()] == []
