"""What operators ask the archive: a view as a table, and how much the log grows."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from emulators.operating import OperationError, Operators, Say
from shared.adapters.archive import Reader, reader
from shared.eventsourcing.archive import Growth
from shared.topology import View

T = TypeVar("T")
_DONE = 0
_GAP = "  "


async def analytics(operators: Operators, say: Say, *, view: str | None) -> int:
    """One view, row by row; without a name, which there are. OperationError if there is none of that name."""
    views = {each.name: each for each in _views(operators)}
    if view is None:
        _say_table(say, ("view", "what it says"), [(each.name, each.description) for each in views.values()])
        return _DONE
    if view not in views:
        raise OperationError(f"there is no view {view}; there are {', '.join(views)}")
    answer = await _asked(operators, lambda archive: archive.view(view))
    _say_table(say, answer.columns, answer.rows)
    say(f"{len(answer.rows)} rows")
    return _DONE


async def growth(operators: Operators, say: Say) -> int:
    """What each category has in the archive: in all, by day, and its share of the bytes."""
    found = await _asked(operators, lambda archive: archive.growth())
    by_category: dict[str, list[Growth]] = defaultdict(list)
    for each in found:
        by_category[each.category].append(each)
    rows = [_in_all(category, days) for category, days in by_category.items()]
    total = sum(row[4] for row in rows)
    head = ("category", "streams", "commits", "events", "bytes", "days", "events a day", "bytes a day", "share")
    ordered = sorted(rows, key=lambda row: -row[4])
    _say_table(say, head, [(*row, f"{100 * row[4] / max(total, 1):.1f} %") for row in ordered])
    say(f"{sum(row[3] for row in rows)} events, {total} bytes of JSON")
    return _DONE


def _in_all(category: str, days: Sequence[Growth]) -> tuple[str, int, int, int, int, int, int, int]:
    """Of the days on which something was recorded."""
    events, size = sum(day.events for day in days), sum(day.data_bytes for day in days)
    streams, commits = sum(day.streams for day in days), sum(day.commits for day in days)
    return category, streams, commits, events, size, len(days), events // len(days), size // len(days)


def _views(operators: Operators) -> Iterator[View]:
    for service in operators.manifests():
        if service.dataset:
            yield from service.dataset.views


async def _asked(operators: Operators, question: Callable[[Reader], T]) -> T:
    """The reader blocks, so it is asked in a thread."""
    archive = reader(operators.settings)
    try:
        return await asyncio.to_thread(question, archive)
    finally:
        archive.close()


def _say_table(say: Say, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """In columns as wide as they must be; numbers to the right."""
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
    numeric = [bool(rows) and all(isinstance(row[at], int | float) for row in rows) for at in range(len(columns))]
    for line in (columns, *texts):
        cells = zip(line, widths, numeric, strict=True)
        say(_GAP.join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells).rstrip())


def _text(value: Any) -> str:
    return "" if value is None else str(value)
