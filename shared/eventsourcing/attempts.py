"""The tries of one command, whatever number of streams it is about, with everything that makes it safe to repeat."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.eventsourcing.errors import ConcurrencyError, TooLargeError, UnavailableError
from shared.eventsourcing.event_store import Answer, EventStore, Replayed
from shared.eventsourcing.held import Held, Memory, Scope
from shared.eventsourcing.message import Context
from shared.eventsourcing.publishing import Announced, announce
from shared.eventsourcing.streams import Decided

Decisions = Mapping[str, Decided[Any, Any]]
"""By stream; only of those that change."""
Decide = Callable[[Held], Awaitable[Decisions]]
Reply = Callable[[Mapping[str, int]], Answer]
"""From the versions that the streams have after the command to the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Bounds of one handler. `deadline` in seconds spans all tries of a command; `attempts` counts lost races;
    `pause(attempt)` is awaited between them (jitter lives there). `measure(name)` surrounds each append and publish.
    """

    pause: Callable[[int], Awaitable[None]]
    measure: Callable[[str], AbstractContextManager[object]] = nullcontext
    deadline: float = 10.0
    attempts: int = 20
    cached_streams: int = 1024


class Outcome(NamedTuple):
    """`versions` of all streams that were read or written. `answer` is the first answer if the request had a key;
    `replayed` if it was given before; `written` are the commits that are in the log now.
    """

    versions: Mapping[str, int]
    answer: Answer | None
    replayed: bool = False
    written: Sequence[Announced] = ()


class Attempts:
    """Decides, appends and publishes, and decides again after a lost race.

    A stale state can only cost a retry: the store accepts a version once. What the append does not check (a refusal, a
    stream that is read and not written) is never decided on a state from memory, but on what the store says.
    """

    def __init__(self, scope: Scope, store: EventStore, policy: Policy, memory: Memory | None) -> None:
        self._scope = scope
        self._store = store
        self._policy = policy
        self._memory = memory or Memory(policy.cached_streams)

    async def carry_out(
        self, decide: Decide, context: Context, reply: Reply | None, *, streams: Collection[str] | None = None
    ) -> Outcome:
        """`streams` are those that the command is about; None if only `decide` knows. Publishes before it returns.

        Raises whatever `decide` raises (nothing changed) unless the request was answered before, ConcurrencyError (lost
        too many races), TooLargeError, UnavailableError (store down, or the deadline passed: the command may or may not
        have happened).
        """
        held = Held(self._scope, self._memory)
        try:
            async with asyncio.timeout(self._policy.deadline):
                if streams is None:
                    streams = await _scouted(held, decide)
                async with self._memory.turns.of(*streams):
                    held.in_turn()
                    outcome = await self._write(held, decide, context, reply)
        except TimeoutError as error:
            raise UnavailableError(f"{context.command} took longer than {self._policy.deadline} s") from error
        if outcome.written:
            with self._policy.measure("publish"):
                await announce(outcome.written)
        return outcome

    async def _write(self, held: Held, decide: Decide, context: Context, reply: Reply | None) -> Outcome:
        lost = 0
        while True:
            changes, refusal = await _tried(held, decide)
            if stale := held.stale(besides=changes):
                await held.refresh(stale)
                continue
            versions = held.versions(ahead=changes)
            answer = reply(versions) if reply is not None else None
            if refusal is not None:
                return await self._refused(held, refusal, answer)
            try:
                return await self._append(held, changes, context, versions, answer)
            except TooLargeError as error:
                # What an instance remembers may have become smaller since; and the first try may have fitted.
                if not (stale := held.stale(besides=())):
                    return await self._refused(held, error, answer)
                await held.refresh(stale)
            except ConcurrencyError:
                lost += 1
                if lost >= self._policy.attempts:
                    raise
                await self._policy.pause(lost)
                await held.refresh(held.streams)

    async def _refused(self, held: Held, refusal: Exception, answer: Answer | None) -> Outcome:
        """A repeated request whose first try succeeded would be refused now: its first answer stands."""
        held.remember()
        first = await self._store.answered(answer.key) if answer else None
        if first is None:
            raise refusal
        return Outcome(held.versions(), first, replayed=True)

    async def _append(
        self, held: Held, changes: Decisions, context: Context, versions: Mapping[str, int], answer: Answer | None
    ) -> Outcome:
        drafts = [held.draft(stream, decided, context) for stream, decided in changes.items()]
        if not drafts and answer is None:
            held.remember()
            return Outcome(versions, None)
        try:
            with self._policy.measure("append"):
                result = await self._store.append([draft.new for draft in drafts], answer=answer)
        except BaseException:
            held.forget()  # whatever came of it, nobody may build on what was known before
            raise
        if isinstance(result, Replayed):  # what this instance holds may be older than that answer
            held.forget()
            return Outcome(held.versions(), result.answer, replayed=True)
        held.advance(drafts, result.positions)
        held.remember()
        return Outcome(versions, answer, written=[draft.announced(result.recorded_at) for draft in drafts])


async def _tried(held: Held, decide: Decide) -> tuple[Decisions, Exception | None]:
    """What changes, or why it is refused. A store that is down refuses nothing: the request may be sent again."""
    try:
        return await decide(held), None
    except UnavailableError:
        raise
    except Exception as refusal:  # noqa: BLE001 - whatever it is, the first answer comes before it
        return {}, refusal


async def _scouted(held: Held, decide: Decide) -> Collection[str]:
    """The streams that the command comes across. Decisions count only once it is this command's turn."""
    await _tried(held, decide)
    return held.streams
