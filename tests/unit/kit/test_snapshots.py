"""Snapshots that do not fit are misses: the state is folded from the commits, and is right."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.event_store import NewCommit, Position, Snapshot
from shared.eventsourcing.publishing import Announcer
from shared.eventsourcing.streams import Streams
from shared.testing.doubles import RecordingPublisher
from tests.unit.kit.conftest import CODEC, PUBLICATION, TALLY, Added, Tally, context, evolve


class Renamed(BaseModel):
    """A tally in another shape."""

    sum: int = 0


def forgetful(tally: Tally, event: Added) -> Tally:
    """What `evolve` may have done wrong once."""
    return tally if event.by == 3 else evolve(tally, event)


RENAMED = Decider[Any, Added, Renamed](
    category="tally",
    decide=lambda _, __: [],
    evolve=lambda tally, event: Renamed(sum=tally.sum + event.by),
    initial_state=Renamed,
    state_type=Renamed,
    codec=CODEC,
    snapshot_every=5,
)


async def write(store: MemoryEventStore, decider: Decider[Any, Added, Any], snapshot: bytes | None = None) -> None:
    """1 to 6 added, one commit each; a snapshot of this decider at the fifth, with these bytes if there are any."""
    state = decider.initial_state()
    for version in range(1, 7):
        stored = CODEC.encode([Added(by=version)])
        state = decider.evolve(state, Added(by=version))
        data = snapshot or decider.dump_state(state)
        await store.append(
            [
                NewCommit(
                    position=Position("tally-1", version - 1),
                    body=encode_commit("tally-1", version, context(f"k{version}"), stored),
                    owed=[],
                    snapshot=Snapshot(version, decider.state_schema, data) if version == 5 else None,
                )
            ],
        )


async def state_of(store: MemoryEventStore, decider: Decider[Any, Added, Any]) -> object:
    """As a command would load it on an instance that has seen nothing yet."""
    streams = Streams(decider, Announcer(PUBLICATION, RecordingPublisher()), store)
    ((state, position),) = await streams.load(["tally-1"])
    assert position.version == 6
    return state


async def test_a_snapshot_that_fits_is_used(store: MemoryEventStore) -> None:
    """Otherwise the others here would prove nothing: what it says counts, even if it is wrong."""
    await write(store, TALLY, snapshot=b'{"total": 50}')

    assert await state_of(store, TALLY) == Tally(total=56)


async def test_a_snapshot_of_another_shape_is_a_miss(store: MemoryEventStore) -> None:
    """Though it could be decoded: every field of the new shape has a default."""
    await write(store, TALLY)

    assert await state_of(store, RENAMED) == Renamed(sum=21)


async def test_a_snapshot_of_another_state_version_is_a_miss(store: MemoryEventStore) -> None:
    """A corrected `evolve` under a raised version does not go on from what the wrong one left."""
    await write(store, replace(TALLY, evolve=forgetful))

    assert await state_of(store, TALLY) == Tally(total=18)
    assert await state_of(store, replace(TALLY, state_version=2)) == Tally(total=21)


@pytest.mark.parametrize("data", [b"{", b" ", b"[]", b'{"total": "many"}', b"\xff"])
async def test_a_snapshot_that_cannot_be_decoded_is_a_miss(store: MemoryEventStore, data: bytes) -> None:
    """Whatever happened to it: it is only speed."""
    await write(store, TALLY, snapshot=data)

    assert await state_of(store, TALLY) == Tally(total=21)
