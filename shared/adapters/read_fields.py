"""The names that a read model may not give to its queryable fields."""

from collections.abc import Iterable
from typing import Final

RESERVED: Final = frozenset({"version", "recorded_at", "body"})
"""Fields of every stored row; the queryable ones lie beside them, so that an index names them as the manifest does."""


def check_fields(names: Iterable[str]) -> None:
    """ValueError for a name that is taken."""
    if taken := RESERVED.intersection(names):
        raise ValueError(f"these names belong to the row itself: {sorted(taken)}")
