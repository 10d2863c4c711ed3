"""Two generations of a read model compared, row by row and field by field, while both go on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic_core import from_json

from shared.eventsourcing.dead_letters import DeadLetters
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.projection import ReadStore, Row
from shared.eventsourcing.projector import Projector
from shared.eventsourcing.provenance import ABSENT, Setter, differences, flatten, provenance

_PAGE: Final = 300
_TRIES: Final = 8
_PAUSE: Final = 1.0
_KEPT: Final = 10_000
_EXPLAINED: Final = 20


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field of one row: what each generation has there (None as well where it has nothing), and the events that set
    it, as the new one tells it.
    """

    field: str
    live: Any
    new: Any
    set_by: tuple[Setter, ...] = ()


@dataclass(frozen=True, slots=True)
class RowDifference:
    """One row at one version, with the `fields` that differ; or `why` it could not be compared: only one generation has
    it, or one of them cannot get past a commit.
    """

    key: str
    version: int
    fields: tuple[FieldDifference, ...] = ()
    why: str = ""


@dataclass
class Comparison:
    """`rows` were looked at; `different` of them differ (10,000 at most are kept), `by_field` in these fields so often.
    `moving` are the keys of rows that were written too often to be seen at one version.
    """

    rows: int = 0
    different: int = 0
    by_field: dict[str, int] = field(default_factory=dict)
    differences: list[RowDifference] = field(default_factory=list)
    moving: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return not self.different and not self.moving

    def add(self, found: RowDifference | None) -> None:
        if found is None:
            return
        self.different += 1
        for each in found.fields:
            self.by_field[each.field] = self.by_field.get(each.field, 0) + 1
        if len(self.differences) < _KEPT:
            self.differences.append(found)


Pair = tuple[Row | None, Row | None]
"""A row of the live and of the new generation."""


@dataclass(frozen=True, kw_only=True)
class Compare:
    """`live` and `new` are the projectors of two generations. A field is left out if it, or what it lies in, is one of
    `ignore`. `watch` is told how many rows were looked at; `tries` is how often those that move are looked at again,
    `pause` in seconds how much longer each time.
    """

    live: Projector[Any, Any]
    new: Projector[Any, Any]
    rows: ReadStore
    log: EventStore
    dead_letters: DeadLetters
    ignore: Collection[str] = ()
    watch: Callable[[int], None] = lambda _: None
    tries: int = _TRIES
    pause: float = _PAUSE

    async def run(self) -> Comparison:
        found, left = Comparison(), set[str]()
        async for key, pair in self._pairs():
            found.rows += 1
            if _level(pair):
                found.add(self._difference(key, *pair))
            else:
                left.add(key)
            if found.rows % _PAGE == 0:
                self.watch(found.rows)
        await self._again(found, left)
        await self._explain(found)
        self.watch(found.rows)
        return found

    async def _again(self, found: Comparison, left: set[str]) -> None:
        """Those that were of two versions: all of them, then what is left of them, and so on."""
        for attempt in range(self.tries):
            if not left:
                return
            await asyncio.sleep(self.pause * attempt)
            for key in sorted(left):
                live, new = await self._brought(key)
                if _level((live, new)):
                    found.add(self._difference(key, live, new))
                elif why := await self._why(key, live, new, last=attempt == self.tries - 1):
                    found.add(RowDifference(key, max(_version(live), _version(new)), why=why))
                else:
                    continue
                left.discard(key)
        found.moving = sorted(left)

    async def _brought(self, key: str) -> Pair:
        """The new one is brought to what the live one shows; the live one is kept by others, with their code."""
        live, new = await self._pair(key)
        if live is not None and _version(new) < live.version:
            await self.new.heal(self._stream(key), live.version)
            live, new = await self._pair(key)
        return live, new

    async def _why(self, key: str, live: Row | None, new: Row | None, *, last: bool) -> str:
        for name, projector in (("live", self.live), ("new", self.new)):
            parked = await self.dead_letters.parked(projector.projection.name, self._stream(key))
            if parked is not None:
                return f"the {name} generation is parked at version {parked.version}: {parked.error}"
        if last and (live is None or new is None):
            return f"only in the {'new' if live is None else 'live'} generation"
        return ""

    def _difference(self, key: str, live: Row | None, new: Row | None) -> RowDifference | None:
        """Of one version: stored documents, and what queries filter and order by."""
        found = tuple(
            FieldDifference(name, None if old is ABSENT else old, None if other is ABSENT else other)
            for name, old, other in differences(_leaves(live), _leaves(new))
            if not self._ignored(name)
        )
        return RowDifference(key, _version(live), found) if found else None

    def _ignored(self, name: str) -> bool:
        return any(name == each or name.startswith((f"{each}.", f"{each}[")) for each in self.ignore)

    async def _explain(self, found: Comparison) -> None:
        """The events that set the fields, for the first rows that differ."""
        for place, difference in enumerate(found.differences[:_EXPLAINED]):
            if difference.fields:
                found.differences[place] = await self._explained(difference)

    async def _explained(self, difference: RowDifference) -> RowDifference:
        up_to = difference.version
        commits = [commit async for commit in self.log.read(self._stream(difference.key), up_to=up_to)]
        try:
            setters = provenance(self.new.projection, commits)
        except Exception as error:  # noqa: BLE001 - what the rows differ in is told all the same
            return replace(difference, why=f"not explained: {type(error).__name__}: {error}")
        told = tuple(replace(each, set_by=tuple(setters.get(each.field, ()))) for each in difference.fields)
        return replace(difference, fields=told)

    async def _pairs(self) -> AsyncIterator[tuple[str, Pair]]:
        """Every row of either generation."""
        seen: set[str] = set()
        async for page in self._pages(self.live):
            others = await self.rows.get_many(self.new.projection.collection, [row.key for row in page])
            for row in page:
                seen.add(row.key)
                yield row.key, (row, others.get(row.key))
        async for page in self._pages(self.new):
            for row in page:
                if row.key not in seen:
                    yield row.key, await self._pair(row.key)

    async def _pair(self, key: str) -> Pair:
        live = await self.rows.get(self.live.projection.collection, key)
        return live, await self.rows.get(self.new.projection.collection, key)

    async def _pages(self, projector: Projector[Any, Any]) -> AsyncIterator[list[Row]]:
        after: str | None = None
        while page := list(await self.rows.scan(projector.projection.collection, after=after, limit=_PAGE)):
            yield page
            after = page[-1].key

    def _stream(self, key: str) -> str:
        return f"{self.live.projection.category}-{key}"


def _version(row: Row | None) -> int:
    return row.version if row is not None else 0


def _level(pair: Pair) -> bool:
    return _version(pair[0]) == _version(pair[1])


def _leaves(row: Row | None) -> Mapping[str, Any]:
    """A field that queries use is told as `(query) name`."""
    if row is None or row.body is None:
        return {}
    return {**flatten(from_json(row.body)), **{f"(query) {name}": value for name, value in row.fields.items()}}
