"""Facts that hold for every stream that the rules let come about, and every way of delivering it."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Commit, Context
from shared.eventsourcing.projection import Projection
from shared.eventsourcing.projector import Projector
from shared.eventsourcing.provenance import Trace, flatten
from shared.testing.doubles import FixedClock
from tests.replay.samples import Sample, categories, samples
from tests.unit.cart.test_properties import histories as of_a_cart
from tests.unit.history.entities import QUERIES, Queries, append, entity_in, folded, shown
from tests.unit.inventory.test_properties import of_one_product as of_a_stock
from tests.unit.orders.test_properties import histories as of_an_order
from tests.unit.payments.test_properties import histories as of_a_payment
from tests.unit.pricing.test_properties import histories as of_a_price

HISTORIES: dict[str, st.SearchStrategy[list[Any]]] = {
    "cart": of_a_cart,
    "order": of_an_order,
    "payment": of_a_payment,
    "price": of_a_price,
    "stock": st.lists(of_a_stock, max_size=20),
}
"""Category → any commands, in any order. What the rules refuse leaves no trace."""

every_category = pytest.mark.parametrize("category", HISTORIES)
chances = st.randoms(use_true_random=False)


def accepted(decider: Decider[Any, Any, Any], history: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """The commands that the rules let through, and their events."""
    state, commits = decider.initial_state(), []
    for command in history:
        try:
            events = list(decider.decide(command, state))
        except DomainError:
            continue
        for event in events:
            state = decider.evolve(state, event)
        if events:
            commits.append((type(command).__name__, events))
    return commits


async def log_of(category: str, histories: Sequence[Sequence[Any]], chance: random.Random) -> MemoryEventStore:
    """A stream of each history, written in turns, with pauses or without."""
    clock, decider = FixedClock(), categories()[category].decider
    log = MemoryEventStore(clock, OperationCounts())
    left = {f"{category}-{number}": accepted(decider, history) for number, history in enumerate(histories)}
    versions = dict.fromkeys(left, 0)
    while any(left.values()):
        stream = chance.choice([stream for stream, commits in left.items() if commits])
        command, events = left[stream].pop(0)
        versions[stream] += 1
        context = Context(
            command=command,
            command_id=f"{stream}-{versions[stream]}",
            correlation_id="flow",
            actor="service:test",
            occurred_at=clock.now,
        )
        body = encode_commit(stream, versions[stream], context, decider.codec.encode(events))
        await append(log, stream, body)
        clock.advance(milliseconds=chance.choice([0, 1, 60_000]))
    return log


async def streams_in(log: MemoryEventStore, category: str, number: int) -> dict[str, list[Commit]]:
    """Those that have begun."""
    found = {name: [each async for each in log.read(name)] for name in (f"{category}-{n}" for n in range(number))}
    return {name: commits for name, commits in found.items() if commits}


@every_category
@settings(max_examples=25)
@given(st.data(), chances)
def test_any_deliveries_end_in_the_fold(category: str, data: st.DataObject, chance: random.Random) -> None:
    """However the commits of several streams reach several instances, late, twice, out of order or not at all but for
    the last: each document is the fold of its stream.
    """
    histories = data.draw(st.lists(HISTORIES[category], min_size=1, max_size=4))
    asyncio.run(_deliver_and_compare(category, histories, chance))


async def _deliver_and_compare(category: str, histories: Sequence[Sequence[Any]], chance: random.Random) -> None:
    log = await log_of(category, histories, chance)
    streams = await streams_in(log, category, len(histories))
    for projection in categories()[category].projections:
        rows, dead_letters = MemoryReadStore(OperationCounts()), MemoryDeadLetters()
        instances = [Projector(projection, log, rows, dead_letters, FixedClock(), attempts=1000) for _ in range(2)]
        deliveries = [(chance.choice(instances), commit) for commit in _deliveries(list(streams.values()), chance)]

        await asyncio.gather(*(instance.deliver(commit) for instance, commit in deliveries))

        for stream, commits in streams.items():
            row = await rows.get(projection.collection, stream.partition("-")[2])
            assert row is not None
            assert (row.version, projection.restore(row)[0]) == (len(commits), folded(projection, commits))
            assert await dead_letters.parked(projection.name, stream) is None


def _deliveries(streams: Sequence[Sequence[Commit]], chance: random.Random) -> list[Commit]:
    """The last of each stream at least once, the others once, more often or never; all of them mixed."""
    some = [commit for commits in streams for commit in commits for _ in range(chance.choice([0, 1, 1, 2]))]
    deliveries = [*some, *(commits[-1] for commits in streams)]
    chance.shuffle(deliveries)
    return deliveries


@every_category
@settings(max_examples=20)
@given(st.data(), chances)
def test_as_of_any_commit_is_the_fold_of_what_was_there(
    category: str, data: st.DataObject, chance: random.Random
) -> None:
    """Asked for the time of each of its commits, or for its version, an entity is the fold of those so far."""
    histories = data.draw(st.lists(HISTORIES[category], min_size=1, max_size=2))
    asyncio.run(_ask_and_compare(category, histories, chance))


async def _ask_and_compare(category: str, histories: Sequence[Sequence[Any]], chance: random.Random) -> None:
    log = await log_of(category, histories, chance)
    apis = [api for api in QUERIES.values() if api.projection.category == category]
    for stream in await streams_in(log, category, len(histories)):
        for api in apis:
            entity = await entity_in(log, stream, api)
            for commit in entity.commits:
                assert shown(await entity.at(commit.recorded_at)) == entity.expected(commit.version)
                assert shown(await entity.get(f"version={commit.version}")) == entity.expected(commit.version)


@every_category
@settings(max_examples=20)
@given(st.data(), chances)
def test_every_field_has_somebody_who_set_it(category: str, data: st.DataObject, chance: random.Random) -> None:
    """The provenance of a document ends in the document: its fields, their values, and nothing left of others."""
    history = data.draw(HISTORIES[category])
    commits = asyncio.run(_commits(category, history, chance))
    for projection in categories()[category].projections:
        _trace_and_compare(projection, commits)


@every_category
@settings(max_examples=20)
@given(st.data(), chances)
def test_what_a_list_is_ordered_by_never_changes(category: str, data: st.DataObject, chance: random.Random) -> None:
    """Whatever happens to a document, it keeps its place: a walk over the pages of a list does not miss it."""
    commits = asyncio.run(_commits(category, data.draw(HISTORIES[category]), chance))
    for api in (each for each in QUERIES.values() if each.projection.category == category):
        assert len(places_in(api, commits)) <= 1


@pytest.mark.parametrize("sample", list(samples()), ids=lambda each: f"{each.file.parent.name}-{each.file.stem}")
def test_what_a_sample_is_ordered_by_never_changes(sample: Sample) -> None:
    """The same of every category that there is."""
    for api in (each for each in QUERIES.values() if each.projection.category == sample.file.parent.name):
        assert len(places_in(api, sample.commits)) <= 1


def places_in(api: Queries, commits: Sequence[Commit]) -> set[Any]:
    """All that a document ever had in the field that its list is ordered by."""
    projection, document, found = api.projection, None, set()
    for commit in commits:
        document = projection.apply(document, commit)
        if document is not None:
            found.add(projection.fields(document)[api.order_by])
    return found


async def _commits(category: str, history: Sequence[Any], chance: random.Random) -> list[Commit]:
    log = await log_of(category, [history], chance)
    return [commit async for commit in log.read(f"{category}-0")]


def _trace_and_compare(projection: Projection[Any, Any], commits: Sequence[Commit]) -> None:
    trace = Trace(projection)
    for commit in commits:
        trace.add(commit)
    document = folded(projection, commits)
    fields = flatten(document.model_dump(mode="json")) if document is not None else {}
    last = {path: setters[-1].after for path, setters in trace.setters().items()}

    assert trace.document == document
    assert {path: last[path] for path in fields} == fields
    assert all(last[path] is None for path in last.keys() - fields.keys())
