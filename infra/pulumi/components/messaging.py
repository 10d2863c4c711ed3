"""Through what one service hears of others and of itself: its subscriptions and its queues."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.pulumi.components.subscription import Subscription, SubscriptionArgs
from infra.pulumi.components.task_queue import TaskQueue, TaskQueueArgs
from infra.pulumi.deployment import Deployment
from shared.topology import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMessagingArgs:
    """`topics` are the full names of all services' topics by their declared ones; pushes are made as `caller`, an
    account's address.
    """

    deployment: Deployment
    service: Service
    topics: Mapping[str, pulumi.Input[str]]
    caller: pulumi.Input[str]


class ServiceMessaging(pulumi.ComponentResource):
    """`subscriptions` (those that keep dead letters, too) and `queues`: names in the cloud by the declared ones."""

    def __init__(self, name: str, args: ServiceMessagingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:messaging:ServiceMessaging", name, None, opts)
        self._args = args
        self._own = pulumi.ResourceOptions(parent=self)
        self.queues: dict[str, pulumi.Input[str]] = {
            queue.name: TaskQueue(
                queue.name, TaskQueueArgs(deployment=args.deployment, service=args.service, declared=queue), self._own
            ).name
            for queue in args.service.queues
        }
        self.subscriptions = self._make_subscriptions()
        self.register_outputs({})

    def _make_subscriptions(self) -> dict[str, pulumi.Input[str]]:
        found: dict[str, pulumi.Input[str]] = {}
        for declared in self._args.service.subscriptions:
            made = Subscription(
                declared.name,
                SubscriptionArgs(
                    deployment=self._args.deployment,
                    service=self._args.service,
                    declared=declared,
                    topic=self._args.topics[declared.topic],
                    caller=self._args.caller,
                ),
                self._own,
            )
            found |= {declared.name: made.name, declared.dead_letter_subscription: made.keeper}
        return found
