"""Given events, when a command, then events: the rules of a decider as sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.message import Event

C = TypeVar("C")
E = TypeVar("E", bound=Event)
S = TypeVar("S")


@dataclass(frozen=True)
class DeciderSpec(Generic[C, E, S]):
    """`spec.given(…).when(…).then(…)`. Events pass through their stored form on the way, as they would in life."""

    decider: Decider[C, E, S]
    history: Sequence[E] = ()
    command: C | None = None

    def given(self, *events: E) -> "DeciderSpec[C, E, S]":
        return DeciderSpec(self.decider, events)

    def when(self, command: C) -> "DeciderSpec[C, E, S]":
        return DeciderSpec(self.decider, self.history, command)

    def then(self, *expected: E) -> None:
        """Exactly these events, in this order."""
        assert list(self._decide()) == list(expected)

    def then_nothing(self) -> None:
        assert list(self._decide()) == []

    def then_refused(self, code: str, *, field: str | None = None) -> None:
        try:
            events = self._decide()
        except DomainError as error:
            assert (error.code, error.field) == (code, field)  # noqa: PT017 - the spec is the assertion
        else:
            raise AssertionError(f"expected a refusal {code!r}, got {events}")

    def state(self) -> S:
        """The fold of the history."""
        return self.fold(self.history)

    def fold(self, events: Sequence[Any]) -> S:
        state = self.decider.initial_state()
        for stored in self.decider.codec.encode(events):
            state = self.decider.evolve(state, self.decider.codec.decode(stored))
        return state

    def _decide(self) -> Sequence[E]:
        assert self.command is not None
        return self.decider.decide(self.command, self.state())
