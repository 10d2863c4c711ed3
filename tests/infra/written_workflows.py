"""What the functions of a workflow write: of one that is under way, late, or stuck."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared import bootstrap
from shared.bootstrap import Aggregate
from shared.bootstrap.workflow import WorkflowService
from shared.eventsourcing.workflow.commands import ForceCompensate, Start
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.projection import WorkflowView, workflow_projection
from shared.topology import workflow_service
from tests.unit.kit.service_world import ISSUER, push
from tests.unit.workflow.trip import TRIP

if TYPE_CHECKING:
    from tests.infra.written_lines import Written

TRIPS = workflow_service("trip", description="", publishes="", collection="trips")


async def workflows(written: "Written") -> None:
    """All of it on the platform of whoever calls. Services that are asked refuse an undo, and answer nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        client = httpx.AsyncClient(transport=httpx.MockTransport(_outside))
        patch.setattr(httpx, "AsyncClient", lambda **_: client)
        trips = _trips(undo_attempts=2)
        now, orchestrator = await _started(trips, "w1"), trips.function("orchestrator")
        with written.kept("workflow forwards", "trip-orchestrator"):
            await push(orchestrator, body=b"{}", ce_id="trip-w1@1")
        await _turned(trips, "w1", now)
        with written.kept("workflow backwards", "trip-orchestrator"):
            await push(orchestrator, body=b"{}", ce_id="trip-w1@1")
        impatient = _trips(undo_attempts=1)
        now, orchestrator = await _started(impatient, "w2"), impatient.function("orchestrator")
        await push(orchestrator, body=b"{}", ce_id="trip-w2@1")
        await _turned(impatient, "w2", now)
        with written.kept("workflow stuck", "trip-orchestrator"):
            await push(orchestrator, body=b"{}", ce_id="trip-w2@1")
        await _late_workflows(written)
        await _stuck_workflow(written, impatient.function("projector"))
        await client.aclose()


async def _late_workflows(written: "Written") -> None:
    """Two hours old, and given a day."""
    patient = _trips(undo_attempts=2, deadline=timedelta(days=1))
    now, orchestrator = await _started(patient, "w3", timedelta(hours=2)), patient.function("orchestrator")
    with written.kept("late workflow forwards", "trip-orchestrator"):
        await push(orchestrator, body=b"{}", ce_id="trip-w3@1")
    await _turned(patient, "w3", now)
    with written.kept("late workflow backwards", "trip-orchestrator"):
        await push(orchestrator, body=b"{}", ce_id="trip-w3@1")


async def _stuck_workflow(written: "Written", projector: Any) -> None:
    """Its read model knows of it."""
    async for commit in bootstrap.dependencies().events.read("trip-w2"):
        await push(projector, body=commit.body, ce_id=commit.id, ce_recordedtime=commit.recorded_at.isoformat())
    for scenario in ("stuck workflow", "stuck workflow again"):
        with written.kept(scenario, "trip-projector"):
            await push(projector, "/sweep")


def _trips(undo_attempts: int, deadline: timedelta = TRIP.deadline) -> WorkflowService:
    workflow = replace(TRIP, undo_attempts=undo_attempts, deadline=deadline)
    return WorkflowService(
        manifest=TRIPS,
        aggregates=(Aggregate(workflow_decider(workflow), lambda _: None),),
        command_apis=(),
        query_apis=(),
        projections=(workflow_projection("trip", "trips", WorkflowView, fields=()),),
        workflow=workflow,
    )


async def _started(trips: WorkflowService, trip: str, ago: timedelta = timedelta()) -> datetime:
    context = trips.wiring.system_context("customer:900")
    start = Start(workflow_id=trip, data={"trip_id": trip}, at=context.occurred_at - ago)
    await trips.wiring.handle("trip", trip, start, context)
    return context.occurred_at


async def _turned(trips: WorkflowService, trip: str, at: datetime) -> None:
    turn = ForceCompensate(actor="operator:1", reason="test", at=at)
    await trips.wiring.handle("trip", trip, turn, trips.wiring.system_context("operator:1"))


def _outside(request: httpx.Request) -> httpx.Response:
    if request.url.host == "metadata.test":
        return httpx.Response(200, text=ISSUER.mint("trips", email="trips@shop.test", audience="functions"))
    if request.url.path.endswith("/release"):
        return httpx.Response(409, json={"code": "no-room", "detail": "no"})
    return httpx.Response(200 if request.url.host == "tasks.test" else 503, json={})
