"""What every event store checks: before it asks its backend, and after its backend has refused."""

from collections.abc import Sequence

from shared.eventsourcing.errors import ConcurrencyError, TooLargeError
from shared.eventsourcing.event_store import MAX_APPEND_BYTES, Answer, Appended, NewCommit, Position, Replayed
from shared.eventsourcing.message import Commit


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


def arbitrated(
    commits: Sequence[NewCommit], answer: Answer | None, there: Sequence[Commit], first: Answer | None, *, retried: bool
) -> Appended | Replayed:
    """What became of an append that found something in its way. `there` are the commits in its places, `first` is the
    answer under its key, `retried` says that it was sent before and no answer came.

    It was written by this very append only if all bytes are the same. The same command id is no proof: with an
    idempotency key every instance that handles the request has it, and each has times and decisions of its own.
    Whatever else was written under the key stands with its first answer. Raises ConcurrencyError if there is none.
    """
    is_own = bool(commits) and [commit.body for commit in there] == [new.body for new in commits]
    if first is not None and not (is_own and retried and first == answer):
        return Replayed(first)
    if is_own:
        return Appended(reached(commits), there[0].recorded_at)
    streams = ", ".join(new.position.stream for new in commits)
    raise ConcurrencyError(f"somebody else has appended to {streams}")


def reached(commits: Sequence[NewCommit]) -> tuple[Position, ...]:
    """Where the streams end after the append."""
    return tuple(Position(new.position.stream, new.position.version + 1) for new in commits)


def _size(new: NewCommit) -> int:
    return len(new.body) + len(new.state or b"") + (len(new.snapshot.data) if new.snapshot else 0)
