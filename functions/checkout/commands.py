"""What can be asked of a customer's attempts to check out. What is asked of a checkout itself is the kit's."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from pydantic import AwareDatetime

from shared.eventsourcing.message import Command


class Fate(StrEnum):
    """What became of an attempt. `BAD`: a card or a coupon that might have been guessed; `OTHER`: any other failure."""

    RUNNING = "running"
    GOOD = "good"
    BAD = "bad"
    OTHER = "other"


class BeginAttempt(Command):
    """Allow one more, unless the last `limit` in a row were bad: then the next one is at least `pause` behind them.
    `fates` are what became of those that are remembered; what is not among them began a moment ago.
    """

    customer_id: str
    checkout_id: str
    request_id: str
    fates: Mapping[str, Fate]
    limit: int
    pause: timedelta
    at: AwareDatetime


AttemptCommand = BeginAttempt
