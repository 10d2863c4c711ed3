"""Faults that a broker may have, made on request: the local delivery service is the one place that applies them.

    duplicate=0.1,delay=0.05:200ms,reorder=0.1,drop=0.01,fail=0.02,seed=7

Each is a probability per message, of `fail` per attempt. The draws depend on nothing but the seed, the subscription and
the message: the same messages meet the same faults in whatever order they arrive.
"""

import re
from dataclasses import dataclass
from random import Random

DEFAULT_DELAY = 0.2
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


class FaultSyntaxError(ValueError):
    """The text names no faults; the message says which part and what is possible."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to one message. `delay` in seconds."""

    drop: bool = False
    duplicate: bool = False
    reorder: bool = False
    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How likely each fault is, between 0 and 1.

    `duplicate`: delivered once more, at the same time. `delay`: held back by `delay_seconds`. `reorder`: held back
    until the next message of the subscription was tried, or for a second where none comes. `drop`: acknowledged
    without being delivered, as by a broker that lost it. `fail`: the attempt counts as a refusal and reaches nobody.
    """

    duplicate: float = 0.0
    delay: float = 0.0
    delay_seconds: float = DEFAULT_DELAY
    reorder: float = 0.0
    drop: float = 0.0
    fail: float = 0.0
    seed: int = 0

    def plan(self, subscription: str, message_id: str) -> Plan:
        """The draws for a message that arrived."""
        draw = self._draws(subscription, message_id)
        drop, duplicate, reorder, delay = (draw.random() for _ in range(4))
        return Plan(
            drop=drop < self.drop,
            duplicate=duplicate < self.duplicate,
            reorder=reorder < self.reorder,
            delay=self.delay_seconds if delay < self.delay else 0.0,
        )

    def fails(self, subscription: str, message_id: str, attempt: int) -> bool:
        """The draw for an attempt."""
        return self._draws(subscription, message_id, attempt).random() < self.fail

    def _draws(self, *what: object) -> Random:
        return Random("/".join(map(str, (self.seed, *what))))  # noqa: S311 - repeatable, that is the point


NO_FAULTS = Faults()
_PROBABILITIES = ("duplicate", "delay", "reorder", "drop", "fail")


def parse_faults(text: str) -> Faults:
    """From the command line's notation; no text means no faults. Raises FaultSyntaxError."""
    options: dict[str, float | int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        if name == "seed":
            options["seed"] = _seed(part, value)
        elif name in _PROBABILITIES:
            probability, _, duration = value.partition(":")
            options[name] = _probability(part, probability)
            if duration:
                options["delay_seconds"] = _seconds(part, name, duration)
        else:
            raise FaultSyntaxError(f"{part!r}: there are {', '.join(_PROBABILITIES)} and seed")
    return Faults(**options)  # type: ignore[arg-type] # the seed is an int, the others are floats


def _seed(part: str, value: str) -> int:
    if not value.isdecimal():
        raise FaultSyntaxError(f"{part!r}: a seed is a whole number")
    return int(value)


def _probability(part: str, value: str) -> float:
    try:
        probability = float(value)
    except ValueError:
        probability = -1.0
    if not 0.0 <= probability <= 1.0:
        raise FaultSyntaxError(f"{part!r}: a probability between 0 and 1 is needed, such as 0.1")
    return probability


def _seconds(part: str, name: str, duration: str) -> float:
    match = _DURATION.fullmatch(duration)
    if match is None or name != "delay":
        raise FaultSyntaxError(f"{part!r}: only a delay has a duration, such as delay=0.05:200ms or :1.5s")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)
