"""The whole shop on the whole platform: a few baskets sold once, then the same again, then others."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from emulators.feed.dataset import Slice
from emulators.feed.tills import FeedError
from emulators.platform import LocalPlatform
from emulators.processes.ports import free_ports
from emulators.settings import Options, RuntimeChoice
from emulators.shop.log import read_log
from emulators.shop.plan import DEFAULT_SHOP_START
from emulators.shop.run import ShopOptions, ShopReport, run_shop
from tests.e2e.rig import held

EMULATED = pytest.param(RuntimeChoice.EMULATORS, marks=pytest.mark.emulators)
OPTIONS = ShopOptions(chosen=Slice(start=DEFAULT_SHOP_START, limit=8), patience=120.0)
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]


def silent(_phase: str, _done: int, _total: int) -> None:
    """Nobody watches."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[RuntimeChoice.EMBEDDED, EMULATED])
async def platform(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LocalPlatform]:
    (port,) = free_ports(1)
    options = Options(runtime=request.param, port=port, folder=tmp_path_factory.mktemp("shop"), minute=10.0)
    async with held(LocalPlatform(options, say=lambda _: None)) as platform:
        yield platform


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def first(platform: LocalPlatform) -> ShopReport:
    return await run_shop(platform.origin, OPTIONS, log=platform.parts.log, progress=silent)


async def test_the_books_balance(first: ShopReport) -> None:
    """Data set, log, services and mail server agree on every basket: those that were sold, and one of each other."""
    assert [str(difference) for difference in first.differences] == []
    assert {"data set", "log", "orders", "ledger", "mail server"} <= {witness.name for witness in first.witnesses}
    assert {sold.document["status"] for sold in first.selling.sold.values()} == {"completed", "failed"}


async def test_the_same_baskets_again_change_nothing(platform: LocalPlatform, first: ShopReport) -> None:
    """Every command is answered as it was the first time, and the services alone tell the same."""
    before = await read_log(platform.parts.log)

    again = await run_shop(platform.origin, OPTIONS, log=None, progress=silent)

    assert again.balanced, again.differences
    assert again.sent.replayed == again.sent.accepted == first.sent.accepted
    assert {witness.name for witness in first.witnesses} - {witness.name for witness in again.witnesses} == {"log"}
    assert await read_log(platform.parts.log) == before


async def test_other_baskets_are_refused(platform: LocalPlatform, first: ShopReport) -> None:
    """What is left over from these would spoil their account."""
    assert first.balanced

    with pytest.raises(FeedError, match="other goods in stock"):
        await run_shop(platform.origin, replace(OPTIONS, seed=OPTIONS.seed + 1), log=None, progress=silent)
