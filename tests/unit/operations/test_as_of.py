"""Read models as of a time: exactly what they were, whatever the archive lacks."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.event_store import NewCommit, start_of
from shared.eventsourcing.generations import FIRST
from shared.eventsourcing.projection import Row
from tests.unit.kit.conftest import CODEC, Added, append, context
from tests.unit.operations.rebuild_world import World
from tests.unit.operations.test_folding import told_by_the_log


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "rebuild")


async def test_a_read_model_as_of_a_time_is_what_it_was(world: World) -> None:
    """Exactly up to that moment, from archive and log together; the live one is not touched."""
    early = await world.sold(40)
    archive = await world.archived(early[:25])
    moment = early[-1].recorded_at
    await world.sold(20, seed=9)
    live = await world.stored(FIRST)

    await world.rebuild(archive).as_of(moment, "as-of-may")

    assert await world.stored("as-of-may") == told_by_the_log(early)
    assert await world.stored(FIRST) == live
    assert (await world.aliases.of("tallies")).kept == (FIRST,)


async def test_one_as_of_a_time_is_replaced_by_the_next_of_its_name(world: World) -> None:
    """No row of the older one stays."""
    commits = await world.sold(40)
    await world.rebuild().as_of(commits[-1].recorded_at, "as-of-may")

    await world.rebuild().as_of(commits[0].recorded_at, "as-of-may")

    assert await world.stored("as-of-may") == told_by_the_log(commits[:1])


@pytest.mark.parametrize("name", ["2", "", "a/b", "../x", "X"])
async def test_its_name_cannot_be_taken_for_anothers(world: World, name: str) -> None:
    """Neither a numbered generation's nor a path."""
    with pytest.raises(ValueError, match="lower-case"):
        await world.rebuild().as_of(world.clock(), name)


async def test_a_hole_in_the_archive_is_filled_once(world: World) -> None:
    """The document is the whole one, and there is one of it."""
    commits = [await append(world.log, "tally-1", by) for by in (1, 2, 3, 4, 5)]
    archive = await world.archived(commits)
    archive.commits = [*commits[:2], *commits[3:]]
    taken: list[Row] = []

    async def take(rows: Sequence[Row]) -> None:
        taken.extend(rows)

    replayed = await world.rebuild(archive).fold(commits[-1].recorded_at, take)

    assert [(row.version, row.body) for row in taken] == [(5, b'{"total":15}')]
    assert (replayed.documents, replayed.failed) == (1, ())


async def test_a_stream_that_fails_is_told_and_the_others_are_whole(world: World) -> None:
    """Its document is that of the last commit before."""
    commits = await world.sold(10)
    good = await append(world.log, "tally-bad", 5)
    last = await append(world.log, "tally-bad", 13)

    replayed = await world.rebuild().as_of(last.recorded_at, "now")

    assert await world.stored("now") == told_by_the_log([*commits, good])
    assert [line.partition(":")[0] for line in replayed.failed] == ["tally-bad"]


async def test_commits_of_the_very_moment_are_in_it(world: World) -> None:
    """Also those that lie behind the place up to which the archive is proven."""
    first, second = [
        NewCommit(position=start_of(stream), body=_body(stream), owed=()) for stream in ("tally-a", "tally-b")
    ]
    await world.log.append([first, second])
    both = [fed.commit async for fed in world.log.feed("tally", until=world.clock() + timedelta(1))]
    archive = await world.archived(both[:1])

    await world.rebuild(archive).as_of(both[0].recorded_at, "now")

    assert await world.stored("now") == told_by_the_log(both)


def _body(stream: str) -> bytes:
    """Of a first commit, as the log would have it."""
    return encode_commit(stream, 1, context("both"), CODEC.encode([Added(by=3)]))


async def test_a_time_that_is_not_over_is_refused(world: World) -> None:
    """What was recorded then may not be seen yet."""
    with pytest.raises(ValueError, match="not over yet"):
        await world.rebuild().as_of(world.clock() + timedelta(minutes=1), "later")


async def test_it_is_listed_until_it_is_dropped(world: World) -> None:
    """Nobody forgets that its documents are there."""
    commits = await world.sold(3)
    await world.rebuild().as_of(commits[-1].recorded_at, "as-of-may")

    known = await world.aliases.of("tallies")

    assert (known.scratch, known.without("as-of-may").scratch, known.live) == (("as-of-may",), (), FIRST)
