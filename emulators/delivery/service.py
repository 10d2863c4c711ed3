"""The local stand-in for Pub/Sub's push: every message to the function that its subscription is pushed to.

Google's emulator pushes without filter, identity token and delivery attempt, two at a time, after a poll of 0.1 s. This
service streams instead, applies the filter, signs, honours concurrency, retry policy and dead letters, and is the one
place where faults are injected.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from emulators.delivery.courier import Courier, Surroundings
from emulators.delivery.faults import NO_FAULTS, Faults
from emulators.delivery.lane import Lane
from emulators.delivery.sources import MessageSource
from emulators.delivery.stats import SubscriptionStats
from emulators.edge.invoke import Send
from shared.eventsourcing.publishing import Publisher
from shared.topology import Function, Service, Subscription


class DeliveryService:
    """One lane for each pushed subscription of the services.

    `publisher` takes the dead letters. `authorization` yields the header that proves who calls: `Bearer` and an OIDC
    token. At most `max_concurrency` requests run to one function, fewer if its manifest says so; at most `max_held`
    messages of one subscription are in hand, those that wait for a retry included.
    """

    def __init__(
        self,
        services: Sequence[Service],
        source: MessageSource,
        publisher: Publisher,
        send: Send,
        authorization: Callable[[], str],
        *,
        clock: Callable[[], datetime],
        project: str,
        faults: Faults = NO_FAULTS,
        max_concurrency: int = 16,
        max_held: int = 1000,
    ) -> None:
        around = Surroundings(
            publisher=publisher,
            send=send,
            authorization=authorization,
            clock=clock,
            faults=faults,
            project=project,
            max_concurrency=max_concurrency,
        )
        self._lanes = {
            subscription.name: Lane(
                subscription, source, Courier(service.name, function, subscription, around), faults, max_held=max_held
            )
            for service, subscription, function in _pushed(services)
        }

    async def run(self) -> None:
        """Deliver until cancelled. Messages in hand at that moment come again when their lease is over."""
        async with asyncio.TaskGroup() as tasks:
            for lane in self._lanes.values():
                tasks.create_task(lane.run(), name=f"deliver {lane.subscription.name}")

    def stats(self) -> dict[str, SubscriptionStats]:
        """By subscription."""
        return {name: lane.stats() for name, lane in self._lanes.items()}

    def idle(self, subscription: str | None = None) -> bool:
        """Nothing is in flight or waits here, for one subscription or for all.

        Google's emulator does not tell what it still keeps: there a message is known only when it arrives, up to 0.2 s
        after it was published.
        """
        lanes = self._lanes.values() if subscription is None else (self._lanes[subscription],)
        return all(lane.idle for lane in lanes)


def _pushed(services: Sequence[Service]) -> Iterator[tuple[Service, Subscription, Function]]:
    for service in services:
        for subscription in service.subscriptions:
            if function := service.pushed_to(subscription.name):
                yield service, subscription, function
