"""The database of the data keys of customers: to erase a person is to erase their key."""

from dataclasses import dataclass

import pulumi

from infra.pulumi.components.firestore_database import FirestoreDatabase, FirestoreDatabaseArgs
from infra.pulumi.deployment import Deployment
from shared.topology import KEY_VAULT_DATABASE


@dataclass(frozen=True, slots=True)
class KeyVaultArgs:
    """`encryption_key` as in `FirestoreDatabaseArgs`."""

    deployment: Deployment
    encryption_key: pulumi.Input[str]


class KeyVault(pulumi.ComponentResource):
    """No recovery of earlier minutes, and backups for a few days only: an erased key comes back from either. (Firestore
    itself can still be read as of the last hour.) The keys lie here wrapped by the key-encryption key. Its id is
    `database`.
    """

    def __init__(self, name: str, args: KeyVaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:data:KeyVault", name, None, opts)
        database = FirestoreDatabase(
            KEY_VAULT_DATABASE,
            FirestoreDatabaseArgs(
                deployment=args.deployment,
                recoverable=False,
                daily_backups_days=args.deployment.config.data.vault_backups_days,
                encryption_key=args.encryption_key,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.database = database.database
        self.register_outputs({"database": self.database})
