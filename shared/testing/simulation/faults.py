"""What can go wrong, and what the seed lets go wrong."""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from random import Random

from shared.testing.simulation.dice import dice_of


class Kind(StrEnum):
    """A kind of fault. The value is what the story calls it."""

    COMMIT_LOST = "the commit request is lost"
    COMMIT_UNHEARD = "the commit is done, its answer is lost"
    COMMIT_LATE = "the commit shows late in the feed"
    COMMIT_DELAYED = "the commit request arrives after its sender gave up"
    STORE_LOST = "the request to a store is lost"
    STORE_UNHEARD = "the request to a store is done, its answer is lost"
    STORE_SLOW = "a store is slow"
    PUBLISH_LOST = "the publish request is lost"
    PUBLISH_UNHEARD = "the messages are published, the answer is an error"
    DEATH = "the instance dies"
    OUTAGE = "the instance dies, and no request reaches its service for a while"
    STOPPED = "the platform stops the handler in the middle"
    COLD = "a new instance takes the place of an old one"
    CLOCK_OFF = "the clock of an instance is off"
    REQUEST_LOST = "the request is lost"
    REQUEST_TWICE = "the request arrives twice"
    REQUEST_LATE = "the request arrives after its caller gave up"
    ANSWER_LOST = "the answer is lost"
    CUT_OFF = "nobody hears from the service for a while"
    MESSAGE_LATE = "the message is late"
    MESSAGE_TWICE = "the message is delivered twice"
    MESSAGE_LOST = "the message is lost after its acknowledgement"
    ACK_LOST = "the acknowledgement is lost"
    SUBSCRIPTION_FORGETS = "the subscription forgets its messages"
    TIMER_EARLY = "the timer is early"
    TIMER_LATE = "the timer is late"
    TIMER_NEVER = "the timer never comes"
    JOB_SKIPPED = "the scheduled job does not run"
    OUTSIDE_LOST = "the request to an outside system is lost"
    OUTSIDE_UNHEARD = "the outside system did it, its answer is lost"
    OUTSIDE_SLOW = "an outside system is slow"
    OUTSIDE_BUSY = "an outside system refuses calls: too many for a while, or two at once about one thing"
    CALLBACK_TWICE = "an outside system calls back twice"
    CALLBACK_NEVER = "an outside system does not call back"
    KEYS_DOWN = "the key vault is down"
    ARCHIVE_DOWN = "the archive is down"


USUAL: Mapping[Kind, float] = {
    Kind.COMMIT_LOST: 0.03,
    Kind.COMMIT_UNHEARD: 0.03,
    Kind.COMMIT_LATE: 0.2,
    Kind.COMMIT_DELAYED: 0.01,
    Kind.STORE_LOST: 0.006,
    Kind.STORE_UNHEARD: 0.006,
    Kind.STORE_SLOW: 0.01,
    Kind.PUBLISH_LOST: 0.05,
    Kind.PUBLISH_UNHEARD: 0.05,
    Kind.DEATH: 0.0015,
    Kind.OUTAGE: 0.0003,
    Kind.STOPPED: 0.005,
    Kind.COLD: 0.05,
    Kind.CLOCK_OFF: 0.5,
    Kind.REQUEST_LOST: 0.03,
    Kind.REQUEST_TWICE: 0.03,
    Kind.REQUEST_LATE: 0.01,
    Kind.ANSWER_LOST: 0.03,
    Kind.CUT_OFF: 0.003,
    Kind.MESSAGE_LATE: 0.15,
    Kind.MESSAGE_TWICE: 0.1,
    Kind.MESSAGE_LOST: 0.05,
    Kind.ACK_LOST: 0.03,
    Kind.SUBSCRIPTION_FORGETS: 0.002,
    Kind.TIMER_EARLY: 0.1,
    Kind.TIMER_LATE: 0.1,
    Kind.TIMER_NEVER: 0.1,
    Kind.JOB_SKIPPED: 0.2,
    Kind.OUTSIDE_LOST: 0.03,
    Kind.OUTSIDE_UNHEARD: 0.05,
    Kind.OUTSIDE_SLOW: 0.03,
    Kind.OUTSIDE_BUSY: 0.03,
    Kind.CALLBACK_TWICE: 0.2,
    Kind.CALLBACK_NEVER: 0.3,
    Kind.KEYS_DOWN: 0.03,
    Kind.ARCHIVE_DOWN: 0.1,
}
"""How likely each kind is, whenever it could happen."""

_SCALES = (0.3, 1.0, 2.0, 5.0)


def drawn(dice: Random) -> dict[Kind, float]:
    """Swarm testing: no fault at all, one kind or two alone, a random set of kinds, or all of them."""
    shape, scale = dice.random(), dice.choice(_SCALES)
    if shape < 0.05:
        kinds = []
    elif shape < 0.25:
        kinds = dice.sample(list(Kind), dice.randint(1, 2))
    elif shape < 0.8:
        kinds = [kind for kind in Kind if dice.random() < 0.35]
    else:
        kinds, scale = list(Kind), min(scale, 2.0)
    return {kind: min(USUAL[kind] * scale, 0.9) for kind in kinds}


class Faults:
    """Draws for each kind from dice of its own: without one kind the draws of the others stay the same."""

    def __init__(self, seed: int, likely: Mapping[Kind, float], tell: Callable[[str, str], None]) -> None:
        self.struck: Counter[Kind] = Counter()
        self.likely = dict(likely)
        self._dice = {kind: dice_of(seed, kind.name) for kind in likely}
        self._tell = tell

    def strikes(self, kind: Kind, who: str) -> bool:
        """Whether it happens now to `who`."""
        if kind not in self.likely or self._dice[kind].random() >= self.likely[kind]:
            return False
        self.struck[kind] += 1
        self._tell(who, f"! {kind.value}")
        return True

    def can(self, kind: Kind) -> bool:
        """Whether it may happen at all: to somebody who wants it to happen at a certain moment."""
        return kind in self.likely

    def happens(self, kind: Kind, who: str) -> None:
        """Now, for sure."""
        self.struck[kind] += 1
        self._tell(who, f"! {kind.value}")

    def stop(self) -> None:
        """From now on nothing goes wrong."""
        self.likely = {}
