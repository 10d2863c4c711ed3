"""Keeps an instance's search index at the end of the products' states.

The index begins with the stored base and follows what changed since. `recorded_at` is not the order of commits: a state
may become visible after a later one. So the feed is read on from the last state seen, twice a second at most and only
while somebody searches, and from a safety lag before the last such pass again every few seconds. When that pass was is
told by the store, whose times they are; the instance's own clock only paces.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from functions.catalog.manifest import PRODUCT
from functions.catalog.read_models import ProductDocument
from functions.catalog.search import Description, Entry, SearchIndex
from functions.catalog.search_base import SearchBase
from shared.eventsourcing.errors import KitError, UnavailableError
from shared.eventsourcing.event_store import StateCursor, StateDocument, StateStore
from shared.eventsourcing.message import entity_of

POLL_EVERY: Final = timedelta(seconds=0.5)
SWEEP_EVERY: Final = timedelta(seconds=5)
WARM_PATIENCE: Final = 0.05
"""Seconds that a search waits for news; then it is answered with what the index has."""
COLD_PATIENCE: Final = 20.0
"""Seconds that a search waits for the index to be there at all."""
PAGE: Final = 1000


@dataclass(kw_only=True)
class SearchFeed:
    """One index and its feed. `lag` is how much later than a later state one may become visible."""

    index: SearchIndex
    base: SearchBase
    states: StateStore
    clock: Callable[[], datetime]
    lag: timedelta
    _watermark: datetime | None = field(default=None, init=False)
    _ready: bool = field(default=False, init=False)
    _tail: StateCursor | None = field(default=None, init=False)
    _polled: datetime | None = field(default=None, init=False)
    _swept: datetime | None = field(default=None, init=False)
    _running: asyncio.Task[None] | None = field(default=None, init=False)

    async def current(self) -> SearchIndex:
        """The index: as a rule with everything of half a second ago, and of now if nobody searched meanwhile.

        While the store is down it is what it was. UnavailableError if there is none yet and it takes too long.
        """
        now = self.clock()
        if self._running is None and (not self._ready or self._polled is None or now - self._polled >= POLL_EVERY):
            self._running = asyncio.create_task(self._run())
            self._running.add_done_callback(_seen)
        if self._running is not None:
            running = self._running
            await asyncio.wait({running}, timeout=WARM_PATIENCE if self._ready else COLD_PATIENCE)
            if not self._ready:
                _raise_failure(running)
        return self.index

    async def catch_up(self) -> datetime:
        """A pass over everything that the index may lack; returns the store's time before which it has all changes."""
        if not self._ready:
            await self._begin()
        swept, start = self.clock(), await self.states.now()
        await self._follow(self._complete)
        self._watermark, self._swept, self._ready = start - self.lag, swept, True
        return self._watermark

    @property
    def _complete(self) -> StateCursor | None:
        """Everything before it is in the index."""
        return StateCursor(self._watermark) if self._watermark else None

    async def _run(self) -> None:
        try:
            self._polled = now = self.clock()
            if self._swept is None or now - self._swept >= SWEEP_EVERY:
                await self.catch_up()
            else:
                await self._follow(self._tail or self._complete)
        finally:
            self._running = None

    async def _begin(self) -> None:
        base = await self.base.load()
        if base is not None:
            await self.index.put(base.entries)
            self._watermark = base.watermark

    async def _follow(self, cursor: StateCursor | None) -> None:
        while True:
            page = await self.states.changed(PRODUCT, after=cursor, limit=PAGE)
            entries = [entry for entry in map(_entry, page) if entry is not None]
            if entries:
                await self.index.put(entries)
            if page:
                cursor = StateCursor(page[-1].recorded_at, page[-1].stream)
                self._tail = max(self._tail or cursor, cursor)
            if len(page) < PAGE:
                return


def _entry(document: StateDocument) -> Entry | None:
    """A state that cannot be understood is left as it was in the index: the others must not wait for it."""
    with suppress(ValidationError):
        state = ProductDocument.model_validate_json(document.body)
        description = Description(state.department, state.category, state.product_type, state.brand, state.size)
        listed = description if state.listing == "listed" else None
        return Entry(entity_of(document.stream), document.version, state.manufacturer, listed)
    return None


def _seen(task: asyncio.Task[None]) -> None:
    """While there is an index, trouble with its feed is no trouble of the search: the next one tries again."""
    if not task.cancelled():
        task.exception()


def _raise_failure(running: asyncio.Task[None]) -> None:
    if not running.done():
        raise UnavailableError("the search index is being built", retry_after=2)
    error = running.exception()
    if error is not None:
        raise error if isinstance(error, KitError) else UnavailableError("the search index could not be built")
