"""What became of a customer's earlier checkouts, as their own streams say."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from functions.checkout.commands import Fate
from functions.checkout.manifest import NAME
from functions.checkout.state import Attempts
from shared.eventsourcing.workflow.state import Saga, Status

BAD_CODES = frozenset({"card-declined", "coupon-not-found"})
"""What whoever tries cards or coupons meets."""
_BEGINS_WITHIN = timedelta(minutes=1)
ReadState = Callable[[str, str], Awaitable[Saga]]


async def fates_of(attempts: Attempts, read: ReadState, now: datetime) -> Mapping[str, Fate]:
    """By checkout. One that is not there after a while never began."""
    fates: dict[str, Fate] = {}
    for each in attempts.latest:
        saga = await read(NAME, each.checkout_id)
        never = saga.status is Status.ABSENT and each.at + _BEGINS_WITHIN < now
        fates[each.checkout_id] = Fate.OTHER if never else _fate_of(saga)
    return fates


def _fate_of(saga: Saga) -> Fate:
    if saga.status is Status.COMPLETED:
        return Fate.GOOD
    if saga.failure is None:
        return Fate.RUNNING
    return Fate.BAD if saga.failure.code in BAD_CODES else Fate.OTHER
