"""Real baskets are sold, every message may come twice, and the archive says what the data set says, to the cent."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import pytest_asyncio

from emulators.feed.books import AFTER_ALL
from emulators.feed.dataset import Slice, data_file
from emulators.platform import LocalPlatform
from emulators.processes.ports import free_ports
from emulators.settings import Options, RuntimeChoice
from emulators.shop.choose import Fate
from emulators.shop.plan import DEFAULT_SHOP_START
from emulators.shop.run import ShopOptions, ShopReport, run_shop
from shared.adapters.archive import Reader, reader
from shared.config import settings
from shared.eventsourcing.archive import rows_of
from tests.e2e.rig import HOURS, held

REASONS = {
    Fate.SOLD: "",
    Fate.CANCELLED: "",
    Fate.DECLINED: "card-declined",
    Fate.SHORT: "out-of-stock",
    Fate.EMPTY: "cart-is-empty",
}

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]
BASKETS = 12
SUNDAY_NIGHT = 500
"""So many baskets of the first day, a Sunday, come before: those that are sold lie around its midnight (UTC)."""
OF_THE_FILE = """
SELECT CAST(date_trunc('week', lines.transaction_timestamp) AS DATE), coalesce(products.department, 'UNKNOWN'),
  sum(CAST(round(lines.sales_value * 100) AS BIGINT))
FROM read_parquet($lines) AS lines LEFT JOIN read_parquet($products) AS products USING (product_id)
WHERE lines.quantity > 0 AND list_contains($sold, CAST(lines.basket_id AS VARCHAR))
GROUP BY ALL
"""


def silent(phase: str, done: int, total: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Sold:
    """A platform that has sold, and its archive."""

    platform: LocalPlatform
    report: ShopReport
    archive: Reader

    def view(self, name: str, *columns: str) -> list[tuple[Any, ...]]:
        answer = self.archive.view(name)
        places = [answer.columns.index(column) for column in columns]
        return [tuple(row[place] for place in places) for row in answer.rows]


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[
        pytest.param(RuntimeChoice.EMULATORS, marks=pytest.mark.emulators, id="emulators"),
        pytest.param(RuntimeChoice.EMBEDDED, id="embedded"),
    ],
)
async def sold(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sold]:
    (port,) = free_ports(1)
    options = Options(
        runtime=request.param,
        port=port,
        folder=tmp_path_factory.mktemp("platform"),
        minute=HOURS,
        faults="duplicate=0.3,seed=7",
    )
    async with held(LocalPlatform(options, say=lambda _: None)) as platform:
        chosen = ShopOptions(chosen=Slice(start=DEFAULT_SHOP_START, limit=BASKETS, skip=SUNDAY_NIGHT), patience=120)
        report = await run_shop(platform.origin, chosen, log=None, progress=silent)
        assert await platform.caught_up(within=120)
        archive = reader(settings(platform.parts.environment))
        yield Sold(platform, report, archive)
        archive.close()


def of_the_file(report: ShopReport) -> Iterator[tuple[date, str, int]]:
    """The same question, to the data set itself: it shares nothing with what was sold but the choice of baskets."""
    wanted = {
        "lines": str(data_file("transactions")),
        "products": str(data_file("products")),
        "sold": [sale.id for sale in report.plan.of_fate(Fate.SOLD)],
    }
    with duckdb.connect() as db:
        yield from db.execute(OF_THE_FILE, wanted).fetchall()


async def test_the_books_balance(sold: Sold) -> None:
    """So there is something to compare, in two weeks."""
    assert sold.report.balanced
    weeks = Counter(sale.basket.at.isocalendar().week for sale in sold.report.plan.of_fate(Fate.SOLD))
    assert len(weeks) == 2
    assert min(weeks.values()) >= BASKETS / 3


async def test_revenue_is_that_of_the_data_set(sold: Sold) -> None:
    """By department and week, to the cent."""
    found = sold.view("revenue_by_department_week", "week", "department", "revenue")

    assert sorted(found) == sorted(of_the_file(sold.report))


async def test_messages_came_twice_and_count_once(sold: Sold) -> None:
    """The tables have what was delivered, the views each id once."""
    written, once = sold.view("facts", "id"), sold.view("facts_once", "id")

    assert len(written) > len(once)
    assert set(written) == set(once)
    assert len(set(once)) == len(once)


async def test_the_archive_is_the_log(sold: Sold) -> None:
    """Every event of every category, once in the view, with the log's own time, when the sweep was there."""
    logged = {
        (row.id, row.recorded_at)
        for service in sold.platform.services
        for category in service.categories
        for row in rows_of([fed.commit async for fed in sold.platform.parts.log.feed(category, until=AFTER_ALL)])
    }

    await sold.platform.scheduler.fire(lambda job: job.name == "analytics-sweep")
    archived = sold.view("events_once", "id", "recorded_at")

    assert set(archived) == logged
    assert len(archived) == len(logged)


async def test_the_funnel_ends_with_what_was_paid(sold: Sold) -> None:
    """Every basket was checked out; those that were turned back were not paid, those that were cancelled later were."""
    checked_out = [sale for sale in sold.report.plan.sales if sale.fate is not Fate.EMPTY]
    rows = sold.view("funnel", "checked_out", "paid")

    assert [sum(row[place] for row in rows) for place in (0, 1)] == [
        len(checked_out),
        len(sold.report.plan.of_fate(Fate.SOLD)) + len(sold.report.plan.of_fate(Fate.CANCELLED)),
    ]


async def test_sagas_end_as_they_were_chosen_to(sold: Sold) -> None:
    """By their reason."""
    chosen = Counter(REASONS[sale.fate] for sale in sold.report.plan.sales)

    rows = sold.view("saga_outcomes", "workflow", "code", "workflows")

    assert {code: workflows for name, code, workflows in rows if name == "checkout"} == dict(chosen)


async def test_what_came_lies_there_or_was_shipped(sold: Sold) -> None:
    """The stock of the view is that of the inventory; what came back sound came once more."""
    came, shipped = Counter(sold.report.plan.received), Counter[str]()
    for sale in sold.report.plan.of_fate(Fate.SOLD):
        shipped.update(sale.quantities)
        if sale.back:
            came[sale.back.sku] += sale.back.sound

    found = {sku: (came_in, left) for sku, came_in, left in sold.view("stock_turnover", "sku", "came", "shipped")}

    assert found == {sku: (pieces, shipped[sku]) for sku, pieces in came.items()}


async def test_operators_see_it(sold: Sold) -> None:
    """A view as a table, and what the log grew by."""
    views = await asyncio.gather(_commerce(sold, "analytics", "revenue_by_department_week"), _commerce(sold, "growth"))

    assert "GROCERY" in views[0]
    assert "order" in views[1]


async def _commerce(sold: Sold, *arguments: str) -> str:
    command = [sys.executable, "-m", "emulators", *arguments, "--folder", str(sold.platform.options.folder)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()
