"""What a service does about the integration events of others: pure maps from an event to commands of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.eventsourcing.joint import Plan, Target
from shared.eventsourcing.message import Context, parse_message_id


class Reads(BaseModel):
    """A consumer's own view of another service's event: the fields that it needs. Whatever else is there is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The message around an event. `id` names the fact wherever it turns up; `at` is its business time."""

    id: str
    subject: str
    at: datetime
    correlation_id: str
    traceparent: str | None = None

    @property
    def version(self) -> int:
        """The version of the producer's stream that tells of it. Of two events of one stream the higher version is the
        later one: their times are of different clocks and tell nothing.
        """
        return parse_message_id(self.id)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """To one type of event of one service. `react(event, delivery)` returns commands, which are carried out in one
    commit or not at all, together with the inbox record that keeps the event from being reacted to again; or a plan
    that finds them, where they depend on what the service holds. The record says which entities they were for, so that
    the service's effect follows for these at every delivery, whatever a plan would find by then.
    """

    service: str
    reads: type[BaseModel]
    type: str
    react: Callable[[Any, Delivery], Sequence[Target] | Plan]


def inbox_key(consumer: str, message_id: str) -> str:
    """What an inbox record is kept under: a message counts once for each consumer."""
    return sha256(f"inbox\n{consumer}\n{message_id}".encode()).hexdigest()


def reaction_context(consumer: str, delivery: Delivery, command: str) -> Context:
    """Caused by the message, in the same flow; the same at every delivery."""
    return Context(
        command=command,
        command_id=inbox_key(consumer, delivery.id)[:32],
        correlation_id=delivery.correlation_id,
        causation_id=delivery.id,
        actor=f"reaction:{consumer}",
        occurred_at=delivery.at,
        traceparent=delivery.traceparent,
    )
