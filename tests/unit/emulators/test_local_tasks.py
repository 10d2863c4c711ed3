"""Cloud Tasks' stand-in: a task calls its function in time, once for each name, again until it is taken."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from emulators.edge.invoke import TIMEOUT, UNREACHABLE
from emulators.edge.tasks import LocalTasks
from shared.testing.virtual_time import START, on_virtual_time, virtual_now
from shared.topology import Maturity, Queue, Service

QUEUE = Queue(
    name="checkout-timers", function="orchestrator", description="", max_attempts=4, min_backoff=1.0, max_backoff=3.0
)
CHECKOUT = Service(name="checkout", description="", maturity=Maturity.EVENT_SOURCED, functions=(), queues=(QUEUE,))
PATH = "/v2/projects/commerce/locations/local/queues/checkout-timers/tasks"
NAME = "projects/commerce/locations/local/queues/checkout-timers/tasks/t1"


@dataclass
class Functions:
    """Takes calls, and when they came; answers the next status, or 200."""

    calls: list[tuple[str, str, str, Mapping[str, str], bytes]] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def __call__(self, service: str, function: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        self.calls.append((service, function, path, headers, body))
        self.times.append(virtual_now())
        return self.statuses.pop(0) if self.statuses else 200

    @property
    def seconds(self) -> list[float]:
        """When they came, counted from the start."""
        return [(time - START).total_seconds() for time in self.times]


def local_tasks(functions: Functions) -> LocalTasks:
    return LocalTasks((CHECKOUT,), functions, lambda: "Bearer signed", virtual_now, project="commerce", region="local")


def a_task(name: str = NAME, *, after: float | None = None, **request: str) -> dict[str, Any]:
    """As the client library writes it."""
    http = {
        "url": "http://127.0.0.1:8080/_functions/checkout/orchestrator/tasks",
        "body": b64encode(b'{"version": 3}').decode(),
        **request,
    }
    at = {} if after is None else {"scheduleTime": (START + timedelta(seconds=after)).isoformat()}
    return {"name": name, "httpRequest": http, **at}


async def post(tasks: LocalTasks, content: object) -> tuple[int, Any]:
    """To the queue, as through the gateway."""
    request = make_mocked_request("POST", PATH)
    request._read_bytes = content if isinstance(content, bytes) else json.dumps(content).encode()
    response: Any = await tasks.routes()["POST", PATH](request)
    return response.status, json.loads(response.body)


async def settled(seconds: float = 60.0) -> None:
    """Let as much virtual time pass."""
    await asyncio.sleep(seconds)


def test_there_is_a_route_for_each_queue() -> None:
    """Where Google's own client finds it."""
    assert list(local_tasks(Functions()).routes()) == [("POST", PATH)]


@on_virtual_time
async def test_a_task_calls_its_function() -> None:
    """At the path of its URL, with its body."""
    functions = Functions()
    await post(local_tasks(functions), {"task": a_task()})
    await settled()

    ((service, function, path, _, body),) = functions.calls
    assert (service, function, path, body) == ("checkout", "orchestrator", "/tasks", b'{"version": 3}')


@on_virtual_time
async def test_a_task_is_named_in_the_answer() -> None:
    """As Google does."""
    assert await post(local_tasks(Functions()), {"task": a_task()}) == (200, {"name": NAME})


@on_virtual_time
async def test_a_call_proves_who_calls() -> None:
    """And says for which queue and task."""
    functions = Functions()
    await post(local_tasks(functions), {"task": a_task()})
    await settled()

    headers = functions.calls[0][3]
    assert headers["Authorization"] == "Bearer signed"
    assert (headers["X-CloudTasks-QueueName"], headers["X-CloudTasks-TaskName"]) == ("checkout-timers", "t1")


@pytest.mark.parametrize(("after", "when"), [(30.0, 30.0), (None, 0.0), (-30.0, 0.0)])
def test_a_task_comes_in_time(after: float | None, when: float) -> None:
    """When it is due; at once if no time was stated, or one that is over."""

    @on_virtual_time
    async def run() -> Functions:
        functions = Functions()
        await post(local_tasks(functions), {"task": a_task(after=after)})
        await settled()
        return functions

    assert run().seconds == [when]


@on_virtual_time
async def test_a_name_is_taken_once() -> None:
    """The same task again is refused, also when it is over."""
    functions = Functions()
    tasks = local_tasks(functions)
    await post(tasks, {"task": a_task()})
    await settled()

    status, content = await post(tasks, {"task": a_task()})
    await settled()

    assert (status, content["error"]["status"], len(functions.calls)) == (409, "ALREADY_EXISTS", 1)


@pytest.mark.parametrize("failure", [500, 503, 429, 404, UNREACHABLE, TIMEOUT])
def test_a_task_that_is_not_taken_comes_again(failure: int) -> None:
    """After a pause that doubles, up to a limit; each call says which it is."""

    @on_virtual_time
    async def run() -> Functions:
        functions = Functions(statuses=[failure] * 3)
        await post(local_tasks(functions), {"task": a_task()})
        await settled()
        return functions

    functions = run()
    assert functions.seconds == [0.0, 1.0, 3.0, 6.0]
    assert [call[3]["X-CloudTasks-TaskRetryCount"] for call in functions.calls] == ["0", "1", "2", "3"]


@on_virtual_time
async def test_a_task_is_given_up_in_the_end() -> None:
    """After as many attempts as its queue allows."""
    functions = Functions(statuses=[500] * 100)
    await post(local_tasks(functions), {"task": a_task()})
    await settled()

    assert len(functions.calls) == QUEUE.max_attempts


@on_virtual_time
async def test_tasks_do_not_wait_for_each_other() -> None:
    """One that is far off holds up nobody."""
    functions = Functions()
    tasks = local_tasks(functions)
    await post(tasks, {"task": a_task(after=40.0)})
    await post(tasks, {"task": a_task(f"{NAME}-2", after=10.0)})
    await settled()

    assert functions.seconds == [10.0, 40.0]


@on_virtual_time
async def test_what_waits_ends_with_the_platform() -> None:
    """The services' sweeps find what is lost with it."""
    functions = Functions()
    tasks = local_tasks(functions)
    await post(tasks, {"task": a_task(after=30.0)})
    await settled(1.0)

    await tasks.stop()
    await settled()

    assert functions.calls == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        [],
        {},
        {"task": None},
        {"task": {}},
        {"task": {"name": NAME}},
        {"task": {**a_task(), "scheduleTime": "soon"}},
        {"task": {**a_task(), "scheduleTime": "2026-01-01T00:00:00"}},
        {"task": {**a_task(), "httpRequest": {"url": 5}}},
        {"task": a_task(body="x")},
    ],
)
def test_what_is_no_task_is_refused(content: object) -> None:
    """As Google does: nothing is called."""

    @on_virtual_time
    async def run() -> tuple[int, str]:
        status, answer = await post(local_tasks(Functions()), content)
        return status, answer["error"]["status"]

    assert run() == (400, "INVALID_ARGUMENT")
