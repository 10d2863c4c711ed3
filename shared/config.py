"""The environment, read once, in one function."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.eventsourcing.archive import DATASET

GOOGLE_ISSUER = "https://accounts.google.com"
GOOGLE_JWKS_URL = "https://www.googleapis.com/oauth2/v3/certs"
GOOGLE_TASKS = "https://cloudtasks.googleapis.com"
METADATA_HOST = "metadata.google.internal"


class Runtime(StrEnum):
    """Where the adapters come from: Google Cloud, its emulators, or this process."""

    GCP = "gcp"
    EMULATORS = "emulators"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between runtimes and environments.

    `user_issuer` and `user_audience` are those of the bearer tokens that people and tills present; `platform_issuer`
    signs what Pub/Sub, Tasks and Scheduler send (Google's own in the cloud). Hosts of emulators are `host:port`,
    but BigQuery's is a URL; `archive_file` is the local archive of a runtime without BigQuery.
    `origin` is where the public API is, for the services that call others, and `service_callers` are the identities
    that do; a data key of a customer is wrapped by `kms_key`, or by the local `key_file`. Tasks call a function at
    `function_url`, a template of `{service}` and `{function}`, as `tasks_caller`. `prefix` is what the names of topics,
    subscriptions, queues and databases begin with in the cloud, such as `dev-`: several environments fit one project.
    """

    runtime: Runtime
    project: str
    prefix: str = ""
    user_issuer: str
    user_audience: str
    user_jwks_url: str
    platform_issuer: str
    platform_jwks_url: str
    platform_audience: str
    platform_callers: tuple[str, ...]
    firestore_emulator: str | None = None
    quick_queries: bool = False
    pubsub_emulator: str | None = None
    bigquery_emulator: str | None = None
    bigquery_storage_emulator: str | None = None
    archive_file: str | None = None
    feed_lag: float = 10.0
    outbox_patience: float = 60.0
    alias_age: float = 5.0
    origin: str = ""
    service_callers: tuple[str, ...] = ()
    key_file: str | None = None
    kms_key: str | None = None
    region: str = "europe-west1"
    tasks_endpoint: str = GOOGLE_TASKS
    tasks_caller: str = ""
    function_url: str = ""
    metadata_host: str = METADATA_HOST
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def dataset(self) -> str:
        """Of the archive; a dataset's name takes no dashes."""
        return f"{self.prefix.replace('-', '_')}{DATASET}"

    def value(self, name: str, default: str | None = None) -> str:
        """A variable that the service's manifest declares; KeyError names it if it is missing and has no default."""
        return self.environ[name] if default is None else self.environ.get(name, default)


def variable(name: str, default: str) -> str:
    """What a manifest declares and is set where it is deployed, or else the default."""
    return os.environ.get(name, default)


def settings(environ: Mapping[str, str] | None = None) -> Settings:
    """From the process's environment; KeyError names what is missing."""
    env = os.environ if environ is None else environ
    return Settings(
        runtime=Runtime(env.get("COMMERCE_RUNTIME", Runtime.GCP)),
        project=env["GOOGLE_CLOUD_PROJECT"],
        prefix=env.get("COMMERCE_PREFIX", ""),
        user_issuer=env["COMMERCE_USER_ISSUER"],
        user_audience=env["COMMERCE_USER_AUDIENCE"],
        user_jwks_url=env["COMMERCE_USER_JWKS_URL"],
        platform_issuer=env.get("COMMERCE_PLATFORM_ISSUER", GOOGLE_ISSUER),
        platform_jwks_url=env.get("COMMERCE_PLATFORM_JWKS_URL", GOOGLE_JWKS_URL),
        platform_audience=env["COMMERCE_PLATFORM_AUDIENCE"],
        platform_callers=tuple(filter(None, env["COMMERCE_PLATFORM_CALLERS"].split(","))),
        firestore_emulator=env.get("FIRESTORE_EMULATOR_HOST"),
        quick_queries=env.get("COMMERCE_QUICK_QUERIES") == "1",
        pubsub_emulator=env.get("PUBSUB_EMULATOR_HOST"),
        bigquery_emulator=env.get("BIGQUERY_EMULATOR_HOST"),
        bigquery_storage_emulator=env.get("BIGQUERY_STORAGE_EMULATOR_HOST"),
        archive_file=env.get("COMMERCE_ARCHIVE_FILE"),
        feed_lag=float(env.get("COMMERCE_FEED_LAG", "10")),
        alias_age=float(env.get("COMMERCE_ALIAS_AGE", "5")),
        outbox_patience=float(env.get("COMMERCE_OUTBOX_PATIENCE", "60")),
        origin=env.get("COMMERCE_ORIGIN", ""),
        service_callers=tuple(filter(None, env.get("COMMERCE_SERVICE_CALLERS", "").split(","))),
        key_file=env.get("COMMERCE_KEY_FILE"),
        kms_key=env.get("COMMERCE_KMS_KEY"),
        tasks_endpoint=env.get("COMMERCE_TASKS_ENDPOINT", GOOGLE_TASKS),
        region=env.get("COMMERCE_REGION", "europe-west1"),
        tasks_caller=env.get("COMMERCE_TASKS_CALLER", ""),
        function_url=env.get("COMMERCE_FUNCTION_URL", ""),
        metadata_host=env.get("GCE_METADATA_HOST", METADATA_HOST),
        environ=env,
    )
