"""How a workflow is run: what its services are asked, when it waits, who hears of trouble."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from shared.adapters.memory.event_store import MemoryEventStore
from shared.eventsourcing.command_handler import CommandHandler, Policy
from shared.eventsourcing.errors import NotFoundError, UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Context
from shared.eventsourcing.publishing import Announcer, Publication
from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.commands import Decide, Decline, ForceCompensate, Retry, Start
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.runner import Advanced, Runner
from shared.eventsourcing.workflow.state import Status
from shared.testing.doubles import NOON, FixedClock, RecordingPublisher
from shared.topology.workflows import COMMANDS_TO_ACT_ON
from tests.unit.workflow.trip import TRIP, TripServices

STREAM = "trip-w1"


@dataclass
class Network:
    """The trip's services, and what they were asked. `faults` are raised, or answered, in place of the next answers."""

    services: TripServices = field(default_factory=TripServices)
    asked: list[Request] = field(default_factory=list)
    faults: list[Exception | Response] = field(default_factory=list)

    async def call(self, request: Request) -> Response:
        self.asked.append(request)
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        return await self.services.answer(request)


@dataclass
class Timers:
    down: bool = False
    set: list[tuple[str, datetime, str, Mapping[str, Any]]] = field(default_factory=list)

    async def schedule(self, name: str, at: datetime, path: str, body: Mapping[str, Any]) -> None:
        if self.down:
            raise UnavailableError("no timers today")
        self.set.append((name, at, path, body))


class Rig:
    """One runner and everything around it."""

    def __init__(self) -> None:
        self.clock, self.network, self.timers = FixedClock(), Network(), Timers()
        self.counts = OperationCounts()
        self.log: list[tuple[str, str]] = []
        self.aged: list[tuple[str, float]] = []
        decider = workflow_decider(TRIP)
        publication = Publication(
            service="trip",
            category="trip",
            domain_topic="commits",
            integration_topic="events",
            codec=decider.codec,
            to_integration=lambda _: None,
        )
        self.events = MemoryEventStore(self.clock, self.counts)
        announcer = Announcer(publication, RecordingPublisher())
        self.handler = CommandHandler(decider, self.events, announcer, Policy(pause=_no_pause))
        ids = count()
        self.runner = Runner(
            workflow=TRIP,
            handler=self.handler,
            caller=self.network,
            timers=self.timers,
            clock=self.clock,
            new_id=lambda: f"id{next(ids)}",
            log=lambda severity, message, **_: self.log.append((severity, message)),
            aged=lambda status, seconds: self.aged.append((status, seconds)),
        )

    async def start(self) -> None:
        context = Context(
            command="Start", command_id="c", correlation_id="flow", actor="customer:900", occurred_at=NOON
        )
        command = Start(workflow_id="w1", data={"trip_id": "w1"}, at=NOON)
        await self.handler.handle(STREAM, command, context, begins=True)

    async def advance(self) -> Advanced:
        return await self.runner.advance(STREAM)


async def _no_pause(_: int) -> None:
    return


@pytest.fixture
async def rig() -> Rig:
    rig = Rig()
    await rig.start()
    return rig


async def test_goes_to_the_end(rig: Rig) -> None:
    """If all goes well one run is all it takes: a commit for the start, and one for each answer."""
    assert await rig.advance() == Advanced(version=7, status=Status.COMPLETED, due_at=None)


async def test_addresses_its_requests(rig: Rig) -> None:
    """The key is the workflow's and the step's, the flow the workflow's id, the cause the commit of the intent."""
    await rig.advance()

    first, second = rig.network.asked[:2]
    assert (first.key, first.correlation_id, first.causation_id) == ("w1/book", "w1", "trip-w1@2")
    assert (second.key, second.correlation_id, second.causation_id) == ("w1/read_price", "w1", "trip-w1@3")
    assert first.timeout == timedelta(seconds=10)


async def test_addresses_an_undo_under_a_key_of_its_own(rig: Rig) -> None:
    """An undo is another deed than the step that it undoes."""
    rig.network.services.price = 2000

    assert (await rig.advance()).status is Status.FAILED
    assert [request.key for request in rig.network.asked] == ["w1/book", "w1/read_price", "w1/book/undo"]


async def test_reads_nothing_while_it_goes_on(rig: Rig) -> None:
    """A warm runner costs one commit a step, and no read of the log."""
    before = rig.counts.documents_read

    await rig.advance()

    assert rig.counts.documents_read == before


async def test_tells_how_old_a_workflow_is_that_must_wait(rig: Rig) -> None:
    """In seconds since its start; of one that is over, nothing."""
    rig.network.faults = [UnavailableError("down")]
    rig.clock.advance(seconds=90)

    await rig.advance()
    rig.clock.advance(seconds=10)
    await rig.advance()

    assert rig.aged == [("forwards", 90.0)]


async def test_sets_a_timer_when_it_must_wait(rig: Rig) -> None:
    """Without an answer it waits: the timer is set for a little after the time, with what it needs to go on."""
    rig.network.faults = [UnavailableError("down")]

    advanced = await rig.advance()

    ((name, at, path, body),) = rig.timers.set
    assert advanced == Advanced(version=3, status=Status.FORWARDS, due_at=NOON + timedelta(seconds=1))
    assert (at, path, body) == (NOON + timedelta(seconds=2), "/tasks", {"stream": STREAM, "version": 3})
    assert name.isalnum()


async def test_sets_the_same_timer_under_the_same_name(rig: Rig) -> None:
    """Coming twice to the same wait is one timer; another wait is another."""
    rig.network.faults = [UnavailableError("down"), UnavailableError("down")]
    await rig.advance()
    await rig.advance()
    rig.clock.advance(seconds=1)
    await rig.advance()

    first, second, third = (name for name, *_ in rig.timers.set)
    assert first == second != third


async def test_goes_on_when_its_timer_comes(rig: Rig) -> None:
    """In time it is asked again, under the same key."""
    rig.network.faults = [UnavailableError("down")]
    await rig.advance()
    rig.clock.advance(seconds=2)

    assert (await rig.runner.timer(STREAM, 3)).status is Status.COMPLETED
    assert [request.key for request in rig.network.asked[:2]] == ["w1/book", "w1/book"]


async def test_refuses_a_timer_that_is_early(rig: Rig) -> None:
    """A clock that is ahead must not cost the timer: it comes again."""
    rig.network.faults = [UnavailableError("down")]
    await rig.advance()

    with pytest.raises(UnavailableError):
        await rig.runner.timer(STREAM, 3)


async def test_a_late_timer_is_nothing(rig: Rig) -> None:
    """What has gone on, or ended, is not touched."""
    await rig.advance()

    assert (await rig.runner.timer(STREAM, 3)).version == 7


async def test_goes_on_without_timers(rig: Rig) -> None:
    """If no timer can be set the sweep will come; it is told."""
    rig.timers.down = True
    rig.network.faults = [UnavailableError("down")]

    await rig.advance()

    assert rig.log[-1:] == [("WARNING", "no timer for trip-w1, the sweep will come")]


async def test_tells_a_customer_nothing_of_what_broke(rig: Rig) -> None:
    """What a dependency said is for the log; the event, which a timeline shows, has a sentence."""
    rig.network.faults = [UnavailableError("hotels did not answer: ConnectError('10.0.0.1')")]

    await rig.advance()

    events = [event async for commit in rig.events.read("trip-w1") for event in commit.events]
    assert [event.data["error"] for event in events if event.type == "StepUnknown.v1"] == ["no answer"]
    assert "10.0.0.1" in rig.log[0][1]


@pytest.mark.parametrize("broken", [Response(200, {"price": "much"}), Response(200, {})], ids=["odd", "empty"])
async def test_an_answer_that_cannot_be_learned_from_is_none(rig: Rig, broken: Response) -> None:
    """A bug in what is declared is told, and counts as no answer: the workflow is not held for ever."""
    rig.network.faults = [Response(202), broken]

    advanced = await rig.advance()

    assert advanced.status is Status.FORWARDS
    assert [severity for severity, _ in rig.log] == ["ERROR"]


async def test_tells_of_what_is_stuck(rig: Rig) -> None:
    """Nobody comes back to it by themselves: an operator must hear of it."""
    rig.network.faults = [Response(202), Response(200, {"price": 1}), Response(202), Response(202)]
    refusals: list[Exception | Response] = [Response(409, {"code": "full", "detail": "no"})] * TRIP.undo_attempts
    rig.network.faults += refusals
    for _ in refusals:
        advanced = await rig.advance()
        rig.clock.advance(minutes=10)

    assert advanced.status is Status.STUCK
    assert rig.log == [("ERROR", "trip-w1 is stuck at confirm: full: no")]


async def test_tells_of_a_pivot_that_stays_unknown(rig: Rig) -> None:
    """It is never given up, so it is never stuck: it is told all the same, from the last attempt of other steps on."""
    rig.network.faults = [Response(202), Response(200, {"price": 1}), Response(202)]
    rig.network.faults += [UnavailableError("down")] * 7
    for _ in range(7):
        await rig.advance()
        rig.clock.advance(minutes=10)

    assert [severity for severity, _ in rig.log if severity == "ERROR"] == ["ERROR", "ERROR"]


async def test_tells_of_an_undo_that_stays_unknown(rig: Rig) -> None:
    """It is waited for, and told as a pivot is."""
    rig.network.services.price = 2000
    rig.network.faults = [Response(202), Response(200, {"price": 2000}), *[UnavailableError("down")] * 7]
    for _ in range(7):
        await rig.advance()
        rig.clock.advance(minutes=10)

    told = [message for severity, message in rig.log if severity == "ERROR"]
    assert told == ["trip-w1: the undo of book is not done so far: no answer"] * 2


async def test_does_not_know_what_does_not_exist(rig: Rig) -> None:
    """A stream that never began cannot be advanced."""
    with pytest.raises(NotFoundError):
        await rig.runner.advance("trip-w2")


def _down(rig: Rig) -> None:
    rig.network.faults = [UnavailableError("down")]


@pytest.mark.parametrize("prepare", [_down, lambda _: None], ids=["waits", "left"])
async def test_the_sweep_tells_what_it_moved(rig: Rig, prepare: Callable[[Rig], None]) -> None:
    """A visit advances what was left, and tells whether it moved; the second finds nothing."""
    prepare(rig)

    assert await rig.runner.sweep()(STREAM, 1)
    assert not await rig.runner.sweep()(STREAM, 7)


async def test_the_sweep_tells_of_what_cannot_go_on(rig: Rig) -> None:
    """One workflow that cannot even be read is told, and does not make the walk come again."""
    assert not await rig.runner.sweep()("trip-absent", 1)
    assert [severity for severity, _ in rig.log] == ["ERROR"]


def test_runners_are_woken_by_what_others_ask_for() -> None:
    """The manifest's filter names the commands of clients and operators; the runner's own would only echo."""
    named = {command.__name__ for command in (Start, Decide, Decline, Retry, ForceCompensate)}

    assert set(COMMANDS_TO_ACT_ON) == named
