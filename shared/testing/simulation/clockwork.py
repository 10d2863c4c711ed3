"""Cloud Tasks and Cloud Scheduler: what comes by itself, early, late or never."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import to_json

from shared.eventsourcing.errors import UnavailableError
from shared.testing.api_spec import Reply
from shared.testing.simulation.faults import Kind
from shared.testing.simulation.identities import PLATFORM
from shared.testing.simulation.pool import Pool
from shared.testing.simulation.ports import Line
from shared.testing.simulation.stage import Stage
from shared.testing.virtual_time import virtual_now
from shared.topology import Queue, Schedule

_LATEST, _EARLIEST = 300.0, 3.0
_PATIENCE = 60.0
_MINUTE = 60.0
_LONGEST_PERIOD = 600.0
_OK = range(200, 300)


class Timer(NamedTuple):
    """A POST of `body` to `path`, at a time."""

    name: str
    at: datetime
    path: str
    body: bytes


class Clockwork:
    """Calls functions at their times. A name of a timer is taken once."""

    def __init__(self, stage: Stage, pool: Pool, skipped: frozenset[str], tempo: float) -> None:
        self._pool = pool
        self._faults = stage.faults
        self._story = stage.story
        self._dice = stage.dice("clockwork")
        self._tempo = tempo
        self._names: set[str] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        self._schedules = [
            (service.name, schedule)
            for service in stage.services
            for schedule in service.schedules
            if schedule.path not in skipped
        ]

    @property
    def timers(self) -> int:
        """How many are set."""
        return len(self._waiting)

    def schedules(self) -> list[Coroutine[Any, Any, None]]:
        """Each comes about as often as it says, but never less often than every ten minutes: runs are short."""
        return [self._repeat(service, schedule) for service, schedule in self._schedules]

    async def fire_all(self) -> None:
        """Every scheduled job once, in any order."""
        jobs = self._dice.sample(self._schedules, len(self._schedules))
        await asyncio.gather(*(self._run(service, schedule) for service, schedule in jobs))

    def set(self, service: str, queue: Queue, timer: Timer) -> None:
        if timer.name in self._names:
            return
        self._names.add(timer.name)
        if self._faults.strikes(Kind.TIMER_NEVER, f"{service} {timer.path}"):
            return
        seconds = (timer.at - virtual_now()).total_seconds()
        if self._faults.strikes(Kind.TIMER_LATE, f"{service} {timer.path}"):
            seconds += self._dice.uniform(1.0, _LATEST)
        elif self._faults.strikes(Kind.TIMER_EARLY, f"{service} {timer.path}"):
            seconds -= self._dice.uniform(0.0, _EARLIEST)
        work = self._ring(service, queue, max(seconds, 0.0), timer)
        task = asyncio.get_running_loop().create_task(work)
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _ring(self, service: str, queue: Queue, seconds: float, timer: Timer) -> None:
        await asyncio.sleep(seconds)
        for attempt in range(queue.max_attempts):
            if await self._call(service, queue.function, timer.path, timer.body) in _OK:
                return
            await asyncio.sleep(min(queue.min_backoff * 2.0**attempt, queue.max_backoff))

    async def _repeat(self, service: str, schedule: Schedule) -> None:
        period = period_of(schedule.cron) * self._tempo
        while True:
            await asyncio.sleep(period * self._dice.uniform(0.5, 1.5))
            if not self._faults.strikes(Kind.JOB_SKIPPED, schedule.name):
                await self._run(service, schedule)

    async def _run(self, service: str, schedule: Schedule) -> int:
        return await self._call(service, schedule.function, schedule.path, b"")

    async def _call(self, service: str, function: str, path: str, body: bytes) -> int:
        who, headers = f"{service}-{function}", {"authorization": PLATFORM, "content-type": "application/json"}
        try:
            instance = self._pool.pick(service, function)
            who = instance.name
            async with asyncio.timeout(_PATIENCE):
                reply = await instance.serve("POST", path, headers, body)
        except (TimeoutError, UnavailableError) as error:
            self._story.tell(who, f"@ {path}: {error!r}")
            return 503
        self._story.tell(who, f"@ {path} {body.decode()}: {reply.status} {_told(reply)}")
        return reply.status


def _told(reply: Reply) -> str:
    return reply.headers.get("outcome") or reply.body.decode()[:200]


def period_of(cron: str) -> float:
    """Seconds between two runs, as far as the minutes tell."""
    minutes = cron.split(maxsplit=1)[0]
    if minutes == "*":
        return _MINUTE
    if minutes.startswith("*/"):
        return min(int(minutes[2:]) * _MINUTE, _LONGEST_PERIOD)
    return _LONGEST_PERIOD


class InstanceTimers:
    """`Timers` of one instance."""

    def __init__(self, clockwork: Clockwork, line: Line, service: str, queue: Queue) -> None:
        self._clockwork = clockwork
        self._line = line
        self._service = service
        self._queue = queue

    async def schedule(self, name: str, at: datetime, path: str, body: Mapping[str, Any]) -> None:
        async def ask() -> None:
            self._clockwork.set(self._service, self._queue, Timer(name, at, path, to_json(body)))

        await self._line.call(ask, (Kind.STORE_LOST,), (Kind.STORE_UNHEARD,))
