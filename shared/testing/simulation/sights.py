"""What lies in the stores when a run is over, for the invariants."""

from collections.abc import Iterator
from functools import reduce

from pydantic_core import to_json

from shared.bootstrap.service import EventSourcedService
from shared.bootstrap.workflow import WorkflowService
from shared.eventsourcing.message import category_of
from shared.eventsourcing.publishing import Message
from shared.eventsourcing.workflow.state import Saga, evolve
from shared.testing.simulation.world import World


async def sagas(world: World) -> list[tuple[WorkflowService, str, Saga]]:
    """Every workflow, as the log has it."""
    found: list[tuple[WorkflowService, str, Saga]] = []
    for service in event_sourced(world):
        if isinstance(service, WorkflowService):
            category = service.workflow.category
            codec = next(each.decider.codec for each in service.aggregates if each.category == category)
            for stream, commits in (await world.log()).items():
                if category_of(stream) == category:
                    events = (codec.decode(stored) for commit in commits for stored in commit.events)
                    found.append((service, stream, reduce(evolve, events, Saga())))
    return found


async def public_messages(world: World) -> list[tuple[str, Message]]:
    """Every message of an integration topic that the log makes."""
    log = await world.log()
    found: list[tuple[str, Message]] = []
    for service in event_sourced(world):
        for aggregate in service.aggregates:
            publication = aggregate.publication(service.manifest)
            for stream, commits in log.items():
                if category_of(stream) == aggregate.category:
                    for commit in commits:
                        messages = publication.messages(commit).get(service.manifest.integration_topic, [])
                        found += [(service.manifest.integration_topic, message) for message in messages]
    return found


def event_sourced(world: World) -> list[EventSourcedService]:
    return [each for each in world.scenario.services.values() if isinstance(each, EventSourcedService)]


def everything_stored(world: World) -> Iterator[tuple[str, bytes]]:
    """Where it lies, and its bytes: for whoever looks for what must not be there."""
    backend = world.backend
    yield from backend.events.bodies()
    for collection, rows in backend.rows.everything():
        yield from (
            (f"{collection}/{row.key}", (row.body or b"") + to_json(dict(row.fields), fallback=str)) for row in rows
        )
    for table, entries in backend.tables.rows.items():
        yield from ((f"{table} {row['id']}", to_json(dict(row), fallback=str)) for row in entries)
    for letter in backend.dead_letters.buried.values():
        yield f"dead letter {letter.place}", letter.body
