"""A broker at its worst: messages come twice, late, in another order, at the third try or never."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from emulators.feed.dataset import Slice
from emulators.feed.run import FeedOptions, run_feed
from tests.e2e.rig import Rig, held, running

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module")]

FAULTS = "duplicate=0.2,delay=0.2:300ms,reorder=0.2,drop=0.1,fail=0.1,seed=7"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def faulty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """Schedules run as they should, a minute every half second: the sweep heals what was dropped."""
    async with held(running(tmp_path_factory.mktemp("faulty"), minute=0.5, faults=FAULTS)) as rig:
        yield rig


async def test_the_books_balance_all_the_same(faulty: Rig) -> None:
    """To the cent and to the line; every read model is at the end of its stream, and every fault has happened."""
    options = FeedOptions(chosen=Slice(limit=30), concurrency=8)

    report = await run_feed(faulty.platform.origin, options, log=faulty.log, progress=lambda *_: None)
    await faulty.settled()

    assert report.books.differences == ()
    assert await faulty.behind(await faulty.ends()) == {}
    happened = faulty.platform.delivery.stats()["cart-projector"].counters
    faults = (happened.duplicated, happened.delayed, happened.reordered, happened.dropped, happened.failed)
    assert all(count > 5 for count in faults), faults
