"""The environment, read once, in one function."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Runtime(StrEnum):
    """Where the adapters come from: Google Cloud, its emulators, or this process."""

    GCP = "gcp"
    EMULATORS = "emulators"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between runtimes and environments.

    `user_issuer` and `user_audience` are those of the bearer tokens that people and tills present; `platform_issuer`
    signs what Pub/Sub, Tasks and Scheduler send (Google's own in the cloud). Hosts of emulators are `host:port`.
    """

    runtime: Runtime
    project: str
    user_issuer: str
    user_audience: str
    user_jwks_url: str
    platform_issuer: str
    platform_jwks_url: str
    platform_audience: str
    platform_callers: tuple[str, ...]
    firestore_emulator: str | None = None
    pubsub_emulator: str | None = None
    feed_lag: float = 10.0
    outbox_patience: float = 60.0


GOOGLE_ISSUER = "https://accounts.google.com"
GOOGLE_JWKS_URL = "https://www.googleapis.com/oauth2/v3/certs"


def settings(environ: Mapping[str, str] | None = None) -> Settings:
    """From the process's environment; KeyError names what is missing."""
    env = os.environ if environ is None else environ
    return Settings(
        runtime=Runtime(env.get("COMMERCE_RUNTIME", Runtime.GCP)),
        project=env["GOOGLE_CLOUD_PROJECT"],
        user_issuer=env["COMMERCE_USER_ISSUER"],
        user_audience=env["COMMERCE_USER_AUDIENCE"],
        user_jwks_url=env["COMMERCE_USER_JWKS_URL"],
        platform_issuer=env.get("COMMERCE_PLATFORM_ISSUER", GOOGLE_ISSUER),
        platform_jwks_url=env.get("COMMERCE_PLATFORM_JWKS_URL", GOOGLE_JWKS_URL),
        platform_audience=env["COMMERCE_PLATFORM_AUDIENCE"],
        platform_callers=tuple(filter(None, env["COMMERCE_PLATFORM_CALLERS"].split(","))),
        firestore_emulator=env.get("FIRESTORE_EMULATOR_HOST"),
        pubsub_emulator=env.get("PUBSUB_EMULATOR_HOST"),
        feed_lag=float(env.get("COMMERCE_FEED_LAG", "10")),
        outbox_patience=float(env.get("COMMERCE_OUTBOX_PATIENCE", "60")),
    )
