"""Where instances come from: a request to a function goes to any of its instances, or to a new one."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from shared.bootstrap.service import EventSourcedService, FunctionsOfService
from shared.bootstrap.workflow import WorkflowService
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.workflow.calls import Caller
from shared.eventsourcing.workflow.runner import Timers
from shared.http.edge import Handler
from shared.testing.simulation.dice import dice_of
from shared.testing.simulation.faults import Kind
from shared.testing.simulation.instances import Instance
from shared.testing.simulation.ports import Line, dependencies_of
from shared.testing.simulation.stage import Stage

if TYPE_CHECKING:
    from shared.testing.simulation.scenario import Scenario

Fitting = Callable[[Any, Line], Any]
"""Makes a service for one instance: the same, with doubles in place of the outside systems that it talks to."""
CLOCKS_OFF = (4.0, 4.0, 60.0)
"""Seconds at most; one clock in three may be wrong by more than the feed lies behind."""
SLOWEST_PACE = 20.0


class Pool:
    """The instances of all functions. `fittings` are those of the services that need one."""

    def __init__(self, stage: Stage, scenario: "Scenario", fittings: Mapping[str, Fitting], *, most: int) -> None:
        self.caller: Callable[[Line], Caller]
        self.timers: Callable[[Line, Any], Timers]
        self._stage = stage
        self._services = scenario.services
        self._environment = scenario.environment
        self._fittings = fittings
        self._faults = stage.faults
        self._dice = stage.dice("pool")
        self._most = most
        self._running: dict[tuple[str, str], list[Instance]] = {}
        self._lines: list[Line] = []
        self._made = 0

    def pick(self, service: str, function: str) -> Instance:
        """Any that lives; sometimes it is a new one that knows nothing. UnavailableError while the service is down."""
        if self._stage.down.get(service, 0.0) > asyncio.get_running_loop().time():
            raise UnavailableError(f"{service} is down")
        running = self._running.setdefault((service, function), [])
        running[:] = [each for each in running if each.alive]
        most = min(self._most, self._services[service].manifest.function(function).max_instances)
        if len(running) == most and self._faults.strikes(Kind.COLD, f"{service}-{function}"):
            running.pop(self._dice.randrange(most))  # it ends what it is at, and gets nothing more
        if len(running) < most and (not running or self._dice.random() < 0.5):
            running.append(self._start(service, function))
        return running[self._dice.randrange(len(running))]

    def process(self, service: str, name: str) -> tuple[Instance, FunctionsOfService]:
        """One that belongs to no function: an operator's. With the service as it is in there."""
        instance, line = self._new(service, f"{name}({service})")
        found: list[FunctionsOfService] = []

        def make() -> Handler:
            found.append(self._fitted(self._services[service], line))
            return _no_requests

        instance.start(self._environment, dependencies_of(line), line, make)
        return instance, found[0]

    def _start(self, service: str, function: str) -> Instance:
        instance, line = self._new(service, f"{service}-{function}")
        instance.timeout = self._services[service].manifest.function(function).timeout
        instance.start(
            self._environment,
            dependencies_of(line),
            line,
            lambda: self._fitted(self._services[service], line).function(function),
        )
        return instance

    def _new(self, service: str, what: str) -> tuple[Instance, Line]:
        self._made += 1
        name = f"{what}#{self._made}"
        most = self._dice.choice(CLOCKS_OFF) if self._faults.strikes(Kind.CLOCK_OFF, name) else 0.0
        off = self._dice.uniform(-most, most)
        pace = SLOWEST_PACE if self._dice.random() < 0.05 else 1.0
        instance = Instance(name, dice_of(self._dice.random()), self._stage.broken.append, off=off, pace=pace)
        line = Line(instance, service, self._stage)
        self._lines.append(line)
        return instance, line

    def _fitted(self, service: FunctionsOfService, line: Line) -> FunctionsOfService:
        """A copy: services keep what they made."""
        own: Any = service
        if isinstance(own, WorkflowService):
            own = replace(own, services=lambda: self.caller(line), timers=lambda manifest: self.timers(line, manifest))
        elif isinstance(own, EventSourcedService):
            own = replace(own, services=lambda: self.caller(line))
        fitting = self._fittings.get(service.manifest.name)
        fitted: FunctionsOfService = fitting(own, line) if fitting else replace(own)
        return fitted

    def fell(self, service: str, dice: Random) -> None:
        """All its instances die, in the middle of whatever they are at; for a while there are no others."""
        self._stage.goes_down(service, dice)
        for (name, _), running in self._running.items():
            for instance in running if name == service else ():
                instance.die()

    @property
    def up_at(self) -> float:
        """When every service can be reached, in the loop's time."""
        return max(self._stage.down.values(), default=0.0)

    def close(self) -> Sequence[Any]:
        """The simulation is over; the tasks that wait for ever."""
        for line in self._lines:
            line.over = True
        return [task for line in self._lines for task in line.instance.bury()]


async def _no_requests(request: Request) -> Response:
    raise LookupError(f"nobody sends requests here: {request.url}")
