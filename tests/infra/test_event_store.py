"""The database of the log, and what all databases have in common."""

import pytest
from pydantic import ValidationError

from infra.pulumi.config import Data, StackConfig
from shared.topology import (
    EVENTS_DATABASE,
    EXPIRY_FIELD,
    KEY_VAULT_DATABASE,
    READ_MODELS_DATABASE,
    expiring_collections,
)
from tests.infra.data_program import BACKUPS, DATABASE, FIELD, KEY, SERVICES, databases, deployment
from tests.infra.harness import Program

NAMES = {EVENTS_DATABASE, READ_MODELS_DATABASE, KEY_VAULT_DATABASE}


@pytest.fixture(scope="module")
def program() -> Program:
    return databases(deployment())


def test_there_are_three_databases_named_for_their_environment(program: Program) -> None:
    """Roles are granted by database, so log, read models and keys each have one of their own."""
    assert {name: each["name"] for name, each in program.inputs(DATABASE).items()} == {
        name: f"dev-{name}" for name in NAMES
    }


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("type", "FIRESTORE_NATIVE"),
        ("databaseEdition", "STANDARD"),
        ("concurrencyMode", "OPTIMISTIC"),
        ("appEngineIntegrationMode", "DISABLED"),
        ("deleteProtectionState", "DELETE_PROTECTION_ENABLED"),
        ("deletionPolicy", "PREVENT"),
        ("locationId", "europe-west1"),
        ("project", "acme-shop"),
    ],
)
def test_every_database_says_what_it_is(program: Program, setting: str, value: str) -> None:
    """No default of the provider's decides it."""
    assert {each[setting] for each in program.inputs(DATABASE).values()} == {value}


def test_every_database_is_protected(program: Program) -> None:
    """Pulumi itself stops before it would delete one."""
    assert all(each.protect for each in program.of(DATABASE).values())


def test_an_environment_for_trying_can_be_taken_down() -> None:
    """When the settings say so, nothing keeps a database from being deleted."""
    found = databases(deployment(Data(protected=False))).of(DATABASE)

    assert not any(each.protect for each in found.values())
    assert {each.inputs["deleteProtectionState"] for each in found.values()} == {"DELETE_PROTECTION_DISABLED"}
    assert {each.inputs["deletionPolicy"] for each in found.values()} == {"DELETE"}


def test_only_the_log_can_be_set_back_by_minutes(program: Program) -> None:
    """Read models can be made again; erased keys must not be had back."""
    recovery = {name: each["pointInTimeRecoveryEnablement"] for name, each in program.inputs(DATABASE).items()}

    assert {name for name, each in recovery.items() if each == "POINT_IN_TIME_RECOVERY_ENABLED"} == {EVENTS_DATABASE}
    assert set(recovery.values()) == {"POINT_IN_TIME_RECOVERY_ENABLED", "POINT_IN_TIME_RECOVERY_DISABLED"}


def test_the_log_is_backed_up_daily(program: Program) -> None:
    """And kept as long as the settings say."""
    daily = program.inputs(BACKUPS)["events-daily"]

    assert daily["database"] == "dev-events"
    assert daily["retention"] == f"{7 * 86_400}s"
    assert daily["dailyRecurrence"] == {}


def test_weekly_backups_are_for_those_who_want_them(program: Program) -> None:
    """Without the setting there are none."""
    weekly = databases(deployment(Data(weekly_backups_weeks=4))).inputs(BACKUPS)["events-weekly"]

    assert "events-weekly" not in program.of(BACKUPS)
    assert weekly["retention"] == f"{28 * 86_400}s"
    assert weekly["weeklyRecurrence"] == {"day": "SUNDAY"}


def test_what_expires_is_deleted_by_firestore(program: Program) -> None:
    """Commits of kept states say themselves how long they are wanted; the field has no index, which nobody asks."""
    expiring = {
        each["collection"]: (each["database"], each["field"], each["indexConfig"])
        for each in program.inputs(FIELD).values()
        if "ttlConfig" in each
    }

    assert expiring == {name: ("dev-events", EXPIRY_FIELD, {}) for name in expiring_collections(SERVICES)}
    assert expiring


def test_google_keeps_the_keys_of_the_databases_unless_told_otherwise(program: Program) -> None:
    """Own keys need Google's leave: a default that asks for them would not come up."""
    assert not any("cmekConfig" in each for each in program.inputs(DATABASE).values())


def test_databases_can_be_encrypted_with_an_own_key() -> None:
    """All three, with the platform's key."""
    found = databases(deployment(Data(own_encryption_key=True))).inputs(DATABASE)

    assert [each["cmekConfig"] for each in found.values()] == [{"kmsKeyName": KEY}] * 3


def test_an_own_key_has_to_be_where_the_data_is() -> None:
    """Firestore takes no key of another place."""
    settings = deployment(Data(own_encryption_key=True)).config.model_dump()

    with pytest.raises(ValidationError, match="own_encryption_key: it is in europe-west1, Firestore in eur3"):
        StackConfig(**{**settings, "firestore_location": "eur3"})
