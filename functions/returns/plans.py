"""How a return begins: decided on what the log says of the other returns of its order.

The order counts what is back. What others have asked for and not sent yet only the returns know, so it is taken along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.returns.manifest import RETURN
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.ids import derived_id
from shared.eventsourcing.joint import Read, Target
from shared.eventsourcing.workflow.commands import Start
from shared.eventsourcing.workflow.state import Saga, Status

MAX_RETURNS = 100
"""Of one order, those that came to nothing included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to come back, and all else that the return knows at its beginning. `customer_id` is None for staff."""

    order_id: str
    customer_id: str | None
    data: Mapping[str, Any]
    at: datetime


async def return_targets(asked: Asked, read: Read) -> Sequence[Target]:
    """The start, under the first number that is free: two that are asked for at once meet there."""
    under_way: list[Mapping[str, Any]] = []
    for number in range(1, MAX_RETURNS + 1):
        return_id = derived_id(f"{asked.order_id}-r{number}")
        saga: Saga = await read(RETURN, return_id)
        if saga.status is Status.ABSENT:
            named = {"return_id": return_id, "order_id": asked.order_id, "customer_id": asked.customer_id}
            data = {**named, **asked.data, "under_way": under_way}
            return [Target(RETURN, return_id, Start(workflow_id=return_id, data=data, at=asked.at))]
        if not saga.is_over and _may_hold_pieces(saga, asked):
            under_way.append({"return_id": return_id, "lines": saga.data["lines"]})
    raise DomainError("too-many-returns", f"an order has at most {MAX_RETURNS} returns", field="order_id")


def _may_hold_pieces(saga: Saga, asked: Asked) -> bool:
    """Not one that somebody asked for of an order that is not theirs, which is about to be refused."""
    return None in (saga.data["customer_id"], asked.customer_id) or saga.data["customer_id"] == asked.customer_id
