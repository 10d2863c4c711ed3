"""What the read model of a workflow shows, event by event."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args

import pytest

from shared.eventsourcing.workflow.events import (
    CompensationDone,
    CompensationStarted,
    DecisionAwaited,
    DecisionMade,
    DeclineCarriedOut,
    OperatorRetried,
    StepRequested,
    StepSucceeded,
    WorkflowCompleted,
    WorkflowDeclined,
    WorkflowEvent,
    WorkflowFailed,
    WorkflowStarted,
    WorkflowStuck,
)
from shared.eventsourcing.workflow.projection import MAX_TIMELINE, WorkflowView, workflow_projection

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class TripView(WorkflowView):
    trip_id: str
    price: int | None = None


TRIPS = workflow_projection("trip", "trips", TripView, fields=("trip_id",))
STARTED = WorkflowStarted(workflow_id="w1", data={"trip_id": "t1", "secret": "x"}, deadline_at=AT, at=AT)
BACK = CompensationStarted(step="pay", code="no-money", detail="too little", undo=("book",), at=AT)
STUCK = WorkflowStuck(step="book", undo=True, error="no answer", at=AT)
FAILED = WorkflowFailed(workflow_id="w1", step="pay", code="no-money", detail="too little", result={}, at=AT)

AWAITED = DecisionAwaited(step="agree", at=AT)
MADE = DecisionMade(step="agree", decision={}, learned={"price": 7}, result={}, actor="operator:7", at=AT)
DECLINED = WorkflowDeclined(step="agree", code="refused", actor="operator:7", reason="private", at=AT)
DECLINED_BACK = CompensationStarted(step="agree", code="refused", detail="other", undo=(), at=AT)
REFUSED = DeclineCarriedOut(workflow_id="w1", step="agree", code="refused", reason="other", result={}, at=AT)
BY_A_SERVICE = WorkflowFailed(workflow_id="w1", step="pay", code="refused", detail="no", result={}, at=AT)


def shown(events: Sequence[WorkflowEvent]) -> TripView:
    document: TripView | None = None
    for event in events:
        document = TRIPS.project(document, event)
    assert document is not None
    return document


def test_a_started_workflow_runs() -> None:
    """It shows of its data what the document has a field for, and nothing else."""
    view = shown([STARTED])

    assert (view.id, view.status, view.trip_id, view.price, view.started_at) == ("w1", "running", "t1", None, AT)
    assert "secret" not in view.model_dump_json()


def test_what_is_learned_is_shown() -> None:
    """A field fills when a step learns what it is called after."""
    learned = StepSucceeded(step="read_price", attempt=1, learned={"price": 5, "other": 1}, at=AT)

    assert shown([STARTED, learned]).price == 5


def test_it_says_what_it_waits_for() -> None:
    """Until a person has decided; what they decided is shown like whatever else is learned."""
    waiting, decided = shown([STARTED, AWAITED]), shown([STARTED, AWAITED, MADE])

    assert (waiting.status, waiting.waits_for) == ("waiting", "agree")
    assert (decided.status, decided.waits_for, decided.price) == ("running", None, 7)


@pytest.mark.parametrize(
    ("events", "status", "reason"),
    [
        ([BACK], "running", "no-money"),
        ([BACK, STUCK], "stuck", "no-money"),
        ([STUCK], "stuck", "stuck"),
        ([BACK, STUCK, OperatorRetried(actor="o", reason="r", at=AT)], "running", "no-money"),
        ([BACK, STUCK, CompensationDone(step="book", attempt=1, code=None, at=AT)], "running", "no-money"),
        ([BACK, FAILED], "failed", "no-money"),
        ([AWAITED, DECLINED, DECLINED_BACK], "running", "refused"),
        ([AWAITED, DECLINED, DECLINED_BACK, REFUSED], "refused", "refused"),
        ([BACK, BY_A_SERVICE], "failed", "no-money"),
    ],
)
def test_trouble_shows_its_reason(events: list[WorkflowEvent], status: str, reason: str) -> None:
    """Why it turned back stays to be seen, also if it is stuck on the way."""
    view = shown([STARTED, *events])

    assert view.reason is not None
    assert (view.status, view.reason.code) == (status, reason)


def test_a_good_end_has_no_reason() -> None:
    """What was stuck and was completed after all has nothing to explain."""
    view = shown([STARTED, STUCK, WorkflowCompleted(workflow_id="w1", result={}, at=AT)])

    assert (view.status, view.reason, view.ended_at) == ("completed", None, AT)


def test_the_timeline_tells_every_event_in_order() -> None:
    """Nothing that happened is left out."""
    first, second = (StepRequested(step="book", attempt=n, until=AT, at=AT) for n in (1, 2))
    timeline = shown([STARTED, first, second, BACK]).timeline

    assert [(each.step, each.what, each.detail) for each in timeline] == [
        (None, "started", None),
        ("book", "requested", None),
        ("book", "requested", "attempt 2"),
        ("pay", "turned back", "no-money"),
    ]


@pytest.mark.parametrize("kind", get_args(WorkflowEvent), ids=lambda kind: kind.__name__)
def test_there_is_a_word_for_every_event(kind: type[WorkflowEvent]) -> None:
    """Whatever happens to a workflow can be shown."""
    values = {
        "workflow_id": "w1",
        "data": {"trip_id": "t1"},
        "deadline_at": AT,
        "step": "book",
        "attempt": 1,
        "learned": {},
        "code": "refused",
        "decision": {},
        "detail": "d",
        "error": "e",
        "again_at": None,
        "until": AT,
        "undo": ("book",) if kind is CompensationStarted else True,
        "actor": "o",
        "reason": "r",
        "result": {},
        "at": AT,
    }
    event = kind(**{name: values[name] for name in kind.model_fields})

    history = [event] if kind is WorkflowStarted else [STARTED, event]
    assert len(shown(history).timeline) == len(history)


def test_who_the_operator_was_is_not_for_everybody() -> None:
    """The timeline is the customer's too: names of staff are in the history, for staff."""
    view = shown([STARTED, OperatorRetried(actor="operator:7", reason="private", at=AT), AWAITED, MADE, DECLINED])

    assert "operator:7" not in view.model_dump_json()
    assert "private" not in view.model_dump_json()


def test_a_long_timeline_shows_its_end() -> None:
    """A workflow that was asked a thousand times still fits into a document."""
    view = shown([STARTED, *(StepRequested(step="book", attempt=n, until=AT, at=AT) for n in range(1, 1000))])

    assert len(view.timeline) == MAX_TIMELINE
    assert view.timeline[-1].detail == "attempt 999"


def test_nothing_comes_before_the_start() -> None:
    """A stream that does not begin with its start is a bug, not a document."""
    with pytest.raises(ValueError, match="before WorkflowStarted"):
        TRIPS.project(None, BACK)


def test_it_can_be_found_by_status_and_by_its_own_fields() -> None:
    """What lists filter and order by."""
    assert TRIPS.fields(shown([STARTED])) == {"trip_id": "t1", "status": "running", "started_at": AT}
