"""What became of earlier checkouts."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.checkout.commands import Fate
from functions.checkout.plans import fates_of
from functions.checkout.state import Attempt, Attempts
from shared.eventsourcing.workflow.state import Failure, Saga, Status

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE = Attempts(latest=(Attempt(checkout_id="c1", request_id="r1", at=AT),))


def failed(code: str, status: Status = Status.FAILED) -> Saga:
    return Saga(status=status, failure=Failure(step="any", code=code, detail=""))


async def fate(saga: Saga, after: timedelta = timedelta()) -> Fate:
    async def read(_: str, __: str) -> Saga:
        return saga

    return (await fates_of(ONE, read, AT + after))["c1"]


@pytest.mark.parametrize(
    ("saga", "expected"),
    [
        (Saga(status=Status.COMPLETED), Fate.GOOD),
        (Saga(status=Status.FORWARDS), Fate.RUNNING),
        (Saga(status=Status.STUCK), Fate.RUNNING),
        (failed("card-declined"), Fate.BAD),
        (failed("card-declined", Status.BACKWARDS), Fate.BAD),
        (failed("coupon-not-found"), Fate.BAD),
        (failed("out-of-stock"), Fate.OTHER),
        (failed("deadline-passed", Status.STUCK), Fate.OTHER),
    ],
)
async def test_a_checkout_says_itself_what_became_of_it(saga: Saga, expected: Fate) -> None:
    """As soon as it is known, also while it is still being undone."""
    assert await fate(saga) is expected


async def test_one_that_is_not_there_yet_may_be_about_to_begin() -> None:
    """An attempt is written down before its checkout; after a while it is clear that there is none."""
    assert await fate(Saga()) is Fate.RUNNING
    assert await fate(Saga(), timedelta(minutes=2)) is Fate.OTHER
