"""How Firestore's emulator is asked two kinds of queries, so that the answer does not take longer the more is stored.

The emulator looks at every document of a collection group for each query, and once more for each value of an `IN`. The
cloud reads an index. What comes back is the same, in the same order, and is counted the same.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from shared.adapters.firestore import messages
from shared.adapters.firestore.messages import BatchGetDocumentsRequest, RunQueryRequest, RunQueryResponse

_FIRST_GET, _LARGEST_GET = 8, 256
_LAST_VERSION: Final = 10**10
_DIGITS: Final = 10


class EmulatedQueries:
    """In place of the stub of RunQuery. Commits of one stream are got by their names, which are their versions without
    a gap. A walk asks for all shards of a category, so it need not name them.
    """

    def __init__(self, run_query: Callable[..., Any], batch_get: Callable[..., Any]) -> None:
        self._run_query = run_query
        self._batch_get = batch_get

    def __call__(self, request: Any, **options: Any) -> Any:
        if is_of_one_stream(request):
            return _Commits(self._batch_get, request, options)
        return self._run_query(without_shards(request), **options)


def is_of_one_stream(request: Any) -> bool:
    """A range of the commits below a stream's document, by name."""
    query = request.structured_query
    (source,) = query.from_
    is_range = not query.HasField("where") and len(query.order_by) == 1
    return is_range and not source.all_descendants and source.collection_id.endswith("-commits")


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
        call = self._batch_get(BatchGetDocumentsRequest(database=self._database, documents=names), **self._options)
        documents = [response.found async for response in call if response.HasField("found")]
        return {int(document.name.rpartition("/")[2]): document for document in documents}


def _version(cursor: Any) -> int:
    return int(cursor.values[0].reference_value.rpartition("/")[2])
