"""The main job from the command line: `demo` starts a platform for it, `feed` feeds one that runs."""

import asyncio
import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from emulators.feed.books import BookError
from emulators.feed.catch_up import CatchUpError
from emulators.feed.client import NoAnswerError
from emulators.feed.dataset import DEFAULT_BASKETS, DEFAULT_START, DataSetError, Slice
from emulators.feed.progress import bars
from emulators.feed.run import DEFAULT_CONCURRENCY, FeedOptions, Report, run_feed
from emulators.feed.summary import show, write_json
from emulators.feed.tills import FeedError
from emulators.platform import LocalPlatform
from emulators.running import InterruptedByUserError, run
from emulators.settings import Options, RuntimeChoice
from emulators.terminal import (
    FOLDER,
    Exit,
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

_EXPECTED = (FeedError, CatchUpError, BookError, DataSetError, NoAnswerError)
_DAY = ["%Y-%m-%d"]

BasketsOption = Annotated[int, typer.Option("--baskets", min=0, help="The first so many of the days; 0 means all.")]
StartOption = Annotated[datetime, typer.Option("--from", formats=_DAY, metavar="DAY", help="First day, in UTC.")]
EndOption = Annotated[
    datetime | None, typer.Option("--to", formats=_DAY, metavar="DAY", help="The day after the last one.")
]
ConcurrencyOption = Annotated[
    int,
    typer.Option(
        "--concurrency", min=1, help="Baskets that are sold at a time; on a small machine, more of them mostly queue."
    ),
]
PatienceOption = Annotated[
    float, typer.Option("--patience", metavar="SECONDS", min=1, help="How long the read models may take to catch up.")
]


def _writable(file: Path | None) -> Path | None:
    """Found out before the run, not after it."""
    if file is None:
        return None
    if file.is_dir():
        raise typer.BadParameter(f"{file} is a folder")
    folder = file.absolute().parent
    if not folder.is_dir():
        raise typer.BadParameter(f"there is no folder {folder}")
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise typer.BadParameter(f"{file} cannot be written")
    return file


JsonOption = Annotated[
    Path | None, typer.Option("--json", callback=_writable, help="Write the whole report to this file, too.")
]
_START = datetime(DEFAULT_START.year, DEFAULT_START.month, DEFAULT_START.day)  # noqa: DTZ001 - a day, no moment


def demo(
    *,
    runtime: RuntimeOption = RuntimeChoice.AUTO,
    port: PortOption = 8080,
    baskets: BasketsOption = DEFAULT_BASKETS,
    start: StartOption = _START,
    end: EndOption = None,
    concurrency: ConcurrencyOption = DEFAULT_CONCURRENCY,
    patience: PatienceOption = 60.0,
    per_function: PerFunctionOption = False,
    faults: FaultsOption = "",
    minute: MinuteOption = 2.0,
    stay: Annotated[bool, typer.Option("--stay", help="Stay up afterwards, until Ctrl-C.")] = False,
    json: JsonOption = None,
    folder: FolderOption = FOLDER,
) -> None:
    """Start the platform, feed it real baskets, reconcile to the cent, say how it went, and stop.

    The baskets are those of a grocery retailer's real year (2017). Exits with 0 only if the books balance.
    """
    options = Options(
        runtime=runtime, port=port, per_function=per_function, faults=faults, minute=minute, folder=folder
    )
    reports: list[Report] = []
    with for_people(*_EXPECTED):
        try:
            chosen = _options(baskets, start, end, concurrency, patience)
            run(lambda: _demo(options, chosen, json, reports, stay=stay))
        except InterruptedByUserError:
            if not reports:
                raise
    raise typer.Exit(_code(reports[0]))


async def _demo(options: Options, chosen: FeedOptions, json: Path | None, reports: list[Report], *, stay: bool) -> None:
    async with LocalPlatform(options, say=say) as platform:
        announce(platform)
        reports.append(await _feed(platform.origin, chosen, platform.parts.log, json))
        if stay:
            say(f"the platform stays up at {platform.origin}; Ctrl-C stops it")
            await asyncio.Event().wait()


def feed(
    *,
    baskets: BasketsOption = DEFAULT_BASKETS,
    start: StartOption = _START,
    end: EndOption = None,
    concurrency: ConcurrencyOption = DEFAULT_CONCURRENCY,
    patience: PatienceOption = 60.0,
    json: JsonOption = None,
    folder: FolderOption = FOLDER,
) -> None:
    """Feed the running platform real baskets and reconcile to the cent; the same feed again changes nothing."""
    feed_options = _options(baskets, start, end, concurrency, patience)
    with for_people(*_EXPECTED):
        report = run(lambda: _feed(running(folder).origin, feed_options, None, json))
    raise typer.Exit(_code(report))


def _options(baskets: int, start: datetime, end: datetime | None, concurrency: int, patience: float) -> FeedOptions:
    if end and end <= start:
        raise typer.BadParameter(f"--to {end:%Y-%m-%d} must be later than --from {start:%Y-%m-%d}")
    chosen = Slice(start=start.date(), end=end.date() if end else None, limit=baskets or None)
    return FeedOptions(chosen=chosen, concurrency=concurrency, patience=patience)


async def _feed(origin: str, options: FeedOptions, log: EventStore | None, json: Path | None) -> Report:
    with bars(out) as progress:
        report = await run_feed(origin, options, log=log, progress=progress)
    show(report, out)
    if json:
        write_json(report, json)
    return report


def _code(report: Report) -> Exit:
    return Exit.DONE if report.balanced else Exit.UNBALANCED
