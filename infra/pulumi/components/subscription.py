"""A subscription with its dead letters: pushed to a function, or pulled by one."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import pubsub

from infra.pulumi.components.topic import Topic, TopicArgs
from infra.pulumi.deployment import Deployment
from shared import topology
from shared.topology import DEAD_LETTER_ACK_DEADLINE, DEAD_LETTER_RETENTION_DAYS, Service

_DAY = 86_400
_BACKLOG_DAYS = 7
"""How long a message waits that nobody takes. Where it is pushed, the attempts run out long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionArgs:
    """`declared` is one of `service`. `topic` is the full name of what it subscribes to, of whatever service. Pushes
    are made as `caller`, an account's address.
    """

    deployment: Deployment
    service: Service
    declared: topology.Subscription
    topic: pulumi.Input[str]
    caller: pulumi.Input[str]


class Subscription(pulumi.ComponentResource):
    """`name` is its name in the cloud, `keeper` that of the one that keeps its dead letters until they are drained,
    `dead_letters` that of their topic.

    A filter cannot be changed: a subscription with another one takes the place of the old one, and what waited there is
    lost. So it is protected; give the new one another name, and drop the old one when it is empty.

    Acknowledged messages are not retained here, since the topic retains them: a subscription, a new one too, can be
    rewound (`seek`) to any time that the topic still has. Receivers take each message once, however often it comes.
    """

    def __init__(self, name: str, args: SubscriptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:messaging:Subscription", name, None, opts)
        self._args = args
        self._protected = args.deployment.config.data.protected
        dead = Topic(
            args.declared.dead_letter_topic,
            TopicArgs(deployment=args.deployment, service=args.service.name, retention_days=DEAD_LETTER_RETENTION_DAYS),
            pulumi.ResourceOptions(parent=self),
        )
        keeper = self._keep(dead)
        subscription = self._subscribe(name, dead, keeper)
        self._let_pubsub_move(name, dead, subscription)
        self.name = subscription.name
        self.keeper = keeper.name
        self.dead_letters = dead.name
        self.register_outputs({"name": self.name, "keeper": self.keeper, "dead_letters": self.dead_letters})

    def _keep(self, dead: Topic) -> pubsub.Subscription:
        """What is published to a topic that nobody subscribes to is lost."""
        args = self._args
        return pubsub.Subscription(
            args.declared.dead_letter_subscription,
            name=args.deployment.name(args.declared.dead_letter_subscription),
            project=args.deployment.config.project,
            labels=args.deployment.labels(args.service.name),
            topic=dead.path,
            filter="",
            ack_deadline_seconds=DEAD_LETTER_ACK_DEADLINE,
            message_retention_duration=f"{DEAD_LETTER_RETENTION_DAYS * _DAY}s",
            retain_acked_messages=False,
            enable_message_ordering=False,
            enable_exactly_once_delivery=False,
            expiration_policy=_never(),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self, protect=self._protected),
        )

    def _subscribe(self, name: str, dead: Topic, keeper: pubsub.Subscription) -> pubsub.Subscription:
        """Without order or exactly-once: neither is needed, and pushes have them only at the price of waiting."""
        args, declared = self._args, self._args.declared
        return pubsub.Subscription(
            name,
            name=args.deployment.name(name),
            project=args.deployment.config.project,
            labels=args.deployment.labels(args.service.name),
            topic=args.topic,
            filter=declared.filter,
            ack_deadline_seconds=declared.ack_deadline,
            message_retention_duration=f"{_BACKLOG_DAYS * _DAY}s",
            retain_acked_messages=False,
            enable_message_ordering=False,
            enable_exactly_once_delivery=False,
            expiration_policy=_never(),
            retry_policy=_retries(declared),
            dead_letter_policy=_dead_letters(declared, dead),
            push_config=_push(args),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self, protect=self._protected, depends_on=[keeper]),
        )

    def _let_pubsub_move(self, name: str, dead: Topic, subscription: pubsub.Subscription) -> None:
        """Without both, Pub/Sub drops the dead-letter policy and says nothing."""
        deployment = self._args.deployment
        pubsub.SubscriptionIAMMember(
            f"{name}-dead-letters-out",
            project=deployment.config.project,
            subscription=subscription.name,
            role="roles/pubsub.subscriber",
            member=deployment.agent("pubsub"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        pubsub.TopicIAMMember(
            f"{name}-dead-letters-in",
            project=deployment.config.project,
            topic=dead.name,
            role="roles/pubsub.publisher",
            member=deployment.agent("pubsub"),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _never() -> pubsub.SubscriptionExpirationPolicyArgs:
    """By default a subscription is deleted when nothing happened for 31 days."""
    return pubsub.SubscriptionExpirationPolicyArgs(ttl="")


def _retries(declared: topology.Subscription) -> pubsub.SubscriptionRetryPolicyArgs:
    return pubsub.SubscriptionRetryPolicyArgs(
        minimum_backoff=f"{declared.min_backoff:g}s", maximum_backoff=f"{declared.max_backoff:g}s"
    )


def _dead_letters(declared: topology.Subscription, dead: Topic) -> pubsub.SubscriptionDeadLetterPolicyArgs:
    return pubsub.SubscriptionDeadLetterPolicyArgs(
        dead_letter_topic=dead.path, max_delivery_attempts=declared.max_attempts
    )


def _push(args: SubscriptionArgs) -> pubsub.SubscriptionPushConfigArgs | None:
    """The message's data as the body, its attributes as headers: what the functions take, and the local delivery sends.
    The token is for this one function.
    """
    function = args.service.pushed_to(args.declared.name)
    if function is None:
        return None
    url = args.deployment.url(args.service.name, function.name)
    return pubsub.SubscriptionPushConfigArgs(
        push_endpoint=f"{url}/",
        no_wrapper=pubsub.SubscriptionPushConfigNoWrapperArgs(write_metadata=True),
        oidc_token=pubsub.SubscriptionPushConfigOidcTokenArgs(service_account_email=args.caller, audience=url),
    )
