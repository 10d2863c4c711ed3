"""The database of the read models, with the checkpoints and the dead letters."""

from dataclasses import dataclass

import pulumi

from infra.pulumi.components.firestore_database import FirestoreDatabase, FirestoreDatabaseArgs
from infra.pulumi.deployment import Deployment
from shared.topology import READ_MODELS_DATABASE


@dataclass(frozen=True, slots=True)
class ReadModelsArgs:
    """`encryption_key` as in `FirestoreDatabaseArgs`."""

    deployment: Deployment
    encryption_key: pulumi.Input[str]


class ReadModels(pulumi.ComponentResource):
    """Neither recovery nor backups: read models are made again from the log, and with them checkpoints and parked
    streams. Lost would only be the buried messages, which Pub/Sub gave up. Its id is `database`.
    """

    def __init__(self, name: str, args: ReadModelsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:data:ReadModels", name, None, opts)
        database = FirestoreDatabase(
            READ_MODELS_DATABASE,
            FirestoreDatabaseArgs(deployment=args.deployment, recoverable=False, encryption_key=args.encryption_key),
            pulumi.ResourceOptions(parent=self),
        )
        self.database = database.database
        self.register_outputs({"database": self.database})
