"""Many documents of a read model at once: written to a generation, or deleted with it."""

import asyncio
from collections.abc import Sequence
from typing import Final

from shared.eventsourcing.projection import MAX_BULK, ReadStore, Row
from shared.operations.replay import Sink

_BULK_BYTES: Final = 3 * 1024 * 1024
"""Of one request: Google's emulator takes 4 MiB."""
_AT_ONCE: Final = 4


def bulk_sink(rows: ReadStore, collection: str, unstorable: list[str]) -> Sink:
    """Writes the documents that do not exist yet; the keys of those that no store can hold are put into the list."""

    async def write(documents: Sequence[Row]) -> None:
        chunks = list(_chunks(documents))
        for start in range(0, len(chunks), _AT_ONCE):
            together = (rows.create_many(collection, chunk) for chunk in chunks[start : start + _AT_ONCE])
            for keys in await asyncio.gather(*together):
                unstorable.extend(keys)

    return write


async def clear(rows: ReadStore, collection: str) -> int:
    """Delete all documents of a generation that nobody keeps; returns how many there were."""
    deleted = 0
    while page := await rows.scan(collection, limit=MAX_BULK):
        await rows.delete_many(collection, [row.key for row in page])
        deleted += len(page)
    return deleted


def _chunks(documents: Sequence[Row]) -> list[list[Row]]:
    chunks: list[list[Row]] = []
    size = _BULK_BYTES
    for row in documents:
        length = len(row.body or b"") + 500
        if size + length > _BULK_BYTES or len(chunks[-1]) == MAX_BULK:
            chunks.append([])
            size = 0
        chunks[-1].append(row)
        size += length
    return chunks
