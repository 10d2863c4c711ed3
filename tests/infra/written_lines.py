"""Log entries that the application really writes: its functions are called in this process, and their lines kept.

Cloud Run would add the name of the function's service to each line, and Cloud Logging would take the severity out of
it: so does this. What it cannot show is how Cloud Logging itself reads them.
"""

import asyncio
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from emulators.operate.reported import report_replay
from functions.cart.main import SERVICE as CART
from functions.cart.projections import CARTS_PROJECTION
from shared import bootstrap
from shared.adapters.cloud_logging import CloudLogging
from shared.adapters.keys.cloud_kms import CloudKms
from shared.adapters.memory.broker import MemoryBroker
from shared.adapters.system import utc_now
from shared.bootstrap import EventSourcedService
from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import NewCommit, OperationCounts, start_of
from shared.eventsourcing.message import StoredEvent
from shared.eventsourcing.publishing import Message
from shared.http.edge import guarded
from shared.observability.logs import OPERATIONS_LOG, json_log
from shared.operations.replay import Replayed
from tests.infra.log_query import Entry
from tests.infra.written_workflows import TRIPS, workflows
from tests.unit.http.store_front import AGGREGATES, RecordingEffect, apis
from tests.unit.http.store_front import MANIFEST as STORE
from tests.unit.kit.service_world import environment, push, user

PROJECT = "example-shop-dev"
KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
CARTS = "/cart/v1/carts"
NEW_CART = {"currency": "USD", "customer_id": "900"}
SCHEDULED: Entry = {
    "resource": {"type": "cloud_scheduler_job", "labels": {"job_id": "dev-cart-relay", "location": "europe-west1"}},
    "logName": f"projects/{PROJECT}/logs/cloudscheduler.googleapis.com%2Fexecutions",
    "severity": "ERROR",
    "jsonPayload": {
        "@type": "type.googleapis.com/google.cloud.scheduler.logging.AttemptFinished",
        "status": "UNAVAILABLE",
        "targetType": "HTTP",
    },
}
"""Not ours: how Cloud Scheduler tells of a run that failed, as its documentation shows it."""


@dataclass
class Written:
    """Entries by scenario."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)

    @contextmanager
    def kept(self, scenario: str, function: str) -> Iterator[None]:
        """All lines that are written meanwhile, as those of this function."""
        out = io.StringIO()
        with redirect_stdout(out):
            yield
        lines = [json.loads(line) for line in out.getvalue().splitlines()]
        self.entries[scenario] = [_entry_of(line, f"dev-{function}") for line in lines]


def _entry_of(line: dict[str, Any], service: str) -> Entry:
    return {
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": service}},
        "logName": f"projects/{PROJECT}/logs/run.googleapis.com%2Fstdout",
        "severity": line.pop("severity"),
        "jsonPayload": {name: value for name, value in line.items() if "/" not in name},
    }


def write(folder: Path) -> Written:
    """Every scenario once, on a platform of its own."""
    written = Written({"schedule": [SCHEDULED]})
    scenarios = (_requests, _projections, _relays, workflows, _keys, _replays)
    for scenario in scenarios:
        with _platform(folder):
            asyncio.run(scenario(written))
    return written


@contextmanager
def _platform(folder: Path) -> Iterator[None]:
    declared = {
        "COMMERCE_OUTBOX_PATIENCE": "0",
        "COMMERCE_ORIGIN": "https://shop.test",
        "GCE_METADATA_HOST": "metadata.test",
        "COMMERCE_TASKS_ENDPOINT": "https://tasks.test",
        "COMMERCE_FUNCTION_URL": "https://functions.test/{service}/{function}",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment(folder), **declared}.items():
            patch.setenv(name, value)
        bootstrap.forget()
        bootstrap.embedded().broker.declare((CART.manifest, STORE, TRIPS))
        yield
        bootstrap.forget()


async def _requests(written: Written) -> None:
    cart = replace(CART)
    commands, queries = cart.function("commands"), cart.function("queries")
    with written.kept("command", "cart-commands"):
        created = (await user(commands, "pos").post(CARTS, "k1", NEW_CART)).json["id"]
    with written.kept("refused command", "cart-commands"):
        await user(commands, "pos").post(CARTS, "k2", {"currency": 5})
    with written.kept("query", "cart-queries"):
        await user(queries, "operator").get(f"{CARTS}/{created}")
    with written.kept("lost race", "cart-commands"):
        await _race(commands, replace(CART).function("commands"), created)
    with written.kept("command that waits for others", "store-commands"):
        await user(_store().function("commands"), "pos").post("/store/v1/baskets", "k4", {"skus": ["milk"]})
    with written.kept("failed command", "cart-commands"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap.dependencies().events, "append", _down)
        await user(commands, "pos").post(CARTS, "k5", NEW_CART)
    with written.kept("failed query", "cart-queries"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap.dependencies().rows, "get", _down)
        await user(queries, "operator").get(f"{CARTS}/{created}")


async def _race(one: Any, other: Any, cart: str) -> None:
    """The other instance has not heard of the first one's second command."""
    item = {"sku": "milk", "quantity": 1, "charged": {"amount": 100, "currency": "USD"}}
    for key, instance in (("a", one), ("b", other), ("c", one)):
        await user(instance, "pos").post(f"{CARTS}/{cart}/items", key, item)


def _store() -> EventSourcedService:
    return EventSourcedService(
        manifest=STORE,
        aggregates=AGGREGATES,
        command_apis=apis(settles=True),
        query_apis=(),
        effect=lambda _: RecordingEffect(),
    )


async def _down(*_: object, **__: object) -> Any:
    raise UnavailableError("down")


async def _projections(written: Written) -> None:
    cart = replace(CART)
    commands, projector = cart.function("commands"), cart.function("projector")
    broken = replace(CART, projections=(replace(CARTS_PROJECTION, project=_broken),)).function("projector")
    carts = [(await user(commands, "pos").post(CARTS, key, NEW_CART)).json["id"] for key in "abc"]
    with written.kept("commit", "cart-projector"):
        await _pushed(projector, carts[0])
    with written.kept("commit again", "cart-projector"):
        await _pushed(projector, carts[0])
    with written.kept("commit that cannot be read", "cart-projector"):
        await push(projector, body=b"garbage", ce_id=f"cart-{carts[1]}@1")
    with written.kept("commit that fails", "cart-projector"):
        await _pushed(broken, carts[2])
    with written.kept("nonsense", "cart-projector"):
        await push(projector, body=b"garbage", ce_id="x")


def _broken(*_: object) -> Any:
    raise ZeroDivisionError("a bug")


async def _pushed(projector: Any, cart: str) -> None:
    (commit,) = [each async for each in bootstrap.dependencies().events.read(f"cart-{cart}")]
    await push(projector, body=commit.body, ce_id=commit.id, ce_recordedtime=commit.recorded_at.isoformat())


async def _relays(written: Written) -> None:
    cart, events = replace(CART), bootstrap.dependencies().events
    commands, relay = cart.function("commands"), cart.function("relay")
    with written.kept("relay with nothing to do", "cart-relay"):
        await push(relay)
    with written.kept("publish that fails", "cart-commands"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryBroker, "publish", _down)
        await user(commands, "pos").post(CARTS, "k1", NEW_CART)
    with written.kept("relay that cannot send", "cart-relay"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryBroker, "publish", _down)
        patch.setattr("shared.bootstrap.background.utc_now", lambda: utc_now() + timedelta(minutes=10))
        await push(replace(CART).function("relay"))
    with written.kept("relay that sends again", "cart-relay"):
        await push(relay)
    await push(relay)  # what was sent is seen
    context = cart.wiring.system_context("platform:test")
    body = encode_commit("cart-odd", 1, context, [StoredEvent("Unknown.v1", {})])
    new = NewCommit(position=start_of("cart-odd"), body=body, owed=["cart-odd@1"])
    await events.append([new])
    with written.kept("relay that is stuck", "cart-relay"):
        await push(relay)
    await bootstrap.embedded().broker.publish("cart-projector-dead", [Message("1", b"{}", {"ce-id": "cart-1@1"})])
    with written.kept("drain", "cart-relay"):
        await push(relay, "/drain")


async def _keys(written: Written) -> None:
    refused = httpx.MockTransport(lambda _: httpx.Response(403, json={"error": {"status": "PERMISSION_DENIED"}}))
    kms = CloudKms(KEY, _token, OperationCounts(), transport=refused)

    async def seal(_: Request) -> Response:
        await kms.wrap(bytes(32), "900")
        return Response()

    with written.kept("key that is refused", "customers-commands"):
        await user(guarded("customers-commands", seal, json_log("test"))).get("/")


async def _token() -> str:
    return "token"


async def _replays(written: Written) -> None:
    for scenario, events in (("replay", 1_000_000), ("small replay", 1_000)):
        sent: list[Mapping[str, Any]] = []
        settings = replace(bootstrap.environment(), project=PROJECT, prefix="dev-")
        log = CloudLogging(PROJECT, OPERATIONS_LOG, token=_token, clock=utc_now, transport=_taking(sent))
        replayed = Replayed(events, documents=10, behind=(), seconds=12.5)
        await report_replay(
            settings,
            print,
            service="cart",
            read_model="carts",
            replayed=replayed,
            log_of=lambda _, log=log: log,  # type: ignore[misc] # a default binds it
        )
        written.entries[scenario] = list(sent)


def _taking(sent: list[Mapping[str, Any]]) -> httpx.MockTransport:
    def take(request: httpx.Request) -> httpx.Response:
        sent.extend(from_json(request.content)["entries"])
        return httpx.Response(200, json={})

    return httpx.MockTransport(take)
