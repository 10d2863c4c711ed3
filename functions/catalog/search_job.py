"""Writes the base of the search index when enough has changed since the last one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from functions.catalog.manifest import PRODUCT
from functions.catalog.search import SearchIndex
from functions.catalog.search_base import Base, SearchBase
from functions.catalog.search_feed import SearchFeed
from shared.bootstrap import Wiring
from shared.eventsourcing.event_store import StateCursor

MANY_CHANGES: Final = 1000
OLD_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BaseReport:
    """Changes since the last base (counted to a thousand), and products in the new one: 0 if it was not worth one."""

    changes: int
    written: int


def write_search_base(make_index: Callable[[], SearchIndex]) -> Callable[[Wiring], Callable[[], Awaitable[BaseReport]]]:
    """The job, with this engine."""

    def make(wiring: Wiring) -> Callable[[], Awaitable[BaseReport]]:
        def feed() -> SearchFeed:
            return SearchFeed(
                index=make_index(),
                base=SearchBase(wiring.deps.rows),
                states=wiring.deps.states,
                clock=wiring.clock,
                lag=timedelta(seconds=wiring.settings.feed_lag),
            )

        return lambda: renew(feed())

    return make


async def renew(feed: SearchFeed) -> BaseReport:
    """A new base if more than a thousand products changed since the last, or any at all more than an hour ago."""
    last = await feed.base.watermark()
    after = StateCursor(last) if last else None
    changes = len(await feed.states.changed(PRODUCT, after=after, limit=MANY_CHANGES))
    if not changes or (changes < MANY_CHANGES and not _is_old(last, feed.clock())):
        return BaseReport(changes, 0)
    watermark = await feed.catch_up()
    entries = await feed.index.entries()
    await feed.base.save(Base(entries, watermark), feed.clock())
    return BaseReport(changes, len(entries))


def _is_old(last: datetime | None, now: datetime) -> bool:
    return last is None or now - last >= OLD_AFTER
