"""Read models from history: replayed, rebuilt beside the live ones, compared, exchanged, looked at as of a time."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from emulators.operate.read_models_view import say_compared, say_replayed, shown, standing
from emulators.operate.reported import report_replay
from emulators.operating import OperationError, Operators, Say
from emulators.settings import ROOT
from emulators.terminal import Exit
from shared.adapters.archive import reader
from shared.adapters.files import replacing
from shared.adapters.system import utc_now
from shared.bootstrap import EventSourcedService
from shared.eventsourcing.archive import ARCHIVE_WALK
from shared.eventsourcing.generations import FIRST, Generations, place
from shared.eventsourcing.projection import Row
from shared.eventsourcing.projectors import Projectors
from shared.operations.comparing import Compare, Comparison
from shared.operations.folding import ReadModel
from shared.operations.history import History
from shared.operations.rebuild import Built, BusyError, Rebuild
from shared.operations.replay import Replayed, Sink


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A read model of a service, and how its history is replayed."""

    service: EventSourcedService
    projectors: Projectors[Any, Any]
    rebuild: Rebuild

    @property
    def collection(self) -> str:
        return self.rebuild.collection


@asynccontextmanager
async def _chosen(operators: Operators, service: str, read_model: str, *, from_log: bool) -> AsyncIterator[_Chosen]:
    """What people can mend is told as OperationError."""
    found = operators.service(service)
    projectors = {each.projection.collection: each for each in getattr(found, "projectors", ())}
    if not isinstance(found, EventSourcedService) or read_model not in projectors:
        known = f"there are {', '.join(projectors)}" if projectors else "it has none that is made of events"
        raise OperationError(f"{service} has no read model {read_model}; {known}")
    keeper, settings = projectors[read_model], operators.settings
    proven = await operators.deps.checkpoints.load(f"{ARCHIVE_WALK}/{keeper.projection.category}")
    archive = None if from_log or proven is None else reader(settings)
    rebuild = Rebuild(
        read_model=ReadModel(f"functions.{service}.projections", read_model),
        projectors=keeper,
        history=History(
            category=keeper.projection.category,
            log=operators.deps.events,
            checkpoints=operators.deps.checkpoints,
            archive=archive,
        ),
        rows=operators.deps.rows,
        aliases=found.aliases,
        dead_letters=operators.deps.dead_letters,
        clock=utc_now,
        lag=timedelta(seconds=settings.feed_lag),
        folder=operators.folder / f"{settings.project}.{service}.{read_model}",
        watch=operators.progress,
        origin=f"{settings.runtime} {settings.project} {settings.firestore_emulator} {_code(service)}",
    )
    try:
        yield _Chosen(found, keeper, rebuild)
    except (ValueError, BusyError, OSError) as error:
        raise OperationError(str(error)) from error
    finally:
        if archive is not None:
            await asyncio.to_thread(archive.close)


def _code(service: str) -> str:
    """A fingerprint of what the documents are made by: the service's own code."""
    digest = sha256()
    for file in sorted((ROOT / "functions" / service).glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


async def replay(
    operators: Operators,
    say: Say,
    *,
    service: str,
    read_model: str,
    as_of: str | None,
    out: str | None,
    from_log: bool,
) -> int:
    """Fold the history and write the documents to a file, or nowhere."""
    until = datetime.fromisoformat(as_of) if as_of else None
    async with _chosen(operators, service, read_model, from_log=from_log) as chosen:
        with _lines(out) as write:
            replayed = await chosen.rebuild.fold(until, write)
        await _tell(operators, say, chosen, replayed)
    if out:
        say(f"written to {out}")
    return Exit.FAILED if replayed.failed else Exit.DONE


async def rebuild(
    operators: Operators,
    say: Say,
    *,
    service: str,
    read_model: str,
    ignore: Sequence[str],
    flip: str,
    report: str | None,
    from_log: bool,
) -> int:
    """Build a new generation, compare it with the live one; make it live as `flip` says: never, equal or always."""
    async with _chosen(operators, service, read_model, from_log=from_log) as chosen:
        built = await chosen.rebuild.build()
        await _tell(operators, say, chosen, built.replayed)
        say(f"generation {built.generation} has caught up; {built.caught_up:,} commits since the replay")
        live = (await chosen.service.aliases.of(chosen.collection)).live
        compared = await _compare(operators, chosen, live, built, ignore)
        say_compared(say, compared, report)
        if flip == "never" or (flip == "equal" and not compared.equal):
            say(f"generation {built.generation} is kept up to date; it is not live")
            return Exit.DONE if compared.equal else Exit.UNBALANCED
        await chosen.service.aliases.change(chosen.collection, partial(_flipped, live, built.generation))
        say(f"generation {built.generation} is live")
    return Exit.DONE


async def rebuild_as_of(
    operators: Operators, say: Say, *, service: str, read_model: str, as_of: str, name: str, from_log: bool
) -> int:
    """The read model as it was, beside the live one: nobody keeps it up to date."""
    async with _chosen(operators, service, read_model, from_log=from_log) as chosen:
        replayed = await chosen.rebuild.as_of(datetime.fromisoformat(as_of), name)
        await _tell(operators, say, chosen, replayed)
        say(f"{read_model} as of {as_of} is generation {name}")
    return Exit.FAILED if replayed.failed else Exit.DONE


async def generations(
    operators: Operators, say: Say, *, service: str, read_model: str, live: str | None, back: bool, drop: str | None
) -> int:
    """Show them; make another one live, the one before live again, or drop one."""
    async with _chosen(operators, service, read_model, from_log=True) as chosen:
        aliases, collection = chosen.service.aliases, chosen.collection
        known = await aliases.of(collection)
        if live is not None or back:
            wanted = _before(known) if live is None else _named(live, known)
            known = await aliases.change(collection, lambda now: now.living(wanted))
        elif drop is not None:
            dropped = _named(drop, known)
            documents = await chosen.rebuild.drop(dropped)
            say(f"generation {shown(dropped)} is dropped: {documents:,} documents")
            known = await aliases.of(collection)
        for name in (*known.kept, *known.scratch):
            say(f"{shown(name)}{standing(name, known)}")
    return Exit.DONE


async def read(
    operators: Operators,
    say: Say,
    *,
    service: str,
    read_model: str,
    generation: str | None,
    key: str | None,
    limit: int,
) -> int:
    """Documents of a generation as JSON lines: one by its key, or the first ones."""
    async with _chosen(operators, service, read_model, from_log=True) as chosen:
        known = await chosen.service.aliases.of(chosen.collection)
        collection = place(chosen.collection, known.live if generation is None else _named(generation, known))
        rows = operators.deps.rows
        found = [await rows.get(collection, key)] if key else await rows.scan(collection, limit=limit)
        documents = [row.body.decode() for row in found if row is not None and row.body is not None]
        for document in documents:
            say(document)
    if key and not documents:
        raise OperationError(f"there is no document {key}")
    return Exit.DONE


async def _tell(operators: Operators, say: Say, chosen: _Chosen, replayed: Replayed) -> None:
    say_replayed(say, replayed)
    service, read_model = chosen.service.manifest.name, chosen.collection
    await report_replay(operators.settings, say, service=service, read_model=read_model, replayed=replayed)


def _flipped(compared: str, new: str, known: Generations) -> Generations:
    if known.live != compared:
        raise OperationError(f"generation {shown(known.live)} was made live meanwhile; {new} was compared with another")
    return known.living(new)


def _before(known: Generations) -> str:
    if known.before is None:
        raise OperationError("no generation was live before this one")
    return known.before


async def _compare(operators: Operators, chosen: _Chosen, live: str, built: Built, ignore: Sequence[str]) -> Comparison:
    return await Compare(
        live=chosen.projectors.of(live),
        new=chosen.projectors.of(built.generation),
        rows=operators.deps.rows,
        log=operators.deps.events,
        dead_letters=operators.deps.dead_letters,
        ignore=ignore,
        watch=lambda done: operators.progress("comparing", done, built.replayed.documents),
    ).run()


def _named(name: str, known: Generations) -> str:
    """People call the first generation 1. OperationError for one that there is not."""
    generation = FIRST if name == "1" else name
    if not name or generation not in {*known.kept, *known.scratch}:
        raise OperationError(f"there is no generation {name!r}; there are {', '.join(map(shown, known.kept))}")
    return generation


@contextmanager
def _lines(out: str | None) -> Iterator[Sink]:
    """A sink that writes each document as a line of JSON, or drops it. There is no file until all of them are in it."""
    with ExitStack() as stack:
        file = stack.enter_context(replacing(Path(out))) if out else None

        async def write(rows: Sequence[Row]) -> None:
            if file is not None:
                file.writelines(row.body + b"\n" for row in rows if row.body is not None)

        yield write
