"""How a return begins: decided on what the log says of the other returns of its order.

The order counts what is back. What others have asked for and not sent yet only the returns know, so it is taken along.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.returns.manifest import RETURN
from shared.eventsourcing.ids import derived_id
from shared.eventsourcing.joint import Read, Target
from shared.eventsourcing.workflow.commands import Start
from shared.eventsourcing.workflow.state import Saga, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to come back, and all else that the return knows at its beginning. `customer_id` is None for staff."""

    order_id: str
    customer_id: str | None
    data: Mapping[str, Any]
    at: datetime


async def return_targets(asked: Asked, read: Read) -> Sequence[Target]:
    """The start, under the first number that is free: two that are asked for at once meet there. The one before it took
    along what was under way then, so that no others have to be read, however many there were.
    """
    last = await _last(asked.order_id, read)
    before: Saga = await read(RETURN, _id(asked.order_id, last))
    return_id = _id(asked.order_id, last + 1)
    data: dict[str, Any] = {
        "return_id": return_id,
        "order_id": asked.order_id,
        "customer_id": asked.customer_id,
        **asked.data,
        "under_way": [each async for each in _under_way(before, read)],
    }
    return [Target(RETURN, return_id, Start(workflow_id=return_id, data=data, at=asked.at))]


async def _last(order_id: str, read: Read) -> int:
    """The highest number that is taken, 0 if none is: found by halves, for none is left out."""
    taken, free = 0, 1
    while await _is_taken(order_id, free, read):
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if await _is_taken(order_id, middle, read) else (taken, middle)
    return taken


async def _is_taken(order_id: str, number: int, read: Read) -> bool:
    saga: Saga = await read(RETURN, _id(order_id, number))
    return saga.status is not Status.ABSENT


async def _under_way(before: Saga, read: Read) -> AsyncIterator[Mapping[str, Any]]:
    """Of the return before, and of those that it took along, what is not over yet."""
    if before.status is Status.ABSENT:
        return
    own = {name: before.data[name] for name in ("return_id", "customer_id", "lines")}
    for each in (*before.data["under_way"], own):
        saga: Saga = await read(RETURN, each["return_id"])
        if not saga.is_over:
            yield each


def _id(order_id: str, number: int) -> str:
    return derived_id(f"{order_id}-r{number}")
