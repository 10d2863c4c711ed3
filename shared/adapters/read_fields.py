"""What every read store refuses: names that a read model may not give to its queryable fields, and too much at once."""

from collections.abc import Iterable, Sized
from typing import Final

from shared.eventsourcing.projection import MAX_BULK

RESERVED: Final = frozenset({"version", "recorded_at", "body", "schema"})
"""Fields of every stored row; the queryable ones lie beside them, so that an index names them as the manifest does."""


def check_fields(names: Iterable[str]) -> None:
    """ValueError for a name that is taken."""
    if taken := RESERVED.intersection(names):
        raise ValueError(f"these names belong to the row itself: {sorted(taken)}")


def check_bulk(items: Sized) -> None:
    """ValueError for more than one request may take."""
    if len(items) > MAX_BULK:
        raise ValueError(f"{len(items)} rows at once; at most {MAX_BULK} can be written together")
