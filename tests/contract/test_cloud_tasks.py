"""Named tasks over the REST interface of Cloud Tasks."""

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from pydantic_core import from_json

from shared.adapters.cloud_tasks import CloudTasks
from shared.eventsourcing.errors import UnavailableError

QUEUE = "projects/shop/locations/europe-west1/queues/checkout-timers"
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def access_token() -> str:
    return "access"


class Queue:
    """Cloud Tasks: what it was asked, and how it answers."""

    def __init__(self, *, token: Any = access_token) -> None:
        self.asked: list[httpx.Request] = []
        self.answer: Callable[[], httpx.Response] = lambda: httpx.Response(200, json={})
        self._tasks = CloudTasks(
            "https://tasks.test",
            QUEUE,
            url="https://orchestrator.test",
            caller="tasks@shop.test",
            audience="functions",
            token=token,
            client=httpx.AsyncClient(transport=httpx.MockTransport(self._take)),
        )

    async def schedule(self, name: str = "t1", at: datetime = AT) -> None:
        await self._tasks.schedule(name, at, "/tasks", {"stream": "checkout-c1", "version": 3})

    @property
    def task(self) -> dict[str, Any]:
        task: dict[str, Any] = from_json(self.asked[-1].content)["task"]
        return task

    async def _take(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answer()


@pytest.fixture
def queue() -> Queue:
    return Queue()


async def test_a_task_is_created_in_its_queue(queue: Queue) -> None:
    """With the process's own access token."""
    await queue.schedule()

    (request,) = queue.asked
    assert (request.method, str(request.url)) == ("POST", f"https://tasks.test/v2/{QUEUE}/tasks")
    assert request.headers["authorization"] == "Bearer access"


async def test_a_task_is_named_within_its_queue(queue: Queue) -> None:
    """The name is what makes it one task, however often it is set."""
    await queue.schedule("t1")

    assert queue.task["name"] == f"{QUEUE}/tasks/t1"


@pytest.mark.parametrize("at", [AT, AT.astimezone(timezone(timedelta(hours=2)))])
async def test_a_task_has_its_time(queue: Queue, at: datetime) -> None:
    """In UTC, as Google writes times."""
    await queue.schedule(at=at)

    assert queue.task["scheduleTime"] == "2026-03-01T12:00:00Z"


async def test_a_task_calls_the_function_with_its_body(queue: Queue) -> None:
    """A POST of the JSON to the path."""
    await queue.schedule()

    request = queue.task["httpRequest"]
    assert (request["httpMethod"], request["url"]) == ("POST", "https://orchestrator.test/tasks")
    assert from_json(b64decode(request["body"])) == {"stream": "checkout-c1", "version": 3}


async def test_a_task_proves_who_calls(queue: Queue) -> None:
    """By a token that Google signs for the caller and the audience."""
    await queue.schedule()

    assert queue.task["httpRequest"]["oidcToken"] == {
        "serviceAccountEmail": "tasks@shop.test",
        "audience": "functions",
    }


async def test_a_local_queue_needs_no_token() -> None:
    """It belongs to whoever runs it."""
    queue = Queue(token=None)
    await queue.schedule()

    assert "authorization" not in queue.asked[-1].headers


async def test_a_name_that_is_taken_is_nothing_to_do(queue: Queue) -> None:
    """The timer is set already, or has come."""
    queue.answer = lambda: httpx.Response(409, json={"error": {"status": "ALREADY_EXISTS"}})

    await queue.schedule()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
async def test_any_other_refusal_is_unavailable(queue: Queue, status: int) -> None:
    """The timer is not set; the status says what to look for."""
    queue.answer = lambda: httpx.Response(status, text="no")

    with pytest.raises(UnavailableError, match=f"{status}: no"):
        await queue.schedule()


async def test_a_long_answer_is_not_repeated_whole(queue: Queue) -> None:
    """What ends up in a log has its bounds."""
    queue.answer = lambda: httpx.Response(500, content=b"\xff" * 10_000)

    with pytest.raises(UnavailableError) as unavailable:
        await queue.schedule()

    assert len(str(unavailable.value)) < 300


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
async def test_a_queue_that_does_not_answer_is_unavailable(queue: Queue, error: Exception) -> None:
    """The sweep comes instead."""

    def fails() -> httpx.Response:
        raise error

    queue.answer = fails

    with pytest.raises(UnavailableError, match="did not answer"):
        await queue.schedule()


async def test_without_an_access_token_nothing_is_asked() -> None:
    """It would be refused."""

    async def none() -> str:
        raise UnavailableError("no access token")

    queue = Queue(token=none)

    with pytest.raises(UnavailableError, match="no access token"):
        await queue.schedule()

    assert queue.asked == []
