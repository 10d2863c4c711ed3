"""One Firestore database: commits, gets and queries, each bounded in time, repeated where that is safe, and counted."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final, TypeVar

import grpc.aio

from shared.adapters.firestore.channel import FirestoreChannel
from shared.adapters.firestore.messages import (
    BatchGetDocumentsRequest,
    BatchWriteRequest,
    CommitRequest,
    RunQueryRequest,
)
from shared.adapters.firestore.query import Query
from shared.adapters.firestore.rpc_errors import (
    RefusedError,
    is_refused,
    is_transient,
    translated,
    write_failed,
    write_is_invalid,
)
from shared.adapters.firestore.values import moment
from shared.adapters.system import full_jitter_pause
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts

T = TypeVar("T")
_ATTEMPTS: Final = 5
_SHORTEST_TRY: Final = 0.05
_BATCH: Final = 64
"""Documents of a query that are held at once; with the largest commits they take 58 MiB."""


class Database:
    """`timeout` in seconds spans all tries of a request. A store that refuses connections is given up much earlier,
    after five tries: callers that wait for nothing would pile up.
    """

    def __init__(self, channel: FirestoreChannel, name: str, counts: OperationCounts, timeout: float) -> None:
        self.name = f"projects/{channel.project}/databases/{channel.prefix}{name}"
        self.root = f"{self.name}/documents"
        self._channel = channel
        self._counts = counts
        self._timeout = timeout
        self._metadata = channel.metadata(self.name, parameter="database")
        self._query_metadata = channel.metadata(self.name, parameter="parent")

    def request(self) -> Any:
        """An empty commit, to be filled with writes."""
        return CommitRequest(database=self.name)

    async def commit(self, request: Any, *, deletes: bool = False) -> Any:
        """All writes or none, in one round trip. Raises RefusedError, TooLargeError, UnavailableError."""

        async def send(timeout: float) -> Any:  # noqa: ASYNC109 - gRPC's own deadline
            return await self._channel.stubs.commit(request, timeout=timeout, metadata=self._metadata)

        response = await self._insist("Commit", send)
        size = len(request.writes)
        self._counts.rpc("Commit", written=0 if deletes else size, deleted=size if deletes else 0)
        return response

    def bulk(self) -> Any:
        """An empty bulk of writes, each for itself."""
        return BatchWriteRequest(database=self.name)

    async def write_all(self, request: Any) -> list[str]:
        """Each write by itself; one whose precondition does not hold is left undone. Returns the names of the documents
        that can never be stored. Raises UnavailableError if some could not be written in time: sent again, all may.
        """
        invalid: list[str] = []
        deletes = sum(bool(write.delete) for write in request.writes)

        async def send(timeout: float) -> Any:  # noqa: ASYNC109 - gRPC's own deadline
            return await self._channel.stubs.batch_write(request, timeout=timeout, metadata=self._metadata)

        for attempt in range(1, _ATTEMPTS + 1):
            response = await self._insist("BatchWrite", send)
            codes = [status.code for status in response.status]
            self._counts.rpc("BatchWrite", written=0 if deletes else codes.count(0), deleted=deletes)
            results = list(zip(list(request.writes), codes, strict=True))
            invalid += [write.update.name for write, code in results if write_is_invalid(code)]
            del request.writes[:]
            request.writes.extend(write for write, code in results if write_failed(code))
            if not request.writes:
                return invalid
            await full_jitter_pause(attempt)
        raise UnavailableError(f"Firestore: {len(request.writes)} of many writes did not go through")

    async def get(self, names: Sequence[str]) -> dict[str, Any]:
        """The documents that exist, by name. A missing one is billed all the same."""
        request = BatchGetDocumentsRequest(database=self.name, documents=names)

        async def send(timeout: float) -> dict[str, Any]:  # noqa: ASYNC109 - gRPC's own deadline
            call = self._channel.stubs.batch_get(request, timeout=timeout, metadata=self._metadata)
            return {r.found.name: r.found async for r in call if r.HasField("found")}

        found = await self._insist("BatchGetDocuments", send)
        self._counts.rpc("BatchGetDocuments", read=len(names))
        return found

    async def now(self) -> datetime:
        """The database's own time; it costs the read of a document that does not exist."""
        request = BatchGetDocumentsRequest(database=self.name, documents=[f"{self.root}/now/now"])

        async def send(timeout: float) -> datetime:  # noqa: ASYNC109 - gRPC's own deadline
            call = self._channel.stubs.batch_get(request, timeout=timeout, metadata=self._metadata)
            return max([moment(response.read_time) async for response in call])

        now = await self._insist("BatchGetDocuments", send)
        self._counts.rpc("BatchGetDocuments", read=1)
        return now

    async def query(
        self, query: Query, *, below: str | None = None, patience: float | None = None
    ) -> AsyncGenerator[Sequence[Any], None]:
        """The query's documents in batches; a stream that breaks is taken up where it broke.

        `below` is the name of the document that has the collection, None for the root. `patience` in seconds is how
        long a batch may take; what the caller does between batches does not count.
        """
        failures = 0
        while True:
            read, last = 0, None
            try:
                async with aclosing(self._run(query, below or self.root, patience or self._timeout)) as batches:
                    async for batch in batches:
                        read, last, failures = read + len(batch), batch[-1], 0
                        yield batch
            except grpc.aio.AioRpcError as error:
                failures += 1
                if failures == _ATTEMPTS or not is_transient(error):
                    raise translated(error) from error
            else:
                return
            if last is not None and not query.resume(last, read):
                return
            await full_jitter_pause(failures)

    async def _run(self, query: Query, parent: str, patience: float) -> AsyncGenerator[Sequence[Any], None]:
        request = RunQueryRequest(parent=parent, structured_query=query.message)
        call = self._channel.stubs.run_query(request, metadata=self._query_metadata)
        # A query of limited size that is not read to its end was answered, and billed, in full.
        read, billed = 0, query.message.limit.value
        try:
            responses = aiter(call)
            while batch := await _next_batch(responses, patience):
                read += len(batch)
                yield batch
            billed = max(read, 1)
        except (grpc.aio.AioRpcError, UnavailableError):
            billed = read
            raise
        finally:
            call.cancel()
            self._counts.rpc("RunQuery", read=billed or read)

    async def _insist(self, name: str, send: Callable[[float], Awaitable[T]]) -> T:
        """Each try but the last may take half of the time that is left: an answer that was lost must leave some."""
        end = time.monotonic() + self._timeout
        for attempt in range(1, _ATTEMPTS + 1):
            left = max(end - time.monotonic(), _SHORTEST_TRY)
            try:
                return await send(left / 2 if attempt < _ATTEMPTS else left)
            except grpc.aio.AioRpcError as error:
                self._counts.rpc(name)
                if name == "Commit" and is_refused(error):
                    raise RefusedError(f"Firestore: {error.details()}", retried=attempt > 1) from error
                if attempt == _ATTEMPTS or not is_transient(error):
                    raise translated(error) from error
            await full_jitter_pause(attempt)
        raise AssertionError  # the last try returns or raises


async def _next_batch(responses: AsyncIterator[Any], patience: float) -> Sequence[Any]:
    batch: list[Any] = []
    try:
        async with asyncio.timeout(patience):
            async for response in responses:
                if response.HasField("document"):
                    batch.append(response.document)
                    if len(batch) == _BATCH:
                        break
    except TimeoutError as error:
        raise UnavailableError(f"Firestore: a query took longer than {patience} s") from error
    return batch
