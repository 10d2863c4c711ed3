"""A workflow's orchestrator as the platform calls it: pushes, timers and the sweep, on in-process adapters."""

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from pydantic_core import from_json, to_json

from shared import bootstrap
from shared.adapters.system import utc_now
from shared.bootstrap import Aggregate
from shared.bootstrap.workflow import WorkflowService
from shared.eventsourcing.dead_letters import Buried, Origin
from shared.eventsourcing.workflow.calls import Request
from shared.eventsourcing.workflow.commands import ForceCompensate, Retry, Start
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.projection import WorkflowView, workflow_projection
from shared.http.edge import Handler
from shared.testing.api_spec import Reply
from shared.testing.doubles import NOON
from shared.topology import workflow_service
from tests.unit.kit.service_world import AUDIENCE, ISSUER, environment, push
from tests.unit.workflow.trip import TRIP, TripServices

MANIFEST = workflow_service("trip", description="", publishes="", collection="trips")
ORIGIN = "https://shop.test"
IDENTITY = "trips@shop.test"


@dataclass
class World:
    """Everything that is reached over HTTP: the metadata server, the other services, Cloud Tasks."""

    services: TripServices = field(default_factory=TripServices)
    calls: list[httpx.Request] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    down: bool = False

    async def answer(self, request: httpx.Request) -> httpx.Response:
        match request.url.host:
            case "metadata.test":
                return httpx.Response(200, text=ISSUER.mint(IDENTITY, email=IDENTITY, audience=AUDIENCE))
            case "tasks.test":
                self.tasks.append(from_json(request.content)["task"])
                return httpx.Response(200, json={})
        self.calls.append(request)
        if self.down and request.url.path.endswith("/release"):
            return httpx.Response(409, json={"code": "no-room", "detail": "no"})
        if self.down:
            return httpx.Response(503)
        _, service, _, path = request.url.path.split("/", 3)
        key = request.headers.get("idempotency-key", "")
        answer = await self.services.answer(Request(service=service, method=request.method, path=f"/{path}", key=key))
        return httpx.Response(answer.status, json=dict(answer.body))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """An embedded platform whose only network is this one."""
    world = World()
    client = httpx.AsyncClient(transport=httpx.MockTransport(world.answer))
    monkeypatch.setattr(httpx, "AsyncClient", lambda **_: client)
    declared = {
        "COMMERCE_ORIGIN": ORIGIN,
        "GCE_METADATA_HOST": "metadata.test",
        "COMMERCE_TASKS_ENDPOINT": "https://tasks.test",
        "COMMERCE_TASKS_CALLER": "tasks@shop.test",
        "COMMERCE_FUNCTION_URL": "https://functions.test/{service}/{function}",
    }
    for name, value in {**environment(tmp_path), **declared}.items():
        monkeypatch.setenv(name, value)
    bootstrap.forget()
    bootstrap.embedded().broker.declare((MANIFEST,))
    yield world
    bootstrap.forget()


@pytest.fixture
def service(world: World) -> WorkflowService:
    """One try for each undo, so that it is soon stuck."""
    impatient = replace(TRIP, undo_attempts=1)
    return WorkflowService(
        manifest=MANIFEST,
        aggregates=(Aggregate(workflow_decider(impatient), lambda _: None),),
        command_apis=(),
        query_apis=(),
        projections=(workflow_projection("trip", "trips", WorkflowView, fields=()),),
        workflow=impatient,
    )


@pytest.fixture
async def orchestrator(service: WorkflowService) -> Handler:
    """Of a service with one workflow that nobody has acted on yet."""
    context = service.wiring.system_context("customer:900")
    start = Start(workflow_id="w1", data={"trip_id": "w1"}, at=context.occurred_at)
    await service.wiring.handle("trip", "w1", start, context)
    return service.function("orchestrator")


async def wake(orchestrator: Handler, **changed: str) -> Reply:
    """By the push of the commit that began the workflow."""
    return await push(orchestrator, body=b"{}", **{"ce_id": "trip-w1@1", **changed})


async def ring(orchestrator: Handler, version: int, **changed: str) -> Reply:
    """By a timer that was set at that version."""
    return await push(orchestrator, "/tasks", to_json({"stream": "trip-w1", "version": version}), **changed)


class TestAPush:
    async def test_goes_on_to_the_end(self, orchestrator: Handler, world: World) -> None:
        """The answer says where the workflow is."""
        reply = await wake(orchestrator)

        assert (reply.status, reply.headers["outcome"]) == (200, "completed")
        assert reply.json == {"version": 7, "status": "completed", "due_at": None}

    async def test_calls_the_services_over_the_public_api(self, orchestrator: Handler, world: World) -> None:
        """Each below its own prefix."""
        await wake(orchestrator)

        assert str(world.calls[0].url) == f"{ORIGIN}/rooms/v1/bookings/w1"

    async def test_calls_as_itself(self, orchestrator: Handler, world: World) -> None:
        """With the function's own identity, for the platform's audience."""
        await wake(orchestrator)

        token = world.calls[0].headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, options={"verify_signature": False})
        assert (claims["email"], claims["aud"]) == (IDENTITY, AUDIENCE)

    async def test_a_second_time_finds_nothing_to_do(self, orchestrator: Handler, world: World) -> None:
        """Delivery is at least once."""
        await wake(orchestrator)
        asked = len(world.calls)

        reply = await wake(orchestrator)

        assert (reply.headers["outcome"], len(world.calls)) == ("completed", asked)

    @pytest.mark.parametrize(("down", "told"), [(True, ["forwards"]), (False, None)])
    async def test_says_what_it_must_leave(
        self,
        orchestrator: Handler,
        world: World,
        capsys: pytest.CaptureFixture[str],
        *,
        down: bool,
        told: list[str] | None,
    ) -> None:
        """In the function's line: the age of a workflow by its status; of one that is over, nothing."""
        world.down = down

        await wake(orchestrator)

        waiting = from_json(capsys.readouterr().out.splitlines()[-1]).get("waiting")
        assert (waiting and list(waiting)) == told

    async def test_of_no_workflow_is_acknowledged(self, orchestrator: Handler) -> None:
        """It would not be there the next time, either."""
        reply = await wake(orchestrator, ce_id="trip-w9@1")

        assert (reply.status, reply.headers["outcome"]) == (204, "there is no such workflow")

    @pytest.mark.parametrize("identity", ["", "trip-w1", "trip-w1@one"])
    async def test_of_no_commit_is_refused(self, orchestrator: Handler, identity: str) -> None:
        """It says nothing about what to do."""
        reply = await wake(orchestrator, ce_id=identity)

        assert (reply.status, reply.fields_at_fault) == (400, ["ce-id"])


class TestAStuckWorkflow:
    @pytest.fixture
    async def projector(self, orchestrator: Handler, service: WorkflowService, world: World) -> Handler:
        """One that is turned back, and whose one undo is refused, is stuck; and its read model says so."""
        world.down = True
        await wake(orchestrator)
        turn = ForceCompensate(actor="operator:1", reason="test", at=utc_now())
        await service.wiring.handle("trip", "w1", turn, service.wiring.system_context("operator:1"))
        assert (await wake(orchestrator)).headers["outcome"] == "stuck"
        projector = service.function("projector")
        commits = [each async for each in bootstrap.dependencies().events.read("trip-w1")]
        for each in commits:
            await push(projector, body=each.body, ce_id=each.id, ce_recordedtime=each.recorded_at.isoformat())
        return projector

    async def test_is_told_of_by_every_sweep(self, projector: Handler, capsys: pytest.CaptureFixture[str]) -> None:
        """Nobody else comes by: it has nothing to do by itself, and nobody writes to it."""
        capsys.readouterr()

        for _ in range(2):
            await push(projector, "/sweep")

        lines = [from_json(line) for line in capsys.readouterr().out.splitlines()]
        assert [list(line["waiting"]) for line in lines] == [["stuck"], ["stuck"]]
        assert all(0 <= line["waiting"]["stuck"] < 60 for line in lines)

    async def test_that_is_retried_is_not_told_of(
        self,
        projector: Handler,
        orchestrator: Handler,
        service: WorkflowService,
        world: World,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """As soon as its read model knows."""
        world.down = False
        retry = Retry(actor="operator:1", reason="test", at=utc_now())
        await service.wiring.handle("trip", "w1", retry, service.wiring.system_context("operator:1"))
        await wake(orchestrator)
        (*_, last) = [each async for each in bootstrap.dependencies().events.read("trip-w1")]
        await push(projector, body=last.body, ce_id=last.id, ce_recordedtime=last.recorded_at.isoformat())
        capsys.readouterr()

        await push(projector, "/sweep")

        assert "waiting" not in from_json(capsys.readouterr().out)


class TestADeadLetter:
    @pytest.fixture
    async def wanted(self) -> dict[str, object]:
        """The push of the commit that began the workflow was given up."""
        letter = Buried(
            service="trip",
            function="orchestrator",
            subscription="trip-orchestrator",
            message_id="trip-w1@1",
            attributes={"ce-id": "trip-w1@1"},
            body=b"{}",
            error="not accepted in 20 attempts",
            origin=Origin.DEAD_LETTER_TOPIC,
            attempts=20,
            first_at=NOON,
            last_at=NOON,
        )
        await bootstrap.dependencies().dead_letters.bury(letter)
        return {"subscription": letter.subscription, "message_id": letter.message_id}

    async def test_goes_on_when_an_operator_says_so(
        self, orchestrator: Handler, world: World, wanted: dict[str, object]
    ) -> None:
        """First dry, which asks nobody anything."""
        dry = await push(orchestrator, "/redrive", to_json(wanted))
        asked = len(world.calls)
        done = await push(orchestrator, "/redrive", to_json({**wanted, "dry_run": False}))

        assert (dry.json["outcome"], asked) == ("the workflow trip-w1 goes on", 0)
        assert (done.json["outcome"], len(world.calls) > 0) == ("completed", True)
        assert (await push(orchestrator, "/dead-letters")).json == {"messages": []}


class TestATimer:
    async def test_is_set_if_a_service_does_not_answer(self, orchestrator: Handler, world: World) -> None:
        """It calls this very function, and proves who calls."""
        world.down = True
        await wake(orchestrator)

        (task,) = world.tasks
        request = task["httpRequest"]
        assert task["name"].startswith("projects/test/locations/europe-west1/queues/trip-timers/tasks/")
        assert request["url"] == "https://functions.test/trip/orchestrator/tasks"
        assert request["oidcToken"] == {"serviceAccountEmail": "tasks@shop.test", "audience": AUDIENCE}

    async def test_says_what_it_was_set_for(self, orchestrator: Handler, world: World) -> None:
        """The workflow, and the version that it had."""
        world.down = True
        waiting = await wake(orchestrator)

        body = from_json(b64decode(world.tasks[0]["httpRequest"]["body"]))
        assert body == {"stream": "trip-w1", "version": waiting.json["version"]}

    async def test_that_comes_too_early_comes_again(self, orchestrator: Handler, world: World) -> None:
        """Its name is taken: nobody could set it once more."""
        world.down = True
        waiting = await wake(orchestrator)

        assert (await ring(orchestrator, waiting.json["version"])).status == 503

    async def test_that_comes_too_late_finds_nothing_to_do(self, orchestrator: Handler, world: World) -> None:
        """The workflow went on by other means."""
        await wake(orchestrator)

        assert (await ring(orchestrator, 2)).headers["outcome"] == "completed"

    @pytest.mark.parametrize("body", [b"{}", b"garbage", b'{"stream": "trip-w1", "version": 1, "more": 1}'])
    async def test_of_another_shape_is_refused(self, orchestrator: Handler, body: bytes) -> None:
        """It is none of this function's own."""
        assert (await push(orchestrator, "/tasks", body)).status == 400


class TestCallers:
    @pytest.mark.parametrize("path", ["/", "/tasks", "/resume"])
    async def test_others_may_not_call(self, orchestrator: Handler, world: World, path: str) -> None:
        """A good token of somebody else starts nothing."""
        reply = await push(orchestrator, path, email="stranger@shop.test", ce_id="trip-w1@1")

        assert (reply.status, world.calls) == (403, [])

    async def test_the_scheduler_has_it_swept(self, orchestrator: Handler) -> None:
        """The report says what the walk came across."""
        assert (await push(orchestrator, "/resume")).status == 200

    async def test_there_is_nothing_else(self, orchestrator: Handler) -> None:
        """Another path is no job."""
        assert (await push(orchestrator, "/else")).status == 404
