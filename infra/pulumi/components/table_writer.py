"""Pub/Sub's own right to write into one table: granted once, however many subscriptions are written there."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import bigquery

from infra.pulumi.deployment import Deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class TableWriterArgs:
    """`dataset` and `table` are their ids in the cloud, as their own resources say them."""

    deployment: Deployment
    dataset: pulumi.Input[str]
    table: pulumi.Input[str]


class TableWriter(pulumi.ComponentResource):
    """A subscription to be written there comes `after` it: Pub/Sub refuses to make one that it may not write for."""

    def __init__(self, name: str, args: TableWriterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:messaging:TableWriter", name, None, opts)
        bigquery.IamMember(
            name,
            project=args.deployment.config.project,
            dataset_id=args.dataset,
            table_id=args.table,
            role="roles/bigquery.dataEditor",
            member=args.deployment.agent("pubsub"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
