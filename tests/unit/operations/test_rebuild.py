"""A new generation beside the live one: complete, while commits keep coming, and on from where a kill has left it."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import NewCommit, start_of
from shared.eventsourcing.generations import FIRST, place
from shared.operations.bulk import bulk_sink, clear
from shared.operations.rebuild import BusyError
from shared.testing.doubles import FixedClock
from tests.unit.kit.conftest import append
from tests.unit.operations.rebuild_world import LAG, Announcing, Killed, World
from tests.unit.operations.test_folding import told_by_the_log

NO_PID = 2**22 + 1
"""Linux and macOS give none so high."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "rebuild")


async def test_a_generation_from_the_log_is_what_the_log_says(world: World) -> None:
    """Without an archive; nothing is different, and the live one still answers."""
    commits = await world.sold(60)

    built = await world.rebuild().build()

    assert built.generation == "2"
    assert await world.stored("2") == told_by_the_log(commits)
    assert (await world.compare("2")).equal
    assert (await world.aliases.of("tallies")).live == FIRST


async def test_the_archive_is_read_up_to_where_it_is_proven_and_the_log_from_there(world: World) -> None:
    """What the archive lacks behind that place comes from the log."""
    archive = await world.archived(await world.sold(60))
    await world.sold(30, seed=8)

    await world.rebuild(archive).build()

    assert (await world.compare("2")).equal
    assert (await world.compare("2")).rows == 12


async def test_the_log_tells_what_time_is_over(world: World) -> None:
    """The clock of whoever asks may be fast: what is recorded later would be missing for good."""
    await world.sold(3)
    soon = world.clock.now + timedelta(minutes=10)

    with pytest.raises(ValueError, match="is not over yet"):
        await world.rebuild(clock=FixedClock(soon + timedelta(hours=1))).as_of(soon, "soon")


async def test_a_hole_in_the_archive_is_filled_from_the_log(world: World) -> None:
    """Versions tell that something is missing."""
    commits = await world.sold(60)
    archive = await world.archived(commits)
    archive.commits = [*commits[:20], *commits[25:]]

    built = await world.rebuild(archive).build()

    assert built.replayed.behind
    assert (await world.compare("2")).equal


async def test_commits_that_come_meanwhile_are_in_both_generations(world: World) -> None:
    """The shop goes on selling while the rebuild runs and is compared."""
    await world.sold(60)
    selling = asyncio.ensure_future(_selling(world))

    await world.rebuild().build()
    found = await world.compare("2")
    await selling

    assert found.equal
    assert (await world.compare("2")).equal
    assert await world.stored("2") == await world.stored(FIRST)


async def _selling(world: World) -> None:
    for seed in range(40):
        await world.sold(3, seed)
        await asyncio.sleep(0.01)


async def test_an_event_that_fails_parks_its_stream_in_the_new_generation(world: World) -> None:
    """All other documents are built; the dead letter names the generation."""
    commits = await world.sold(20)
    await append(world.log, "tally-99", 13)

    await world.rebuild().build()

    assert [each.projection async for each in world.dead_letters.list("tally")] == ["tally.generations/2/tallies"]
    assert await world.stored("2") == told_by_the_log(commits)


async def test_one_that_was_killed_goes_on_in_the_same_generation(world: World) -> None:
    """And ends with what one in a single run would have made."""
    commits = await world.sold(60)
    with pytest.raises(Killed):
        await world.rebuild(rows=world.failing(after=3, why=Killed())).build()

    built = await world.rebuild().build()

    assert built.generation == "2"
    assert await world.stored("2") == told_by_the_log(commits)


async def test_one_that_failed_leaves_no_generation_behind(world: World) -> None:
    """Not its documents and not its dead letters: nobody would go on with it, and each commit would pay for it."""
    await world.sold(60)
    await append(world.log, "tally-99", 13)

    with pytest.raises(ConnectionResetError):
        await world.rebuild(rows=world.failing(after=1, why=ConnectionResetError())).build()

    assert await world.kept() == (FIRST,)
    assert await world.stored("2") == {}
    assert [each async for each in world.dead_letters.list("tally")] == []


async def test_one_whose_store_is_down_goes_on_in_the_same_generation(world: World) -> None:
    """That passes: what was written until then is not thrown away."""
    commits = await world.sold(60)
    with pytest.raises(UnavailableError):
        await world.rebuild(rows=world.failing(after=1, why=UnavailableError("the store is down"))).build()

    built = await world.rebuild().build()

    assert built.generation == "2"
    assert await world.stored("2") == told_by_the_log(commits)


async def test_one_that_was_killed_as_it_was_announced_goes_on_in_the_same_generation(world: World) -> None:
    """It was written down before, so no generation is kept that nobody knows of."""
    await world.sold(10)
    with pytest.raises(Killed):
        await world.rebuild(aliases=Announcing(world.rows, world.clock, remembered=LAG)).build()

    built = await world.rebuild().build()

    assert built.generation == "2"
    assert await world.kept() == (FIRST, "2")


async def test_one_as_of_a_time_that_failed_is_not_listed(world: World) -> None:
    """Half of it would pass for all of it."""
    commits = await world.sold(60)
    rebuild = world.rebuild(rows=world.failing(after=1, why=ConnectionResetError()))

    with pytest.raises(ConnectionResetError):
        await rebuild.as_of(commits[-1].recorded_at, "then")

    assert (await world.aliases.of("tallies")).scratch == ()
    assert await world.stored("then") == {}


async def test_what_a_killed_replay_has_left_on_disk_is_removed_by_the_next(world: World) -> None:
    """And not what belongs to a process that still runs."""
    killed, running = (world.folder.parent / f"history-{pid}-x" for pid in (NO_PID, os.getpid()))
    killed.mkdir(parents=True)
    running.mkdir()

    await world.rebuild().fold(None, bulk_sink(world.rows, "nowhere", []))

    assert [each.name for each in world.folder.parent.glob("history-*")] == [running.name]


async def test_a_finished_one_is_followed_by_another_generation(world: World) -> None:
    """Nothing of the one before is taken for the new one's."""
    await world.sold(10)
    await world.rebuild().build()

    assert (await world.rebuild().build()).generation == "3"


async def test_a_generation_that_is_cleared_is_gone(world: World) -> None:
    """To the last document."""
    await world.sold(40)
    await world.rebuild().build()

    assert await clear(world.rows, place("tallies", "2")) == 12
    assert await world.stored("2") == {}


async def test_it_is_ready_when_it_is_built_and_not_before(world: World) -> None:
    """Until then it cannot be made live, whatever people ask for."""
    await world.sold(10)
    begun = await world.aliases.change("tallies", lambda known: known.begun())
    with pytest.raises(ValueError, match="being built"):
        begun.living("2")

    await world.rebuild().build()

    assert (await world.aliases.of("tallies")).living("3").live == "3"


async def test_one_that_was_dropped_while_it_was_built_is_no_success(world: World) -> None:
    """Whoever builds it is told."""
    await world.sold(10)

    building = asyncio.ensure_future(world.rebuild().build())
    while (await world.aliases.of("tallies")).kept == (FIRST,):  # noqa: ASYNC110 - it is begun by another task
        await asyncio.sleep(0)
    await world.aliases.change("tallies", lambda known: known.without("2"))

    with pytest.raises(ValueError, match="was dropped"):
        await building


async def test_there_is_one_at_a_time(world: World) -> None:
    """Another one of the same read model is refused while the first is going on."""
    await world.sold(10)
    first = asyncio.ensure_future(world.rebuild().build())
    await asyncio.sleep(0.05)

    with pytest.raises(BusyError):
        await world.rebuild().build()

    assert (await first).generation == "2"


async def test_two_read_models_of_a_service_do_not_wait_for_each_other(world: World, tmp_path: Path) -> None:
    """Their folders differ in what follows the last dot alone."""
    await world.sold(10)
    payments = asyncio.ensure_future(world.rebuild(folder=tmp_path / "local.payments.payments").build())
    await asyncio.sleep(0.05)

    ledger = await world.rebuild(folder=tmp_path / "local.payments.ledger").build()

    assert {ledger.generation, (await payments).generation} == {"2", "3"}


async def test_what_was_begun_with_other_code_is_not_gone_on_with(world: World) -> None:
    """Nor with other stores: a generation is of one make. That of before is dropped, as nobody would go on with it."""
    commits = await world.sold(40)
    with pytest.raises(Killed):
        await world.rebuild(rows=world.failing(after=1, why=Killed()), origin="before the fix").build()

    built = await world.rebuild(origin="after the fix").build()

    assert built.generation == "3"
    assert await world.kept() == (FIRST, "3")
    assert await world.stored("2") == {}
    assert await world.stored("3") == told_by_the_log(commits)


async def test_a_commit_that_cannot_be_read_leaves_the_others_alone(world: World) -> None:
    """From the log: its stream is parked in the new generation, and no other is missing."""
    commits = await world.sold(20)
    body = b"not a commit"
    await world.log.append([NewCommit(position=start_of("tally-bad"), body=body, owed=())])

    await world.rebuild().build()

    assert await world.stored("2") == told_by_the_log(commits)
    parked = [each async for each in world.dead_letters.list("tally")]
    assert [(each.projection, each.stream) for each in parked] == [("tally.generations/2/tallies", "tally-bad")]
