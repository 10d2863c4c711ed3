"""The clock, the ids and the dice of a process. Everything else is given them.

They are the machine's own, unless a context has been given others: a simulation runs many instances in one process,
each with a clock of its own, and draws all that is random from a seed.
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import Final

_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.5


@dataclass(frozen=True, slots=True)
class System:
    """Where time and chance come from."""

    now: Callable[[], datetime]
    dice: Random


def _machine_time() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - this is the clock


_MACHINE: Final = System(_machine_time, SystemRandom())
_SYSTEM: Final = ContextVar("system", default=_MACHINE)


def use_system(system: System) -> None:
    """For what runs in this context from now on."""
    _SYSTEM.set(system)


def utc_now() -> datetime:
    """The time, aware, UTC."""
    return _SYSTEM.get().now()


def random_bytes(count: int) -> bytes:
    """Good for keys: the machine's dice are those of its operating system."""
    return _SYSTEM.get().dice.randbytes(count)


def new_id() -> str:
    """A random id of 32 hexadecimal digits, never ordered by time: neighbours would crowd one part of the store."""
    return random_bytes(16).hex()


async def full_jitter_pause(attempt: int) -> None:
    """Wait between two tries: any time up to 20 ms after the first, up to twice that after each further one, at most
    half a second. Evenly spread, so that those who collided do not collide again.
    """
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt - 1, 10))
    await asyncio.sleep(_SYSTEM.get().dice.uniform(0, longest))
