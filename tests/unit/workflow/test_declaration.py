"""What the static check finds in a declaration."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.eventsourcing.errors import TopologyError
from shared.eventsourcing.workflow.decider import workflow_decider
from shared.eventsourcing.workflow.declaration import Backoff, Step, Undo, Workflow, check
from tests.unit.workflow.trip import AGREE, ASKED_TRIP, LET_GO, TRIP

BOOK, READ_PRICE, HOLD, PAY, CONFIRM = TRIP.steps


def of(*steps: Step) -> Workflow:
    return replace(TRIP, steps=steps)


def test_a_sound_workflow_passes() -> None:
    """Every step before the pivot is undone, or only reads."""
    assert check(TRIP) == check(ASKED_TRIP) == []


@pytest.mark.parametrize(
    ("workflow", "found"),
    [
        (of(replace(BOOK, undo=None), PAY), "book: comes before the pivot and nothing undoes it"),
        (
            of(replace(BOOK, undo=Undo(call=BOOK.call, idempotent=" ")), PAY),
            "book: its undo is not declared idempotent",
        ),
        (of(replace(BOOK, effect_free=True), PAY), "book: has an undo and says that it needs none"),
        (of(replace(HOLD, undo=None, undone_by="book"), PAY), "hold: no earlier step book has an undo"),
        (of(BOOK, replace(PAY, undo=LET_GO)), "pay: lies behind the pivot, where nothing is undone"),
        (of(PAY, replace(CONFIRM, undo=LET_GO)), "confirm: lies behind the pivot, where nothing is undone"),
        (of(AGREE, replace(PAY, waits=True)), "pay: must either call a service or wait for a person"),
        (of(Step(name="book", undo=LET_GO), PAY), "book: must either call a service or wait for a person"),
        (
            of(replace(AGREE, effect_free=True), PAY),
            "agree: waits for a person, so there is nothing to undo or to say about it",
        ),
        (
            of(PAY, AGREE),
            "agree: waits for a person, who can have nothing turned back from the pivot on",
        ),
        (
            of(replace(BOOK, settled=frozenset({"x"})), PAY),
            "book: comes before the pivot, where a refusal turns the workflow back",
        ),
        (
            of(BOOK, replace(PAY, settled=frozenset({"x"}))),
            "pay: is the pivot, and a refusal of it turns the workflow back",
        ),
        (of(BOOK, BOOK, PAY), "two steps are called book"),
        (of(BOOK, CONFIRM), "there must be exactly one pivot, not 0"),
        (of(PAY, replace(CONFIRM, pivot=True)), "there must be exactly one pivot, not 2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_taken_back_safely_is_found(workflow: Workflow, found: str) -> None:
    """A step that nothing undoes, an undo that may not be repeated, a pivot too many: each is named."""
    assert found in check(workflow)


def test_an_unsound_workflow_does_not_start() -> None:
    """Its decider cannot be made: the module that declares it cannot be imported."""
    with pytest.raises(TopologyError, match="trip: book: comes before the pivot"):
        workflow_decider(of(replace(BOOK, undo=None), PAY))


def test_a_step_may_share_the_undo_of_an_earlier_one() -> None:
    """What is undone with another step needs no undo of its own."""
    assert check(of(BOOK, replace(HOLD, undo=None, undone_by="book"), PAY)) == []


def test_waits_grow_up_to_a_bound() -> None:
    """Each wait is twice the one before, and none is longer than the longest."""
    backoff = Backoff(first=timedelta(seconds=1), most=timedelta(seconds=10))

    assert [backoff.after(attempt).total_seconds() for attempt in (1, 2, 3, 4, 5, 1000)] == [1, 2, 4, 8, 10, 10]


def test_the_sweep_waits_longer_than_any_runner() -> None:
    """Behind the longest wait every workflow has something to do, whatever was lost."""
    slow = replace(BOOK, timeout=timedelta(minutes=5))

    assert of(slow, PAY).longest_wait == slow.claim
    assert TRIP.longest_wait == TRIP.backoff.most
