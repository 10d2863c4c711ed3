"""One request that two instances handle, each at a time of its own: the first commit is the one that there is."""

import pytest

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.message import Commit
from shared.testing.api_spec import ApiSpec, Reply
from shared.testing.faults import Fault, LossyConnection
from tests.unit.http.store_front import BASKET, SHELF, Store

ONE_STREAM = ("POST", f"{SHELF}/moves", {"by": 3})
NEW_STREAM = ("POST", "/store/v1/baskets", {"skus": ["milk"]})
SEVERAL_STREAMS = ("PUT", BASKET, {"skus": ["milk", "tea"]})
Asked = tuple[str, str, dict[str, object]]


@pytest.fixture
async def store() -> Store:
    store = Store()
    await store.stock(milk=2, tea=1)
    return store


@pytest.fixture
def connection(store: Store) -> LossyConnection:
    memory = store.log._log
    assert isinstance(memory, MemoryEventStore)
    memory.connection = connection = LossyConnection(UnavailableError("lost"))
    return connection


async def ask(caller: ApiSpec, asked: Asked) -> Reply:
    method, url, body = asked
    return await caller.send(method, url, json=body, headers={"Idempotency-Key": "k1"})


async def both(store: Store, connection: LossyConnection, asked: Asked) -> tuple[Reply, Reply]:
    """B decides, and its first try to write is lost; A does all of it, two seconds later; B's client tries again."""
    replies: list[Reply] = []

    async def first() -> None:
        store.clock.advance(seconds=2)
        replies.append(await ask(store.elsewhere(), asked))

    connection.lose_next(Fault.BEFORE, first)
    other = await ask(store.caller(), asked)
    return replies[0], other


@pytest.mark.parametrize("asked", [ONE_STREAM, NEW_STREAM, SEVERAL_STREAMS])
class TestTheSecond:
    async def test_gives_the_first_answer(self, store: Store, connection: LossyConnection, asked: Asked) -> None:
        """Word for word, and says that it was given before."""
        first, other = await both(store, connection, asked)

        assert (other.status, other.body, other.headers["etag"]) == (202, first.body, first.headers["etag"])
        assert "idempotent-replayed" not in first.headers
        assert other.headers["idempotent-replayed"] == "true"

    async def test_publishes_nothing_of_its_own(self, store: Store, connection: LossyConnection, asked: Asked) -> None:
        """Whatever is on a topic lies in the log, byte for byte, and is there once."""
        await both(store, connection, asked)

        sent = [message for _, message in store.topics.sent]
        log = {commit.id: commit.body for commit in await everything(store)}
        assert {message.id: message.data for message in sent} == log
        assert len(sent) == len(log)

    async def test_remembers_nothing_of_its_own(self, store: Store, connection: LossyConnection, asked: Asked) -> None:
        """Its next command is decided on what the log says."""
        await both(store, connection, asked)
        left = await store.left("milk")

        refused = await store.caller().post(f"{SHELF}/moves", "k2", {"by": -left - 1})
        accepted = await store.caller().post(f"{SHELF}/moves", "k3", {"by": -left})

        assert (refused.status, refused.json["code"], accepted.status) == (409, "out-of-stock", 202)
        assert await store.left("milk") == 0


async def everything(store: Store) -> list[Commit]:
    streams = {message.id.partition("@")[0] for _, message in store.topics.sent}
    return [commit for stream in streams for commit in await store.commits(stream)]
