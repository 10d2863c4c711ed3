"""The rules of a customer's attempts to check out: whoever tries one card or coupon after the other is slowed down.

An attempt is written down before its checkout begins, so that of many at a time each knows of those before it. What
became of them is not kept here but read from the checkouts themselves: nothing has to be told, and nothing lags. One
that is still running counts as bad until it ended otherwise.
"""

from collections.abc import Mapping, Sequence
from math import ceil

from functions.checkout.commands import AttemptCommand, Fate
from functions.checkout.events import AttemptBegun, AttemptEvent
from functions.checkout.manifest import ATTEMPTS
from functions.checkout.state import Attempt, Attempts
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import TooSoonError

MAX_LIMIT = 20
"""So many are remembered."""


def decide(command: AttemptCommand, attempts: Attempts) -> Sequence[AttemptEvent]:
    if any(each.request_id == command.request_id for each in attempts.latest):
        return []
    row = _in_a_row(attempts.latest, command.fates)
    if len(row) >= min(command.limit, MAX_LIMIT):
        wait = (row[-1].at + command.pause - command.at).total_seconds()
        if wait > 0:
            raise TooSoonError("too-many-attempts", "too many checkouts in a row failed", retry_after=ceil(wait))
    kept = {each.checkout_id for each in row}
    forgotten = tuple(each.checkout_id for each in attempts.latest if each.checkout_id not in kept)
    known = command.model_dump(include={"customer_id", "checkout_id", "request_id", "at"})
    return [AttemptBegun(**known, forgotten=forgotten)]


def _in_a_row(latest: Sequence[Attempt], fates: Mapping[str, Fate]) -> list[Attempt]:
    """The bad ones since the last good one."""
    row: list[Attempt] = []
    for each in latest:
        match fates.get(each.checkout_id, Fate.RUNNING):
            case Fate.GOOD:
                row = []
            case Fate.BAD | Fate.RUNNING:
                row.append(each)
            case Fate.OTHER:
                pass
    return row


def evolve(attempts: Attempts, event: AttemptEvent) -> Attempts:
    kept = [each for each in attempts.latest if each.checkout_id not in event.forgotten]
    new = Attempt(checkout_id=event.checkout_id, request_id=event.request_id, at=event.at)
    return Attempts(latest=(*kept, new)[-MAX_LIMIT:])


ATTEMPTS_DECIDER = Decider[AttemptCommand, AttemptEvent, Attempts](
    category=ATTEMPTS,
    decide=decide,
    evolve=evolve,
    initial_state=Attempts,
    state_type=Attempts,
    codec=Codec[AttemptEvent](AttemptEvent),
    snapshot_every=50,
)
