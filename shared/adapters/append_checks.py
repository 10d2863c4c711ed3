"""What every event store refuses before it asks its backend."""

from collections.abc import Sequence

from shared.eventsourcing.errors import TooLargeError
from shared.eventsourcing.event_store import MAX_APPEND_BYTES, Answer, NewCommit, Position


def check_append(commits: Sequence[NewCommit], answer: Answer | None) -> None:
    """TypeError if a position was not made by a store, ValueError if a stream comes twice or there is nothing to do,
    TooLargeError if no request can hold it.
    """
    if not commits and answer is None:
        raise ValueError("nothing to append")
    if not all(isinstance(new.position, Position) for new in commits):
        raise TypeError("append at a Position that a load or an append returned, not at a bare number")
    if len({new.position.stream for new in commits}) != len(commits):
        raise ValueError("one append takes one commit per stream")
    if (size := sum(map(_size, commits))) > MAX_APPEND_BYTES:
        raise TooLargeError(f"an append of {len(commits)} commits has {size} bytes, the limit is {MAX_APPEND_BYTES}")


def reached(commits: Sequence[NewCommit]) -> tuple[Position, ...]:
    """Where the streams end after the append."""
    return tuple(Position(new.position.stream, new.position.version + 1) for new in commits)


def _size(new: NewCommit) -> int:
    return len(new.body) + len(new.state or b"") + (len(new.snapshot.data) if new.snapshot else 0)
