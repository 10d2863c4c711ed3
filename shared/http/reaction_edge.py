"""Pushed integration events of other services: read tolerantly, reacted to once, or buried."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from shared.eventsourcing.dead_letters import DeadLetters
from shared.eventsourcing.desk import Desk, UnreadableError
from shared.eventsourcing.errors import DomainError, TooLargeError
from shared.eventsourcing.event_store import Answer
from shared.eventsourcing.joint import Read, Target, Versions
from shared.eventsourcing.message import Context, event_type, parse_message_id
from shared.eventsourcing.reaction import Delivery, Reaction, inbox_key, reaction_context
from shared.http.auth import PlatformCallers
from shared.http.command_edge import Writers
from shared.http.message_edge import MessageEdge
from shared.http.platform_api import ScheduleEdge


class ReactionEdge(MessageEdge):
    """Hands a pushed event to its reaction. A 2xx acknowledges, a 503 makes it come again; what can never succeed is
    kept among the dead letters and acknowledged.
    """

    def __init__(
        self,
        service: str,
        reactions: Sequence[Reaction],
        writers: Writers,
        *,
        callers: PlatformCallers,
        dead_letters: DeadLetters,
        clock: Callable[[], datetime],
        schedule: ScheduleEdge,
    ) -> None:
        desk = Desk(
            service=service,
            function="reactor",
            taker=_Reacting(service, reactions, writers),
            dead_letters=dead_letters,
            clock=clock,
        )
        super().__init__(callers, desk, schedule)


class _Reacting:
    """`Taker` of other services' events."""

    never = (UnreadableError, DomainError, TooLargeError, ValidationError)

    def __init__(self, service: str, reactions: Sequence[Reaction], writers: Writers) -> None:
        self._service = service
        self._reactions = {event_type(each.service, each.type): each for each in reactions}
        self._writers = writers

    async def take(self, headers: Mapping[str, str], body: bytes) -> str:
        reaction = self._reactions.get(headers.get("ce-type", ""))
        if reaction is None:
            return "ignored"
        event, delivery = _read(reaction, headers, body)
        return await self._react(reaction, event, delivery, body)

    def reads(self, headers: Mapping[str, str], body: bytes) -> str:
        type_name = headers.get("ce-type", "")
        reaction = self._reactions.get(type_name)
        if reaction is None:
            return f"nobody here reacts to {type_name or 'a message without a type'}: it would be ignored"
        _, delivery = _read(reaction, headers, body)
        return f"{reaction.react.__name__.strip('_')}: {type_name} {delivery.id}"

    async def _react(self, reaction: Reaction, event: BaseModel, delivery: Delivery, body: bytes) -> str:
        asked = reaction.react(event, delivery)
        if not asked:
            return "nothing to do"
        command = reaction.react.__name__.strip("_") if callable(asked) else type(asked[0].command).__name__
        context = reaction_context(self._service, delivery, command)
        targets: Sequence[Target] = ()

        async def plan(read: Read) -> Sequence[Target]:
            nonlocal targets
            targets = await asked(read) if callable(asked) else asked
            return targets

        def record(_: Versions) -> Answer:
            entities = dict.fromkeys((each.category, each.entity_id) for each in targets)
            return Answer(
                key=inbox_key(self._service, delivery.id),
                fingerprint=sha256(body).hexdigest(),
                status=204,
                headers={},
                body=to_json(list(entities)),
            )

        handled = await self._writers.joint.handle(plan, context, answer=record)
        await self._settle(handled.answer, context)
        return "duplicate" if handled.replayed else "done"

    async def _settle(self, first: Answer | None, context: Context) -> None:
        if self._writers.effect is not None and first is not None:
            for category, entity_id in from_json(first.body):
                await self._writers.effect(category, entity_id, context)


def _read(reaction: Reaction, headers: Mapping[str, str], body: bytes) -> tuple[BaseModel, Delivery]:
    try:
        delivery, event = delivery_of(headers), reaction.reads.model_validate_json(body)
    except (ValidationError, ValueError, KeyError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error
    return event, delivery


def delivery_of(headers: Mapping[str, Any]) -> Delivery:
    """From the attributes of a message; KeyError or ValueError if it is no CloudEvent of this platform."""
    delivery = Delivery(
        id=headers["ce-id"],
        subject=headers.get("ce-subject", ""),
        at=datetime.fromisoformat(headers["ce-time"]),
        correlation_id=headers.get("ce-correlationid") or headers["ce-id"],
        traceparent=headers.get("traceparent"),
    )
    parse_message_id(delivery.id)
    return delivery
