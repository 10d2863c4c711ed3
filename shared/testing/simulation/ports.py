"""The way from an instance to its backends: every call takes time, may be lost, and may be the instance's last."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

from shared.adapters.crypto import AesGcm
from shared.bootstrap import Dependencies
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import Appended, Fed, OutboxRow, Replayed
from shared.eventsourcing.message import parse_message_id
from shared.eventsourcing.personal import PersonalData
from shared.testing.simulation.faults import Kind
from shared.testing.simulation.instances import CURRENT, Instance
from shared.testing.simulation.stage import Stage

PACE = 0.004
"""Seconds that a call takes on average."""
SLOWEST, LATEST = 8.0, 60.0

_LOST = (Kind.STORE_LOST,)
_UNHEARD = (Kind.STORE_UNHEARD,)


class Line:
    """One instance's connections. `over` is set when the simulation ends."""

    def __init__(self, instance: Instance, service: str, stage: Stage) -> None:
        self.instance = instance
        self._service = service
        self._stage = stage
        self.backend = stage.backend
        self.faults = stage.faults
        self.story = stage.story
        self.over = False
        self._cut_off = False
        self._graves: list[asyncio.Future[None]] = []

    async def call(self, work: Callable[[], Awaitable[Any]], lost: tuple[Kind, ...], unheard: tuple[Kind, ...]) -> Any:
        """One request to a backend, and its answer."""
        early = self.instance.dice.random() < 0.5
        if early:
            await self.travel()
        await self.live_or_die()
        self._fail(lost)
        result = await work()
        await self.live_or_die()
        if not early:
            await self.travel()
        self._fail(unheard)
        return result

    async def travel(self) -> None:
        seconds = self.instance.dice.expovariate(1 / PACE) * self.instance.pace
        if self.faults.strikes(Kind.STORE_SLOW, self.instance.name):
            seconds += self.instance.dice.uniform(0.5, SLOWEST)
        await asyncio.sleep(seconds)

    async def live_or_die(self) -> None:
        """Returns, or never."""
        if self.instance.alive and self.faults.strikes(Kind.OUTAGE, self.instance.name):
            self._stage.goes_down(self._service, self.instance.dice)
            self.instance.die()
        if self.instance.alive and self.faults.strikes(Kind.DEATH, self.instance.name):
            self.instance.die()
        if not self.instance.alive:
            if not self.over:
                self._graves.append(asyncio.get_running_loop().create_future())
                await self._graves[-1]
            raise asyncio.CancelledError

    async def commit(self, request: Callable[[], Awaitable[Appended | None]]) -> Appended | None:
        """`Connection` of the event store: the store's own client sends a commit again that was not answered. That one
        is often lost, too: whatever cut the first one off goes on.
        """
        again, self._cut_off = self._cut_off, False
        try:
            if again:
                self._fail_half()
            self._delay(request)
            result = await self.call(request, (Kind.COMMIT_LOST,), ())
            self._fail((Kind.COMMIT_UNHEARD,))
        except UnavailableError:
            self._cut_off = not again
            raise
        found: Appended | None = result
        return found

    def _delay(self, request: Callable[[], Awaitable[Appended | None]]) -> None:
        if self.faults.strikes(Kind.COMMIT_DELAYED, self.instance.name):
            self._stage.background(self._later(request))
            raise UnavailableError(Kind.COMMIT_DELAYED)

    async def _later(self, request: Callable[[], Awaitable[Appended | None]]) -> None:
        await asyncio.sleep(self.instance.dice.uniform(0.0, LATEST))
        await request()

    def _fail_half(self) -> None:
        if self.faults.likely and self.instance.dice.random() < 0.5:
            raise UnavailableError(Kind.COMMIT_LOST)

    def _fail(self, kinds: tuple[Kind, ...]) -> None:
        for kind in kinds:
            if self.faults.strikes(kind, self.instance.name):
                raise UnavailableError(kind.value)


class Port:
    """Any adapter, as an instance reaches it: its coroutines and its asynchronous generators are calls."""

    def __init__(
        self, target: Any, line: Line, lost: tuple[Kind, ...] = _LOST, unheard: tuple[Kind, ...] = _UNHEARD
    ) -> None:
        self._target = target
        self._line = line
        self._lost = lost
        self._unheard = unheard

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if isasyncgenfunction(found):
            found = self._many(found)
        elif iscoroutinefunction(found):
            found = self._one(found)
        setattr(self, name, found)
        return found

    def _one(self, found: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._line.call(lambda: found(*args, **kwargs), self._lost, self._unheard)

        return call

    def _many(self, found: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        async def call(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            await self._line.call(_nothing, self._lost, ())
            async for each in found(*args, **kwargs):
                await self._line.live_or_die()
                yield each

        return call


class Log(Port):
    """`EventStore`, `Outbox` and `StateStore`. Appends have faults of their own; feeds show commits late."""

    def __init__(self, line: Line) -> None:
        super().__init__(line.backend.events, line)

    async def append(self, *args: Any, **kwargs: Any) -> Appended | Replayed:
        """Its requests go over `Line.commit`."""
        result: Appended | Replayed = await self._line.backend.events.append(*args, **kwargs)
        return result

    async def feed(self, *args: Any, **kwargs: Any) -> AsyncIterator[Fed]:
        async for fed in self._many(self._line.backend.events.feed)(*args, **kwargs):
            if self._shows(fed.place.stream, fed.place.version):
                yield fed

    async def owed(self, *args: Any, **kwargs: Any) -> AsyncIterator[OutboxRow]:
        async for row in self._many(self._line.backend.events.owed)(*args, **kwargs):
            stream, version, _ = parse_message_id(row.message_id)
            if self._shows(stream, version):
                yield row

    def _shows(self, stream: str, version: int) -> bool:
        until = self._line.backend.hidden.get((stream, version), 0.0)
        return until <= asyncio.get_running_loop().time()


async def _nothing() -> None:
    """Only the way there."""


async def look_again() -> None:
    """The way of the event store's second request, which finds out what is in an append's way."""
    if (line := CURRENT.get()) is not None:
        await line.call(_nothing, _LOST, _UNHEARD)


async def connect(request: Callable[[], Awaitable[Appended | None]]) -> Appended | None:
    """The event store's `connection`: that of the instance that asks."""
    line = CURRENT.get()
    return await (line.commit(request) if line else request())


def dependencies_of(line: Line) -> Dependencies:
    """One instance's adapters."""
    backend = line.backend
    log: Any = Log(line)
    publisher: Any = Port(backend.broker, line, (Kind.PUBLISH_LOST,), (Kind.PUBLISH_UNHEARD,))
    subscriber: Any = Port(backend.broker, line)
    rows: Any = Port(backend.rows, line)
    dead_letters: Any = Port(backend.dead_letters, line)
    checkpoints: Any = Port(backend.checkpoints, line)
    vault: Any = Port(backend.vault, line, (Kind.KEYS_DOWN, *_LOST))
    keys: Any = Port(backend.keys, line, (Kind.KEYS_DOWN,), ())
    return Dependencies(
        events=log,
        outbox=log,
        states=log,
        rows=rows,
        dead_letters=dead_letters,
        checkpoints=checkpoints,
        publisher=publisher,
        subscriber=subscriber,
        personal=PersonalData(vault, keys, AesGcm(), line.instance.now),
    )
