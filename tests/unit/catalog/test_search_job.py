"""When a new base of the search index is written."""

from types import SimpleNamespace
from typing import Any

import pytest

from functions.catalog import search_job
from functions.catalog.adapters.sqlite import SqliteSearchIndex
from functions.catalog.search_job import BaseReport, renew, write_search_base
from shared.testing.memory_platform import SETTINGS
from tests.unit.catalog.conftest import Store


async def test_the_first_products_make_the_first_base(store: Store) -> None:
    """Without one, a new instance would have to read them all."""
    await store.listed("1", "2")

    assert await renew(store.new_feed()) == BaseReport(changes=2, written=2)


async def test_an_empty_catalog_needs_none(store: Store) -> None:
    """There is nothing to write."""
    assert await renew(store.new_feed()) == BaseReport(changes=0, written=0)


async def test_a_few_changes_are_not_worth_a_base(store: Store) -> None:
    """New instances read them from the feed."""
    await store.listed("1")
    store.clock.advance(minutes=5)
    await renew(store.new_feed())
    await store.listed("2")

    assert await renew(store.new_feed()) == BaseReport(changes=1, written=0)


async def test_many_changes_are(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them would take a new instance longer."""
    monkeypatch.setattr(search_job, "MANY_CHANGES", 3)
    await store.listed("1")
    store.clock.advance(minutes=5)
    await renew(store.new_feed())
    await store.listed("2", "3", "4")

    assert await renew(store.new_feed()) == BaseReport(changes=3, written=4)


async def test_after_an_hour_any_change_is(store: Store) -> None:
    """So the rest that new instances read stays small, also where little changes."""
    await store.listed("1", "2")
    store.clock.advance(minutes=5)
    await renew(store.new_feed())
    await store.caller("operator").send("DELETE", "/catalog/v1/products/2")
    store.clock.advance(hours=1)

    assert await renew(store.new_feed()) == BaseReport(changes=1, written=1)


async def test_no_change_is_nothing_to_do(store: Store) -> None:
    """However old the base is."""
    await store.listed("1")
    store.clock.advance(minutes=5)
    await renew(store.new_feed())
    store.clock.advance(days=1)

    assert await renew(store.new_feed()) == BaseReport(changes=0, written=0)


async def test_the_job_writes_what_a_new_instance_finds(store: Store) -> None:
    """As it is wired."""
    await store.listed("1", product_type="MILK")

    wiring: Any = SimpleNamespace(deps=store.wiring.deps, clock=store.clock, settings=SETTINGS)

    report = await write_search_base(SqliteSearchIndex)(wiring)()

    assert report.written == 1
    assert await store.found("q=milk", function=store.new_queries()) == ["1"]
