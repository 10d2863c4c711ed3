"""The archive: every stored event of every service as a row that can be asked in bulk, beside the log.

The log stays the truth; the archive is a copy that is complete up to where its sweep has come, and may hold a row more
than once.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from pydantic_core import to_json

from shared.eventsourcing.errors import CorruptCommitError
from shared.eventsourcing.message import Commit, category_of, message_id

DATASET = "commerce"
"""As statements and views call it; a deployment's own has a name of its own: `in_dataset`."""
EVENTS, FACTS = "events", "facts"
"""The tables: stored events, and integration events."""
ARCHIVE_WALK = "archive"
"""Names the checkpoint (`archive/{category}`) of the sweep that proves the archive complete up to there."""


UNREADABLE: Final = "unreadable"
"""The type of a row that is no event."""
OLDEST: Final = timedelta(days=3467)
NEWEST: Final = timedelta(days=300)
"""How far from its recording a row may have happened. BigQuery takes ten years back and one ahead: the rest is for rows
that are written late.
"""


def in_dataset(statement: str, dataset: str) -> str:
    """A statement or view with `dataset` in place of the one that it was written for."""
    return re.sub(rf"(?<=\s){DATASET}\.", f"{dataset}.", statement)


def filed_at(occurred_at: datetime, recorded_at: datetime) -> tuple[datetime, datetime | None]:
    """The `occurred_at` and the `claimed_at` of a row: what was claimed to have happened at a time that the archive
    takes no row of is filed under the time of its recording, and keeps the claim beside it.
    """
    if recorded_at - OLDEST <= occurred_at <= recorded_at + NEWEST:
        return occurred_at, None
    return recorded_at, occurred_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedEvent:
    """One stored event as a row; `size` is how many events its commit has, `data` its JSON object as text.
    `occurred_at` and `claimed_at` are as `filed_at` says. A row of the type `UNREADABLE` only marks a place: what lies
    there is in the log alone.
    """

    id: str
    category: str
    stream: str
    version: int
    index: int
    size: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    claimed_at: datetime | None = None
    command: str
    command_id: str
    correlation_id: str
    causation_id: str | None
    actor: str
    traceparent: str | None
    data: str


_COLUMNS = tuple(each.name for each in fields(ArchivedEvent))


def row_of(event: ArchivedEvent) -> dict[str, str | int | datetime | None]:
    """By column. All values are plain: `asdict` would copy each of them, at many times the cost."""
    return {name: getattr(event, name) for name in _COLUMNS}


class ArchiveWriter(Protocol):
    """Raises UnavailableError within a bounded time when the archive is down or too busy."""

    async def write(self, events: Sequence[ArchivedEvent]) -> None:
        """Write these rows; some of them may be there already, and may then be there twice. RefusedError if some of
        them never can be: all others are written.
        """
        ...

    async def missing(self, category: str, ids: Sequence[str], *, since: datetime) -> set[str]:
        """Those of these event ids that the archive does not have; all of them occurred at or after `since`."""
        ...


FOLDED_COLUMNS = ("stream", "version", "index", "size", "type", "recorded_at", "data")
"""What a replay needs of a row."""


class Growth(NamedTuple):
    """What one category's events took on one day of their recording: `streams` are those that began on it, `data_bytes`
    is that of their JSON alone.
    """

    category: str
    day: date
    streams: int
    commits: int
    events: int
    data_bytes: int


class ArchiveReader(Protocol):
    """Reading in bulk, for the processes of operators: it blocks. Raises UnavailableError when the archive is down."""

    def batches(self, category: str, *, until: datetime | None = None) -> Iterator[Any]:
        """Arrow record batches with `FOLDED_COLUMNS` (`recorded_at` in microseconds, UTC), of all rows recorded up to
        and including `until`, in no particular order and maybe more than once.
        """
        ...

    def growth(self) -> Sequence[Growth]:
        """By category and day, each event counted once."""
        ...


def rows_of(commits: Iterable[Commit]) -> list[ArchivedEvent]:
    """The rows of these commits, in their order."""
    return [row for commit in commits for row in _rows(commit)]


def _rows(commit: Commit) -> Iterator[ArchivedEvent]:
    context = commit.context
    occurred_at, claimed_at = filed_at(context.occurred_at, commit.recorded_at)
    for index, event in enumerate(commit.events):
        yield ArchivedEvent(
            id=message_id(commit.stream, commit.version, index),
            category=category_of(commit.stream),
            stream=commit.stream,
            version=commit.version,
            index=index,
            size=len(commit.events),
            type=event.type,
            occurred_at=occurred_at,
            recorded_at=commit.recorded_at,
            claimed_at=claimed_at,
            command=context.command,
            command_id=context.command_id,
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
            actor=context.actor,
            traceparent=context.traceparent,
            data=to_json(event.data).decode(),
        )


def marker_of(error: CorruptCommitError) -> ArchivedEvent:
    """For a commit that cannot be decoded: a replay that comes upon it brings the stream from the log."""
    return ArchivedEvent(
        id=message_id(error.stream, error.version, 0),
        category=category_of(error.stream),
        stream=error.stream,
        version=error.version,
        index=0,
        size=1,
        type=UNREADABLE,
        occurred_at=error.recorded_at,
        recorded_at=error.recorded_at,
        command="",
        command_id="",
        correlation_id="",
        causation_id=None,
        actor="",
        traceparent=None,
        data="null",
    )


def marker_for(row: ArchivedEvent) -> ArchivedEvent:
    """Instead of a row that the store refuses, in its place."""
    marker = marker_of(CorruptCommitError(row.stream, row.version, row.recorded_at, "refused"))
    return replace(marker, id=row.id, index=row.index, size=row.size)
