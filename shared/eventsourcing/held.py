"""What an instance knows of streams, and what one command holds of it."""

from collections.abc import Awaitable, Collection, Container, Mapping, Sequence
from itertools import chain
from typing import Any

from shared.eventsourcing.cache import LruCache
from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.event_store import Position
from shared.eventsourcing.message import Context, category_of
from shared.eventsourcing.streams import Decided, Draft, Known, Streams, together
from shared.eventsourcing.turns import Turns

Scope = Mapping[str, Streams[Any, Any, Any]]
"""By category: what a command may read and write."""


class Memory:
    """States of the streams that were used last, and whose turn it is to write one. Handlers that share a store and
    write the same streams share one: otherwise each would find out by lost races what the other wrote.
    """

    def __init__(self, streams: int) -> None:
        self.turns = Turns()
        self._known: LruCache[str, Known[Any]] = LruCache(streams)

    def recall(self, stream: str) -> Known[Any] | None:
        return self._known.get(stream)

    def remember(self, known: Known[Any]) -> None:
        """Unless more is known already."""
        before = self._known.get(known.position.stream)
        if before is None or before.position.version <= known.position.version:
            self._known.put(known.position.stream, known)

    def forget(self, stream: str) -> None:
        self._known.pop(stream)


class Held:
    """The streams of one command as far as it came across them. Those that were read from the store for this very
    command are fresh; those from memory may be behind.
    """

    __slots__ = ("_fresh", "_in_turn", "_known", "_memory", "_scope")

    def __init__(self, scope: Scope, memory: Memory) -> None:
        self._scope = scope
        self._memory = memory
        self._known: dict[str, Known[Any]] = {}
        self._fresh: set[str] = set()
        self._in_turn = False

    @property
    def streams(self) -> Collection[str]:
        return self._known.keys()

    def versions(self, *, ahead: Container[str] = ()) -> Mapping[str, int]:
        """By stream; one more for those that are to be written."""
        return {stream: known.position.version + (stream in ahead) for stream, known in self._known.items()}

    def in_turn(self) -> None:
        """It is this command's turn: take what was learned while it waited."""
        self._in_turn = True
        for stream, known in self._known.items():
            newer = self._memory.recall(stream)
            if newer is not None and newer.position.version > known.position.version:
                self._known[stream] = newer
                self._fresh.discard(stream)

    def of(self, category: str) -> Streams[Any, Any, Any]:
        """Raises TopologyError for a category that is out of scope."""
        if category not in self._scope:
            raise TopologyError(f"there are no {category!r} here, only {', '.join(self._scope)}")
        return self._scope[category]

    def begin(self, stream: str) -> Known[Any]:
        """A stream that should be new: it is not looked for."""
        if self._missing([stream]):
            self._known[stream] = self.of(category_of(stream)).begin(stream)
        return self._known[stream]

    async def need(self, stream: str) -> Known[Any]:
        if (known := self._known.get(stream) or self._recalled(stream)) is not None:
            return known
        await self.need_all([stream])
        return self._known[stream]

    async def need_all(self, streams: Collection[str]) -> None:
        """Have these, from memory or from the store."""
        missing = self._missing(streams)
        if not missing:
            return
        if self._in_turn:
            await self._load(missing)
            return
        async with self._memory.turns.of(*missing):  # many may want the same cold stream: one reads it
            await self._load(self._missing(missing))
        self.remember()

    def stale(self, *, besides: Container[str]) -> Sequence[str]:
        """Those that came from memory."""
        return [stream for stream in self._known if stream not in self._fresh and stream not in besides]

    async def refresh(self, streams: Collection[str]) -> None:
        """Read these again."""
        categories = _by_category(streams).items()
        await self._learn([self.of(name).refresh([self._known[s] for s in some]) for name, some in categories])

    def draft(self, stream: str, decided: Decided[Any, Any], context: Context) -> Draft:
        return self.of(category_of(stream)).draft(self._known[stream].position, decided, context)

    def advance(self, drafts: Sequence[Draft], positions: Sequence[Position]) -> None:
        """These commits are in the log."""
        for draft, position in zip(drafts, positions, strict=True):
            self._known[position.stream] = Known(draft.decided.state, position)

    def remember(self) -> None:
        for known in self._known.values():
            self._memory.remember(known)

    def forget(self) -> None:
        for stream in self._known:
            self._memory.forget(stream)

    def _missing(self, streams: Collection[str]) -> list[str]:
        """Those that neither this command nor the instance knows."""
        return [s for s in dict.fromkeys(streams) if s not in self._known and self._recalled(s) is None]

    def _recalled(self, stream: str) -> Known[Any] | None:
        known = self._memory.recall(stream)
        if known is not None:
            self._known[stream] = known
        return known

    async def _load(self, streams: Sequence[str]) -> None:
        await self._learn([self.of(category).load(some) for category, some in _by_category(streams).items()])

    async def _learn(self, reads: Sequence[Awaitable[Sequence[Known[Any]]]]) -> None:
        for known in chain.from_iterable(await together(reads)):
            self._known[known.position.stream] = known
            self._fresh.add(known.position.stream)


def _by_category(streams: Collection[str]) -> Mapping[str, Sequence[str]]:
    categories: dict[str, list[str]] = {}
    for stream in streams:
        categories.setdefault(category_of(stream), []).append(stream)
    return categories
