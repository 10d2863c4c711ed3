"""The port `EventStore`."""

from shared.testing.conformance.append import AnswerConformance, AppendConformance
from shared.testing.conformance.feed import FeedConformance
from shared.testing.conformance.loading import LoadConformance
from shared.testing.conformance.retries import ArbitrationConformance, RetryConformance
from shared.testing.conformance.states import StateConformance


class EventStoreConformance(
    AppendConformance,
    RetryConformance,
    ArbitrationConformance,
    AnswerConformance,
    StateConformance,
    LoadConformance,
    FeedConformance,
):
    """Every event store keeps these promises.

    Fixtures to provide: `store` (an EventStore that is an Outbox too), `counts` and `connection` (the store's own),
    `spoil` (makes a stored commit unreadable: stream, version).
    """
