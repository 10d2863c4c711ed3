"""What a person may choose about a local platform, and what its functions are told by their environment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared.config import Runtime

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "commerce-local"
USER_AUDIENCE = "commerce"
PLATFORM_AUDIENCE = "commerce-functions"
DELIVERY_IDENTITY = f"delivery@{PROJECT}.iam.gserviceaccount.com"
SCHEDULER_IDENTITY = f"scheduler@{PROJECT}.iam.gserviceaccount.com"
TASKS_IDENTITY = f"tasks@{PROJECT}.iam.gserviceaccount.com"
SERVICES_IDENTITY = f"services@{PROJECT}.iam.gserviceaccount.com"
"""Of all functions: here they share one, in the cloud each has its own."""
REGION = "local"
FEED_LAG = 1.0
"""Seconds by which the feed stays behind the log here: one machine has one clock."""
OUTBOX_PATIENCE = 5.0
ALIAS_AGE = 1.0
"""Seconds for which an instance remembers which generation of a read model is live."""
MINUTE = 10.0
"""Seconds of a minute of the schedules: fast enough to see them work, slow enough for two cores."""


def _program() -> str:
    script = Path(sys.executable).with_name("commerce")
    return str(script.relative_to(ROOT)) if script.is_relative_to(ROOT) else "commerce"


PROGRAM = _program()
"""What a person types, at the root of the repository, to run this with the same Python."""


class RuntimeChoice(StrEnum):
    """`auto` takes the emulators when this machine has them."""

    AUTO = "auto"
    EMULATORS = "emulators"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Of one local platform. `minute` is how many seconds a minute of the schedules lasts; `faults` is what the
    delivery service does to messages, in its own notation; `folder` holds archives, logs and the state file. With
    `quick_queries` Firestore's emulator is asked some things otherwise than the cloud, because it scans what the cloud
    has indexes for.
    """

    runtime: RuntimeChoice = RuntimeChoice.AUTO
    port: int = 8080
    per_function: bool = False
    minute: float = MINUTE
    faults: str = ""
    quick_queries: bool = True
    folder: Path = ROOT / ".local"

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def platform_log(self) -> Path:
        """Of what is no function: gateway, delivery, schedules, operations."""
        return self.logs / "platform.log"

    @property
    def archive_file(self) -> Path:
        """Of a runtime without BigQuery."""
        return self.folder / "archive.duckdb"


def user_issuer(origin: str) -> str:
    """Signs the tokens of people and tills."""
    return f"{origin}/_issuer/users"


def platform_issuer(origin: str) -> str:
    """Signs the tokens of deliveries and schedules; Google does in the cloud."""
    return f"{origin}/_issuer/platform"


def jwks_url(issuer: str) -> str:
    return f"{issuer}/jwks"


def function_environment(options: Options, runtime: Runtime, others: Mapping[str, str]) -> dict[str, str]:
    """The variables of every function; `others` adds where the emulators and the outside world's stand-ins are."""
    origin = options.origin
    users, platform = user_issuer(origin), platform_issuer(origin)
    return {
        "COMMERCE_RUNTIME": runtime.value,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "COMMERCE_USER_ISSUER": users,
        "COMMERCE_USER_AUDIENCE": USER_AUDIENCE,
        "COMMERCE_USER_JWKS_URL": jwks_url(users),
        "COMMERCE_PLATFORM_ISSUER": platform,
        "COMMERCE_PLATFORM_JWKS_URL": jwks_url(platform),
        "COMMERCE_PLATFORM_AUDIENCE": PLATFORM_AUDIENCE,
        "COMMERCE_PLATFORM_CALLERS": f"{DELIVERY_IDENTITY},{SCHEDULER_IDENTITY},{TASKS_IDENTITY}",
        "COMMERCE_FEED_LAG": f"{FEED_LAG:g}",
        "COMMERCE_QUICK_QUERIES": f"{options.quick_queries:d}",
        "COMMERCE_ALIAS_AGE": f"{ALIAS_AGE:g}",
        "COMMERCE_OUTBOX_PATIENCE": f"{OUTBOX_PATIENCE:g}",
        "COMMERCE_ORIGIN": origin,
        "COMMERCE_SERVICE_CALLERS": SERVICES_IDENTITY,
        "COMMERCE_REGION": REGION,
        "COMMERCE_TASKS_ENDPOINT": origin,
        "COMMERCE_TASKS_CALLER": TASKS_IDENTITY,
        "COMMERCE_FUNCTION_URL": f"{origin}/_functions/{{service}}/{{function}}",
        "COMMERCE_KEY_FILE": str(options.folder / "key-encryption.key"),
        "COMMERCE_ARCHIVE_FILE": str(options.archive_file),
        "GCE_METADATA_HOST": origin.removeprefix("http://"),
        # Nothing local goes through a proxy: neither key requests nor gRPC.
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        **others,
    }
