"""The port `Checkpoints`."""

from datetime import UTC, datetime

import pytest

from shared.eventsourcing.checkpoint import Checkpoints, at_time
from shared.eventsourcing.event_store import FeedCursor, OperationCounts

NOON = datetime(2017, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


class CheckpointsConformance:
    """Every checkpoint store keeps these promises. Fixtures to provide: `store`, `counts` (the store's own)."""

    async def test_there_is_none_at_first(self, store: Checkpoints) -> None:
        """None, and no error."""
        assert await store.load("sweep/cart") is None

    @pytest.mark.parametrize("cursor", [FeedCursor(NOON, "cart-1", 7), at_time(NOON)])
    async def test_a_checkpoint_comes_back_as_it_was_saved(self, store: Checkpoints, cursor: FeedCursor) -> None:
        """To the microsecond, a mere time as well."""
        await store.save("sweep/cart", cursor)

        assert await store.load("sweep/cart") == cursor

    async def test_the_last_one_counts(self, store: Checkpoints) -> None:
        """Also when it goes back."""
        await store.save("sweep/cart", FeedCursor(NOON, "cart-1", 7))

        await store.save("sweep/cart", FeedCursor(NOON, "cart-1", 6))

        assert await store.load("sweep/cart") == FeedCursor(NOON, "cart-1", 6)

    async def test_names_do_not_mix(self, store: Checkpoints) -> None:
        """A slash in a name is a letter like any other."""
        await store.save("sweep/cart", at_time(NOON))

        assert await store.load("sweep") is None
        assert await store.load("relay/cart") is None

    async def test_checkpoints_are_counted_as_they_are_billed(
        self, store: Checkpoints, counts: OperationCounts
    ) -> None:
        """A read each time, whether there is one or not; a write each time."""
        await store.load("sweep/cart")
        await store.save("sweep/cart", at_time(NOON))

        assert counts == OperationCounts(
            rpcs={"BatchGetDocuments": 1, "Commit": 1}, documents_read=1, documents_written=1
        )
