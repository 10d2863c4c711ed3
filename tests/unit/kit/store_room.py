"""Two categories that change together: stock that must never fall below zero, and reservations of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from shared.eventsourcing.codec import Codec
from shared.eventsourcing.command_handler import Policy
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.event_store import Answer, EventStore
from shared.eventsourcing.held import Memory
from shared.eventsourcing.joint import JointHandler, Plan, Read, Target, Versions
from shared.eventsourcing.message import Command, Event, IntegrationEvent
from shared.eventsourcing.publishing import Announcer, Publication
from shared.testing.doubles import RecordingPublisher


class Moved(Event):
    TYPE: ClassVar = "Moved.v1"
    by: int


class Reserved(Event):
    TYPE: ClassVar = "Reserved.v1"
    skus: tuple[str, ...]


class ItemsReserved(IntegrationEvent):
    TYPE: ClassVar = "ItemsReserved.v1"
    skus: tuple[str, ...]


class Move(Command):
    """Into the stock, or out of it if negative."""

    by: int


class Reserve(Command):
    skus: tuple[str, ...]


class Stock(BaseModel):
    left: int = 0


class Reservation(BaseModel):
    skus: tuple[str, ...] = ()


def move(command: Move, stock: Stock) -> Sequence[Moved]:
    if stock.left + command.by < 0:
        raise DomainError("out-of-stock", f"only {stock.left} left")
    return [Moved(by=command.by)] if command.by else []


def reserve(command: Reserve, reservation: Reservation) -> Sequence[Reserved]:
    return [] if reservation.skus else [Reserved(skus=command.skus)]


def stock_decider(*, keeps_state: bool = False) -> Decider[Move, Moved, Stock]:
    return Decider(
        category="stock",
        decide=move,
        evolve=lambda stock, event: Stock(left=stock.left + event.by),
        initial_state=Stock,
        state_type=Stock,
        codec=Codec[Moved](Moved),
        keeps_state=keeps_state,
    )


RESERVATION = Decider[Reserve, Reserved, Reservation](
    category="reservation",
    decide=reserve,
    evolve=lambda _, event: Reservation(skus=event.skus),
    initial_state=Reservation,
    state_type=Reservation,
    codec=Codec[Reserved](Reserved),
)


def _publication(decider: Decider[Any, Any, Any], to_integration: Callable[[Any], Any]) -> Publication[Any]:
    return Publication(
        service="inventory",
        category=decider.category,
        domain_topic="inventory-commits",
        integration_topic="inventory-events",
        codec=decider.codec,
        to_integration=to_integration,
    )


def announcers(topics: RecordingPublisher, *, keeps_state: bool = False) -> Mapping[str, tuple[Any, Announcer[Any]]]:
    """Reservations are public, the stock is not."""
    stock = stock_decider(keeps_state=keeps_state)
    return {
        "stock": (stock, Announcer(_publication(stock, lambda _: None), topics)),
        "reservation": (
            RESERVATION,
            Announcer(_publication(RESERVATION, lambda e: ItemsReserved(skus=e.skus)), topics),
        ),
    }


async def no_pause(_: int) -> None:
    return None


def joint_on(
    store: EventStore,
    topics: RecordingPublisher,
    *,
    keeps_state: bool = False,
    memory: Memory | None = None,
    **policy: float,
) -> JointHandler:
    bounds = Policy(pause=no_pause, **policy)  # type: ignore[arg-type] # ints pass as floats
    return JointHandler(announcers(topics, keeps_state=keeps_state), store, bounds, memory)


def moving(*moves: tuple[str, int]) -> Plan:
    """Stock in and out, without a look at anything."""

    async def plan(_: Read) -> Sequence[Target]:
        return [Target("stock", sku, Move(by=by)) for sku, by in moves]

    return plan


def reserving(reservation_id: str, *skus: str) -> Plan:
    """One of each, unless the reservation has been made."""

    async def plan(read: Read) -> Sequence[Target]:
        if (await read("reservation", reservation_id)).skus:
            return []
        out = [Target("stock", sku, Move(by=-1)) for sku in skus]
        return [*out, Target("reservation", reservation_id, Reserve(skus=skus))]

    return plan


def answering(key: str) -> Callable[[Versions], Answer]:
    """The body are the versions."""

    def answer(versions: Versions) -> Answer:
        body = ",".join(f"{category}-{identity}@{version}" for (category, identity), version in versions.items())
        return Answer(key=key, fingerprint="f", status=202, headers={}, body=body.encode())

    return answer


async def left(store: EventStore, sku: str = "a") -> int:
    """As the log has it."""
    return stock_decider().fold(Stock(), (await store.load(f"stock-{sku}")).commits).left
