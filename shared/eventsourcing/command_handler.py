"""Load, fold, decide, append, publish: one command to one stream, with everything that makes it safe to repeat."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.eventsourcing.attempts import Attempts, Decisions, Policy
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.event_store import Answer, EventStore
from shared.eventsourcing.held import Held, Memory
from shared.eventsourcing.message import Context, Event
from shared.eventsourcing.precondition import Precondition, on_condition
from shared.eventsourcing.publishing import Announcer
from shared.eventsourcing.streams import Streams

__all__ = ["CommandHandler", "Handled", "Policy"]

C = TypeVar("C")
E = TypeVar("E", bound=Event)
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Handled:
    """`version` of the stream as this instance knows it after the command. `answer` is the first answer if the request
    had a key; `replayed` if it was given before; `changed` if there is a new commit.
    """

    version: int
    answer: Answer | None
    replayed: bool = False
    changed: bool = False


class CommandHandler(Generic[C, E, S]):
    """Commands of one category.

    A warm instance keeps states in a bounded LRU, so a command costs no read, one commit and one publish. A stale
    entry can only cost a retry: the store accepts a version once. A refusal is never given from a cached state, it is
    decided again on what the store says. Within an instance a stream has one writer at a time.

    `memory` is that LRU, if it is shared with other handlers.
    """

    def __init__(
        self,
        decider: Decider[C, E, S],
        store: EventStore,
        announcer: Announcer[E],
        policy: Policy,
        memory: Memory | None = None,
    ) -> None:
        self._streams = Streams(decider, announcer, store)
        self._attempts = Attempts({decider.category: self._streams}, store, policy, memory)

    async def handle(
        self,
        stream: str,
        command: C,
        context: Context,
        *,
        begins: bool = False,
        precondition: Precondition | None = None,
        guard: Callable[[S], None] | None = None,
        answer: Callable[[int], Answer] | None = None,
    ) -> Handled:
        """Carry out `command` on `stream`.

        `begins` says that the stream should be new (its id was just made): it is not looked for first. Should it exist,
        the append finds out.
        `guard` refuses callers by state (ownership) before the decision. `answer(version)` is the response to store
        under the request's idempotency key. Raises DomainError (refused, nothing changed), VersionMismatchError,
        ConcurrencyError (lost too many races), TooLargeError, UnavailableError (store down, or the deadline passed: the
        command may or may not have happened, so repeat it with the same key).
        """

        async def decide(held: Held) -> Decisions:
            known = held.begin(stream) if begins else await held.need(stream)
            if guard is not None:
                guard(known.state)
            with on_condition(precondition, known.position.version):
                decided = self._streams.decide(command, known.state)
            return {stream: decided} if decided.events else {}

        reply = (lambda versions: answer(versions[stream])) if answer else None
        outcome = await self._attempts.carry_out(decide, context, reply, streams=(stream,))
        return Handled(outcome.versions[stream], outcome.answer, outcome.replayed, bool(outcome.written))
