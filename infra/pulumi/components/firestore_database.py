"""A Firestore database, as all of the platform's are set up."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import firestore

from infra.pulumi.components.firestore_indexes import FirestoreIndexes, FirestoreIndexesArgs
from infra.pulumi.deployment import Deployment
from shared.topology import all_indexes

DAY = 86_400
"""In seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirestoreDatabaseArgs:
    """`recoverable` is whether any minute of the last 7 days can be had back; backups are kept so many days or weeks,
    0: there are none. `encryption_key` is the full name of the key in Cloud KMS that is taken instead of Google's own,
    if the settings ask for that; it has to wait until Firestore's own account may use the key.
    """

    deployment: Deployment
    encryption_key: pulumi.Input[str]
    recoverable: bool
    daily_backups_days: int = 0
    weekly_backups_weeks: int = 0
    expiring: tuple[str, ...] = ()


class FirestoreDatabase(pulumi.ComponentResource):
    """`name` is the declared one; the database has the declared indexes of that name. Its id is `database`."""

    def __init__(self, name: str, args: FirestoreDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:data:FirestoreDatabase", name, None, opts)
        self._name, self._args = name, args
        self.database = self._declared().name
        FirestoreIndexes(
            name,
            FirestoreIndexesArgs(
                deployment=args.deployment,
                database=self.database,
                indexes=[each for each in all_indexes(args.deployment.services) if each.database == name],
                expiring=args.expiring,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        if args.daily_backups_days:
            self._backups("daily", args.daily_backups_days)
        if args.weekly_backups_weeks:
            on_sundays = firestore.BackupScheduleWeeklyRecurrenceArgs(day="SUNDAY")
            self._backups("weekly", args.weekly_backups_weeks * 7, on_sundays)
        self.register_outputs({"database": self.database})

    def _declared(self) -> firestore.Database:
        config = self._args.deployment.config
        protected = config.data.protected
        own_key = firestore.DatabaseCmekConfigArgs(kms_key_name=self._args.encryption_key)
        return firestore.Database(
            self._name,
            name=self._args.deployment.name(self._name),
            project=config.project,
            location_id=config.firestore_location,
            type="FIRESTORE_NATIVE",
            database_edition="STANDARD",
            # Standard's own default is pessimistic: an instance that is stopped in a transaction would hold its locks,
            # and block other writers, for up to a minute.
            concurrency_mode="OPTIMISTIC",
            app_engine_integration_mode="DISABLED",
            point_in_time_recovery_enablement=(
                "POINT_IN_TIME_RECOVERY_ENABLED" if self._args.recoverable else "POINT_IN_TIME_RECOVERY_DISABLED"
            ),
            delete_protection_state="DELETE_PROTECTION_ENABLED" if protected else "DELETE_PROTECTION_DISABLED",
            deletion_policy="PREVENT" if protected else "DELETE",
            cmek_config=own_key if config.data.own_encryption_key else None,
            opts=pulumi.ResourceOptions(parent=self, protect=protected),
        )

    def _backups(
        self, kind: str, days: int, weekly: firestore.BackupScheduleWeeklyRecurrenceArgs | None = None
    ) -> None:
        """The backups themselves outlive the schedule, and the database."""
        firestore.BackupSchedule(
            f"{self._name}-{kind}",
            project=self._args.deployment.config.project,
            database=self.database,
            retention=f"{days * DAY}s",
            daily_recurrence=None if weekly else {},
            weekly_recurrence=weekly,
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
