"""How often each operation may ask its backends for something: not once more, not once less."""

from collections.abc import Mapping

from shared.eventsourcing.event_store import OperationCounts


def _cost(*, read: int = 0, written: int = 0, deleted: int = 0, **rpcs: int) -> OperationCounts:
    return OperationCounts(rpcs=rpcs, documents_read=read, documents_written=written, documents_deleted=deleted)


PROMISED: Mapping[str, OperationCounts] = {
    # The commit, its outbox row, the answer under its idempotency key; the integration message owes a row of its own.
    "AddItem, warm": _cost(Commit=1, written=3, publish=1),
    "CheckOutCart, warm": _cost(Commit=1, written=4, publish=2),
    "AddItem, warm, version 50: with snapshot": _cost(Commit=1, written=4, publish=1),
    # An instance without memory of the stream looks for a snapshot and for commits; a query costs a read at least.
    "OpenCart": _cost(Commit=1, written=3, publish=1),
    "AddItem, cold, 10 commits before": _cost(Commit=1, RunQuery=2, read=11, written=3, publish=1),
    "AddItem, cold, 50 commits and a snapshot before": _cost(Commit=1, RunQuery=3, read=27, written=3, publish=1),
    # The append finds its idempotency key taken and reads the first answer.
    "the same request again, warm": _cost(Commit=1, BatchGetDocuments=1, read=2),
    "the same request again, other instance": _cost(Commit=1, RunQuery=2, BatchGetDocuments=1, read=6),
    # Refused on what the store says, after a look for a first answer.
    "AddItem refused, warm": _cost(RunQuery=1, BatchGetDocuments=1, read=2),
    "AddItem refused, cold, 4 commits before": _cost(RunQuery=2, BatchGetDocuments=1, read=6),
    "projection, a new cart": _cost(BatchGetDocuments=1, Commit=1, read=1, written=1),
    "projection, warm": _cost(Commit=1, written=1),
    "projection, delivered twice, warm": _cost(),
    "projection, cold": _cost(BatchGetDocuments=1, Commit=1, read=1, written=1),
    "query by id": _cost(BatchGetDocuments=1, read=1),
    # The stored document is newer here; where it is not, it is folded from.
    "query by id, version 1 of 2": _cost(BatchGetDocuments=1, RunQuery=1, read=2),
    # One more than the page, to know whether there is another.
    "query, list page of 20": _cost(RunQuery=1, read=21),
    "query, history of 2 commits": _cost(RunQuery=1, read=2),
    # The checkpoint, one query for the category; two subscriptions, each pulled until there is nothing more.
    "relay run, 100 messages settled": _cost(
        BatchGetDocuments=1, RunQuery=1, Commit=1, pull=3, acknowledge=1, read=2, deleted=100
    ),
    # What an idle service costs: the relay each minute, the sweep of each read model each five.
    "relay run, nothing to do": _cost(BatchGetDocuments=1, RunQuery=1, pull=2, read=2),
    "catch-up sweep, nothing new": _cost(BatchGetDocuments=2, RunQuery=1, read=3),
}
PROMISED_ON_GOOGLE: Mapping[str, OperationCounts] = {
    # The row, a look whether the stream is parked, and the three commits that are missing.
    "projection, 3 commits late, cold": _cost(BatchGetDocuments=2, RunQuery=1, Commit=1, read=6, written=1),
}
"""Operations that look at dead letters, which are not counted in memory."""
