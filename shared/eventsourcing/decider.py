"""The rules of one entity as three pure functions, and the fold that rebuilds its state."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.eventsourcing.codec import Codec
from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.message import Commit, Event, checked_category
from shared.eventsourcing.shape import mark_of

C = TypeVar("C")
E = TypeVar("E", bound=Event)
S = TypeVar("S")
COMMITS_OF_KEPT_STATES: Final = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Decider(Generic[C, E, S]):
    """One category of streams.

    `decide(command, state)` returns the events that the command causes: none if there is nothing to do; it raises
    DomainError to refuse. `evolve(state, event)` never refuses: what happened, happened.
    `snapshot_every` is the policy: a snapshot in the commit of every N-th version, 0 for none. 50 is right for most
    streams that may grow beyond a hundred commits, 0 for those that stay below thirty (ADR 6). `state_version` is
    raised when `evolve` comes to other states of the same shape: snapshots of the old ones are misses then.
    `keeps_state` (level 2): the state is stored whole with every commit and loaded from there, never folded; commits
    then live for `COMMITS_OF_KEPT_STATES`, long enough to be published. The shape of such a state is a promise like an
    event's: a field that comes later has a default.
    """

    category: str
    decide: Callable[[C, S], Sequence[E]]
    evolve: Callable[[S, E], S]
    initial_state: Callable[[], S]
    state_type: type[S]
    codec: Codec[E]
    snapshot_every: int = 0
    state_version: int = 1
    keeps_state: bool = False

    def __post_init__(self) -> None:
        checked_category(self.category)
        if self.keeps_state and self.snapshot_every:
            raise TopologyError(f"{self.category} keeps its states: it has no use for snapshots")

    def fold(self, state: S, commits: Iterable[Commit]) -> S:
        """The state after these commits; CorruptDataError if one of them cannot be understood."""
        for commit in commits:
            for stored in commit.events:
                state = self.evolve(state, self.codec.decode(stored))
        return state

    @cached_property
    def _state(self) -> TypeAdapter[S]:
        return TypeAdapter(self.state_type)

    @cached_property
    def state_schema(self) -> str:
        """Names the shape and the meaning of the state: a snapshot of any other is a miss, never a wrong state."""
        return mark_of(self._state.json_schema(), self.state_version)

    def dump_state(self, state: S) -> bytes:
        return self._state.dump_json(state)

    def load_state(self, data: bytes) -> S | None:
        """The stored state, or None if it does not fit."""
        try:
            return self._state.validate_json(data)
        except ValidationError:
            return None
