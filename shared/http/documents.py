"""One document of a read model: as it is stored, brought up from the log, or as it was at a version or a time."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from pydantic import BaseModel

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import Commit, Event
from shared.eventsourcing.projection import MAX_FOLDED, Projection, ReadStore, Row
from shared.http.problems import ProblemError

E = TypeVar("E", bound=Event)
D = TypeVar("D", bound=BaseModel)
MAX_PAGE_BYTES: Final = 8 * 1024 * 1024
"""Of the items of a page. Cloud Run sends 32 MiB at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """A document, None if there is no such entity. Not `whole`: there are more commits than one query folds, and the
    row shows the first of them.
    """

    row: Row | None
    whole: bool = True


class DocumentReader(Generic[E, D]):
    """The documents of one projection. Who may see them is for the caller to say."""

    def __init__(self, projection: Projection[E, D], rows: ReadStore, log: EventStore) -> None:
        self._projection = projection
        self._rows = rows
        self._log = log

    async def stored(self, key: str) -> Row | None:
        """As the read model has it, which may be behind."""
        return await self._rows.get(self._projection.collection, key)

    async def current(self, key: str, min_version: int = 0) -> Found:
        """The stored document if it shows `min_version`, else the newest that the log has."""
        row = await self.stored(key)
        if (row.version if row else 0) >= min_version:
            return Found(row)
        return await self._fold(key, row)

    async def past(self, key: str, *, version: int | None = None, as_of: datetime | None = None) -> Found:
        """The document as it was at a version, or at a moment of the log's time: folded from the stored one, if that is
        old enough, else from the start.
        """
        row = await self.stored(key)
        if row is not None and not _is_before(row, version, as_of):
            row = None
        return await self._fold(key, row, version=version, as_of=as_of)

    def commits(
        self, key: str, *, after: int = 0, version: int | None = None, as_of: datetime | None = None
    ) -> AsyncIterator[Commit]:
        """Those behind `after` up to a version or a moment; at most one more than a query folds."""
        most = after + MAX_FOLDED + 1
        up_to = most if version is None else min(version, most)
        return _until(self._log.read(self.stream(key), after=after, up_to=up_to), as_of)

    def stream(self, key: str) -> str:
        return f"{self._projection.category}-{key}"

    async def _fold(
        self, key: str, row: Row | None, *, version: int | None = None, as_of: datetime | None = None
    ) -> Found:
        document, seen = self._projection.restore(row)
        last, whole = None, True
        async for commit in self.commits(key, after=seen, version=version, as_of=as_of):
            if commit.version > seen + MAX_FOLDED:
                whole = False
                break
            document, last = self._applied(document, commit), commit
        if last is not None:
            row = self._projection.row(self.stream(key), document, last, None)
        return Found(row, whole)

    def _applied(self, document: D | None, commit: Commit) -> D | None:
        """UnavailableError for a commit that the projection cannot apply: its stream is parked until it is mended."""
        try:
            return self._projection.apply(document, commit)
        except Exception as error:
            place = f"{commit.stream}@{commit.version}"
            raise UnavailableError(f"{self._projection.name} cannot apply {place}") from error


async def _until(commits: AsyncIterator[Commit], as_of: datetime | None) -> AsyncIterator[Commit]:
    async for commit in commits:
        if as_of is not None and commit.recorded_at > as_of:
            return
        yield commit


def _is_before(row: Row, version: int | None, as_of: datetime | None) -> bool:
    return (version is None or row.version <= version) and (as_of is None or row.recorded_at <= as_of)


def check_reached(row: Row, min_version: int, *, whole: bool = True) -> None:
    """Whoever wrote a version finds it in the log at once: one that the log does not have is the caller's error, 412.
    UnavailableError where the read model is further behind than a query can fold: it is on its way.
    """
    if row.version >= min_version:
        return
    if not whole:
        raise UnavailableError(f"the read model is more than {MAX_FOLDED} commits behind")
    message = f"the newest version is {row.version}"
    raise ProblemError(
        412,
        "version-mismatch",
        f"min_version: {message}",
        errors=[("min_version", message)],
        headers={"ETag": f'"{row.version}"'},
    )


def fitting(items: Sequence[bytes]) -> Sequence[bytes]:
    """As many of them, from the first, as one page holds; one at least."""
    size = 0
    for number, item in enumerate(items):
        size += len(item)
        if number and size > MAX_PAGE_BYTES:
            return items[:number]
    return items


def too_many_commits() -> ProblemError:
    """For a past that no single query can fold."""
    return ProblemError(
        422, "too-many-commits", f"a query folds at most {MAX_FOLDED} commits; /history shows them page by page"
    )
