"""What Google asks: list prices of us-central1 (tier 1), free tiers left out, each with where it was read.

europe-west1 is of the same tier for functions; Firestore's prices differ by region. `verified` means that the text of
Google's own page, or a copy of it, was read; the others are quoted by several public sources.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

AS_OF: Final = "2026-11-23"
MILLION: Final = 10**6
GIB: Final = 2**30
TIB: Final = 2**40
MIB: Final = 2**20
MIB_200: Final = 200 * MIB
HOURS_A_MONTH: Final = 730
DAYS_A_MONTH: Final = HOURS_A_MONTH / 24
SECONDS_A_MONTH: Final = HOURS_A_MONTH * 3600


@dataclass(frozen=True, slots=True)
class Price:
    """`dollars` for `per` units."""

    dollars: float
    per: float
    unit: str
    source: str
    verified: bool

    def of(self, units: float) -> float:
        """Dollars for so many units."""
        return units * self.dollars / self.per

    @property
    def told(self) -> str:
        """For people: `0.90 / million writes`."""
        amount = f"{self.dollars:.8f}".rstrip("0")
        whole, _, cents = amount.partition(".")
        return f"{whole}.{cents.ljust(2, '0')} / {self.unit}"


_FIRESTORE = "cloud.google.com/firestore/pricing"
_RUN = "cloud.google.com/run/pricing"
_PUBSUB = "cloud.google.com/pubsub/pricing"
_BIGQUERY = "cloud.google.com/bigquery/pricing"
_OBSERVABILITY = "cloud.google.com/stackdriver/pricing"
_WORKFLOWS = "cloud.google.com/workflows/pricing"
_ARMOR = "cloud.google.com/armor/pricing"


class List(Enum):
    """The list of prices."""

    READ = Price(0.30, MILLION, "million document reads", _FIRESTORE, verified=True)
    WRITE = Price(0.90, MILLION, "million document writes", _FIRESTORE, verified=True)
    DELETE = Price(0.10, MILLION, "million document deletes", _FIRESTORE, verified=True)
    STORAGE = Price(0.0002 * HOURS_A_MONTH, GIB, "GiB and month of documents", _FIRESTORE, verified=True)
    PITR = Price(0.0002 * HOURS_A_MONTH, GIB, "GiB and month of recovery", _FIRESTORE, verified=True)
    BACKUP = Price(0.00004 * HOURS_A_MONTH, GIB, "GiB and month of backups", _FIRESTORE, verified=True)
    REQUEST = Price(0.40, MILLION, "million requests", _RUN, verified=False)
    VCPU = Price(24.0, MILLION, "million vCPU-seconds", _RUN, verified=False)
    MEMORY = Price(2.50, MILLION, "million GiB-seconds", _RUN, verified=False)
    IDLE_VCPU = Price(2.50, MILLION, "million idle vCPU-seconds", _RUN, verified=False)
    IDLE_MEMORY = Price(2.50, MILLION, "million idle GiB-seconds", _RUN, verified=False)
    MESSAGE = Price(40.0, TIB, "TiB", _PUBSUB, verified=True)
    RETAINED = Price(0.27, GIB, "GiB and month that topics keep", _PUBSUB, verified=False)
    INSERT = Price(0.01, MIB_200, "200 MiB", _BIGQUERY, verified=False)
    ROWS = Price(0.02, GIB, "GiB and month of rows", _BIGQUERY, verified=False)
    QUERY = Price(6.25, TIB, "TiB", _BIGQUERY, verified=False)
    KMS = Price(3.0, MILLION, "million uses of a key", "cloud.google.com/kms/pricing", verified=False)
    KEY = Price(0.06, 1, "key version and month", "cloud.google.com/kms/pricing", verified=False)
    SECRET = Price(0.06, 1, "secret version and month", "cloud.google.com/secret-manager/pricing", verified=True)
    TASK = Price(0.40, MILLION, "million operations", "cloud.google.com/tasks/pricing", verified=True)
    JOB = Price(0.10, 1, "job and month", "cloud.google.com/scheduler/pricing", verified=True)
    LOG = Price(0.50, GIB, "GiB", _OBSERVABILITY, verified=True)
    SPAN = Price(0.20, MILLION, "million spans", _OBSERVABILITY, verified=False)
    METRIC = Price(0.2580, MIB, "MiB of one's own metrics", _OBSERVABILITY, verified=False)
    FORWARDING = Price(0.025, 1, "hour for up to 5 rules", "cloud.google.com/load-balancing/pricing", verified=True)
    BALANCED = Price(0.008, GIB, "GiB", "cloud.google.com/load-balancing/pricing", verified=True)
    ARMOR_REQUEST = Price(0.75, MILLION, "million requests", _ARMOR, verified=False)
    ARMOR_POLICY = Price(5.0, 1, "policy and month", _ARMOR, verified=False)
    ARMOR_RULE = Price(1.0, 1, "rule and month", _ARMOR, verified=False)
    WORKFLOW_STEP = Price(10.0, MILLION, "million internal steps", _WORKFLOWS, verified=False)
    WORKFLOW_CALL = Price(25.0, MILLION, "million external steps", _WORKFLOWS, verified=False)
    GATEWAY = Price(3.0, MILLION, "million calls", "cloud.google.com/api-gateway/pricing", verified=False)
    IMAGE = Price(0.10, GIB, "GiB and month of images", "cloud.google.com/artifact-registry/pricing", verified=False)

    BUILD = Price(0.006, 1, "minute of a build", "cloud.google.com/build/pricing", verified=False)

    def of(self, units: float) -> float:
        """Dollars for so many units."""
        return self.value.of(units)
