"""A service's drain, made of its manifest."""

from shared.adapters.system import utc_now
from shared.bootstrap.runtime import dependencies
from shared.eventsourcing.drain import Drain, Pipe
from shared.topology import Service, Subscription, relay_subscription


def drain_of(manifest: Service) -> Drain:
    """Of all its subscriptions. What a relay did not acknowledge is dropped: whatever that message was to prove is
    still in the outbox, and the relay sends it again.
    """
    deps, relays = dependencies(), {relay_subscription(topic.name) for topic in manifest.topics}

    def pipe(subscription: Subscription) -> Pipe:
        function = manifest.pushed_to(subscription.name)
        return Pipe(
            keeper=subscription.dead_letter_subscription,
            subscription=subscription.name,
            function=function.name if function else "",
            kept=subscription.name not in relays,
        )

    return Drain(
        service=manifest.name,
        pipes=[pipe(subscription) for subscription in manifest.subscriptions],
        subscriber=deps.subscriber,
        dead_letters=deps.dead_letters,
        clock=utc_now,
    )
