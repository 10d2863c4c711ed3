"""The whole platform on this machine: started in order, supervised, stopped in reverse."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

import functions
from emulators import state
from emulators.delivery.faults import Faults, parse_faults
from emulators.delivery.service import DeliveryService
from emulators.edge.gateway import Gateway
from emulators.edge.issuer import Issuer, ServiceAccount
from emulators.edge.local_routes import identity_routes, issuer_routes, operation_routes, report_routes
from emulators.edge.scheduler import Scheduler
from emulators.edge.tasks import LocalTasks
from emulators.edge.url_map import UrlMap
from emulators.processes.ports import listen
from emulators.processes.world import World, start_world
from emulators.runtimes import Emulators, Parts, Say, choose, in_this_process, on_emulators
from emulators.settings import (
    DELIVERY_IDENTITY,
    FEED_LAG,
    PLATFORM_AUDIENCE,
    PROGRAM,
    PROJECT,
    REGION,
    SCHEDULER_IDENTITY,
    SERVICES_IDENTITY,
    TASKS_IDENTITY,
    Options,
    platform_issuer,
    user_issuer,
)
from shared.adapters.system import utc_now
from shared.config import Runtime
from shared.topology import Schedule, Service, discover

_WATCH = 0.1
_QUIET = 0.3
"""Seconds without news after which nothing is on its way: a message shows up to 0.2 s after it was published."""


class PlatformError(Exception):
    """The platform cannot start, or cannot go on; the message is for people."""


class LocalPlatform:
    """`async with LocalPlatform(options) as platform:` runs it for the body; `say` is told what people want to know.

    When a part fails for good, the body is cancelled and an exception group with the reason is raised.
    """

    runtime: Runtime
    parts: Parts
    world: World
    tasks: LocalTasks
    delivery: DeliveryService
    scheduler: Scheduler
    boot_seconds: float

    def __init__(self, options: Options, *, say: Say = print, services: Sequence[Service] | None = None) -> None:
        self.options = options
        self.services = tuple(services if services is not None else discover(functions))
        self.users = Issuer(user_issuer(options.origin))
        self._callers = Issuer(platform_issuer(options.origin))
        self._say = say
        self._pubsub_lock = asyncio.Lock()

    @property
    def origin(self) -> str:
        return self.options.origin

    async def __aenter__(self) -> Self:
        """Raises PlatformError, PortTakenError, NoEmulatorsError, EmulatorError, ProcessError, FaultSyntaxError."""
        began = time.perf_counter()
        faults = parse_faults(self.options.faults)
        async with AsyncExitStack() as stack:
            self._take_folder(stack)
            listener = listen(self.options.port, option="--port (PORT= of make)")
            stack.callback(listener.close)
            self._clear_logs()
            self._keep_log(stack)
            await self._start(stack, listener, faults)
            self._stack = stack.pop_all()
        self.boot_seconds = time.perf_counter() - began
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    async def status(self) -> dict[str, Any]:
        """What `status` shows, as plain data."""
        processes, emulators = self.parts.processes, self.parts.emulators
        return {
            "pid": os.getpid(),
            "runtime": self.runtime.value,
            "origin": self.origin,
            "boot_seconds": round(self.boot_seconds, 2),
            "services": [service.name for service in self.services],
            "processes": processes.status() if processes else {},
            "emulators": emulators.hosts() if emulators else {},
            "idle": self.delivery.idle(),
            "delivery": {name: asdict(stats) for name, stats in self.delivery.stats().items()},
            "schedules": {name: asdict(stats) for name, stats in self.scheduler.stats.items()},
        }

    async def caught_up(self, *, within: float = 60.0) -> bool:
        """Wait until nothing is on its way: deliveries are idle, and relay and sweep find nothing that is owed. False
        if that takes more than `within` seconds.
        """
        try:
            async with asyncio.timeout(within):
                delivered = -1
                while delivered != (delivered := await self._quiet()):
                    await asyncio.sleep(FEED_LAG)  # the sweep sees no commit before
                    await self.scheduler.fire(_heals)
        except TimeoutError:
            return False
        return True

    async def restart_pubsub(self) -> None:
        """Restart its emulator, which forgets everything, and put the topology back. Needs the emulators."""
        if self.parts.emulators is None:
            raise PlatformError("the embedded runtime has no Pub/Sub emulator")
        async with self._pubsub_lock:
            await asyncio.to_thread(self.parts.emulators.pubsub.restart)
            await self.parts.emulators.topology.ensure()

    def _take_folder(self, stack: AsyncExitStack) -> None:
        """One folder holds one platform, from before it starts until after it stopped."""
        lock = state.lock(self.options.folder)
        if lock is None:
            other = state.read(self.options.folder)
            if other is None:
                raise PlatformError(f"another platform is just starting or stopping in {self.options.folder}")
            stop = f"stop it with Ctrl-C there, or with: {PROGRAM} down"
            raise PlatformError(f"a platform is already running at {other.origin} (process {other.pid}); {stop}")
        stack.callback(lock.close)

    def _clear_logs(self) -> None:
        """Logs are those of one run."""
        self.options.logs.mkdir(parents=True, exist_ok=True)
        for log in self.options.logs.glob("*.log"):
            log.unlink()

    def _keep_log(self, stack: AsyncExitStack) -> None:
        """What goes wrong in this process, in the gateway for one, lies beside the logs of the others."""
        handler = logging.FileHandler(self.options.platform_log, delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.getLogger().addHandler(handler)
        stack.callback(handler.close)
        stack.callback(logging.getLogger().removeHandler, handler)

    async def _start(self, stack: AsyncExitStack, listener: socket.socket, faults: Faults) -> None:
        self.runtime, installation = choose(self.options.runtime, self._say)
        self.world = await start_world(stack, self.options, self.services)
        if installation is None:
            self.parts = await in_this_process(stack, self.options, self.services, self.world)
        else:
            self.parts = await on_emulators(
                stack, self.options, self.services, self.world, installation=installation, say=self._say
            )
        self.tasks = self._tasks()
        stack.push_async_callback(self.tasks.stop)
        await self._open_gateway(stack, listener)
        self.delivery = self._delivery(faults)
        self.scheduler = self._scheduler()
        await self._supervise(stack)
        mine = state.State.of_this_process(origin=self.origin, runtime=self.runtime.value)
        state.write(self.options.folder, mine)
        stack.callback(state.remove, self.options.folder, mine)

    async def _open_gateway(self, stack: AsyncExitStack, listener: socket.socket) -> None:
        reports: Mapping[tuple[str, str], Callable[[], Awaitable[Mapping[str, Any]]]] = {
            ("GET", "/_local/status"): self.status,
            ("GET", "/_local/operations"): self.parts.operations,
            ("GET", "/_local/mails"): self.world.mails,
            ("GET", "/_local/environment"): self._environment,
        }
        local = {
            **issuer_routes(self.users, self._callers),
            **identity_routes(self._callers, SERVICES_IDENTITY),
            **report_routes(reports),
            **(operation_routes(self.options.folder) if self.runtime is Runtime.EMBEDDED else {}),
            **self.tasks.routes(),
        }
        gateway = Gateway(UrlMap(self.services), self.parts.backend, local)
        stack.push_async_callback(gateway.stop)
        await gateway.start(listener)

    async def _environment(self) -> Mapping[str, str]:
        """That of the functions, for operators beside them."""
        return self.parts.environment

    def _delivery(self, faults: Faults) -> DeliveryService:
        return DeliveryService(
            self.services,
            self.parts.source,
            self.parts.publisher,
            self.parts.send,
            ServiceAccount(self._callers, DELIVERY_IDENTITY, PLATFORM_AUDIENCE).authorization,
            clock=utc_now,
            project=PROJECT,
            faults=faults,
        )

    def _tasks(self) -> LocalTasks:
        return LocalTasks(
            self.services,
            self.parts.send,
            ServiceAccount(self._callers, TASKS_IDENTITY, PLATFORM_AUDIENCE).authorization,
            utc_now,
            project=PROJECT,
            region=REGION,
        )

    def _scheduler(self) -> Scheduler:
        return Scheduler(
            self.services,
            self.parts.send,
            ServiceAccount(self._callers, SCHEDULER_IDENTITY, PLATFORM_AUDIENCE).authorization,
            utc_now,
            minute=self.options.minute,
        )

    async def _supervise(self, stack: AsyncExitStack) -> None:
        jobs: list[Coroutine[Any, Any, None]] = [self.delivery.run(), self.scheduler.run()]
        if self.parts.processes:
            jobs.append(self.parts.processes.watch())
        if self.parts.emulators:
            jobs.append(self._watch(self.parts.emulators))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for job in jobs:
            stack.callback(group.create_task(job).cancel)

    async def _watch(self, emulators: Emulators) -> None:
        """Pub/Sub may come back empty: relay and sweep heal what it forgot. Nothing heals an empty log."""
        while True:
            await asyncio.sleep(_WATCH)
            if not emulators.firestore.alive:
                raise PlatformError(f"the Firestore emulator died, and the log with it; see {self.options.logs}")
            if emulators.bigquery and not emulators.bigquery.alive:
                raise PlatformError(f"the BigQuery emulator died, and the archive with it; see {self.options.logs}")
            if not self._pubsub_lock.locked() and not emulators.pubsub.alive:
                self._say("the Pub/Sub emulator died; starting it again")
                await self.restart_pubsub()

    async def _quiet(self) -> int:
        """When deliveries have been idle for a while: how many there were."""
        since, seen = time.monotonic(), -1
        while time.monotonic() - since < _QUIET:
            delivered = sum(stats.counters.delivered for stats in self.delivery.stats().values())
            if delivered != seen or not self.delivery.idle():
                since, seen = time.monotonic(), delivered
            await asyncio.sleep(_QUIET / 10)
        return seen


def _heals(schedule: Schedule) -> bool:
    return (schedule.function, schedule.path) == ("relay", "/") or schedule.path == "/sweep"
