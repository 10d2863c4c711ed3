"""What becomes of streams whose life is over: their commits are packed when nobody has written to them for long."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from shared.eventsourcing.decider import Decider
from shared.eventsourcing.event_store import EventStore, Packing

if TYPE_CHECKING:
    from shared.eventsourcing.feed_walk import Visit

PACK_AFTER: Final = timedelta(days=90)
"""After a commit nobody looks at a stream's old ones for long: late events, returns and disputes are over by then."""
PACK_PATIENCE: Final = timedelta(seconds=25)
"""Of all walks of a run together: the relay, which they share a function with, is needed again within the minute."""
PACK_PAGE: Final = 50
"""Commits after which a walk looks whether its time is over: 50 streams at the most, and each is a few round trips."""


def pack_closed(decider: Decider[Any, Any, Any], log: EventStore, packing: Packing) -> "Visit":
    """The visit of a walk that stays `PACK_AFTER` behind the present. Repeating it is harmless."""

    async def visit(stream: str, version: int) -> bool:
        async for _ in log.read(stream, after=version, up_to=version + 1):
            return False  # not idle for as long: the walk comes by again when its newest commit is old enough
        loaded = await log.load(stream)
        state = decider.fold(decider.initial_state(), loaded.commits)
        if not decider.is_closed(state):
            return False
        return (await packing.pack(stream, up_to=version)).commits > 0

    return visit
