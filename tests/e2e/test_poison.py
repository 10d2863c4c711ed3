"""A commit that nobody can read: it parks its own stream, and nothing else stands still."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from functions.cart.manifest import MANIFEST
from shared.adapters.system import new_id
from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.dead_letters import Parked
from shared.eventsourcing.event_store import NewCommit, Position
from shared.eventsourcing.message import Context, StoredEvent, message_id, shard_of, shards_of
from tests.e2e.rig import CARTS_PATH, Rig, eventually

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module")]

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLEARED = StoredEvent("CartCleared.v1", {"at": AT.isoformat()})
POISONS = {
    "an event that nobody knows": StoredEvent("CartBlessed.v1", {"at": AT.isoformat()}),
    "an event of another shape": StoredEvent("ItemAddedToCart.v1", {"sku": "milk", "quantity": "many"}),
    "bytes that are no commit": None,
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A stream with poison as its third commit, a sound one behind it; and a sound stream in every shard of the log.
    Nothing of this was ever published.
    """

    poisoned: str
    sound: tuple[str, ...]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=POISONS)
async def scene(rig: Rig, request: pytest.FixtureRequest) -> Scene:
    shards = shards_of(MANIFEST.name)
    poisoned, sound = in_shard(shards[0]), tuple(map(in_shard, shards))
    for version, event in enumerate((opened(poisoned), CLEARED, POISONS[request.param], CLEARED)):
        await append(rig, Position(poisoned, version), event)
    for stream in sound:
        await append(rig, Position(stream, 0), opened(stream))
    return Scene(poisoned, sound)


def in_shard(shard: str) -> str:
    """A new stream of this shard."""
    while shard_of(stream := f"cart-{new_id()}") != shard:
        pass
    return stream


def opened(stream: str) -> StoredEvent:
    return StoredEvent(
        "CartOpened.v1",
        {
            "cart_id": stream.removeprefix("cart-"),
            "customer_id": "900",
            "channel": "web",
            "currency": "USD",
            "at": AT.isoformat(),
        },
    )


async def append(rig: Rig, position: Position, event: StoredEvent | None) -> None:
    """Straight into the log, without a word on any topic."""
    stream, version = position.stream, position.version + 1
    command_id = f"{stream}-{version}"
    context = Context(command="Test", command_id=command_id, correlation_id="t", actor="test", occurred_at=AT)
    body = b"{" if event is None else encode_commit(stream, version, context, [event])
    await rig.log.append([NewCommit(position=position, body=body, owed=[message_id(stream, version)])])


async def test_the_others_are_healed(rig: Rig, scene: Scene) -> None:
    """The catch-up sweep reads past the poison: all sound streams reach their read models, in every shard."""

    async def healed() -> bool:
        assert await rig.fire("projector", "/sweep") == 200
        return not await rig.behind(dict.fromkeys(scene.sound, 1))

    await eventually(healed)


async def test_the_others_are_published(rig: Rig, scene: Scene) -> None:
    """The relay goes on to the other streams: all that they owe is sent and seen."""

    async def paid() -> bool:
        assert await rig.fire("relay") == 200
        return not {owed for owed in await rig.owed() if owed.partition("@")[0] in scene.sound}

    await eventually(paid)


async def test_the_stream_is_parked_where_the_poison_is(rig: Rig, scene: Scene) -> None:
    """The list of dead letters names commit and reason; the read model stays at what came before."""

    async def is_parked() -> bool:
        await rig.fire("projector", "/sweep")
        return scene.poisoned in await parked(rig)

    await eventually(is_parked)

    letter = (await parked(rig))[scene.poisoned]
    assert (letter.version, letter.projection) == (3, "cart.carts")
    assert "CorruptCommitError" in letter.error or "CorruptDataError" in letter.error
    assert await rig.behind({scene.poisoned: 4}) == {scene.poisoned: (2, 4)}
    assert (await parked(rig)).keys() & set(scene.sound) == set()


async def test_a_query_for_the_parked_cart_is_answered(rig: Rig, scene: Scene) -> None:
    """What is known of it is shown; nobody gets a server error for looking."""
    cart = scene.poisoned.removeprefix("cart-")

    async def shown() -> bool:
        await rig.fire("projector", "/sweep")
        answer = await rig.send("GET", f"{CARTS_PATH}/{cart}")
        return (answer.status, answer.headers.get("ETag")) == (200, '"2"')

    await eventually(shown)


async def parked(rig: Rig) -> dict[str, Parked]:
    return {letter.stream: letter async for letter in rig.dead_letters.list("cart")}
