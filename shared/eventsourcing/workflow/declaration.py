"""How a workflow is declared: steps that a person reads top to bottom, each with what undoes it; and their check."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.eventsourcing.workflow.calls import Request

Data = Mapping[str, Any]
"""What a workflow knows: JSON values by name. Steps read it and add to it."""

CLAIM_MARGIN = timedelta(seconds=15)
"""How long after a call's timeout its caller may still be recording what came of it."""


class Refuse(Exception):  # noqa: N818 - an answer, not an error
    """Raised by `learn` of a call: the service did as asked, and what it answered means that the workflow must turn
    back.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The compensation of a step: asked for when the step was done, or may have been.

    It is asked until it is answered, so doing it twice must do it once; and it may come *before* the call that it
    undoes, which then must be refused: it leaves a tombstone. `idempotent` says in words why both hold; without it
    the workflow does not pass the check. `settled` are codes of refusals that mean: there is nothing to undo.
    """

    call: Callable[[Data], Request]
    idempotent: str
    settled: frozenset[str] = frozenset()


def nothing(_: Data, __: Mapping[str, Any]) -> Mapping[str, Any]:
    """Learns nothing from an answer."""
    return {}


def never(_: Data) -> bool:
    return False


def calls_nobody(_: Data) -> Request:
    """The call of a step that waits for a person."""
    raise TypeError("a step that waits for a person calls no service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call to one service; or, if it `waits`, a stop until a person decides.

    `call(data)` is the request, pure: the same data gives the same request, whenever it is repeated. `learn(data,
    body)` is what to keep of the answer; it may raise Refuse. `skip(data)` says that there is nothing to do.
    `effect_free` steps only read. `undone_by` names the earlier step whose undo undoes this one as well. The `pivot` is
    the point of no return. `attempts` is how often it is asked before the workflow turns back. The pivot itself is
    asked until it is answered, and so is a step behind it; `Workflow.undo_attempts` is about its refusals. `settled`
    are codes of refusals, behind the pivot, that mean: there is nothing to do. Such a step is skipped.

    A step that waits has no call. Its `learn(data, decision)` is what to keep of the decision; it may raise
    DomainError, which the person reads and which changes nothing. It lies before the pivot, and no deadline
    runs while it waits. If the pivot comes right after it, nothing turns the workflow back any more but a
    refusal of the pivot.
    """

    name: str
    call: Callable[[Data], Request] = calls_nobody
    waits: bool = False
    learn: Callable[[Data, Mapping[str, Any]], Mapping[str, Any]] = nothing
    undo: Undo | None = None
    undone_by: str | None = None
    effect_free: bool = False
    pivot: bool = False
    settled: frozenset[str] = frozenset()
    skip: Callable[[Data], bool] = never
    timeout: timedelta = timedelta(seconds=10)
    attempts: int = 6

    @property
    def claim(self) -> timedelta:
        """How long whoever asks is left alone."""
        return self.timeout + CLAIM_MARGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The wait after the n-th attempt in vain: doubled each time, up to `most`."""

    first: timedelta = timedelta(seconds=1)
    most: timedelta = timedelta(minutes=2)

    def after(self, attempt: int) -> timedelta:
        return min(self.most, self.first * (1 << min(attempt - 1, 20)))


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """Steps in the order in which they are taken. Up to the pivot a refusal turns it back; behind it, it only goes on.

    `deadline` counts from the start to the pivot, less the time that it waits for a person. Where there is no way back,
    which is behind the pivot and at an undo, a service that does not answer is asked until it does. A refusal is for a
    person to mend: if the `undo_attempts`-th attempt or a later one is refused, the workflow is stuck.
    `result(data)` is what its end and its decisions say to others.
    """

    category: str
    steps: tuple[Step, ...]
    deadline: timedelta
    result: Callable[[Data], Mapping[str, Any]]
    backoff: Backoff = field(default_factory=Backoff)
    undo_attempts: int = 30

    def step(self, name: str) -> Step:
        """KeyError if there is none of that name: a running workflow outlives the step it is at."""
        return next((step for step in self.steps if step.name == name), None) or _missing(name)

    def after(self, names: frozenset[str]) -> tuple[Step, ...]:
        """The steps behind the last one of these."""
        last = max((index for index, step in enumerate(self.steps) if step.name in names), default=-1)
        return self.steps[last + 1 :]

    @property
    def longest_wait(self) -> timedelta:
        """After this long without a word every running workflow has something to do: the sweep needs no other clock."""
        return max(self.backoff.most, *(step.claim for step in self.steps))


def _missing(name: str) -> Step:
    raise KeyError(f"the workflow has no step {name!r}")


def check(workflow: Workflow) -> list[str]:
    """What is wrong with a declaration, in words; empty if it can be carried out and taken back safely."""
    names = [step.name for step in workflow.steps]
    troubles = [f"two steps are called {name}" for name in sorted({n for n in names if names.count(n) > 1})]
    pivots = [index for index, step in enumerate(workflow.steps) if step.pivot]
    if len(pivots) != 1:
        return [*troubles, f"there must be exactly one pivot, not {len(pivots)}"]
    for index, step in enumerate(workflow.steps):
        troubles += _of_call(step)
        undoable = {earlier.name for earlier in workflow.steps[:index] if earlier.undo}
        troubles += _before_pivot(step, undoable) if index < pivots[0] else _from_pivot(step)
    return troubles


def _of_call(step: Step) -> list[str]:
    if step.waits == (step.call is calls_nobody):
        return []
    return [f"{step.name}: must either call a service or wait for a person"]


def _before_pivot(step: Step, undoable: set[str]) -> list[str]:
    if step.settled:
        return [f"{step.name}: comes before the pivot, where a refusal turns the workflow back"]
    if step.waits:
        more = step.undo or step.undone_by or step.effect_free
        return [f"{step.name}: waits for a person, so there is nothing to undo or to say about it"] if more else []
    if step.undo is not None:
        troubles = [] if step.undo.idempotent.strip() else [f"{step.name}: its undo is not declared idempotent"]
        if step.effect_free or step.undone_by:
            troubles.append(f"{step.name}: has an undo and says that it needs none")
        return troubles
    if step.undone_by is not None:
        return [] if step.undone_by in undoable else [f"{step.name}: no earlier step {step.undone_by} has an undo"]
    return [] if step.effect_free else [f"{step.name}: comes before the pivot and nothing undoes it"]


def _from_pivot(step: Step) -> list[str]:
    if step.waits:
        return [f"{step.name}: waits for a person, who can have nothing turned back from the pivot on"]
    if step.pivot and step.settled:
        return [f"{step.name}: is the pivot, and a refusal of it turns the workflow back"]
    return [f"{step.name}: lies behind the pivot, where nothing is undone"] if step.undo or step.undone_by else []
