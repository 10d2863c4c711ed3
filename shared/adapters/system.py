"""The clock, the ids and the dice of a real process. Everything else is given them."""

import asyncio
from datetime import UTC, datetime
from random import SystemRandom
from typing import Final
from uuid import uuid4  # noqa: TID251 - this is the id source

_DICE: Final = SystemRandom()
_FIRST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.5


def utc_now() -> datetime:
    """The time, aware, UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock


def new_id() -> str:
    """A random id of 32 hexadecimal digits, never ordered by time: neighbours would crowd one part of the store."""
    return uuid4().hex


async def full_jitter_pause(attempt: int) -> None:
    """Wait between two tries: any time up to 20 ms after the first, up to twice that after each further one, at most
    half a second. Evenly spread, so that those who collided do not collide again.
    """
    await asyncio.sleep(_DICE.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt - 1, 10))))
