"""What follows a command that was carried out: the effect, before the answer."""

import asyncio

import pytest

from shared.eventsourcing.errors import DomainError, UnavailableError
from shared.testing.api_spec import ApiSpec, Reply
from tests.unit.http.store_front import BASKET, SHELF, RecordingEffect, Store

BASKETS = "/store/v1/baskets"
NOTHING: dict[str, object] = {"skus": []}


@pytest.fixture
def effect() -> RecordingEffect:
    return RecordingEffect()


@pytest.fixture
def store(effect: RecordingEffect) -> Store:
    return Store(effect)


async def create(caller: ApiSpec, key: str = "k1") -> Reply:
    return await caller.post(BASKETS, key, NOTHING)


async def test_what_it_tells_is_part_of_the_answer(store: Store) -> None:
    """Beside the id and the version."""
    reply = await create(store.caller())

    assert (reply.status, reply.json) == (202, {"id": "id1", "version": 1, "status": "settled", "times": 1})


async def test_it_follows_joint_commands_too(store: Store) -> None:
    """The entity is that of the path."""
    reply = await store.caller().send("PUT", BASKET, json=NOTHING)

    assert (reply.json["id"], reply.json["status"]) == ("b1", "settled")


async def test_it_follows_only_where_something_settles(store: Store, effect: RecordingEffect) -> None:
    """Other endpoints answer by themselves."""
    reply = await store.caller().post(f"{SHELF}/moves", "k1", {"by": 1})

    assert (reply.json.keys(), effect.asked) == ({"id", "version"}, [])


async def test_a_service_without_one_answers_all_the_same(store: Store) -> None:
    """Nothing follows."""
    plain = Store()

    assert (await create(plain.caller())).json == {"id": "id1", "version": 1}


async def test_it_knows_what_caused_it(store: Store, effect: RecordingEffect) -> None:
    """Category, id and the context of the command."""
    await create(store.caller())

    ((category, entity_id, context),) = effect.asked
    (commit,) = await store.commits("basket-id1")
    assert (category, entity_id, context) == ("basket", "id1", commit.context)


async def test_it_knows_when_a_joint_command_happened(store: Store, effect: RecordingEffect) -> None:
    """When the caller says."""
    yesterday = "2026-02-28T08:00:00+00:00"
    await store.caller().send("PUT", BASKET, json={**NOTHING, "at": yesterday})

    assert effect.asked[0][2].occurred_at.isoformat() == yesterday


async def test_it_follows_what_is_in_the_log(store: Store, effect: RecordingEffect) -> None:
    """The intent is durable before anybody outside hears of it."""
    seen: list[int] = []
    effect.meanwhile = lambda: seen.append(len(store.topics.sent))

    await create(store.caller())

    assert seen == [1]


async def test_it_follows_a_replay_too(store: Store, effect: RecordingEffect) -> None:
    """Whoever asks again may have lost the answer because the effect was cut off."""
    await create(store.caller())

    again = await create(store.caller())

    assert (again.headers["idempotent-replayed"], again.json["times"]) == ("true", 2)


async def test_after_a_replay_it_is_about_the_first_entity(store: Store, effect: RecordingEffect) -> None:
    """The id that another instance made for the repeat is nobody's."""
    first = await create(store.caller())

    again = await create(store.elsewhere())

    assert (again.json["id"], [asked[1] for asked in effect.asked]) == (first.json["id"], ["id1", "id1"])


async def test_a_refused_command_has_none(store: Store, effect: RecordingEffect) -> None:
    """Nothing happened that it could follow."""
    reply = await store.caller().send("PUT", BASKET, json={"skus": ["rye"]})

    assert (reply.status, effect.asked) == (409, [])


async def test_a_key_of_another_request_has_none(store: Store, effect: RecordingEffect) -> None:
    """That is refused, whatever the first request came to."""
    await create(store.caller())

    reply = await store.elsewhere().post(BASKETS, "k1", {"skus": [], "note": "another"})

    assert (reply.status, len(effect.asked)) == (422, 1)


async def test_its_refusal_is_the_answer(store: Store, effect: RecordingEffect) -> None:
    """The command stands, and the caller is told what became of it."""
    effect.errors = [DomainError("card-declined", "no", field="token")]

    reply = await create(store.caller())

    assert (reply.status, reply.json["code"], len(await store.commits("basket-id1"))) == (409, "card-declined", 1)


async def test_its_refusal_is_told_again(store: Store, effect: RecordingEffect) -> None:
    """The stored answer of the command is not mistaken for success."""
    effect.errors = [DomainError("card-declined", "no"), DomainError("card-declined", "no")]
    await create(store.caller())

    assert (await create(store.elsewhere())).status == 409


async def test_an_outage_is_told_and_can_be_repeated(store: Store, effect: RecordingEffect) -> None:
    """With the same key: the command is not carried out again, the effect is."""
    effect.errors = [UnavailableError("the provider is down", retry_after=7)]
    cut_off = await create(store.caller())

    again = await create(store.caller())

    assert (cut_off.status, cut_off.headers["retry-after"]) == (503, "7")
    assert (again.status, again.json["status"], len(await store.commits("basket-id1"))) == (202, "settled", 1)


class Gate(RecordingEffect):
    """Asks nobody before it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.reached = asyncio.Event(), asyncio.Event()

    async def __call__(self, *asked: object) -> dict[str, object]:
        self.reached.set()
        await self.open.wait()
        return dict(await super().__call__(*asked))  # type: ignore[arg-type] # handed on as it came


class TestAtTheSameTime:
    async def test_the_same_request_waits_for_the_first(self) -> None:
        """One effect, and both get what it tells."""
        gate = Gate()
        caller = Store(gate).caller()
        first, second = asyncio.create_task(create(caller)), asyncio.create_task(create(caller))
        await gate.reached.wait()
        gate.open.set()

        replies = await asyncio.gather(first, second)

        assert ({reply.body for reply in replies}, len(gate.asked)) == ({replies[0].body}, 1)
        assert replies[0].json["times"] == 1

    async def test_the_same_request_does_not_wait_for_ever(self) -> None:
        """It is told that the first is still at it."""
        gate = Gate()
        caller = Store(gate).elsewhere(wait_in_flight=0.001)
        first = asyncio.create_task(create(caller))
        await gate.reached.wait()

        second = await create(caller)
        gate.open.set()

        assert (second.status, second.json["code"], (await first).status) == (409, "in-flight", 202)

    async def test_another_request_of_the_same_key_does_not_wait(self) -> None:
        """It is refused at once."""
        gate = Gate()
        caller = Store(gate).caller()
        first = asyncio.create_task(create(caller))
        await gate.reached.wait()

        reply = await caller.post(BASKETS, "k1", {"skus": [], "note": "another"})
        gate.open.set()

        assert (reply.status, (await first).status) == (422, 202)

    async def test_who_waits_for_a_failure_gets_it_too(self) -> None:
        """And may repeat it like the first."""
        gate = Gate()
        gate.errors = [UnavailableError("down")]
        caller = Store(gate).caller()
        both = [asyncio.create_task(create(caller)) for _ in range(2)]
        await gate.reached.wait()
        gate.open.set()

        assert [reply.status for reply in await asyncio.gather(*both)] == [503, 503]

    async def test_who_waits_for_a_request_that_is_cut_off_is_told(self) -> None:
        """What became of it nobody knows: the same request again finds out."""
        gate = Gate()
        caller = Store(gate).caller()
        first = asyncio.create_task(create(caller))
        await gate.reached.wait()
        second = asyncio.create_task(create(caller))
        await asyncio.sleep(0)
        first.cancel()

        reply = await second

        assert (reply.status, reply.json["code"]) == (409, "in-flight")
