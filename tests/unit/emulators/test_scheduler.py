"""Schedules fire when their minute comes, signed, and never on top of themselves."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from emulators.edge.scheduler import Cron, CronError, Scheduler
from shared.topology import Maturity, Schedule, Service

MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def schedule(name: str, cron: str) -> Schedule:
    return Schedule(name=name, function="relay", path=f"/{name}", cron=cron, description="")


def service(*schedules: Schedule) -> Service:
    return Service(name="cart", description="", maturity=Maturity.EVENT_SOURCED, functions=(), schedules=schedules)


class Functions:
    """Takes calls; each waits for `gate` and answers `status`."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str, Mapping[str, str]]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.status = 200
        self.running = 0
        self.most_running = 0

    async def __call__(self, service: str, function: str, path: str, headers: Mapping[str, str], body: bytes) -> int:
        self.calls.append((service, function, path, headers))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await self.gate.wait()
        await asyncio.sleep(0)  # takes a while, also when nothing holds it
        self.running -= 1
        return self.status


class Minutes:
    """A sleep that passes a set number of minutes at once, then waits for ever and says so."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.slept: list[float] = []
        self.over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        if not self.left:
            self.over.set()
            await asyncio.Future()
        self.left -= 1
        self.slept.append(seconds)
        for _ in range(5):  # let what was fired finish
            await asyncio.sleep(0)


def scheduler(of: Service, functions: Functions, minutes: Minutes | None = None) -> Scheduler:
    return Scheduler(
        (of,),
        functions,
        lambda: "Bearer signed",
        lambda: MONDAY_NOON,
        minute=2.0,
        sleep=minutes or Minutes(0),
    )


async def run_through(scheduler: Scheduler, minutes: Minutes) -> None:
    running = asyncio.create_task(scheduler.run())
    await minutes.over.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize(
    ("cron", "moment", "fires"),
    [
        ("* * * * *", MONDAY_NOON, True),
        ("*/5 * * * *", MONDAY_NOON.replace(minute=10), True),
        ("*/5 * * * *", MONDAY_NOON.replace(minute=11), False),
        ("17 * * * *", MONDAY_NOON.replace(minute=17), True),
        ("0 9-17/4 * * *", MONDAY_NOON.replace(hour=13), True),
        ("0 9-17/4 * * *", MONDAY_NOON, False),
        ("0,30 12 23 11 *", MONDAY_NOON, True),
        ("0 12 * * 1", MONDAY_NOON, True),
        ("0 12 * * 0", MONDAY_NOON.replace(day=22), True),
        ("0 12 * * 7", MONDAY_NOON.replace(day=22), True),
        ("0 12 * * 7", MONDAY_NOON, False),
        ("0 12 1 * 1", MONDAY_NOON, True),  # either day
        ("0 12 1 * *", MONDAY_NOON, False),
        ("50/5 * * * *", MONDAY_NOON.replace(minute=55), True),
    ],
)
def test_an_expression_matches_its_minutes(cron: str, moment: datetime, fires: bool) -> None:
    """Numbers, ranges, lists, steps, both Sundays, and the old rule of two day fields."""
    assert Cron.parse(cron).matches(moment) is fires


@pytest.mark.parametrize("text", ["", "* * * *", "60 * * * *", "a * * * *", "*/0 * * * *", "5-1 * * * *", "@daily"])
def test_a_wrong_expression_is_refused(text: str) -> None:
    """What cannot be understood is an error when the scheduler is made, not a schedule that never fires."""
    with pytest.raises(CronError):
        Cron.parse(text)


async def test_schedules_fire_in_their_minutes() -> None:
    """In five minutes an every-minute schedule fires five times, an every-five-minutes one once."""
    functions, minutes = Functions(), Minutes(5)
    under_test = scheduler(
        service(schedule("relay", "* * * * *"), schedule("sweep", "*/5 * * * *")), functions, minutes
    )

    await run_through(under_test, minutes)

    paths = [path for _, _, path, _ in functions.calls]
    assert (paths.count("/relay"), paths.count("/sweep")) == (5, 1)
    assert minutes.slept == [2.0] * 5


async def test_a_call_is_signed_and_says_which_schedule_it_is() -> None:
    """A function can check who calls and tell schedules apart, as with Cloud Scheduler."""
    functions = Functions()

    statuses = await scheduler(service(schedule("relay", "* * * * *")), functions).fire(lambda _: True)

    ((name, function, path, headers),) = functions.calls
    assert (name, function, path) == ("cart", "relay", "/relay")
    assert headers["Authorization"] == "Bearer signed"
    assert headers["X-CloudScheduler-JobName"] == "relay"
    assert statuses == {"relay": 200}


async def test_a_run_never_overlaps_the_one_before() -> None:
    """A schedule that is still under way when it is due is skipped, and the skip is counted."""
    functions, minutes = Functions(), Minutes(3)
    functions.gate.clear()
    under_test = scheduler(service(schedule("relay", "* * * * *")), functions, minutes)

    await run_through(under_test, minutes)

    assert len(functions.calls) == 1
    assert under_test.stats["relay"].skipped == 2


async def test_failures_are_counted() -> None:
    """An answer that is no success is a failed run."""
    functions = Functions()
    functions.status = 503
    under_test = scheduler(service(schedule("relay", "* * * * *")), functions)

    await under_test.fire(lambda each: each.name == "relay")

    assert (under_test.stats["relay"].succeeded, under_test.stats["relay"].failed) == (0, 1)


async def test_runs_by_hand_and_by_the_clock_take_turns() -> None:
    """Whoever starts a run, it begins when the one before has ended."""
    functions, minutes = Functions(), Minutes(3)
    functions.gate.clear()
    under_test = scheduler(service(schedule("relay", "* * * * *")), functions, minutes)
    running = asyncio.create_task(under_test.run())
    by_hand = [asyncio.create_task(under_test.fire(lambda _: True)) for _ in range(3)]
    await minutes.over.wait()

    functions.gate.set()
    await asyncio.gather(*by_hand)

    assert functions.most_running == 1
    assert len(functions.calls) == 3 + 3 - under_test.stats["relay"].skipped
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
