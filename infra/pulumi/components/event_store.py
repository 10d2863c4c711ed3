"""The database of the log: the one thing that cannot be made again."""

from dataclasses import dataclass

import pulumi

from infra.pulumi.components.firestore_database import FirestoreDatabase, FirestoreDatabaseArgs
from infra.pulumi.deployment import Deployment
from shared.topology import EVENTS_DATABASE, expiring_collections


@dataclass(frozen=True, slots=True)
class EventStoreArgs:
    """`encryption_key` as in `FirestoreDatabaseArgs`."""

    deployment: Deployment
    encryption_key: pulumi.Input[str]


class EventStore(pulumi.ComponentResource):
    """Any minute of the last week can be had back, and any day as long as backups are kept. Its id is `database`."""

    def __init__(self, name: str, args: EventStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:data:EventStore", name, None, opts)
        data = args.deployment.config.data
        database = FirestoreDatabase(
            EVENTS_DATABASE,
            FirestoreDatabaseArgs(
                deployment=args.deployment,
                recoverable=True,
                daily_backups_days=data.daily_backups_days,
                weekly_backups_weeks=data.weekly_backups_weeks,
                expiring=expiring_collections(args.deployment.services),
                encryption_key=args.encryption_key,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.database = database.database
        self.register_outputs({"database": self.database})
