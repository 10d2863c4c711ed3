"""A topic: what is published on it is kept for a while, in one region."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import pubsub

from infra.pulumi.deployment import Deployment

_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicArgs:
    """`service` is whose topic it is, `retention_days` how far back a subscription can be rewound."""

    deployment: Deployment
    service: str
    retention_days: int


class Topic(pulumi.ComponentResource):
    """`name` is its name in the cloud, `path` the full one, which subscriptions ask for.

    What a topic carries can be published again from the log, but its subscriptions do not come back to a topic that was
    deleted: they stay attached to nothing, and nobody is told. So it is protected like data. It has no schema: what is
    published is held to the contracts in `schemas/` by tests (docs/adr/0019).
    """

    def __init__(self, name: str, args: TopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:messaging:Topic", name, None, opts)
        config = args.deployment.config
        topic = pubsub.Topic(
            name,
            name=args.deployment.name(name),
            project=config.project,
            labels=args.deployment.labels(args.service),
            message_retention_duration=f"{args.retention_days * _DAY}s",
            message_storage_policy=pubsub.TopicMessageStoragePolicyArgs(
                allowed_persistence_regions=[config.region],
                # Operators publish again from wherever they are; what is stored is stored in the region all the same.
                enforce_in_transit=False,
            ),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self, protect=config.data.protected),
        )
        self.name = topic.name
        self.path = pulumi.Output.concat("projects/", config.project, "/topics/", topic.name)
        self.register_outputs({"name": self.name, "path": self.path})
