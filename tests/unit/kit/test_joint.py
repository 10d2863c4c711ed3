"""Commands to several streams at once: all or nothing, one commit, and nothing is sold twice."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.command_handler import CommandHandler, Policy
from shared.eventsourcing.errors import ConcurrencyError, DomainError, TopologyError, UnavailableError
from shared.eventsourcing.event_store import Appended, NewCommit, OperationCounts
from shared.eventsourcing.held import Memory
from shared.eventsourcing.joint import JointHandler, Read, Target
from shared.testing.doubles import RecordingPublisher
from shared.testing.faults import Fault, FaultyEventStore
from tests.unit.kit.conftest import context
from tests.unit.kit.store_room import (
    Move,
    Reserve,
    announcers,
    answering,
    joint_on,
    left,
    moving,
    no_pause,
    reserving,
    stock_decider,
)


@pytest.fixture
def joint(store: MemoryEventStore, topics: RecordingPublisher) -> JointHandler:
    return joint_on(store, topics)


def spent(counts: OperationCounts, before: OperationCounts) -> tuple[dict[str, int], int]:
    """Requests and documents read since then."""
    rpcs = {name: n - before.rpcs.get(name, 0) for name, n in counts.rpcs.items() if n != before.rpcs.get(name, 0)}
    return rpcs, counts.documents_read - before.documents_read


def noted(counts: OperationCounts) -> OperationCounts:
    return OperationCounts(dict(counts.rpcs), counts.documents_read)


class TestTargets:
    async def test_are_written_together(self, joint: JointHandler, store: MemoryEventStore) -> None:
        """Streams of several categories change in one append, at one time."""
        await joint.handle(moving(("a", 5), ("b", 5)), context("k1"))

        handled = await joint.handle(reserving("r", "a", "b"), context("k2"))

        assert handled.changed
        assert handled.versions == {("reservation", "r"): 1, ("stock", "a"): 2, ("stock", "b"): 2}
        commits = [(await store.load(s)).commits[-1] for s in ("stock-a", "stock-b", "reservation-r")]
        assert len({commit.recorded_at for commit in commits}) == 1

    async def test_are_refused_together(self, joint: JointHandler, store: MemoryEventStore) -> None:
        """If one of them is refused, none is carried out."""
        await joint.handle(moving(("a", 5)), context("k1"))

        with pytest.raises(DomainError, match="only 0 left"):
            await joint.handle(reserving("r", "a", "b"), context("k2"), answer=answering("a2"))

        assert (await left(store), await store.answered("a2")) == (5, None)
        assert (await store.load("reservation-r")).position.version == 0

    async def test_with_nothing_to_do_are_not_written(self, joint: JointHandler, store: MemoryEventStore) -> None:
        """The others are."""
        handled = await joint.handle(moving(("a", 5), ("b", 0)), context("k1"))

        assert handled.versions == {("stock", "a"): 1, ("stock", "b"): 0}
        assert (await store.load("stock-b")).position.version == 0

    async def test_of_one_stream_become_one_commit(self, joint: JointHandler, store: MemoryEventStore) -> None:
        """One after the other, each on the state that the one before left."""
        handled = await joint.handle(moving(("a", 2), ("a", -2), ("a", 0), ("a", 7)), context("k1"))

        (commit,) = (await store.load("stock-a")).commits
        assert [event.data["by"] for event in commit.events] == [2, -2, 7]
        assert handled.versions == {("stock", "a"): 1}

    async def test_of_one_stream_are_refused_together(self, joint: JointHandler, store: MemoryEventStore) -> None:
        """What the first of them allows, the second may not."""
        await joint.handle(moving(("a", 3)), context("k1"))

        with pytest.raises(DomainError):
            await joint.handle(moving(("a", -2), ("a", -2)), context("k2"))

        assert await left(store) == 3

    async def test_are_of_a_known_category(self, joint: JointHandler) -> None:
        """A mistake in the code is not a missing entity."""

        async def plan(read: Read) -> Sequence[Target]:
            await read("order", "1")
            return []

        with pytest.raises(TopologyError, match="order"):
            await joint.handle(plan, context("k1"))

    async def test_that_are_none_leave_no_trace(self, joint: JointHandler, counts: OperationCounts) -> None:
        """An empty plan writes nothing."""
        handled = await joint.handle(moving(), context("k1"))

        assert (handled.changed, handled.versions, counts.rpcs) == (False, {}, {})

    async def test_that_are_none_have_an_answer_all_the_same(
        self, joint: JointHandler, store: MemoryEventStore
    ) -> None:
        """With a key the answer is recorded, and nothing else."""
        handled = await joint.handle(moving(), context("k1"), answer=answering("a1"))

        assert not handled.changed
        assert await store.answered("a1") == handled.answer

    async def test_are_published_in_one_request_a_topic(
        self, joint: JointHandler, topics: RecordingPublisher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever number of commits there is."""
        await joint.handle(moving(("a", 5), ("b", 5)), context("k1"))
        calls: list[tuple[str, list[str]]] = []
        publish = topics.publish

        async def recording(topic: str, messages: Sequence[object]) -> None:
            calls.append((topic, [m.id for m in messages]))  # type: ignore[attr-defined] # they are messages
            await publish(topic, messages)  # type: ignore[arg-type] # as above

        monkeypatch.setattr(topics, "publish", recording)

        await joint.handle(reserving("r", "a", "b"), context("k2"))

        assert calls == [
            ("inventory-commits", ["stock-a@2", "stock-b@2", "reservation-r@1"]),
            ("inventory-events", ["reservation-r@1.0"]),
        ]


class TestReading:
    async def test_what_is_written_warm_costs_no_read(self, joint: JointHandler, counts: OperationCounts) -> None:
        """One commit request for streams that the instance knows."""
        await joint.handle(moving(("a", 5), ("b", 5)), context("k1"))
        before = noted(counts)

        await joint.handle(moving(("a", -1), ("b", -1)), context("k2"))

        assert spent(counts, before) == ({"Commit": 1}, 0)

    async def test_what_is_only_read_is_read_from_the_store(
        self, joint: JointHandler, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """The append does not check it, so it is not taken from memory."""
        await joint.handle(moving(("a", 1)), context("k1"))
        await joint_on(store, topics).handle(moving(("a", 4)), context("k2"))
        seen = []

        async def plan(read: Read) -> Sequence[Target]:
            stock = await read("stock", "a")
            seen.append(stock.left)
            return [Target("reservation", "r", Reserve(skus=("a",) * stock.left))]

        await joint.handle(plan, context("k3"))

        assert seen[-1] == 5
        assert (await store.load("reservation-r")).commits[0].events[0].data == {"skus": ["a"] * 5}

    async def test_a_refusal_is_on_what_the_store_says(
        self, joint: JointHandler, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """Goods that came in elsewhere can be reserved here."""
        await joint.handle(moving(("a", 1)), context("k1"))
        await joint.handle(moving(("a", -1)), context("k2"))
        await joint_on(store, topics).handle(moving(("a", 4)), context("k3"))

        await joint.handle(reserving("r", "a"), context("k4"))

        assert await left(store) == 3

    async def test_an_entity_that_does_not_exist_is_in_its_initial_state(self, joint: JointHandler) -> None:
        """As it would be for its own commands."""
        states = []

        async def plan(read: Read) -> Sequence[Target]:
            states.append(await read("stock", "a"))
            return []

        await joint.handle(plan, context("k1"))

        assert states[-1].left == 0

    async def test_a_cold_stream_is_read_by_one_for_all(
        self, store: MemoryEventStore, topics: RecordingPublisher, counts: OperationCounts
    ) -> None:
        """Many commands that come at once to an instance without memory load a stream once."""
        await joint_on(store, topics).handle(moving(("a", 50)), context("k0"))
        before, cold = noted(counts), joint_on(store, topics)

        await asyncio.gather(*(cold.handle(moving(("a", -1)), context(f"k{n}")) for n in range(1, 17)))

        assert spent(counts, before) == ({"Commit": 16, "RunQuery": 1}, 1)

    async def test_the_state_is_the_stores(
        self, joint: JointHandler, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """Asked for a state, the handler never answers from memory."""
        await joint.handle(moving(("a", 1)), context("k1"))
        await joint_on(store, topics).handle(moving(("a", 4)), context("k2"))

        assert (await joint.state("stock", "a")).left == 5


class TestForeseeing:
    async def test_tells_what_a_plan_would_come_to(self, joint: JointHandler, store: MemoryEventStore) -> None:
        """The events of all of its targets, and nothing of them in the log, however often it is asked."""
        await joint.handle(moving(("a", 5)), context("k1"))

        foreseen = [await joint.foresee(reserving("r", "a")) for _ in range(2)]
        handled = await joint.handle(reserving("r", "a"), context("k2"))

        assert foreseen[0] == foreseen[1]
        assert len(foreseen[0]) == len(handled.versions)
        assert [(await store.load(stream)).position.version for stream in ("stock-a", "reservation-r")] == [2, 1]

    async def test_follows_its_own_targets(self, joint: JointHandler) -> None:
        """The second command to a stream is decided on what the first one would have made of it."""
        with pytest.raises(DomainError):
            await joint.foresee(moving(("a", 5), ("a", -6)))

        assert len(await joint.foresee(moving(("a", 5), ("a", -5)))) == 2

    async def test_refuses_what_would_be_refused(self, joint: JointHandler) -> None:
        """By the same rule."""
        with pytest.raises(DomainError):
            await joint.foresee(reserving("r", "a"))


class TestRaces:
    @pytest.mark.parametrize("keeps_state", [False, True])
    async def test_nothing_is_sold_twice(
        self, store: MemoryEventStore, topics: RecordingPublisher, keeps_state: bool
    ) -> None:
        """Of 200 reservations of 20 pieces, at two instances at once, exactly 20 are made."""
        instances = [joint_on(store, topics, keeps_state=keeps_state, attempts=200) for _ in range(2)]
        await instances[0].handle(moving(("a", 20)), context("k"))

        results = await asyncio.gather(
            *(instances[n % 2].handle(reserving(f"r{n}", "a"), context(f"k{n}")) for n in range(200)),
            return_exceptions=True,
        )

        assert sum(isinstance(result, DomainError) for result in results) == 180
        assert sum(not isinstance(result, BaseException) for result in results) == 20
        made = [n for n in range(200) if (await store.load(f"reservation-r{n}")).position.version]
        assert (len(made), await left(store)) == (20, 0)

    async def test_within_an_instance_nobody_races(
        self, joint: JointHandler, counts: OperationCounts, store: MemoryEventStore
    ) -> None:
        """Sixteen reservations of the same goods are sixteen commits and not one lost try."""
        await joint.handle(moving(("a", 16), ("b", 16)), context("k"))
        before = noted(counts)

        await asyncio.gather(*(joint.handle(reserving(f"r{n}", "b", "a"), context(f"k{n}")) for n in range(16)))

        assert spent(counts, before)[0]["Commit"] == 16
        assert (await left(store, "a"), await left(store, "b")) == (0, 0)

    async def test_nobody_waits_for_each_other(self, joint: JointHandler, store: MemoryEventStore) -> None:
        """Those who name the same streams in another order get through as well."""
        skus = ["a", "b", "c", "d"]
        await joint.handle(moving(*((sku, 24) for sku in skus)), context("k"))
        pairs = [*pairwise(skus), *pairwise(reversed(skus))] * 4

        await asyncio.gather(*(joint.handle(reserving(f"r{n}", *p), context(f"k{n}")) for n, p in enumerate(pairs)))

        assert sum([await left(store, sku) for sku in skus]) == 4 * 24 - 2 * len(pairs)

    async def test_a_lost_race_is_planned_again(
        self, joint: JointHandler, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """On what the store has then: a plan that found goods may find none."""
        await joint.handle(moving(("a", 1)), context("k1"))
        await joint_on(store, topics).handle(moving(("a", -1), ("b", 3)), context("k2"))
        plans = []

        async def whatever_is_there(read: Read) -> Sequence[Target]:
            sku = "a" if (await read("stock", "a")).left else "b"
            plans.append(sku)
            return [Target("stock", sku, Move(by=-1))]

        await joint.handle(whatever_is_there, context("k3"))

        assert plans[-1] == "b"
        assert (await left(store, "a"), await left(store, "b")) == (0, 2)

    async def test_losing_for_ever_ends(self, store: MemoryEventStore, topics: RecordingPublisher) -> None:
        """After the bounded number of tries."""
        tries = []

        class AlwaysConflicts(FaultyEventStore):
            async def append(self, commits: Sequence[NewCommit], **_: object) -> Appended:
                tries.append(commits)
                raise ConcurrencyError("somebody was faster")

        with pytest.raises(ConcurrencyError):
            await joint_on(AlwaysConflicts(store), topics, attempts=3).handle(moving(("a", 1)), context("k1"))

        assert len(tries) == 3

    async def test_a_plan_that_hangs_is_given_up(self, store: MemoryEventStore, topics: RecordingPublisher) -> None:
        """The deadline spans everything, the plan as well."""

        async def hangs(_: Read) -> Sequence[Target]:
            await asyncio.Event().wait()
            return []

        with pytest.raises(UnavailableError, match=r"0\.05 s"):
            await joint_on(store, topics, deadline=0.05).handle(hangs, context("k1"))


class TestAnswers:
    async def test_the_same_request_is_carried_out_once(self, joint: JointHandler, store: MemoryEventStore) -> None:
        """It gets its first answer."""
        first = await joint.handle(moving(("a", 1), ("b", 1)), context("k1"), answer=answering("a1"))
        await joint.handle(moving(("a", 1)), context("k2"), answer=answering("a2"))

        again = await joint.handle(moving(("a", 1), ("b", 1)), context("k1"), answer=answering("a1"))

        assert (again.answer, again.replayed, again.changed) == (first.answer, True, False)
        assert (first.answer and first.answer.body, await left(store)) == (b"stock-a@1,stock-b@1", 2)

    async def test_a_request_that_would_be_refused_now_has_its_first_answer(
        self, joint: JointHandler, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """It succeeded when it came first."""
        await joint.handle(moving(("a", 1)), context("k1"))
        first = await joint.handle(moving(("a", -1)), context("k2"), answer=answering("a2"))

        again = await joint_on(store, topics).handle(moving(("a", -1)), context("k2"), answer=answering("a2"))

        assert (again.answer, again.replayed) == (first.answer, True)

    async def test_a_request_whose_outcome_was_unknown_is_not_done_twice(
        self, store: MemoryEventStore, topics: RecordingPublisher
    ) -> None:
        """What may have been written is forgotten, and asked for again."""
        faulty = FaultyEventStore(store)
        joint = joint_on(faulty, topics)
        await joint.handle(moving(("a", 5)), context("k1"))
        faulty.next_appends = [Fault.AFTER]
        with pytest.raises(UnavailableError):
            await joint.handle(moving(("a", -1)), context("k2"), answer=answering("a2"))

        again = await joint.handle(moving(("a", -1)), context("k2"), answer=answering("a2"))

        assert (again.replayed, await left(store)) == (True, 4)


class TestMemory:
    async def test_is_shared_with_handlers_of_one_stream(
        self, store: MemoryEventStore, topics: RecordingPublisher, counts: OperationCounts
    ) -> None:
        """What the one wrote, the other knows: no lost race within an instance."""
        memory = Memory(16)
        joint = joint_on(store, topics, memory=memory)
        announcer = announcers(topics)["stock"][1]
        single = CommandHandler(stock_decider(), store, announcer, Policy(pause=no_pause), memory)
        await joint.handle(moving(("a", 5)), context("k1"))
        before = noted(counts)

        await single.handle("stock-a", Move(by=3), context("k2"))
        await joint.handle(moving(("a", -1)), context("k3"))

        assert (spent(counts, before), await left(store)) == (({"Commit": 2}, 0), 7)

    async def test_keeps_the_newer_of_two_states(self, store: MemoryEventStore, topics: RecordingPublisher) -> None:
        """Handlers that come late with what they read long ago do no harm."""
        memory = Memory(16)
        joint = joint_on(store, topics, memory=memory)
        await joint.handle(moving(("a", 5)), context("k1"))
        old = memory.recall("stock-a")
        assert old is not None
        await joint.handle(moving(("a", 5)), context("k2"))

        memory.remember(old)

        newer = memory.recall("stock-a")
        assert newer is not None
        assert newer.position.version == 2
