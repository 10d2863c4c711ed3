"""The data keys of customers, and the key that they are wrapped with."""

import pulumi
import pytest
from pydantic import ValidationError

from infra.pulumi.components.encryption_key import EncryptionKey, EncryptionKeyArgs
from infra.pulumi.config import Data
from infra.pulumi.permissions import KEY_ENCRYPTION_KEY
from tests.infra.data_program import BACKUPS, CRYPTO_KEY, RING, databases, deployment, encryption_key
from tests.infra.harness import Declared, run


@pytest.fixture(scope="module")
def key() -> Declared:
    return encryption_key(deployment()).of(CRYPTO_KEY)[KEY_ENCRYPTION_KEY]


def test_backups_of_the_vault_are_kept_for_days() -> None:
    """Until they are gone, an erased key could come back."""
    kept = databases(deployment(Data(vault_backups_days=5))).inputs(BACKUPS)["key-vault-daily"]

    assert kept["database"] == "dev-key-vault"
    assert kept["retention"] == f"{5 * 86_400}s"


def test_nobody_can_ask_for_longer_backups_of_the_vault() -> None:
    """A week is what customers are told."""
    with pytest.raises(ValidationError, match="vault_backups_days"):
        Data(vault_backups_days=8)


def test_weekly_backups_are_not_for_the_vault() -> None:
    """What is kept longer of the log is not kept longer of the keys."""
    backups = databases(deployment(Data(weekly_backups_weeks=14))).inputs(BACKUPS)

    assert {name for name, each in backups.items() if each["database"] == "dev-key-vault"} == {"key-vault-daily"}


def test_the_key_encrypts_and_decrypts_in_software(key: Declared) -> None:
    """Its material is Google's to make, not imported."""
    assert key.inputs["purpose"] == "ENCRYPT_DECRYPT"
    assert key.inputs["versionTemplate"] == {
        "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
        "protectionLevel": "SOFTWARE",
    }
    assert key.inputs["importOnly"] is False
    assert key.inputs["skipInitialVersionCreation"] is False


def test_the_key_has_a_new_version_every_90_days(key: Declared) -> None:
    """What older versions wrapped stays readable."""
    assert key.inputs["rotationPeriod"] == f"{90 * 86_400}s"


def test_a_version_that_is_destroyed_can_be_had_back_for_30_days(key: Declared) -> None:
    """All personal data would be lost with it."""
    assert key.inputs["destroyScheduledDuration"] == f"{30 * 86_400}s"


def test_the_key_is_not_deleted_by_mistake(key: Declared) -> None:
    """Neither by an update nor by a teardown."""
    assert key.protect
    assert key.inputs["deletionPolicy"] == "PREVENT"


def test_the_key_of_an_environment_for_trying_can_go() -> None:
    """When the settings say so."""
    key = encryption_key(deployment(Data(protected=False))).of(CRYPTO_KEY)[KEY_ENCRYPTION_KEY]

    assert not key.protect
    assert key.inputs["deletionPolicy"] == "DELETE"


def test_the_ring_is_where_the_functions_are(key: Declared) -> None:
    """And the key in it; both are named for their environment."""
    (ring,) = encryption_key(deployment()).of(RING).values()

    assert ring.inputs == {"name": "dev-commerce", "project": "acme-shop", "location": "europe-west1"}
    assert key.inputs["name"] == "dev-key-encryption"
    assert key.inputs["keyRing"] == f"{ring.name}-id"


def test_functions_are_told_the_keys_full_name() -> None:
    """Which is its id in the cloud."""
    told: list[str] = []

    def program() -> None:
        made = EncryptionKey(KEY_ENCRYPTION_KEY, EncryptionKeyArgs(deployment()))
        pulumi.Output.from_input(made.key).apply(told.append)

    run(program)

    assert told == [f"{KEY_ENCRYPTION_KEY}-id"]


def test_firestore_may_use_the_key_before_a_database_is_made_with_it() -> None:
    """If the settings ask for it; Firestore refuses to make one otherwise."""
    own = deployment(Data(own_encryption_key=True))

    def program() -> None:
        found = EncryptionKey(KEY_ENCRYPTION_KEY, EncryptionKeyArgs(own))
        found.for_databases.apply(named.append)

    named: list[str] = []
    grants = run(program).inputs("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")

    assert grants["firestore-encrypts"]["member"].endswith("@gcp-sa-firestore.iam.gserviceaccount.com")
    assert named == [grants["firestore-encrypts"]["cryptoKeyId"]]
