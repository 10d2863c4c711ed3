"""Cloud Scheduler's stand-in: fires the schedules of the manifests, in time or faster."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from emulators.edge.invoke import Send
from shared.topology import Schedule, Service

MINUTE = timedelta(minutes=1)
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_SUCCESS = range(200, 300)


class CronError(ValueError):
    """Not five fields of numbers, `*`, ranges, lists and steps."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression in UTC: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday)."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Raises CronError."""
        parts = text.split()
        if len(parts) != len(_FIELDS):
            raise CronError(f"{text!r} has {len(parts)} fields, not five")
        sets = [_values(part, *bounds) for part, bounds in zip(parts, _FIELDS, strict=True)]
        weekdays = frozenset(day % 7 for day in sets[4])
        # By cron's old rule, two restricted day fields mean: either of them.
        either = not parts[2].startswith("*") and not parts[4].startswith("*")
        return cls(sets[0], sets[1], sets[2], sets[3], weekdays, either)

    def matches(self, moment: datetime) -> bool:
        """Whether it fires in this minute."""
        return (
            moment.minute in self.minutes
            and moment.hour in self.hours
            and moment.month in self.months
            and self._day_matches(moment)
        )

    def _day_matches(self, moment: datetime) -> bool:
        day, weekday = moment.day in self.days, moment.isoweekday() % 7 in self.weekdays
        return day or weekday if self.either_day else day and weekday


def _values(text: str, first: int, last: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        try:
            start = first if span == "*" else int(low)
            end = last if span == "*" or (step and not high) else int(high or low)
            found.update(range(start, end + 1, int(step or 1)))
        except ValueError:
            raise CronError(f"{part!r} is not a number, a range or a step") from None
        if not first <= start <= end <= last:
            raise CronError(f"{part!r} is not within {first}-{last}")
    return frozenset(found)


@dataclass(slots=True)
class JobStats:
    """`skipped` runs were due while the one before was still under way."""

    succeeded: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass
class Scheduler:
    """Fires each schedule when a minute begins that its expression matches. A minute lasts `minute` seconds here, so
    that a day of schedules takes as long as a person wants to watch; a run never overlaps the one before.
    """

    services: Sequence[Service]
    send: Send
    authorization: Callable[[], str]
    clock: Callable[[], datetime]
    minute: float = 60.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    stats: dict[str, JobStats] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._jobs = [(service, schedule) for service in self.services for schedule in service.schedules]
        self._crons = {schedule.name: Cron.parse(schedule.cron) for _, schedule in self._jobs}
        self._under_way = {schedule.name: asyncio.Lock() for _, schedule in self._jobs}
        self._started: set[asyncio.Task[int]] = set()
        self.stats = {schedule.name: JobStats() for _, schedule in self._jobs}

    async def run(self) -> None:
        """Until cancelled; what it started is awaited or cancelled with it."""
        moment = self.clock().replace(second=0, microsecond=0)
        try:
            while True:
                await self.sleep(self.minute)
                moment += MINUTE
                self._fire_due(moment)
        finally:
            started = tuple(self._started)
            for task in started:
                task.cancel()
            await asyncio.gather(*started, return_exceptions=True)

    async def fire(self, wanted: Callable[[Schedule], bool]) -> Mapping[str, int]:
        """Run the wanted schedules now, after the runs under way; HTTP status by name."""
        jobs = [(service, schedule) for service, schedule in self._jobs if wanted(schedule)]
        statuses = await asyncio.gather(*(self._run(service, schedule) for service, schedule in jobs))
        return {schedule.name: status for (_, schedule), status in zip(jobs, statuses, strict=True)}

    def _fire_due(self, moment: datetime) -> None:
        for service, schedule in self._jobs:
            if self._crons[schedule.name].matches(moment):
                if self._under_way[schedule.name].locked():
                    self.stats[schedule.name].skipped += 1
                else:
                    task = asyncio.create_task(self._run(service, schedule), name=schedule.name)
                    self._started.add(task)
                    task.add_done_callback(self._started.discard)

    async def _run(self, service: Service, schedule: Schedule) -> int:
        """Whoever starts it, after the run before."""
        async with self._under_way[schedule.name]:
            return await self._call(service, schedule)

    async def _call(self, service: Service, schedule: Schedule) -> int:
        headers = {
            "Authorization": self.authorization(),
            "User-Agent": "Google-Cloud-Scheduler",
            "X-CloudScheduler": "true",
            "X-CloudScheduler-JobName": schedule.name,
            "X-CloudScheduler-ScheduleTime": self.clock().isoformat(),
        }
        status = await self.send(service.name, schedule.function, schedule.path, headers, b"")
        if status in _SUCCESS:
            self.stats[schedule.name].succeeded += 1
        else:
            self.stats[schedule.name].failed += 1
        return status
