"""What one request found out, for its log line: the numbers that the platform's metrics are made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_facts: ContextVar[dict[str, Any] | None] = ContextVar("facts", default=None)


@contextmanager
def facts() -> Iterator[dict[str, Any]]:
    """Collects what is noted inside, by name."""
    found: dict[str, Any] = {}
    token = _facts.set(found)
    try:
        yield found
    finally:
        _facts.reset(token)


def note(name: str, value: Any) -> None:
    """The request's log line will say so; outside of a request nothing is kept."""
    found = _facts.get()
    if found is not None:
        found[name] = value


def tally(name: str) -> None:
    """One more of them."""
    found = _facts.get()
    if found is not None:
        found[name] = found.get(name, 0) + 1


def note_most(name: str, of: str, value: float) -> None:
    """The greatest value of each kind, such as the age of the oldest workflow of each status."""
    found = _facts.get()
    if found is not None:
        kinds = found.setdefault(name, {})
        kinds[of] = max(value, kinds.get(of, value))
