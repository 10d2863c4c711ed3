"""One pushed subscription: its messages are taken from the broker, held while they are delivered, acknowledged."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime

from emulators.delivery.courier import Courier
from emulators.delivery.faults import Faults, Plan
from emulators.delivery.sources import MessageSource, SubscriptionMissingError
from emulators.delivery.stats import SubscriptionStats
from shared.adapters.memory.broker import LeasedMessage
from shared.adapters.memory.filters import compile_filter
from shared.eventsourcing.errors import UnavailableError
from shared.topology import Subscription

_SHORTEST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
_REORDER_PATIENCE = 1.0


@dataclass(slots=True, eq=False)
class _Held:
    """A message in hand, the id of its newest lease, and what is done to it on request. `behind` are the messages that
    were kept back to let this one pass, `passed` tells that this one was.
    """

    message: LeasedMessage
    ack_id: str
    plan: Plan
    behind: "Sequence[_Held]"
    passed: asyncio.Event = field(default_factory=asyncio.Event)

    def let_them_go(self) -> None:
        for held in self.behind:
            held.passed.set()
        self.behind = ()  # or each would keep all before it in memory


class Lane:
    """A subscription on its way to its function, independent of all others. At most `max_held` messages are in hand."""

    def __init__(
        self, subscription: Subscription, source: MessageSource, courier: Courier, faults: Faults, *, max_held: int
    ) -> None:
        self.subscription = subscription
        self._source = source
        self._courier = courier
        self._counters = courier.counters
        self._faults = faults
        self._matches = compile_filter(subscription.filter)
        self._room = asyncio.Semaphore(max_held)
        # By id and time: an emulator that restarted gives the same ids again.
        self._held: dict[tuple[str, datetime], _Held] = {}
        self._kept_back: list[_Held] = []
        self._settled: list[str] = []
        self._news = asyncio.Event()
        self._busy = 0

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._acknowledge())
            tasks.create_task(self._keep_leases())
            await self._read(tasks)

    @property
    def idle(self) -> bool:
        """Nothing is in hand, and the broker keeps nothing that it tells of."""
        return not (self._busy or self._news.is_set() or self._source.backlog(self.subscription.name))

    def stats(self) -> SubscriptionStats:
        in_flight = self._courier.in_flight
        return SubscriptionStats(
            counters=replace(self._counters),
            in_flight=in_flight,
            waiting=max(len(self._held) - in_flight, 0),
            backlog=self._source.backlog(self.subscription.name),
            lag=self._courier.lags.spread,
            lag_counts=self._courier.lags.counts,
        )

    async def _read(self, tasks: asyncio.TaskGroup) -> None:
        """Streams end for many reasons, a restart of the emulator among them; each time a new one is opened."""
        pause = _SHORTEST_PAUSE
        while True:
            try:
                batches = self._source.stream(self.subscription.name, self.subscription.ack_deadline)
                async with aclosing(batches):
                    async for batch in batches:
                        pause = _SHORTEST_PAUSE
                        for message in batch:
                            await self._take(message, tasks)
            except SubscriptionMissingError:
                pause = _SHORTEST_PAUSE
                await self._restore()
            except UnavailableError:
                pass
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _restore(self) -> None:
        try:
            await self._source.restore()
        except UnavailableError:
            return  # the next stream will find out
        self._counters.restored += 1

    async def _take(self, message: LeasedMessage, tasks: asyncio.TaskGroup) -> None:
        key = (message.message_id, message.published_at)
        if key in self._held:  # leased again while it waits here
            self._held[key].ack_id = message.ack_id
        elif not self._matches(message.attributes):
            self._counters.filtered += 1
            self._settle(message.ack_id)
        else:
            await self._room.acquire()
            plan = self._faults.plan(self.subscription.name, message.message_id)
            held = _Held(message, message.ack_id, plan, self._kept_back)
            self._kept_back = [held] if plan.reorder else []
            self._held[key] = held
            self._busy += 1
            tasks.create_task(self._handle(key, tasks))

    async def _handle(self, key: tuple[str, datetime], tasks: asyncio.TaskGroup) -> None:
        held = self._held[key]
        try:
            if not await self._suffer(held, tasks):
                await self._courier.deliver(held.message, held.let_them_go)
            self._settle(held.ack_id)
        finally:
            held.let_them_go()
            if held in self._kept_back:  # nothing came to pass it
                self._kept_back = []
            del self._held[key]
            self._busy -= 1
            self._room.release()

    async def _suffer(self, held: _Held, tasks: asyncio.TaskGroup) -> bool:
        """The faults that were asked for; true if the message is lost by them."""
        plan = held.plan
        if plan.drop:
            self._counters.dropped += 1
            return True
        if plan.delay:
            self._counters.delayed += 1
            await asyncio.sleep(plan.delay)
        if plan.reorder:
            self._counters.reordered += 1
            await _soon(held.passed)
        if plan.duplicate:
            self._counters.duplicated += 1
            self._busy += 1
            tasks.create_task(self._deliver_copy(held.message))
        return False

    async def _deliver_copy(self, message: LeasedMessage) -> None:
        try:
            await self._courier.attempt(message, message.attempt)
        finally:
            self._busy -= 1

    def _settle(self, ack_id: str) -> None:
        self._settled.append(ack_id)
        self._news.set()

    async def _acknowledge(self) -> None:
        """In batches: whatever was settled while the last request was under way."""
        while True:
            await self._news.wait()
            while batch := self._settled:
                self._settled = []
                try:
                    await self._source.acknowledge(self.subscription.name, batch)
                except UnavailableError:
                    continue  # they will come again
            self._news.clear()

    async def _keep_leases(self) -> None:
        """What waits here for a retry must not be given to anybody else meanwhile."""
        name, seconds = self.subscription.name, self.subscription.ack_deadline
        while True:
            await asyncio.sleep(seconds / 3)
            ack_ids = [held.ack_id for held in self._held.values()]
            try:
                if ack_ids:
                    await self._source.extend(name, ack_ids, seconds)
            except UnavailableError:
                continue  # the stream will notice too


async def _soon(event: asyncio.Event) -> None:
    """Wait for it, but not for ever."""
    try:
        async with asyncio.timeout(_REORDER_PATIENCE):
            await event.wait()
    except TimeoutError:
        return
