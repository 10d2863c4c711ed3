"""Takes one message to its function, again and again, until it is accepted or has become a dead letter."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from emulators.delivery.faults import Faults
from emulators.delivery.push import PATH, dead_letter, push_headers
from emulators.delivery.stats import Counters, LagCounts
from emulators.edge.invoke import Send
from shared.adapters.memory.broker import LeasedMessage
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.publishing import Publisher
from shared.topology import Function, Subscription

_OK = range(200, 300)
_TIMED_OUT = 504
_FAILED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all couriers share. `authorization` yields the value of the header of that name."""

    publisher: Publisher
    send: Send
    authorization: Callable[[], str]
    clock: Callable[[], datetime]
    faults: Faults
    project: str
    max_concurrency: int


class Courier:
    """The way from one subscription to its function, with room for so many requests at once."""

    def __init__(self, service: str, function: Function, subscription: Subscription, around: Surroundings) -> None:
        self.counters = Counters()
        self.lags = LagCounts()
        self.in_flight = 0
        self._service = service
        self._function = function
        self._subscription = subscription
        self._around = around
        self._places = asyncio.Semaphore(min(function.concurrency, around.max_concurrency))

    async def deliver(self, message: LeasedMessage, tried: Callable[[], None]) -> None:
        """Returns when the message may be acknowledged; `tried` is called after each attempt that was refused."""
        attempt = message.attempt
        while not await self.attempt(message, attempt):
            tried()
            self.counters.nacked += 1
            if attempt >= self._subscription.max_attempts and await self._bury(message, attempt):
                return
            await asyncio.sleep(self._backoff(attempt))
            attempt += 1
            self.counters.retried += 1
        self.counters.acked += 1
        self._measure_lag(message)

    async def attempt(self, message: LeasedMessage, number: int) -> bool:
        """One request, as soon as there is room for it; whether the function accepted."""
        if self._around.faults.fails(self._subscription.name, message.message_id, number):
            self.counters.failed += 1
            return False
        async with self._places:
            self.in_flight += 1
            self.counters.delivered += 1
            try:
                return await self._request(message, number) in _OK
            finally:
                self.in_flight -= 1

    async def _request(self, message: LeasedMessage, number: int) -> int:
        around = self._around
        subscription = f"projects/{around.project}/subscriptions/{self._subscription.name}"
        headers = push_headers(message, subscription, number, around.authorization())
        try:
            async with asyncio.timeout(self._subscription.ack_deadline):
                return await around.send(self._service, self._function.name, PATH, headers, message.data)
        except TimeoutError:
            return _TIMED_OUT
        except Exception:  # noqa: BLE001 - whatever one request meets, the others go on
            return _FAILED

    def _backoff(self, attempt: int) -> float:
        doubled = self._subscription.min_backoff * 2.0 ** min(attempt - 1, 30)
        return min(doubled, self._subscription.max_backoff)

    async def _bury(self, message: LeasedMessage, attempts: int) -> bool:
        letter = dead_letter(message, self._subscription, self._around.project, attempts)
        try:
            await self._around.publisher.publish(self._subscription.dead_letter_topic, [letter])
        except UnavailableError:
            return False  # after one more attempt it is tried again
        self.counters.dead_lettered += 1
        return True

    def _measure_lag(self, message: LeasedMessage) -> None:
        try:
            recorded_at = datetime.fromisoformat(message.attributes["ce-recordedtime"])
            lag = self._around.clock() - recorded_at
        except (KeyError, ValueError, TypeError):
            return  # not one of a commit
        self.lags.add(lag.total_seconds() * 1000)
