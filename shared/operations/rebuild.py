"""A new generation of a read model, built beside the live one while the shop goes on.

1. The new generation is announced: from now on projectors keep it up to date, stream by stream as commits come.
2. History is folded in bulk and each document that is not there yet written once.
3. A walk over the feed brings what was recorded between the two.

Nothing but projections run, so no message is published, no mail sent and no command handled.
"""

import asyncio
import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, Final

from shared.adapters.files import replace_file
from shared.eventsourcing.checkpoint import at_time
from shared.eventsourcing.dead_letters import DeadLetters
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.event_store import FeedCursor
from shared.eventsourcing.feed_walk import FeedWalk, heal
from shared.eventsourcing.generations import Aliases, Generations, place
from shared.eventsourcing.projection import ReadStore, Row
from shared.eventsourcing.projectors import Projectors
from shared.operations.buckets import buckets_for
from shared.operations.bulk import bulk_sink, clear
from shared.operations.folding import ReadModel
from shared.operations.history import History
from shared.operations.replay import PROCESSES, Replay, Replayed, Sink, Watch, key_of

_SCRATCH: Final = re.compile(r"[a-z][A-Za-z0-9.+:-]{0,99}")


@dataclass(frozen=True, slots=True)
class Built:
    """A generation that holds everything that was recorded longer than a moment ago."""

    generation: str
    replayed: Replayed
    caught_up: int


class BusyError(Exception):
    """Another rebuild of this read model is going on in the same folder."""


@dataclass
class _State:
    """What a killed rebuild goes on with: its generation, up to when its history is folded, and whose history."""

    origin: str
    generation: str
    until: str


@dataclass(frozen=True, kw_only=True)
class Rebuild:
    """`folder` keeps what a killed rebuild goes on with. `origin` names the stores and the code: what was begun with
    others is not gone on with. `lag` is how far the feed stays behind the log; `processes` of them fold.
    """

    read_model: ReadModel
    projectors: Projectors[Any, Any]
    history: History
    rows: ReadStore
    aliases: Aliases
    dead_letters: DeadLetters
    clock: Callable[[], datetime]
    lag: timedelta
    folder: Path
    watch: Watch
    origin: str = ""
    processes: int = PROCESSES

    async def build(self) -> Built:
        """A new generation, or the one that a killed rebuild was at. Raises BusyError, UnavailableError (then call it
        again: it goes on), and ValueError if somebody dropped the generation meanwhile. After any other failure the
        generation is dropped, as nobody would go on with it.
        """
        with self._alone():
            state = await self._begin()
            try:
                built = await self._build(state)
            except UnavailableError:
                raise
            except Exception:
                await self.drop(state.generation)
                rmtree(self.folder, ignore_errors=True)
                raise
            rmtree(self.folder)
            return built

    async def _build(self, state: _State) -> Built:
        announced, until = self.clock(), datetime.fromisoformat(state.until)
        collection = place(self.collection, state.generation)
        unstorable: list[str] = []
        replay = self._replay(self.folder / "replay", key_of(state.origin, state.generation, until))
        replayed = await self._run(await replay, until, bulk_sink(self.rows, collection, unstorable))
        keeper = self.projectors.of(state.generation)
        for stream, version in replayed.behind:
            await keeper.heal(stream, version)
        for key in unstorable:
            await keeper.heal(f"{self.history.category}-{key}", 1)
        caught_up = await self._catch_up(state.generation, announced, at_time(until))
        await self.aliases.change(self.collection, lambda known: known.completed(state.generation))
        return Built(state.generation, replayed, caught_up)

    async def drop(self, generation: str) -> int:
        """First nobody reads it any more, then nobody keeps it, then its documents go, so that none comes back; returns
        how many there were. ValueError for the one that is live.
        """
        known = await self.aliases.of(self.collection)
        was_kept = generation in known.kept
        if generation == known.before:  # queries that have not heard of the flip yet still read it
            await asyncio.sleep(self.aliases.remembered.total_seconds())
        await self.aliases.change(self.collection, lambda known: known.without(generation))
        if was_kept:
            await asyncio.sleep((self.aliases.remembered + self.lag).total_seconds())
        projection = self.projectors.of(generation).projection
        async for parked in self.dead_letters.list(projection.category):
            if parked.projection == projection.name:
                await self.dead_letters.release(parked.projection, parked.stream)
        return await clear(self.rows, projection.collection)

    async def as_of(self, moment: datetime, name: str) -> Replayed:
        """The read model as it was, in a generation of this name, which nobody keeps up to date; one of the same name
        is replaced. ValueError for a name that could be taken for another generation's, and for a time that is not
        over yet.
        """
        if not _SCRATCH.fullmatch(name):
            raise ValueError(f"{name!r}: a name begins with a lower-case letter; letters, digits and .+:- follow")
        await self._check_over(moment)
        await self.aliases.change(self.collection, lambda known: known.noting(name))
        collection = place(self.collection, name)
        try:
            await clear(self.rows, collection)
            return await self.fold(moment, bulk_sink(self.rows, collection, []))
        except Exception:  # half of it would pass for all of it
            await self.drop(name)
            raise

    async def fold(self, until: datetime | None, sink: Sink) -> Replayed:
        """Everything recorded up to and including `until` (None: up to now), folded into documents for the sink, each
        once. A stream that fails is told as its last good commit has left it. ValueError for a time that is not over.
        """
        if until is None:
            until = await self._latest()
        await self._check_over(until)
        with _scratch(self.folder.parent) as folder:
            replayed = await self._run(await self._replay(folder, "history"), until, sink)
        documents, failed = replayed.documents, []
        for stream, _ in replayed.behind:
            row, error = await self._fold_stream(stream, until)
            if row is not None:
                documents += 1
                await sink([row])
            failed += [f"{stream}: {error}"] if error else []
        return replace(replayed, documents=documents, failed=tuple(failed))

    @property
    def collection(self) -> str:
        return self.projectors.projection.collection

    async def _latest(self) -> datetime:
        """Up to when everything recorded is seen, by the log's time: a fast clock would leave commits out."""
        return await self.history.log.now() - self.lag

    async def _check_over(self, moment: datetime) -> None:
        if moment > (latest := await self._latest()):
            raise ValueError(
                f"{moment.isoformat()} is not over yet: what was recorded is seen up to {latest.isoformat()}"
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two of them would write the same files."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with self.folder.with_name(f"{self.folder.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(f"{self.collection} is being rebuilt by another process") from None
            yield

    async def _begin(self) -> _State:
        """What an earlier try has begun with these stores and this code and not finished, or else something new."""
        known, left = await self.aliases.of(self.collection), self._left()
        if left is not None and left.generation in known.kept and left.generation not in known.ready:
            if left.origin == self.origin:
                return left
            await self.drop(left.generation)
        rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        until = (await self._latest()).isoformat()

        def begun(known: Generations) -> Generations:
            """What is announced has been written down before: whatever happens then, it is found again."""
            after = known.begun()
            replace_file(self._state_file, json.dumps(asdict(_State(self.origin, after.newest, until))).encode())
            return after

        return _State(self.origin, (await self.aliases.change(self.collection, begun)).newest, until)

    def _left(self) -> _State | None:
        """What the try before has written down, if it was not finished."""
        with suppress(OSError, ValueError, TypeError):
            return _State(**json.loads(self._state_file.read_text()))
        return None

    @property
    def _state_file(self) -> Path:
        return self.folder / "state.json"

    async def _replay(self, folder: Path, key: str) -> Replay:
        return Replay(
            read_model=self.read_model,
            folder=folder,
            key=key,
            buckets=buckets_for(await self.history.size()),
            processes=self.processes,
        )

    async def _run(self, replay: Replay, until: datetime, sink: Sink) -> Replayed:
        proven, expected = await self.history.proven(), await self.history.size()
        batches = lambda: self.history.batches(proven, until)  # noqa: E731 - it is called at most once
        return await replay.run(batches, sink, self.watch, expected=expected)

    async def _catch_up(self, generation: str, announced: datetime, start: FeedCursor) -> int:
        """From where the replay ended to past the moment at which all instances knew of the new generation."""
        await asyncio.sleep(max((announced + self.aliases.remembered + 2 * self.lag - self.clock()).total_seconds(), 0))
        name = f"rebuild/{place(self.collection, generation)}"
        checkpoint = f"{name}/{self.history.category}"
        if await self.history.checkpoints.load(checkpoint) is None:
            await self.history.checkpoints.save(checkpoint, start)
        walk = FeedWalk(
            name=name,
            category=self.history.category,
            behind=self.lag,
            visit=heal(self.projectors.of(generation)),
            log=self.history.log,
            checkpoints=self.history.checkpoints,
        )
        return (await walk.run()).read

    async def _fold_stream(self, stream: str, until: datetime) -> tuple[Row | None, str]:
        """A stream's document from the log as of a moment, as far as it goes; and why it goes no further."""
        projection = self.projectors.projection
        row, document, error = None, None, ""
        try:
            async for commit in self.history.log.read(stream):
                if commit.recorded_at > until:
                    break
                document = projection.apply(document, commit)
                row = projection.row(stream, document, commit, None)
        except UnavailableError:
            raise
        except Exception as reason:  # noqa: BLE001 - any bug of a projection fails its stream and no other
            error = f"{type(reason).__name__}: {reason}"
        return row, error


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A folder that is removed at the end; those of processes that were killed are removed before."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob("history-[0-9]*-*"):
        if not _runs(int(left.name.split("-")[1])):
            rmtree(left, ignore_errors=True)
    with TemporaryDirectory(dir=parent, prefix=f"history-{os.getpid()}-") as folder:
        yield Path(folder)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is somebody else's
    return True
