"""The platform's databases, key and archive, declared alone."""

from collections.abc import Sequence

import functions
from infra.pulumi.components.archive import Archive, ArchiveArgs
from infra.pulumi.components.encryption_key import EncryptionKey, EncryptionKeyArgs
from infra.pulumi.components.event_store import EventStore, EventStoreArgs
from infra.pulumi.components.key_vault import KeyVault, KeyVaultArgs
from infra.pulumi.components.read_models import ReadModels, ReadModelsArgs
from infra.pulumi.config import Data, StackConfig, Users
from infra.pulumi.deployment import Deployment
from shared.topology import EVENTS_DATABASE, KEY_VAULT_DATABASE, READ_MODELS_DATABASE, Service, discover
from tests.infra.harness import Program, run

SERVICES = discover(functions)
PROJECT = "acme-shop"
KEY = f"projects/{PROJECT}/locations/europe-west1/keyRings/dev-commerce/cryptoKeys/dev-key-encryption"

DATABASE = "gcp:firestore/database:Database"
FIELD = "gcp:firestore/field:Field"
INDEX = "gcp:firestore/index:Index"
BACKUPS = "gcp:firestore/backupSchedule:BackupSchedule"
RING = "gcp:kms/keyRing:KeyRing"
CRYPTO_KEY = "gcp:kms/cryptoKey:CryptoKey"
DATASET = "gcp:bigquery/dataset:Dataset"
TABLE = "gcp:bigquery/table:Table"


def deployment(data: Data | None = None, services: Sequence[Service] = SERVICES) -> Deployment:
    """An environment called `dev`."""
    users = Users(issuer="https://issuer.example", audience="shop", jwks_url="https://issuer.example/keys")
    config = StackConfig(
        environment="dev",
        project=PROJECT,
        project_number="123456789012",
        domain="shop.example",
        users=users,
        data=data or Data(),
        alert_mail="shop@shop.example",
    )
    return Deployment(config, services)


def databases(given: Deployment) -> Program:
    """All three."""

    def program() -> None:
        EventStore(EVENTS_DATABASE, EventStoreArgs(given, KEY))
        ReadModels(READ_MODELS_DATABASE, ReadModelsArgs(given, KEY))
        KeyVault(KEY_VAULT_DATABASE, KeyVaultArgs(given, KEY))

    return run(program)


def encryption_key(given: Deployment) -> Program:
    """The key-encryption key."""
    return run(lambda: EncryptionKey("key-encryption", EncryptionKeyArgs(given)))


def archive(given: Deployment) -> Program:
    """Those of all services that keep one."""

    def program() -> None:
        for service in given.services:
            if service.dataset:
                Archive(service.dataset.name, ArchiveArgs(given, service, service.dataset))

    return run(program)
