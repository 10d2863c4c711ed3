"""Data: hard to lose, and for personal data, possible to erase."""

from collections.abc import Iterator

from .model import Resource, Stack, resource_rule, stack_rule
from .reading import DAY, EVENTS, KEY_VAULT, environment_of, is_called, last_part, missing, seconds

_DATABASE = "gcp:firestore/database:Database"
_BACKUPS = "gcp:firestore/backupSchedule:BackupSchedule"
_DATASET = "gcp:bigquery/dataset:Dataset"
_TABLE = "gcp:bigquery/table:Table"
_KEY = "gcp:kms/cryptoKey:CryptoKey"
_BUCKET = "gcp:storage/bucket:Bucket"
_LOGS = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
_SYMMETRIC = "ENCRYPT_DECRYPT"
_LONGEST_ROTATION = 90 * DAY
_SHORTEST_DESTRUCTION = 30 * DAY
_LONGEST_VAULT_BACKUP = 7 * DAY
_SHORTEST_LOG_RETENTION_DAYS = 30
_THROWAWAY = {"throwaway": ("dev",)}
_OR_THROW_AWAY = " An environment that is made to be thrown away is listed in the rule's `throwaway` setting."


def _may_go(resource: Resource) -> bool:
    """Whether it belongs to an environment that is made to be thrown away."""
    return environment_of(resource) in resource.settings["throwaway"]


@resource_rule(
    _DATABASE, do="Set delete_protection_state to DELETE_PROTECTION_ENABLED." + _OR_THROW_AWAY, settings=_THROWAWAY
)
def database_is_protected(database: Resource) -> Iterator[str]:
    """Firestore refuses to delete a database."""
    if not _may_go(database) and database.inputs.get("deleteProtectionState") != "DELETE_PROTECTION_ENABLED":
        yield "it can be deleted"


@resource_rule(_DATABASE, do="Set concurrency_mode to OPTIMISTIC.")
def database_takes_no_locks(database: Resource) -> Iterator[str]:
    """Concurrency is optimistic: an instance that was stopped in the middle holds no lock for a minute."""
    if database.inputs.get("concurrencyMode") != "OPTIMISTIC":
        yield f"its concurrency is {database.inputs.get('concurrencyMode', 'not set')}"


@resource_rule(
    _DATABASE, do="Set point_in_time_recovery_enablement: enabled for the event log, disabled for the key vault."
)
def database_recovery_fits_its_content(database: Resource) -> Iterator[str]:
    """The event log can be set back by a week, the key vault cannot: an erased key must not return."""
    recovery, name = database.inputs.get("pointInTimeRecoveryEnablement"), database.inputs.get("name", "")
    if recovery is None:
        yield "not set: pointInTimeRecoveryEnablement"
    elif is_called(name, EVENTS) and not recovery.endswith("_ENABLED"):
        yield "the event log cannot be set back"
    elif is_called(name, KEY_VAULT) and not recovery.endswith("_DISABLED"):
        yield "an erased key could be brought back for a week"


@resource_rule(_BACKUPS, do="Set retention of the key vault's backups to 7 days or less.")
def vault_backups_are_short(schedule: Resource) -> Iterator[str]:
    """Backups of the key vault are gone after 7 days: until then an erased key could come back."""
    kept = seconds(schedule.inputs.get("retention", ""))
    if is_called(last_part(schedule.inputs.get("database", "")), KEY_VAULT) and kept > _LONGEST_VAULT_BACKUP:
        yield f"they are kept for {kept / DAY:g} days"


@stack_rule(_DATABASE, do="Add a backup schedule for the database.")
def database_has_backups(database: Resource, stack: Stack) -> Iterator[str]:
    """The event log and the key vault have backups; read models are made again from the log."""
    name = database.inputs.get("name", "")
    if not any(is_called(name, each) for each in (EVENTS, KEY_VAULT)):
        return
    if name not in {last_part(each.inputs.get("database", "")) for each in stack.of(_BACKUPS)}:
        yield "it has no backups"


@resource_rule(
    _DATABASE,
    _DATASET,
    _TABLE,
    _KEY,
    "gcp:kms/keyRing:KeyRing",
    "gcp:pubsub/topic:Topic",
    "gcp:pubsub/subscription:Subscription",
    "gcp:cloudtasks/queue:Queue",
    do="Declare it with ResourceOptions(protect=True)." + _OR_THROW_AWAY,
    settings=_THROWAWAY,
)
def pulumi_protects_what_would_be_lost(resource: Resource) -> Iterator[str]:
    """Databases, tables, keys, and what holds messages or tasks are protected: an update that deletes one stops."""
    if not (resource.protect or _may_go(resource)) and (resource.type != _TABLE or _holds_rows(resource)):
        yield "an update may delete it"


@resource_rule(_TABLE, do="Set deletion_protection to true." + _OR_THROW_AWAY, settings=_THROWAWAY)
def table_is_protected(table: Resource) -> Iterator[str]:
    """A table that holds rows refuses to be deleted; views hold none."""
    if _holds_rows(table) and not _may_go(table) and table.inputs.get("deletionProtection") is not True:
        yield "it can be deleted"


@resource_rule(_TABLE, do="Set time_partitioning and require_partition_filter.")
def table_is_partitioned(table: Resource) -> Iterator[str]:
    """A table is cut into days and refuses queries over all of them: those are paid by the byte."""
    if _holds_rows(table) and missing(table.inputs, "timePartitioning"):
        yield "it is not partitioned"
    elif _holds_rows(table) and table.inputs.get("requirePartitionFilter") is not True:
        yield "a query may read all of it"


def _holds_rows(table: Resource) -> bool:
    return not (table.section("view") or table.section("materializedView"))


@resource_rule(_DATASET, do="Set delete_contents_on_destroy to false.")
def dataset_keeps_its_tables(dataset: Resource) -> Iterator[str]:
    """A dataset with tables in it is not deleted."""
    if dataset.inputs.get("deleteContentsOnDestroy") is not False:
        yield "its tables go with it"


@resource_rule(_KEY, do="Set rotation_period to 90 days or less.")
def key_rotates(key: Resource) -> Iterator[str]:
    """A key gets a new version every 90 days at the latest."""
    if key.inputs.get("purpose", _SYMMETRIC) != _SYMMETRIC:
        return
    period = seconds(key.inputs.get("rotationPeriod", ""))
    if not 0 < period <= _LONGEST_ROTATION:
        yield f"its versions are used for {period / DAY:g} days" if period else "it is never replaced"


@resource_rule(_KEY, do="Set destroy_scheduled_duration to 30 days or more.")
def key_dies_slowly(key: Resource) -> Iterator[str]:
    """A destroyed version of a key can be brought back for 30 days: all that it wrapped would be lost."""
    delay = seconds(key.inputs.get("destroyScheduledDuration", ""))
    if delay < _SHORTEST_DESTRUCTION:
        yield f"{delay / DAY:g} days" if delay else "not set: destroyScheduledDuration"


@resource_rule(_BUCKET, do="Set uniform_bucket_level_access to true and public_access_prevention to enforced.")
def bucket_is_private(bucket: Resource) -> Iterator[str]:
    """A bucket is opened by IAM alone, and to the public never."""
    if bucket.inputs.get("uniformBucketLevelAccess") is not True:
        yield "single objects can be opened to others"
    if bucket.inputs.get("publicAccessPrevention") != "enforced":
        yield "it can be made public"


@resource_rule(_BUCKET, do="Set versioning or lifecycle_rules.")
def bucket_says_what_it_keeps(bucket: Resource) -> Iterator[str]:
    """A bucket says what becomes of old objects, by versions or by a lifecycle."""
    if not (bucket.given("versioning") or bucket.inputs.get("lifecycleRules")):
        yield "it keeps everything, or nothing, by default"


@resource_rule(_LOGS, do="Set retention_days to 30 or more.")
def logs_are_kept(bucket: Resource) -> Iterator[str]:
    """Logs are kept for 30 days at least, and it is said how long."""
    if bucket.inputs.get("retentionDays", 0) < _SHORTEST_LOG_RETENTION_DAYS:
        yield f"{bucket.inputs.get('retentionDays', 0):g} days"


RULES = (
    database_is_protected,
    database_takes_no_locks,
    database_recovery_fits_its_content,
    vault_backups_are_short,
    database_has_backups,
    pulumi_protects_what_would_be_lost,
    table_is_protected,
    table_is_partitioned,
    dataset_keeps_its_tables,
    key_rotates,
    key_dies_slowly,
    bucket_is_private,
    bucket_says_what_it_keeps,
    logs_are_kept,
)
