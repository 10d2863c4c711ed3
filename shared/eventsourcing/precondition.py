"""The precondition of a command: the version that its entity must have."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.eventsourcing.errors import DomainError, NotFoundError, VersionMismatchError

Precondition = Callable[[int], VersionMismatchError | None]
"""From the entity's version, 0 if it does not exist, to why that is not the wanted one; None if it is."""


@contextmanager
def on_condition(precondition: Precondition | None, version: int) -> Iterator[None]:
    """What is decided inside counts only if the precondition holds. One that does not comes before every other refusal
    but this: there is no such thing.
    """
    failed = precondition(version) if precondition is not None else None
    if failed is None:
        yield
        return
    if version:
        raise failed
    try:
        yield
    except NotFoundError:
        raise
    except DomainError:
        raise failed from None
    raise failed
