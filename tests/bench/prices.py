"""What Google asks for operations: list prices of us-central1, free tiers left out."""

from dataclasses import dataclass
from typing import Final

_TIB: Final = 1024**4


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """In USD; documents by the million, Pub/Sub by the TiB (`least_request` bytes are billed for any request), what is
    stored in Firestore by the GiB and month.
    """

    as_of: str
    read: float
    write: float
    delete: float
    storage_month: float
    pubsub_tib: float
    least_request: int
    vcpu_second: float

    def per_million(self, *, read: float, written: float, deleted: float, pubsub_bytes: float) -> float:
        """Of an operation that does this much each time; `pubsub_bytes` as billed."""
        documents = read * self.read + written * self.write + deleted * self.delete
        return documents + pubsub_bytes * 1e6 / _TIB * self.pubsub_tib


US_CENTRAL1: Final = Prices(
    as_of="2026-11-23",
    read=0.30,
    write=0.90,
    delete=0.10,
    storage_month=0.146,
    pubsub_tib=40.0,
    least_request=1000,
    vcpu_second=0.000024,
)
