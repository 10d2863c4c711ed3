"""The port `ReadStore`."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.eventsourcing.errors import ConcurrencyError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.projection import MAX_BULK, Find, ReadStore, Row, Scalar

CARTS = "carts"
SECOND = "generations/2/carts"
NOON = datetime(2017, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


def row(key: str, *, version: int = 1, body: bytes | None = b'{"n":1}', **fields: Scalar) -> Row:
    return Row(key=key, version=version, recorded_at=NOON, body=body, fields=fields)


async def keys(store: ReadStore, find: Find) -> list[str]:
    return [found.key for found in await store.find(CARTS, find)]


class RowConformance:
    """Fixtures to provide: `store`, `counts` (the store's own)."""

    async def test_an_absent_row_is_none(self, store: ReadStore) -> None:
        """None, and no error."""
        assert await store.get(CARTS, "1") is None

    async def test_a_row_is_read_back_as_it_was_put(self, store: ReadStore) -> None:
        """Version, time, body, the name of its shape and fields of every type."""
        new = replace(row("1", text="ä", number=-(2**53), flag=False, at=NOON, nothing=None), schema="shape-1")

        put = await store.put(CARTS, new)

        assert await store.get(CARTS, "1") == put
        assert put == replace(new, token=put.token)

    async def test_several_rows_are_read_together(self, store: ReadStore, counts: OperationCounts) -> None:
        """Those that exist, by key, in one request; an absent one is billed all the same."""
        put = {key: await store.put(CARTS, row(key, n=1)) for key in ("1", "a/b", "3")}
        counts.rpcs.clear()

        found = await store.get_many(CARTS, ["1", "2", "a/b", "1"])

        assert found == {"1": put["1"], "a/b": put["a/b"]}
        assert (counts.rpcs, counts.documents_read) == ({"BatchGetDocuments": 1}, 3)

    async def test_nothing_is_read_for_no_keys(self, store: ReadStore, counts: OperationCounts) -> None:
        """No request either."""
        assert await store.get_many(CARTS, []) == {}
        assert counts == OperationCounts()

    async def test_a_removed_document_keeps_its_version(self, store: ReadStore) -> None:
        """A row without a body still says which version it shows."""
        first = await store.put(CARTS, row("1", customer="900"))

        await store.put(CARTS, replace(row("1", version=2, body=None), token=first.token))

        found = await store.get(CARTS, "1")
        assert found is not None
        assert (found.version, found.body, found.fields) == (2, None, {})

    async def test_an_empty_body_is_no_missing_body(self, store: ReadStore) -> None:
        """Empty bytes come back as empty bytes."""
        await store.put(CARTS, row("1", body=b""))

        found = await store.get(CARTS, "1")
        assert found is not None
        assert found.body == b""

    async def test_the_returned_token_guards_the_next_write(self, store: ReadStore) -> None:
        """A writer can go on with what `put` returned, without reading again."""
        first = await store.put(CARTS, row("1"))
        second = await store.put(CARTS, replace(first, version=2))

        await store.put(CARTS, replace(second, version=3))

        found = await store.get(CARTS, "1")
        assert found is not None
        assert found.version == 3

    async def test_a_new_row_must_be_new(self, store: ReadStore) -> None:
        """Without a token nothing is overwritten."""
        await store.put(CARTS, row("1"))

        with pytest.raises(ConcurrencyError):
            await store.put(CARTS, row("1", version=2))

    async def test_an_old_token_is_refused(self, store: ReadStore) -> None:
        """Who read before the last write may not write."""
        first = await store.put(CARTS, row("1"))
        await store.put(CARTS, replace(first, version=2))

        with pytest.raises(ConcurrencyError):
            await store.put(CARTS, replace(first, version=3))

        found = await store.get(CARTS, "1")
        assert found is not None
        assert found.version == 2

    async def test_a_token_of_an_absent_row_is_refused(self, store: ReadStore) -> None:
        """There is nothing that the write could follow."""
        other = await store.put(CARTS, row("other"))

        with pytest.raises(ConcurrencyError):
            await store.put(CARTS, replace(row("1"), token=other.token))

    async def test_one_of_many_concurrent_writers_wins(self, store: ReadStore) -> None:
        """Of 16 writes with the same token one succeeds."""
        first = await store.put(CARTS, row("1"))

        tries = (store.put(CARTS, replace(first, version=version)) for version in range(2, 18))
        results = await asyncio.gather(*tries, return_exceptions=True)

        assert sum(isinstance(result, Row) for result in results) == 1
        assert sum(isinstance(result, ConcurrencyError) for result in results) == 15

    async def test_collections_do_not_mix(self, store: ReadStore) -> None:
        """A key belongs to its collection."""
        await store.put(CARTS, row("1"))

        assert await store.get("orders", "1") is None

    @pytest.mark.parametrize("key", ["a/b", ".", "..", "__x__", "100%", "ä €", "a%2Fb", " "])
    async def test_any_text_is_a_key(self, store: ReadStore, key: str) -> None:
        """Keys come from clients: none of them reaches another row."""
        await store.put(CARTS, row(key, customer="900"))

        assert await store.get(CARTS, f"{key}/") is None
        assert await keys(store, Find(where={"customer": "900"}, order_by="customer")) == [key]

    @pytest.mark.parametrize("name", ["version", "recorded_at", "body", "schema"])
    async def test_a_field_may_not_be_called_like_a_part_of_the_row(self, store: ReadStore, name: str) -> None:
        """Those names are taken: ValueError, and nothing is written."""
        with pytest.raises(ValueError, match=name):
            await store.put(CARTS, replace(row("1"), fields={name: "x"}))

        assert await store.get(CARTS, "1") is None

    async def test_rows_are_counted_as_they_are_billed(self, store: ReadStore, counts: OperationCounts) -> None:
        """A read or a write each; an absent row and an empty answer cost a read as well."""
        await store.get(CARTS, "1")
        await store.put(CARTS, row("1", customer="900"))
        await store.find(CARTS, Find(where={"customer": "900"}, order_by="customer"))
        await store.find(CARTS, Find(where={"customer": "901"}, order_by="customer"))

        assert counts == OperationCounts(
            rpcs={"BatchGetDocuments": 1, "Commit": 1, "RunQuery": 2}, documents_read=3, documents_written=1
        )


class TogetherConformance:
    """Fixtures to provide: `store`, `counts` (the store's own)."""

    async def test_rows_of_several_collections_are_put_together(
        self, store: ReadStore, counts: OperationCounts
    ) -> None:
        """In one request, each with its own guard and its own token."""
        first = await store.put(CARTS, row("1"))
        counts.rpcs.clear()

        put = await store.put_all({CARTS: replace(first, version=2), SECOND: row("1", version=2)})

        assert counts.rpcs == {"Commit": 1}
        assert put == {CARTS: await store.get(CARTS, "1"), SECOND: await store.get(SECOND, "1")}
        assert {each.version for each in put.values()} == {2}

    @pytest.mark.parametrize("late", [CARTS, SECOND])
    async def test_none_of_them_is_put_if_one_was_written_by_others(self, store: ReadStore, late: str) -> None:
        """Whichever of them it is."""
        read = {name: await store.put(name, row("1")) for name in (CARTS, SECOND)}
        await store.put(late, replace(read[late], version=7))

        with pytest.raises(ConcurrencyError):
            await store.put_all({name: replace(each, version=2) for name, each in read.items()})

        versions = {name: found.version for name in read if (found := await store.get(name, "1"))}
        assert versions == {CARTS: 1, SECOND: 1} | {late: 7}


class FindConformance:
    """Fixtures to provide: `store`."""

    async def test_rows_are_found_by_equal_fields(self, store: ReadStore) -> None:
        """All of the fields must be equal; another type is another value."""
        await store.put(CARTS, row("1", customer="900", open=True, n=1))
        await store.put(CARTS, row("2", customer="900", open=False, n=1))
        await store.put(CARTS, row("3", customer="901", open=True, n=1))
        await store.put(CARTS, row("4", customer="900", open=1, n=1))

        assert await keys(store, Find(where={"customer": "900", "open": True}, order_by="n")) == ["1"]

    async def test_null_equals_null(self, store: ReadStore) -> None:
        """A field that is None is found by None; a field that is missing is not."""
        await store.put(CARTS, row("1", customer=None, n=1))
        await store.put(CARTS, row("2", n=1))
        await store.put(CARTS, row("3", customer="", n=1))

        assert await keys(store, Find(where={"customer": None}, order_by="n")) == ["1"]

    async def test_rows_come_in_the_order_of_one_field(self, store: ReadStore) -> None:
        """Both ways; equal values by key, in the same direction."""
        for key, n in (("a", 2), ("b", 1), ("c", 2), ("d", 10)):
            await store.put(CARTS, row(key, customer="900", n=n))

        up = Find(where={"customer": "900"}, order_by="n")
        assert await keys(store, up) == ["b", "a", "c", "d"]
        assert await keys(store, replace(up, descending=True)) == ["d", "c", "a", "b"]

    async def test_times_are_ordered(self, store: ReadStore) -> None:
        """To the microsecond, whatever their zone."""
        for key, micros in (("a", 3), ("b", 1), ("c", 2)):
            await store.put(CARTS, row(key, at=NOON.replace(microsecond=micros)))

        assert await keys(store, Find(where={}, order_by="at")) == ["b", "c", "a"]

    async def test_rows_without_the_field_are_not_found(self, store: ReadStore) -> None:
        """A removed document has no fields: no list shows it."""
        first = await store.put(CARTS, row("1", n=1))
        await store.put(CARTS, replace(row("1", version=2, body=None), token=first.token))

        assert await keys(store, Find(where={}, order_by="n")) == []

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("limit", [1, 2, 3])
    async def test_pages_follow_one_another(self, store: ReadStore, limit: int, descending: bool) -> None:
        """Page after page, each after the last row of the one before: every row once, in order."""
        for key, n in (("a", 1), ("b", 2), ("c", 2), ("d", 2), ("e/f", 3)):
            await store.put(CARTS, row(key, customer="900", n=n))
        find = Find(where={"customer": "900"}, order_by="n", descending=descending, limit=limit)

        seen: list[str] = []
        while page := await store.find(CARTS, find):
            assert len(page) <= limit
            seen += [found.key for found in page]
            find = replace(find, after=(page[-1].fields["n"], page[-1].key))

        assert seen == sorted(["a", "b", "c", "d", "e/f"], reverse=descending)

    @pytest.mark.parametrize(("descending", "found"), [(False, ["b", "c"]), (True, ["a"])])
    async def test_a_place_may_be_of_no_row(self, store: ReadStore, descending: bool, found: list[str]) -> None:
        """A list can begin anywhere: before all rows of a value, or behind them, by a key below all others."""
        for key, n in (("a", 1), ("b", 2), ("c", 3)):
            await store.put(CARTS, row(key, n=n))
        find = Find(where={}, order_by="n", descending=descending, after=(2, "0"))

        assert await keys(store, find) == found

    @pytest.mark.parametrize("descending", [False, True])
    async def test_a_walk_by_what_stays_misses_nothing(self, store: ReadStore, descending: bool) -> None:
        """Rows that are written or added between two pages leave those alone that are there all the time."""
        kept = {key: await store.put(CARTS, row(key, customer="900", id=key, n=1)) for key in "bdfhjl"}
        others = iter("acegikm")
        find = Find(where={"customer": "900"}, order_by="id", descending=descending, limit=2)

        seen: list[str] = []
        while page := await store.find(CARTS, find):
            seen += [found.key for found in page]
            find = replace(find, after=(page[-1].fields["id"], page[-1].key))
            for key, old in kept.items():
                new = row(key, version=old.version + 1, customer="900", id=key, n=old.version + 1)
                kept[key] = await store.put(CARTS, replace(new, token=old.token))
            if key := next(others, ""):
                await store.put(CARTS, row(key, customer="900", id=key, n=0))

        assert sorted(key for key in seen if key in kept) == [*kept]
        assert len(set(seen)) == len(seen)


class BulkConformance:
    """Fixtures to provide: `store`, `counts` (the store's own)."""

    async def test_many_rows_are_created_at_once(self, store: ReadStore) -> None:
        """Each as it would have been put."""
        new = [row("a/b", n=1), row("2", body=None), replace(row("3", at=NOON), schema="shape-1")]

        assert await store.create_many(CARTS, new) == []

        found = await store.get_many(CARTS, ["a/b", "2", "3"])
        assert [replace(found[each.key], token=None) for each in new] == new

    async def test_a_row_that_is_there_is_left_as_it_is(self, store: ReadStore) -> None:
        """Whoever wrote it before knew more; the others are created all the same."""
        await store.put(CARTS, row("1", version=7))

        await store.create_many(CARTS, [row("1"), row("2")])

        found = await store.get_many(CARTS, ["1", "2"])
        assert {key: each.version for key, each in found.items()} == {"1": 7, "2": 1}

    async def test_a_row_that_was_created_can_be_put_again(self, store: ReadStore) -> None:
        """Its token is like any other."""
        await store.create_many(CARTS, [row("1")])
        found = await store.get(CARTS, "1")
        assert found is not None

        await store.put(CARTS, replace(found, version=2))

    async def test_many_rows_are_deleted_at_once(self, store: ReadStore) -> None:
        """Those that exist; the others are nothing to worry about."""
        await store.create_many(CARTS, [row("1"), row("a/b"), row("3")])

        await store.delete_many(CARTS, ["1", "a/b", "none"])

        assert [found.key for found in await store.scan(CARTS, limit=10)] == ["3"]

    async def test_no_more_than_the_bulk_is_taken(self, store: ReadStore) -> None:
        """ValueError, and nothing is written."""
        many = [row(str(number)) for number in range(MAX_BULK + 1)]

        with pytest.raises(ValueError, match="501"):
            await store.create_many(CARTS, many)

        assert await store.scan(CARTS, limit=1) == []

    async def test_nothing_is_sent_for_nothing(self, store: ReadStore, counts: OperationCounts) -> None:
        """An empty bulk costs nothing."""
        assert await store.create_many(CARTS, []) == []
        await store.delete_many(CARTS, [])

        assert counts == OperationCounts()

    @pytest.mark.parametrize("limit", [1, 2, 100])
    async def test_a_scan_sees_every_row_once(self, store: ReadStore, limit: int) -> None:
        """Page after page, removed documents included."""
        wanted = {"1", "a/b", "__x__", "Z", "ä", "z"}
        await store.create_many(CARTS, [row(key, body=None if key == "Z" else b"{}") for key in wanted])

        seen: list[str] = []
        while page := await store.scan(CARTS, after=seen[-1] if seen else None, limit=limit):
            assert len(page) <= limit
            seen += [found.key for found in page]

        assert len(seen) == len(wanted)
        assert set(seen) == wanted

    async def test_a_collection_can_lie_below_a_path(self, store: ReadStore) -> None:
        """It is another collection, which is found, scanned and written like any."""
        below = f"generations/2/{CARTS}"
        await store.put(CARTS, row("1", n=1))

        await store.create_many(below, [row("2", n=1)])
        await store.put(below, row("3", n=2))

        assert [found.key for found in await store.find(below, Find(where={}, order_by="n"))] == ["2", "3"]
        assert [found.key for found in await store.scan(below, limit=10)] == ["2", "3"]
        assert [found.key for found in await store.scan(CARTS, limit=10)] == ["1"]


class ReadStoreConformance(RowConformance, TogetherConformance, FindConformance, BulkConformance):
    """Every read store keeps these promises. Fixtures to provide: `store`, `counts` (the store's own)."""
