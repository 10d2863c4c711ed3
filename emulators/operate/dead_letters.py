"""Dead letters, for operators: what waits, why, and taking it again.

A re-drive runs the handler of the function that owns the letter, composed in this process from the same parts and on
the same adapters: that is the same on every runtime, and the operator sees what a function would only answer. The code
that runs is the one of this checkout, so a fix can be tried dry before it is deployed.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from emulators.operate.letters_view import (
    buried_in_full,
    buried_in_short,
    changes,
    commit_id,
    parked_in_full,
    parked_in_short,
)
from emulators.operating import OperationError, Operators, Say
from shared.bootstrap.service import FunctionsOfService
from shared.eventsourcing.dead_letters import Buried, Parked, reason_of
from shared.eventsourcing.errors import TopologyError, UnavailableError
from shared.eventsourcing.projector import Projector
from shared.http.message_edge import MessageEdge
from shared.http.platform_api import ProjectorEdge
from shared.topology import Service

_DONE, _FAILED = 0, 1


@dataclass(frozen=True, slots=True)
class Letters:
    """What waits in one service."""

    parked: list[Parked]
    buried: list[Buried]

    def named(self, identity: str) -> "Letters":
        """The commit, or the messages, of this id."""
        return Letters(
            [each for each in self.parked if commit_id(each) == identity],
            [each for each in self.buried if each.message_id == identity],
        )

    def of_stream(self, stream: str, projection: str) -> "Letters":
        """For one read model, or for all if `projection` is empty."""
        return Letters([p for p in self.parked if p.stream == stream and projection in ("", p.projection)], [])

    def __bool__(self) -> bool:
        return bool(self.parked or self.buried)


async def list_letters(operators: Operators, say: Say, *, service: str | None) -> int:
    """Of one service, or of all."""
    names = [operators.service(service).manifest] if service else operators.manifests()
    empty = True
    for manifest in names:
        letters = await _waiting(operators, manifest)
        if not letters:
            continue
        empty = False
        say(f"{manifest.name}: {_count(len(letters.parked), 'stream')}, {_count(len(letters.buried), 'message')}")
        _say_all(say, (line for each in letters.parked for line in parked_in_short(each)))
        _say_all(say, (line for each in letters.buried for line in buried_in_short(each)))
    if empty:
        say("no dead letters")
    return _DONE


async def show_letter(operators: Operators, say: Say, *, service: str, identity: str) -> int:
    """All that is known about a commit or a message; OperationError if none of that id waits."""
    found = (await _waiting(operators, operators.service(service).manifest)).named(identity)
    if not found:
        raise OperationError(f"no dead letter of {service} is called {identity}")
    _say_all(say, (line for each in found.parked for line in parked_in_full(each)))
    _say_all(say, (line for each in found.buried for line in buried_in_full(each)))
    return _DONE


async def redrive_letters(
    operators: Operators,
    say: Say,
    *,
    service: str,
    identity: str = "",
    stream: str = "",
    projection: str = "",
    dry_run: bool,
) -> int:
    """Take the letters of that id, of that stream, or all of them. 1 if any fails again; OperationError if one is named
    that does not wait.
    """
    owner = operators.service(service)
    letters = await _waiting(operators, owner.manifest)
    if identity:
        letters = letters.named(identity)
    elif stream:
        letters = letters.of_stream(stream, projection)
    if not letters and (identity or stream):
        raise OperationError(f"no dead letter of {service} is called {identity or stream}")
    redrive = _Redrive(owner, say, dry_run)
    for parked in letters.parked:
        await redrive.parked(parked)
    for message in letters.buried:
        await redrive.buried(message)
    count = len(letters.parked) + len(letters.buried)
    done = "dry run, nothing was changed" if dry_run else "re-driven"
    say(f"{done}: {_count(count, 'dead letter')}, {redrive.failures} failed")
    return _FAILED if redrive.failures else _DONE


async def discard_letter(operators: Operators, say: Say, *, service: str, identity: str) -> int:
    """Throw the messages of that id away. OperationError if none waits; what is parked cannot be thrown away."""
    letters = (await _waiting(operators, operators.service(service).manifest)).named(identity)
    if letters.parked and not letters.buried:
        raise OperationError(
            f"{identity} is a commit of a parked stream: part of the log and cannot be thrown away, only re-driven"
        )
    if not letters:
        raise OperationError(f"no dead letter of {service} is called {identity}")
    for message in letters.buried:
        _say_all(say, buried_in_short(message))
        await operators.deps.dead_letters.release_message(message.place)
    say(f"thrown away: {_count(len(letters.buried), 'message')}")
    return _DONE


@dataclass
class _Redrive:
    """One letter after the other: the trouble with one does not keep the others."""

    service: FunctionsOfService
    say: Say
    dry_run: bool
    failures: int = field(default=0, init=False)

    async def parked(self, parked: Parked) -> None:
        self.say(f"{parked.projection}  {commit_id(parked)}")
        projector = await self._projector(parked.projection)
        if projector is None:
            self._failed("this service keeps no such read model")
            return
        try:
            before, after = await projector.redrive(parked.stream, dry_run=self.dry_run)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the projection raises, the operator is told
            self._failed(reason_of(error))
            return
        _say_all(self.say, changes(before, after))
        self.say(f"  {'would be released' if self.dry_run else 'released'}, {len(parked.held)} held behind it")

    async def buried(self, message: Buried) -> None:
        self.say(f"{message.subscription}  {message.message_id}")
        edge = self._edge(message.function)
        if edge is None:
            self._failed("no function of this service takes it")
            return
        redriven = await edge.desk.redrive(message, dry_run=self.dry_run)
        if redriven.failed:
            self._failed(redriven.outcome)
        else:
            self.say(f"  {'would go to' if self.dry_run else 'done:'} {redriven.outcome}")

    async def _projector(self, name: str) -> Projector[Any, Any] | None:
        edge = self._edge("projector")
        kept = await edge.kept() if isinstance(edge, ProjectorEdge) else []
        return next((each for each in kept if each.projection.name == name), None)

    def _edge(self, function: str) -> MessageEdge | None:
        try:
            edge = self.service.edge(function)
        except TopologyError:
            return None
        return edge if isinstance(edge, MessageEdge) else None

    def _failed(self, reason: str) -> None:
        self.failures += 1
        self.say(f"  {'would fail' if self.dry_run else 'failed'}: {reason}")


async def _waiting(operators: Operators, manifest: Service) -> Letters:
    dead_letters = operators.deps.dead_letters
    return Letters(
        [each async for each in _parked(operators, manifest)],
        [each async for each in dead_letters.messages(manifest.name)],
    )


async def _parked(operators: Operators, manifest: Service) -> AsyncIterator[Parked]:
    for category in manifest.categories:
        async for parked in operators.deps.dead_letters.list(category):
            yield parked


def _say_all(say: Say, lines: Iterator[str]) -> None:
    for line in lines:
        say(line)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
