"""How Firestore's emulator is asked three kinds of queries, so that the answer does not take longer the more is stored.

The emulator looks at every document of a collection group for each query, and once more for each value of an `IN`; of a
collection below another document it looks at each of these documents, too. The cloud reads an index. What comes back is
the same, in the same order, and is counted the same.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from shared.adapters.firestore import messages
from shared.adapters.firestore.log_layout import SNAPSHOTS, snapshot_name
from shared.adapters.firestore.messages import BatchGetDocumentsRequest, RunQueryRequest, RunQueryResponse
from shared.adapters.firestore.values import text_of
from shared.eventsourcing.message import category_of, commits_collection

_FIRST_GET, _FIRST_SNAPSHOTS, _LARGEST_GET = 8, 64, 256
_LAST_VERSION: Final = 10**10
_DIGITS: Final = 10


class EmulatedQueries:
    """In place of the stub of RunQuery. Commits of one stream are got by their names, which are their versions without
    a gap; so is its newest snapshot, which is of one of these versions. A walk asks for all shards of a category, so it
    need not name them.
    """

    def __init__(self, run_query: Callable[..., Any], batch_get: Callable[..., Any]) -> None:
        self._run_query = run_query
        self._batch_get = batch_get

    def __call__(self, request: Any, **options: Any) -> Any:
        if is_of_one_stream(request):
            return _Commits(self._batch_get, request, options)
        if is_of_newest_snapshot(request):
            return _NewestSnapshot(self._batch_get, request, options)
        return self._run_query(without_shards(request), **options)


def is_of_one_stream(request: Any) -> bool:
    """A range of the commits below a stream's document, by name."""
    query = request.structured_query
    (source,) = query.from_
    is_range = not query.HasField("where") and len(query.order_by) == 1
    return is_range and not source.all_descendants and source.collection_id.endswith("-commits")


def is_of_newest_snapshot(request: Any) -> bool:
    query = request.structured_query
    return query.from_[0].collection_id == SNAPSHOTS and query.limit.value == 1 and not query.HasField("where")


def without_shards(request: Any) -> Any:
    """The same query for documents of all shards."""
    filters = request.structured_query.where.composite_filter.filters
    named = [place for place, each in enumerate(filters) if each.field_filter.op == messages.IN]
    if not named:
        return request
    asked = RunQueryRequest()
    asked.CopyFrom(request)
    for place in reversed(named):
        del asked.structured_query.where.composite_filter.filters[place]
    return asked


class _Commits:
    """The call of such a query: its documents, up to the first get whose last one is missing."""

    def __init__(self, batch_get: Callable[..., Any], request: Any, options: dict[str, Any]) -> None:
        query = request.structured_query
        self._batch_get, self._options = batch_get, options
        self._folder = f"{request.parent}/{query.from_[0].collection_id}"
        self._database = request.parent.partition("/documents")[0]
        self._next = _version(query.start_at) + 1 if query.HasField("start_at") else 1
        self._last = _version(query.end_at) if query.HasField("end_at") else _LAST_VERSION
        if query.HasField("limit"):
            self._last = min(self._last, self._next + query.limit.value - 1)

    async def __aiter__(self) -> AsyncIterator[Any]:
        size = _FIRST_GET
        while self._next <= self._last:
            end = min(self._next + size - 1, self._last)
            found = await self._get(range(self._next, end + 1))
            for version in sorted(found):
                yield RunQueryResponse(document=found[version])
            if end not in found:
                return
            self._next, size = end + 1, min(size * 4, _LARGEST_GET)

    def cancel(self) -> None:
        """Nothing is under way between two answers."""

    async def _get(self, versions: range) -> dict[int, Any]:
        names = [f"{self._folder}/{version:0{_DIGITS}d}" for version in versions]
        found = await _found(self._batch_get, self._database, names, self._options)
        return {_number(name): document for name, document in found.items()}


class _NewestSnapshot:
    """The call of such a query: what is there of all snapshots that a stream may have, version by version, as long as
    it has the commits of these versions.
    """

    def __init__(self, batch_get: Callable[..., Any], request: Any, options: dict[str, Any]) -> None:
        self._batch_get, self._options = batch_get, options
        self._stream = request.parent
        self._database = request.parent.partition("/documents")[0]

    async def __aiter__(self) -> AsyncIterator[Any]:
        first, size, newest = 1, _FIRST_SNAPSHOTS, None
        while True:
            end = first + size - 1
            snapshots = [snapshot_name(self._stream, version) for version in range(end, first - 1, -1)]
            last = f"{self._stream}/{self._commits}/{end:0{_DIGITS}d}"
            found = await _found(self._batch_get, self._database, [*snapshots, last], self._options)
            newest = next((found[name] for name in snapshots if name in found), newest)
            if last not in found:
                break
            first, size = end + 1, _LARGEST_GET
        if newest is not None:
            yield RunQueryResponse(document=newest)

    def cancel(self) -> None:
        """Nothing is under way between two answers."""

    @property
    def _commits(self) -> str:
        return commits_collection(category_of(text_of(self._stream.rpartition("/")[2])))


async def _found(
    batch_get: Callable[..., Any], database: str, names: Sequence[str], options: dict[str, Any]
) -> dict[str, Any]:
    """Those that exist, by name."""
    call = batch_get(BatchGetDocumentsRequest(database=database, documents=names), **options)
    return {response.found.name: response.found async for response in call if response.HasField("found")}


def _version(cursor: Any) -> int:
    return _number(cursor.values[0].reference_value)


def _number(name: str) -> int:
    return int(name.rpartition("/")[2])
