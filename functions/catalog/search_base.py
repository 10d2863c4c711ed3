"""The base of the search index: all products, compressed, in a few documents of the read models.

A new instance loads it instead of reading every product's state. There are two places for it, written in turn: a reader
of one is not disturbed while the other is written, and the head document says which one holds.
"""

import asyncio
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json, to_json

from functions.catalog.manifest import SEARCH_BASE
from functions.catalog.search import Description, Entry
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.projection import ReadStore, Row

CHUNK_BYTES = 900 * 1024
HEAD = "head"
_FORMAT = 1
_TRIES = 3


class Head(BaseModel):
    """Which place holds the base, in how many chunks, and up to when it has all changes (`watermark`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: int = _FORMAT
    place: int
    chunks: int
    products: int
    watermark: AwareDatetime


@dataclass(frozen=True, slots=True)
class Base:
    """Products, complete up to `watermark`, a time of the store."""

    entries: Sequence[Entry]
    watermark: datetime


class SearchBase:
    """The stored base. One writer at a time; a second one fails with ConcurrencyError and nothing is spoilt."""

    def __init__(self, rows: ReadStore) -> None:
        self._rows = rows

    async def load(self) -> Base | None:
        """The base; None if there is none yet, or only one that another release wrote in another format."""
        for _ in range(_TRIES):
            row = await self._rows.get(SEARCH_BASE, HEAD)
            head = _head(row)
            if row is None or head is None:
                return None
            keys = _keys(head.place, head.chunks)
            chunks = await asyncio.gather(*(self._rows.get(SEARCH_BASE, key) for key in keys))
            packed = [each.body for each in chunks if each is not None and each.version == row.version and each.body]
            if len(packed) == head.chunks:  # else it was replaced meanwhile
                return Base(await asyncio.to_thread(unpack, b"".join(packed)), head.watermark)
        raise UnavailableError("the base of the search index is being replaced")

    async def watermark(self) -> datetime | None:
        """Up to when the base has all changes; None if there is none."""
        head = _head(await self._rows.get(SEARCH_BASE, HEAD))
        return head.watermark if head else None

    async def save(self, base: Base, at: datetime) -> None:
        """Make this the base. The chunks come first, the head last: a save that is cut off changes nothing."""
        packed = await asyncio.to_thread(pack, base.entries)
        pieces = [packed[start : start + CHUNK_BYTES] for start in range(0, len(packed), CHUNK_BYTES)]
        last = await self._rows.get(SEARCH_BASE, HEAD)
        held = _head(last)
        place, version = 1 - held.place if held else 0, last.version + 1 if last else 1
        for key, piece in zip(_keys(place, len(pieces)), pieces, strict=True):
            await self._put(key, piece, version, at)
        head = Head(place=place, chunks=len(pieces), products=len(base.entries), watermark=base.watermark)
        token = last.token if last else None
        body = head.model_dump_json().encode()
        await self._rows.put(SEARCH_BASE, Row(HEAD, version, at, body, fields={}, token=token))

    async def _put(self, key: str, piece: bytes, version: int, at: datetime) -> None:
        before = await self._rows.get(SEARCH_BASE, key)
        token = before.token if before else None
        await self._rows.put(SEARCH_BASE, Row(key, version, at, piece, fields={}, token=token))


def pack(entries: Sequence[Entry]) -> bytes:
    """A line for each description, with its products."""
    described = sorted((each.description, each.sku, each.version, each.manufacturer) for each in entries)
    lines = [
        to_json([*(description or ()), [product[1:] for product in products]])
        for description, products in groupby(described, key=lambda each: each[0])
    ]
    return gzip.compress(b"\n".join(lines), compresslevel=6, mtime=0)


def unpack(packed: bytes) -> list[Entry]:
    """The inverse of `pack`."""
    entries = []
    for line in gzip.decompress(packed).splitlines():
        *texts, products = from_json(line)
        description = Description(*texts)
        entries += [Entry(sku, version, manufacturer, description) for sku, version, manufacturer in products]
    return entries


def _head(row: Row | None) -> Head | None:
    if row is None or row.body is None:
        return None
    try:
        head = Head.model_validate_json(row.body)
    except ValidationError:
        return None
    return head if head.format == _FORMAT else None


def _keys(place: int, chunks: int) -> list[str]:
    return [f"{'ab'[place]}-{number:03d}" for number in range(chunks)]
