"""Two generations compared: what differs is told with its reason, and what does not differ is not told."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.eventsourcing.generations import FIRST, place
from tests.unit.kit.conftest import TALLIES, Tally, append, evolve
from tests.unit.operations.rebuild_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "rebuild")


async def test_differences_are_told_by_row_and_field_with_the_events_that_set_it(world: World) -> None:
    """A projection that counts otherwise: what is different, and since which event."""
    await world.sold(1)
    (key,) = await world.stored(FIRST)
    doubling = replace(TALLIES, project=lambda tally, event: Tally(total=(tally.total if tally else 0) + 2 * event.by))
    await append(world.log, f"tally-{key}", 5)
    await world.projectors.heal(f"tally-{key}", 2)
    changed = world.projected(doubling)
    await world.aliases.change("tallies", lambda known: known.begun())
    await changed.of("2").heal(f"tally-{key}", 2)

    found = await world.compare("2", projectors=changed)

    assert (found.rows, found.different, found.equal) == (1, 1, False)
    assert found.by_field == {"total": 1, "(query) total": 1}
    (difference,) = found.differences
    total = next(each for each in difference.fields if each.field == "total")
    assert total.new == 2 * total.live
    assert [setter.id for setter in total.set_by] == [f"tally-{key}@1.0", f"tally-{key}@2.0"]


async def test_fields_can_be_left_out_of_the_comparison(world: World) -> None:
    """Those that are meant to differ."""
    await world.sold(1)
    changed = world.projected(replace(TALLIES, project=lambda _, __: Tally(total=99)))
    await world.aliases.change("tallies", lambda known: known.begun())
    for stream in (f"tally-{key}" for key in await world.stored(FIRST)):
        await changed.of("2").heal(stream, 1)

    assert (await world.compare("2", projectors=changed, ignore=("total", "(query) total"))).equal
    assert not (await world.compare("2", projectors=changed)).equal


async def test_a_row_that_only_one_has_is_told(world: World) -> None:
    """Of whichever generation."""
    await world.sold(1)
    (row,) = (await world.stored(FIRST)).values()
    await world.aliases.change("tallies", lambda known: known.begun())
    await world.rows.create_many(place("tallies", "2"), [replace(row, key="ghost")])

    found = await world.compare("2")

    assert [(each.key, each.why) for each in found.differences] == [("ghost", "only in the new generation")]


async def test_a_stream_that_the_new_code_fails_on_is_told_with_its_error(world: World) -> None:
    """At once: it is parked, and does not move."""
    await world.sold(3)
    await append(world.log, "tally-77", 5)
    await append(world.log, "tally-77", 13)
    mended = world.projected(replace(TALLIES, project=lambda tally, event: evolve(tally or Tally(), event)))
    await mended.of(FIRST).heal("tally-77", 2)

    await world.rebuild().build()
    found = await world.compare("2")

    ((key, why),) = [(each.key, each.why) for each in found.differences]
    assert (key, found.moving) == ("77", [])
    assert why.startswith("the new generation is parked at version 2: ZeroDivisionError")


async def test_a_stream_that_is_parked_in_the_live_one_is_told_with_its_error(world: World) -> None:
    """The usual reason for a rebuild: the new code is the fix."""
    await append(world.log, "tally-77", 13)
    await world.projectors.heal("tally-77", 1)
    mended = world.projected(replace(TALLIES, project=lambda tally, event: evolve(tally or Tally(), event)))
    await world.aliases.change("tallies", lambda known: known.begun())
    await mended.of("2").heal("tally-77", 1)

    found = await world.compare("2", projectors=mended)

    assert [each.key for each in found.differences] == ["77"]
    assert found.differences[0].why.startswith("the live generation is parked at version 1")


@pytest.mark.parametrize(
    ("live", "new"),
    [
        ({"body": b'{"a":true}'}, {"body": b'{"a":1}'}),
        ({"body": b'{"a":null}'}, {"body": b"{}"}),
        ({"fields": {"flag": True}}, {"fields": {"flag": 1}}),
        ({"fields": {"flag": None}}, {"fields": {}}),
    ],
    ids=["true is not 1", "null is not absent", "in queries as well", "absent is not found"],
)
async def test_what_looks_equal_and_is_not_is_told(world: World, live: dict[str, Any], new: dict[str, Any]) -> None:
    """Queries tell them apart."""
    commit = await append(world.log, "tally-1", 1)
    row = TALLIES.row("tally-1", Tally(total=1), commit, None)
    await world.aliases.change("tallies", lambda known: known.begun())
    await world.rows.create_many("tallies", [replace(row, **live)])
    await world.rows.create_many(place("tallies", "2"), [replace(row, **new)])

    assert (await world.compare("2")).different == 1


async def test_what_cannot_be_explained_is_told_all_the_same(world: World) -> None:
    """The new code fails on the history of a row that it was once able to make."""
    await world.sold(1)
    (row,) = (await world.stored(FIRST)).values()
    await world.aliases.change("tallies", lambda known: known.begun())
    await world.rows.create_many(place("tallies", "2"), [replace(row, body=b'{"total":99}')])
    failing = world.projected(replace(TALLIES, project=_failing))

    found = await world.compare("2", projectors=failing)

    (difference,) = found.differences
    assert difference.fields
    assert difference.why == "not explained: KeyError: 'new code'"


def _failing(_: object, __: object) -> Tally:
    raise KeyError("new code")
