"""A service that runs a workflow over other services: its orchestrator function, beside the usual ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from shared.adapters.system import new_id, utc_now
from shared.bootstrap.calling import OtherServices
from shared.bootstrap.runtime import at_end, callers, dependencies, environment
from shared.bootstrap.service import Edge, EventSourcedService
from shared.config import GOOGLE_TASKS
from shared.eventsourcing.desk import Desk
from shared.eventsourcing.errors import NotFoundError
from shared.eventsourcing.message import parse_message_id
from shared.eventsourcing.projection import Find
from shared.eventsourcing.workflow.calls import Caller
from shared.eventsourcing.workflow.declaration import Workflow
from shared.eventsourcing.workflow.runner import TASKS_PATH, Advanced, Runner, Timers
from shared.eventsourcing.workflow.state import Status
from shared.http.message_edge import MessageEdge
from shared.http.platform_api import ScheduleEdge
from shared.http.problems import bad_field
from shared.http.requests import Parameters, parse_body, path_of, read_body
from shared.observability.facts import note_most
from shared.observability.logs import json_log
from shared.topology import Service

_NONE = "there is no such workflow"


class TimerBody(Parameters):
    """What a timer was set for."""

    stream: str
    version: int


def _cloud_tasks(manifest: Service) -> Timers:
    import httpx  # noqa: PLC0415 - only the orchestrator sets timers

    from shared.adapters.cloud_tasks import SCOPE, CloudTasks  # noqa: PLC0415 - as above
    from shared.adapters.keys.access_token import AccessToken  # noqa: PLC0415 - costs a cold start 100 ms

    env, client = environment(), httpx.AsyncClient(limits=httpx.Limits(keepalive_expiry=30.0))
    at_end(client.aclose)
    (queue,) = manifest.queues
    url = env.function_url.format(service=manifest.name, function=queue.function)
    return CloudTasks(
        env.tasks_endpoint,
        f"projects/{env.project}/locations/{env.region}/queues/{env.prefix}{queue.name}",
        url=url,
        caller=env.tasks_caller,
        audience=env.platform_audience,
        token=AccessToken(SCOPE) if env.tasks_endpoint == GOOGLE_TASKS else None,
        client=client,
    )


@dataclass(frozen=True, kw_only=True)
class WorkflowService(EventSourcedService):
    """`POST /` of the orchestrator takes pushed commits that somebody must act on, `POST /tasks` timers, and
    `POST /resume` is the sweep that finds what both have missed.

    A workflow that is stuck does nothing by itself, so no orchestrator comes by again and none could go on telling of
    it. Its read model can: each sweep of the projector notes how old the oldest stuck one is.
    """

    workflow: Workflow
    services: Callable[[], Caller] = OtherServices
    timers: Callable[[Service], Timers] = _cloud_tasks

    def _orchestrator(self) -> Edge:
        runner = self._runner()
        category = self.workflow.category
        sweep = self.walk("resume", category, self.workflow.longest_wait + timedelta(seconds=5), runner.sweep())
        schedule = ScheduleEdge(callers(), {"/resume": sweep.run})

        async def ring(request: Request) -> Response:
            if path_of(request) != TASKS_PATH:
                return await schedule(request)
            await callers().check(request.headers.get("authorization"))
            timer = parse_body(TimerBody, request, await read_body(request))
            return _told(await runner.timer(timer.stream, timer.version))

        desk = Desk(
            service=self.manifest.name,
            function="orchestrator",
            taker=_Advancing(runner),
            dead_letters=dependencies().dead_letters,
            clock=utc_now,
        )
        return OrchestratorEdge(desk, runner, ring)

    def _projector(self) -> Edge:
        from shared.bootstrap.reading import projector  # noqa: PLC0415 - a function imports what it needs

        return projector(self, self._look_for_stuck)

    async def _look_for_stuck(self) -> None:
        """Among the newest that are stuck: there are never many, and one is enough to be told of."""
        from shared.bootstrap.reading import live_rows  # noqa: PLC0415 - as above

        find = Find(where={"status": Status.STUCK.value}, order_by="started_at", descending=True)
        workflows = [each for each in self.projections if each.category == self.workflow.category]
        for projection in workflows:
            for row in await live_rows(self).find(projection.collection, find):
                if isinstance(started_at := row.fields["started_at"], datetime):
                    note_most("waiting", "stuck", round((utc_now() - started_at).total_seconds(), 1))

    def _runner(self) -> Runner:
        return Runner(
            workflow=self.workflow,
            handler=self.wiring.handler(self.workflow.category),
            caller=self.wiring.services,
            timers=self.timers(self.manifest),
            clock=utc_now,
            new_id=new_id,
            log=json_log(environment().project),
            aged=partial(note_most, "waiting"),
        )


class OrchestratorEdge(MessageEdge):
    """What is pushed is answered with where the workflow is."""

    def __init__(self, desk: Desk, runner: Runner, otherwise: Edge) -> None:
        super().__init__(callers(), desk, otherwise)
        self._runner = runner

    async def push(self, request: Request) -> Response:
        advanced = await _advanced(self._runner, request.headers)
        return Response(status_code=204, headers={"Outcome": _NONE}) if advanced is None else _told(advanced)


@dataclass(frozen=True, slots=True)
class _Advancing:
    """`Taker` of commits that somebody must act on. It gives nothing up: Pub/Sub does, when the attempts are spent."""

    runner: Runner
    never: tuple[type[Exception], ...] = ()

    async def take(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 - the commit is in the log
        advanced = await _advanced(self.runner, headers)
        return _NONE if advanced is None else advanced.status

    def reads(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 - as above
        return f"the workflow {_stream(headers)} goes on"


async def _advanced(runner: Runner, headers: Mapping[str, str]) -> Advanced | None:
    """None if there is no such workflow."""
    stream = _stream(headers)
    try:
        return await runner.advance(stream)
    except NotFoundError:
        return None


def _stream(headers: Mapping[str, str]) -> str:
    try:
        stream, _, _ = parse_message_id(headers.get("ce-id", ""))
    except ValueError as error:
        raise bad_field("ce-id", "names no commit") from error
    return stream


def _told(advanced: Advanced) -> Response:
    return Response(to_json(advanced), 200, {"Outcome": advanced.status}, "application/json")
