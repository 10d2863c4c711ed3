"""One run of one plan: the load while things go wrong, then quiet, then the checks."""

import asyncio
from dataclasses import dataclass
from typing import Any

from shared.eventsourcing.codec import decode_commit
from shared.eventsourcing.event_store import NewCommit
from shared.eventsourcing.message import Commit
from shared.testing.api_spec import Reply
from shared.testing.simulation.backend import Backend
from shared.testing.simulation.client import Client
from shared.testing.simulation.clockwork import Clockwork, InstanceTimers
from shared.testing.simulation.delivery import Delivery
from shared.testing.simulation.dice import dice_of
from shared.testing.simulation.faults import Faults, Kind
from shared.testing.simulation.instances import CURRENT
from shared.testing.simulation.network import Network, ServiceCaller
from shared.testing.simulation.pool import Pool
from shared.testing.simulation.ports import Line, connect, look_again
from shared.testing.simulation.scenario import Plan, Scenario, Session
from shared.testing.simulation.stage import Stage
from shared.testing.simulation.story import Story
from shared.testing.virtual_time import virtual_now
from shared.topology import Service

LATEST = 9.0
"""Seconds after which every commit is in the feed: below the lag that the platform goes by."""
ROUNDS = 18
"""How often everything scheduled may run until all is quiet."""
FIRST_PAUSE, LONGER = 120.0, 1.8
"""Seconds before the first of these rounds, and by what each pause is longer than the one before: two months in all."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command that was answered with a success: the answer was promised for ever."""

    who: str
    key: str
    method: str
    url: str
    status: int
    body: bytes


class World:
    """Everything of one run. `known` is what the scenario keeps."""

    def __init__(self, scenario: Scenario, plan: Plan) -> None:
        self.scenario = scenario
        self.plan = plan
        self.acknowledged: list[Acknowledged] = []
        self.known: dict[str, Any] = {}
        self._log: tuple[int, dict[str, list[Commit]]] | None = None
        services = tuple(each.manifest for each in scenario.services.values())
        self.story = story = Story(asyncio.get_running_loop().time)
        self.faults = Faults(plan.seed, plan.likely, story.tell)
        self.backend = Backend(services)
        self.backend.events.connection = connect
        self.backend.events.pause = look_again
        self.backend.events.watch = self._wrote
        self.stage = Stage(
            seed=plan.seed, services=services, backend=self.backend, faults=self.faults, story=story, broken=[]
        )
        self._dice = self.stage.dice("world")
        self.pool = Pool(self.stage, scenario, scenario.fittings(self), most=plan.instances)
        self.network = Network(self.stage, self.pool)
        self.delivery = Delivery(self.stage, self.pool)
        self.clockwork = Clockwork(self.stage, self.pool, scenario.skipped, plan.tempo)
        self.pool.caller = lambda line: ServiceCaller(self.network, line)
        self.pool.timers = self._timers

    @property
    def broken(self) -> list[str]:
        """What was found wrong so far."""
        return self.stage.broken

    def manifest(self, service: str) -> Service:
        return self.scenario.services[service].manifest

    @property
    def categories(self) -> list[str]:
        """Of all streams."""
        return [category for each in self.stage.services for category in each.categories]

    def acknowledge(self, client: Client, key: str, method: str, url: str, reply: Reply) -> None:
        self.acknowledged.append(Acknowledged(client.subject, key, method, url, reply.status, bytes(reply.body)))

    async def log(self) -> dict[str, list[Commit]]:
        """Every stream, whole; read once as long as nobody writes."""
        if self._log is None or self._log[0] != len(self.backend.order):
            streams: dict[str, list[Commit]] = {}
            for category in self.categories:
                streams |= await self.backend.streams(category)
            self._log = len(self.backend.order), streams
        return self._log[1]

    async def run(self) -> list[str]:
        """What is wrong, in words; nothing if every invariant holds."""
        self._background = [asyncio.create_task(each) for each in self.delivery.pumps()]
        try:
            await self._prepare()
            schedules = [asyncio.create_task(each) for each in self.clockwork.schedules()]
            self._background += schedules
            await asyncio.gather(*(self._play(session) for session in self.plan.sessions))
            self.faults.stop()
            self.story.tell("world", "nothing goes wrong any more")
            for each in schedules:
                each.cancel()
            await asyncio.sleep(max(self.pool.up_at, self.network.whole_at) - asyncio.get_running_loop().time())
            if not self.broken:
                await self._heal()
        finally:
            await self._end()
        return self.broken

    async def _prepare(self) -> None:
        """Without faults."""
        likely, self.faults.likely = self.faults.likely, {}
        await self.scenario.prepare(self)
        self.faults.likely = likely
        self.story.tell("world", f"faults: {', '.join(kind.name for kind in likely) or 'none'}")

    async def _play(self, session: Session) -> None:
        actor, _ = self.scenario.actors[session.actor]
        await asyncio.sleep(session.at)
        self.story.tell(session.name, "comes")
        await actor(self, dice_of(self.plan.seed, "session", session.number), session.name)
        self.story.tell(session.name, "goes")

    async def _heal(self) -> None:
        """Until nothing happens any more and every invariant holds. Healing has a deadline, too."""
        for number in range(ROUNDS):
            before = len(self.backend.order)
            await asyncio.sleep(FIRST_PAUSE * LONGER**number * self._dice.uniform(0.5, 1.5))
            await self.clockwork.fire_all()
            await self.scenario.mend(self)
            while not self._is_silent():  # noqa: ASYNC110 - virtual seconds
                await asyncio.sleep(1.0)
            still = before == len(self.backend.order) and not self.clockwork.timers and not await self._owes()
            if still and not await self._wrong():
                return
        self.broken.extend(await self._wrong() or ["quiet: something goes on and on"])

    async def _wrong(self) -> list[str]:
        return [
            f"{invariant.__name__}: {each}" for invariant in self.scenario.invariants for each in await invariant(self)
        ]

    def _is_silent(self) -> bool:
        return self.delivery.is_quiet and self.network.is_quiet and not self.stage.errands

    async def _owes(self) -> bool:
        return bool(await self.backend.owed(self.categories))

    async def _end(self) -> None:
        waiting = [*self._background, *self.pool.close()]
        for task in self._background:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    def _wrote(self, new: NewCommit) -> None:
        line, position = CURRENT.get(), new.position
        self.story.commit(line.instance.name if line else "check", new.body)
        self.backend.order.append((position.stream, position.version + 1))
        if self.faults.strikes(Kind.COMMIT_LATE, f"{position.stream}@{position.version + 1}"):
            until = asyncio.get_running_loop().time() + self._dice.uniform(0.0, LATEST)
            self.backend.hidden[position.stream, position.version + 1] = until
        commit = decode_commit(new.body, virtual_now())
        for glance in self.scenario.glances:
            self.broken.extend(f"{glance.__name__}: {each}" for each in glance(self, commit))

    def _timers(self, line: Line, manifest: Service) -> InstanceTimers:
        (queue,) = manifest.queues
        return InstanceTimers(self.clockwork, line, manifest.name, queue)
