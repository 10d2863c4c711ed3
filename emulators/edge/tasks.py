"""Cloud Tasks' stand-in: takes tasks over Google's own REST interface, and calls the queue's function in time.

A name is taken once, as in the cloud. Tasks live in this process: the services' sweeps find what is lost with it.
"""

import asyncio
import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from emulators.edge.gateway import LocalRoute
from emulators.edge.invoke import Send
from shared.topology import Queue, Service

_OK = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`path` of the queue's function, to be called at `at`."""

    name: str
    at: datetime
    path: str
    body: bytes


class LocalTasks:
    """The queues of all services. `authorization` yields the header that proves who calls."""

    def __init__(
        self,
        services: Sequence[Service],
        send: Send,
        authorization: Callable[[], str],
        clock: Callable[[], datetime],
        *,
        project: str,
        region: str,
    ) -> None:
        self._services = services
        self._send = send
        self._authorization = authorization
        self._clock = clock
        self._root = f"projects/{project}/locations/{region}/queues"
        self._names: set[str] = set()
        self._waiting: set[asyncio.Task[None]] = set()

    def routes(self) -> dict[tuple[str, str], LocalRoute]:
        """Of the gateway: one for each queue."""
        return {
            ("POST", f"/v2/{self._root}/{queue.name}/tasks"): self._take(service, queue)
            for service in self._services
            for queue in service.queues
        }

    async def stop(self) -> None:
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    def _take(self, service: Service, queue: Queue) -> LocalRoute:
        async def take(request: web.BaseRequest) -> web.StreamResponse:
            try:
                task = _parsed(json.loads(await request.read())["task"], self._clock())
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                return _error(400, "INVALID_ARGUMENT", f"not a task: {error!r}")
            if task.name in self._names:
                return _error(409, "ALREADY_EXISTS", "a task of this name exists or existed")
            self._names.add(task.name)
            running = asyncio.create_task(self._run(service, queue, task))
            self._waiting.add(running)
            running.add_done_callback(self._waiting.discard)
            return web.json_response({"name": task.name})

        return take

    async def _run(self, service: Service, queue: Queue, task: Task) -> None:
        await asyncio.sleep(max(0.0, (task.at - self._clock()).total_seconds()))
        for attempt in range(queue.max_attempts):
            headers = {
                "Authorization": self._authorization(),
                "Content-Type": "application/json",
                "User-Agent": "Google-Cloud-Tasks",
                "X-CloudTasks-QueueName": queue.name,
                "X-CloudTasks-TaskName": task.name.rpartition("/")[2],
                "X-CloudTasks-TaskRetryCount": str(attempt),
            }
            if await self._send(service.name, queue.function, task.path, headers, task.body) in _OK:
                return
            await asyncio.sleep(min(queue.min_backoff * 2.0**attempt, queue.max_backoff))


def _parsed(task: Any, now: datetime) -> Task:
    request = task["httpRequest"]
    at = datetime.fromisoformat(task["scheduleTime"]) if "scheduleTime" in task else now
    if at.tzinfo is None:
        raise ValueError("scheduleTime has no time zone")
    path = "/" + request["url"].partition("/_functions/")[2].partition("/")[2].partition("/")[2]
    return Task(name=str(task["name"]), at=at, path=path, body=b64decode(request.get("body", "")))


def _error(status: int, name: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": status, "status": name, "message": message}}, status=status)
