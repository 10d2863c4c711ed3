"""The stored base of the search index."""

from dataclasses import replace
from random import Random

import pytest

from functions.catalog import search_base
from functions.catalog.manifest import SEARCH_BASE
from functions.catalog.search import Description, Entry
from functions.catalog.search_base import HEAD, Base, SearchBase
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.projection import Row
from shared.testing.doubles import NOON

MILK = Description("GROCERY", "MILK", "WHITE", "Private", "1 GA")
TEA = MILK._replace(product_type="TEA")
ENTRIES = [Entry("1", 3, "69", MILK), Entry("2", 1, "", MILK), Entry("3", 2, "é\n", TEA)]


@pytest.fixture
def rows() -> MemoryReadStore:
    return MemoryReadStore(OperationCounts())


async def test_there_is_none_at_first(rows: MemoryReadStore) -> None:
    """A new catalog has no base."""
    base = SearchBase(rows)

    assert (await base.load(), await base.watermark()) == (None, None)


async def test_a_base_comes_back_as_it_was(rows: MemoryReadStore) -> None:
    """Every product, and up to when it is complete."""
    await SearchBase(rows).save(Base(ENTRIES, NOON), NOON)

    loaded = await SearchBase(rows).load()

    assert loaded is not None
    assert (sorted(loaded.entries), loaded.watermark) == (ENTRIES, NOON)
    assert await SearchBase(rows).watermark() == NOON


async def test_each_save_replaces_the_last(rows: MemoryReadStore) -> None:
    """In turn in the one place and in the other."""
    base = SearchBase(rows)

    for count in (3, 1, 2, 0):
        await base.save(Base(ENTRIES[:count], NOON), NOON)
        loaded = await base.load()
        assert loaded is not None
        assert sorted(loaded.entries) == ENTRIES[:count]


async def test_a_large_base_lies_in_chunks(rows: MemoryReadStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each small enough for a document."""
    monkeypatch.setattr(search_base, "CHUNK_BYTES", 1000)
    noise = Random(1)  # noqa: S311 - nothing secret
    entries = [Entry(f"{noise.getrandbits(64):x}", 1, "", MILK) for _ in range(500)]

    await SearchBase(rows).save(Base(entries, NOON), NOON)

    loaded = await SearchBase(rows).load()
    chunk = await rows.get(SEARCH_BASE, "a-001")
    assert loaded is not None
    assert sorted(loaded.entries) == sorted(entries)
    assert chunk is not None
    assert chunk.body is not None
    assert len(chunk.body) == 1000


async def test_a_save_that_is_cut_off_changes_nothing(rows: MemoryReadStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head is written last; the next save starts where this one did."""
    base = SearchBase(rows)
    await base.save(Base(ENTRIES, NOON), NOON)
    with monkeypatch.context() as broken:
        broken.setattr(rows, "put", _only_chunks(rows))
        with pytest.raises(UnavailableError):
            await base.save(Base([], NOON), NOON)

    kept = await base.load()
    await base.save(Base(ENTRIES[:1], NOON), NOON)
    replaced = await base.load()

    assert kept is not None
    assert replaced is not None
    assert (sorted(kept.entries), sorted(replaced.entries)) == (ENTRIES, ENTRIES[:1])


async def test_a_base_that_is_being_replaced_is_not_mixed(rows: MemoryReadStore) -> None:
    """Chunks of another save than the head's are no base."""
    await SearchBase(rows).save(Base(ENTRIES, NOON), NOON)
    chunk = await rows.get(SEARCH_BASE, "a-000")
    assert chunk is not None
    await rows.put(SEARCH_BASE, replace(chunk, version=chunk.version + 2))

    with pytest.raises(UnavailableError):
        await SearchBase(rows).load()


@pytest.mark.parametrize("body", [b"{}", b"no", None, b'{"format":2,"place":0,"chunks":0,"products":0}'])
async def test_a_base_of_another_release_counts_as_none(rows: MemoryReadStore, body: bytes | None) -> None:
    """The index is then built from the products' states, and a base of this release can be written."""
    await rows.put(SEARCH_BASE, Row(HEAD, 1, NOON, body, fields={}))
    base = SearchBase(rows)

    assert await base.load() is None
    await base.save(Base(ENTRIES, NOON), NOON)
    assert await base.load() is not None


def _only_chunks(rows: MemoryReadStore) -> object:
    put = rows.put

    async def some(collection: str, row: Row) -> Row:
        if row.key == HEAD:
            raise UnavailableError("cut off")
        return await put(collection, row)

    return some
