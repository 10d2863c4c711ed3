"""The tills from the command line: `feed` sells real baskets on a platform that runs."""

import os
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from emulators.feed.books import BookError
from emulators.feed.catch_up import CatchUpError
from emulators.feed.client import NoAnswerError
from emulators.feed.dataset import DEFAULT_BASKETS, DEFAULT_START, DataSetError, Slice, count
from emulators.feed.progress import bars
from emulators.feed.run import DEFAULT_CONCURRENCY, FeedOptions, Report, run_feed
from emulators.feed.summary import show, write_json
from emulators.feed.tills import FeedError
from emulators.running import run
from emulators.terminal import FOLDER, Exit, FolderOption, for_people, out, running

_EXPECTED = (FeedError, CatchUpError, BookError, DataSetError, NoAnswerError)
_DAY = ["%Y-%m-%d"]

BasketsOption = Annotated[
    int, typer.Option("--baskets", min=1, metavar="COUNT", help="How many, from the first of the days on.")
]
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


def first_day(day: date) -> datetime:
    """A default of `--from`."""
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a day, no moment


_START = first_day(DEFAULT_START)


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
    with for_people(*_EXPECTED):
        options = FeedOptions(chosen=slice_of(baskets, start, end), concurrency=concurrency, patience=patience)
        report = run(lambda: _feed(running(folder).origin, options, json))
    raise typer.Exit(exit_code(balanced=report.balanced))


def slice_of(baskets: int, start: datetime, end: datetime | None) -> Slice:
    """What the three options say together; typer.BadParameter if that is not in the data set, or not all of it."""
    if end and end <= start:
        raise typer.BadParameter(f"--to {end:%Y-%m-%d} must be later than --from {start:%Y-%m-%d}")
    chosen = Slice(start=start.date(), end=end.date() if end else None, limit=baskets)
    if (there := count(chosen)) < baskets:
        raise typer.BadParameter(f"--baskets {baskets} is more than there are on these days: {there}")
    return chosen


async def _feed(origin: str, options: FeedOptions, json: Path | None) -> Report:
    with bars(out) as progress:
        report = await run_feed(origin, options, log=None, progress=progress)
    show(report, out)
    if json:
        write_json(report, json)
    return report


def exit_code(*, balanced: bool) -> Exit:
    """0 only if the books balance."""
    return Exit.DONE if balanced else Exit.UNBALANCED
