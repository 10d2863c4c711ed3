"""The whole shop from the command line: `demo` starts a platform for it, `shop` sells on one that runs."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from emulators.cli_feed import (
    BasketsOption,
    ConcurrencyOption,
    EndOption,
    JsonOption,
    PatienceOption,
    StartOption,
    exit_code,
    first_day,
    slice_of,
)
from emulators.feed.client import NoAnswerError
from emulators.feed.dataset import DataSetError
from emulators.feed.progress import bars
from emulators.feed.tills import FeedError
from emulators.platform import LocalPlatform
from emulators.running import InterruptedByUserError, run
from emulators.settings import MINUTE, Options, RuntimeChoice
from emulators.shop.plan import DEFAULT_SEED, DEFAULT_SHOP_BASKETS, DEFAULT_SHOP_START
from emulators.shop.run import DEFAULT_WORKERS, ShopOptions, ShopReport, run_shop
from emulators.shop.summary import show, write_json
from emulators.terminal import (
    FOLDER,
    FaultsOption,
    FolderOption,
    MinuteOption,
    PerFunctionOption,
    PortOption,
    RuntimeOption,
    announce,
    for_people,
    out,
    running,
    say,
)
from shared.eventsourcing.event_store import EventStore

_EXPECTED = (FeedError, DataSetError, NoAnswerError)
_START = first_day(DEFAULT_SHOP_START)
DEFAULT_PATIENCE = 120.0

SeedOption = Annotated[int, typer.Option("--seed", help="Chooses whose card is declined and what is out of stock.")]


def demo(
    *,
    runtime: RuntimeOption = RuntimeChoice.AUTO,
    port: PortOption = 8080,
    baskets: BasketsOption = DEFAULT_SHOP_BASKETS,
    start: StartOption = _START,
    end: EndOption = None,
    seed: SeedOption = DEFAULT_SEED,
    concurrency: ConcurrencyOption = DEFAULT_WORKERS,
    patience: PatienceOption = DEFAULT_PATIENCE,
    per_function: PerFunctionOption = False,
    faults: FaultsOption = "",
    minute: MinuteOption = MINUTE,
    stay: Annotated[bool, typer.Option("--stay", help="Stay up afterwards, until Ctrl-C.")] = False,
    json: JsonOption = None,
    folder: FolderOption = FOLDER,
) -> None:
    """Start the platform, sell real baskets in its shop, to the door, reconcile to the cent, say how it went, and stop.

    The baskets and their coupons are those of a grocery retailer's real year (2017); some cards are declined, some
    stock is short, some comes back damaged. Exits with 0 only if the books balance.
    """
    options = Options(
        runtime=runtime, port=port, per_function=per_function, faults=faults, minute=minute, folder=folder
    )
    reports: list[ShopReport] = []
    with for_people(*_EXPECTED):
        try:
            chosen = _options(baskets, start, end, seed, concurrency, patience)
            run(lambda: _demo(options, chosen, json, reports, stay=stay))
        except InterruptedByUserError:
            if not reports:
                raise
    raise typer.Exit(exit_code(balanced=reports[0].balanced))


async def _demo(
    options: Options, chosen: ShopOptions, json: Path | None, reports: list[ShopReport], *, stay: bool
) -> None:
    async with LocalPlatform(options, say=say) as platform:
        announce(platform)
        reports.append(await _shop(platform.origin, chosen, platform.parts.log, json))
        if stay:
            say(f"the platform stays up at {platform.origin}; Ctrl-C stops it")
            await asyncio.Event().wait()


def shop(
    *,
    baskets: BasketsOption = DEFAULT_SHOP_BASKETS,
    start: StartOption = _START,
    end: EndOption = None,
    seed: SeedOption = DEFAULT_SEED,
    concurrency: ConcurrencyOption = DEFAULT_WORKERS,
    patience: PatienceOption = DEFAULT_PATIENCE,
    json: JsonOption = None,
    folder: FolderOption = FOLDER,
) -> None:
    """Sell real baskets in the shop of the running platform; the same baskets again change nothing."""
    with for_people(*_EXPECTED):
        options = _options(baskets, start, end, seed, concurrency, patience)
        report = run(lambda: _shop(running(folder).origin, options, None, json))
    raise typer.Exit(exit_code(balanced=report.balanced))


def _options(  # noqa: PLR0917 - the options of the command line, one each
    baskets: int, start: datetime, end: datetime | None, seed: int, concurrency: int, patience: float
) -> ShopOptions:
    return ShopOptions(chosen=slice_of(baskets, start, end), seed=seed, concurrency=concurrency, patience=patience)


async def _shop(origin: str, options: ShopOptions, log: EventStore | None, json: Path | None) -> ShopReport:
    with bars(out) as progress:
        report = await run_shop(origin, options, log=log, progress=progress)
    show(report, out)
    if json:
        write_json(report, json)
    return report
