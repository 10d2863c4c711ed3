"""The functions of the read side: queries, and the projector."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from shared.adapters.system import utc_now
from shared.bootstrap.runtime import callers, dependencies, environment, users
from shared.bootstrap.service import EventSourcedService
from shared.eventsourcing.feed_walk import WalkReport, all_of, heal
from shared.eventsourcing.live_rows import LiveRows
from shared.http.platform_api import ProjectorEdge, ScheduleEdge
from shared.http.query_api import QueryWiring
from shared.http.query_edge import QueryEdge


def queries(service: EventSourcedService) -> QueryEdge:
    deps = dependencies()
    wiring = QueryWiring(
        rows=live_rows(service),
        log=deps.events,
        states=deps.states,
        personal=deps.personal,
        clock=utc_now,
        settings=environment(),
        services=service.wiring.services,
        foresee=service.wiring.joint.foresee,
    )
    return QueryEdge(service.query_apis, wiring, users(), service.command_places)


def live_rows(service: EventSourcedService) -> LiveRows:
    """What its queries are answered from."""
    deps = dependencies()
    return LiveRows(deps.rows, service.aliases, service.projections, deps.events)


async def _nothing() -> None:
    """Nobody looks."""


def projector(service: EventSourcedService, look: Callable[[], Awaitable[None]] = _nothing) -> ProjectorEdge:
    """With the sweep that heals what no message told of, and then has a `look` at what is there."""
    deps = dependencies()
    projectors = service.projectors
    lag = timedelta(seconds=environment().feed_lag)
    sweeps = [
        service.walk(f"sweep/{each.projection.collection}", each.projection.category, lag, heal(each))
        for each in projectors
    ]
    walk = all_of(sweeps)

    async def sweep() -> WalkReport:
        report = await walk()
        await look()
        return report

    schedule = ScheduleEdge(callers(), {"/sweep": sweep})
    return ProjectorEdge(
        service.manifest.name,
        projectors,
        callers=callers(),
        dead_letters=deps.dead_letters,
        clock=utc_now,
        schedule=schedule,
    )
