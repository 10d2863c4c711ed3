"""The functions of the read side: queries, and the projector."""

from datetime import timedelta

from shared.adapters.system import utc_now
from shared.bootstrap.runtime import callers, dependencies, environment, users
from shared.bootstrap.service import EventSourcedService
from shared.eventsourcing.feed_walk import all_of, heal
from shared.eventsourcing.generations import LiveRows
from shared.http.platform_api import ProjectorEdge, ScheduleEdge
from shared.http.query_api import QueryWiring
from shared.http.query_edge import QueryEdge


def queries(service: EventSourcedService) -> QueryEdge:
    deps = dependencies()
    wiring = QueryWiring(
        rows=LiveRows(deps.rows, service.aliases, {each.collection for each in service.projections}),
        log=deps.events,
        states=deps.states,
        personal=deps.personal,
        clock=utc_now,
        settings=environment(),
    )
    return QueryEdge(service.query_apis, wiring, users())


def projector(service: EventSourcedService) -> ProjectorEdge:
    """With the sweep that heals what no message told of."""
    deps = dependencies()
    projectors = service.projectors
    lag = timedelta(seconds=environment().feed_lag)
    sweeps = [
        service.walk(f"sweep/{each.projection.collection}", each.projection.category, lag, heal(each))
        for each in projectors
    ]
    schedule = ScheduleEdge(callers(), {"/sweep": all_of(sweeps)})
    return ProjectorEdge(
        service.manifest.name,
        projectors,
        callers=callers(),
        dead_letters=deps.dead_letters,
        clock=utc_now,
        schedule=schedule,
    )
