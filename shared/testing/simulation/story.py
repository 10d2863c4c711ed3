"""Who did what in which order, at which virtual time: what a person reads when a seed fails."""

from collections.abc import Callable
from hashlib import sha256

from shared.eventsourcing.codec import decode_commit
from shared.testing.virtual_time import START

_WHO = 34


class Story:
    """Lines of one run. A commit is kept as it was written, and becomes a line when somebody reads."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._told: list[tuple[float, str, str | bytes]] = []

    def tell(self, who: str, what: str) -> None:
        self._told.append((self._time(), who, what))

    def commit(self, who: str, body: bytes) -> None:
        """A commit that is in the log now."""
        self._told.append((self._time(), who, body))

    def lines(self) -> list[str]:
        return [f"{at:10.3f}  {who:<{_WHO}}  {_readable(what)}" for at, who, what in self._told]

    def digest(self) -> str:
        """Equal for equal histories: of every request, answer, fault and stored byte, with its time."""
        found = sha256()
        for at, who, what in self._told:
            found.update(f"{at!r} {who} ".encode())
            found.update(what if isinstance(what, bytes) else what.encode())
        return found.hexdigest()

    def __len__(self) -> int:
        return len(self._told)


def _readable(what: str | bytes) -> str:
    if isinstance(what, str):
        return what
    commit = decode_commit(what, START)
    return f"+ {commit.id}: {', '.join(event.type for event in commit.events)} ({commit.context.command})"
