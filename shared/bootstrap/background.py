"""The functions that nobody waits for: the relay, and the reactor."""

from datetime import timedelta
from functools import partial

from shared.adapters.system import utc_now
from shared.bootstrap.drain import drain_of
from shared.bootstrap.runtime import callers, dependencies, environment
from shared.bootstrap.service import EventSourcedService
from shared.eventsourcing.relay import Relay
from shared.http.platform_api import Job, ScheduleEdge
from shared.http.reaction_edge import ReactionEdge
from shared.observability.facts import note_most
from shared.topology import relay_subscription


def relay(service: EventSourcedService) -> ScheduleEdge:
    deps, manifest = dependencies(), service.manifest
    running = Relay(
        service.wiring.publications,
        (relay_subscription(manifest.domain_topic), relay_subscription(manifest.integration_topic)),
        log=deps.events,
        outbox=deps.outbox,
        subscriber=deps.subscriber,
        publisher=deps.publisher,
        checkpoints=deps.checkpoints,
        clock=utc_now,
        patience=timedelta(seconds=environment().outbox_patience),
        aged=partial(note_most, "outbox", "oldest"),
    )
    return ScheduleEdge(callers(), {"/": running.run, "/drain": drain_of(manifest).run})


def reactor(service: EventSourcedService) -> ReactionEdge:
    """With the service's jobs."""
    jobs: dict[str, Job] = {path: make(service.wiring) for path, make in service.jobs.items()}
    jobs |= {
        path: service.walk(path.strip("/"), job.category, job.idle_for, job.react(service.wiring)).run
        for path, job in service.idle_jobs.items()
    }
    return ReactionEdge(
        service.manifest.name,
        service.reactions,
        service.wiring,
        callers=callers(),
        dead_letters=dependencies().dead_letters,
        clock=utc_now,
        schedule=ScheduleEdge(callers(), jobs),
    )
