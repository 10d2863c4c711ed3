"""A service in miniature, behind its real edges: shelves that must never fall below zero, and baskets filled from
several of them at once.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from pydantic import AwareDatetime, BaseModel

from shared.adapters.memory.event_store import MemoryEventStore
from shared.bootstrap import Aggregate, Wiring
from shared.eventsourcing.codec import Codec
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.joint import Read, Target
from shared.eventsourcing.message import Command, Commit, Context, Event
from shared.eventsourcing.personal import Sealed
from shared.http.auth import EVERYONE, Principal, Role, TokenVerifier
from shared.http.command_api import Call, CommandApi, CommandEndpoint, JointEndpoint, open_to_its_roles
from shared.http.command_edge import CommandEdge, Effect
from shared.http.edge import guarded
from shared.http.requests import Body, Moment
from shared.testing.api_spec import ApiSpec
from shared.testing.doubles import FixedClock, RecordingPublisher
from shared.testing.faults import FaultyEventStore
from shared.testing.memory_platform import memory_dependencies
from shared.topology import event_sourced

MANIFEST = event_sourced("store", description="", publishes="", categories=("shelf", "basket"))
SHELF, BASKET = "/store/v1/shelves/milk", "/store/v1/baskets/b1"


class Moved(Event):
    TYPE: ClassVar = "Moved.v1"
    by: int


class Filled(Event):
    TYPE: ClassVar = "Filled.v1"
    skus: tuple[str, ...]
    note: Sealed = ""


class Move(Command):
    """Onto the shelf, or off it if negative."""

    by: int
    at: AwareDatetime


class Fill(Command):
    skus: tuple[str, ...]
    note: Sealed = ""
    at: AwareDatetime


class Shelf(BaseModel):
    left: int = 0


class Basket(BaseModel):
    skus: tuple[str, ...] = ()


def _move(command: Move, shelf: Shelf) -> Sequence[Moved]:
    if shelf.left + command.by < 0:
        raise DomainError("out-of-stock", f"only {shelf.left} left", field="skus")
    return [Moved(by=command.by)] if command.by else []


def _fill(command: Fill, basket: Basket) -> Sequence[Filled]:
    return [] if basket.skus else [Filled(skus=command.skus, note=command.note)]


SHELVES = Decider[Move, Moved, Shelf](
    category="shelf",
    decide=_move,
    evolve=lambda shelf, event: Shelf(left=shelf.left + event.by),
    initial_state=Shelf,
    state_type=Shelf,
    codec=Codec[Moved](Moved),
)
BASKETS = Decider[Fill, Filled, Basket](
    category="basket",
    decide=_fill,
    evolve=lambda _, event: Basket(skus=event.skus),
    initial_state=Basket,
    state_type=Basket,
    codec=Codec[Filled](Filled),
)
AGGREGATES = (Aggregate(SHELVES, lambda _: None), Aggregate(BASKETS, lambda _: None))


class MoveBody(Body):
    by: int
    at: Moment | None = None


class FillBody(Body):
    skus: list[str]
    note: str = ""
    at: Moment | None = None


def build_move(body: MoveBody, call: Call) -> Move:
    return Move(by=body.by, at=call.at(body.at))


async def build_fill(body: FillBody, call: Call) -> Fill:
    """The note is sealed: that takes a moment."""
    note = await call.personal.seal(call.principal.subject, body.note) if body.note else ""
    return Fill(skus=tuple(body.skus), note=note, at=call.at(body.at))


async def _fill_basket(body: FillBody, call: Call, read: Read) -> Sequence[Target]:
    """One of each, unless the basket is full."""
    if (await read("basket", call.entity_id)).skus:
        return []
    at = call.at(body.at)
    taken = [Target("shelf", sku, Move(by=-1, at=at)) for sku in body.skus]
    return [*taken, Target("basket", call.entity_id, Fill(skus=tuple(body.skus), at=at))]


async def _restock(body: FillBody, call: Call, _: Read) -> Sequence[Target]:
    """One more of each; the basket in the path has nothing to do with it."""
    return [Target("shelf", sku, Move(by=1, at=call.at(body.at))) for sku in body.skus]


def apis(*, settles: bool) -> tuple[CommandApi[Shelf], CommandApi[Basket]]:
    shelves = CommandApi[Shelf](
        service="store",
        category="shelf",
        entity="/shelves/{sku}",
        guard=open_to_its_roles,
        endpoints=(
            CommandEndpoint(
                method="POST",
                path="/shelves/{sku}/moves",
                body=MoveBody,
                build=build_move,
                roles=EVERYONE,
                summary="Moves goods.",
            ),
        ),
    )
    baskets = CommandApi[Basket](
        service="store",
        category="basket",
        entity="/baskets/{basket_id}",
        guard=open_to_its_roles,
        endpoints=(
            CommandEndpoint(
                method="POST",
                path="/baskets",
                body=FillBody,
                build=build_fill,
                creates=True,
                settles=settles,
                roles=EVERYONE,
                summary="Fills a new basket.",
            ),
            JointEndpoint(
                method="PUT",
                path="/baskets/{basket_id}",
                body=FillBody,
                plan=_fill_basket,
                settles=settles,
                roles=EVERYONE,
                summary="Fills a basket from the shelves.",
            ),
            JointEndpoint(
                method="POST",
                path="/baskets/{basket_id}/restock",
                body=FillBody,
                plan=_restock,
                roles=frozenset({Role.OPERATOR}),
                summary="Fills the shelves.",
            ),
        ),
    )
    return shelves, baskets


class BelievesAnything(TokenVerifier):
    """A token is the role of its bearer, who is called like it; several with a + between them."""

    def __init__(self) -> None:
        """Nothing to check with."""

    async def principal(self, authorization: str | None) -> Principal:
        role = (authorization or "").removeprefix("Bearer ")
        return Principal(role, frozenset(Role(each) for each in role.split("+")), f"{role}@store.test")


@dataclass
class RecordingEffect:
    """Tells how often it was asked; `errors` are raised in place of the next answers."""

    asked: list[tuple[str, str, Context]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    async def __call__(self, category: str, entity_id: str, context: Context) -> Mapping[str, object]:
        self.asked.append((category, entity_id, context))
        self.meanwhile()
        if self.errors:
            raise self.errors.pop(0)
        return {"status": "settled", "times": len(self.asked)}


class Store:
    """The service as its callers see it."""

    def __init__(self, effect: Effect | None = None) -> None:
        self.clock, self.topics, self.effect = FixedClock(), RecordingPublisher(), effect
        self.log = FaultyEventStore(MemoryEventStore(self.clock, OperationCounts()))
        deps = memory_dependencies(self.clock, publisher=self.topics)
        self.deps = replace(deps, events=self.log, outbox=self.log, states=self.log)
        self._ids = itertools.count(1)
        self.wiring = self.new_wiring()
        self.function = guarded("store-commands", self.edge(self.wiring), lambda *_, **__: None)

    def new_wiring(self) -> Wiring:
        """Of another instance, with a memory of its own."""
        make = (lambda _: effect) if (effect := self.effect) else None
        return Wiring(MANIFEST, AGGREGATES, make, self.deps, self.clock, lambda: f"id{next(self._ids)}")

    def edge(self, wiring: Wiring, *, wait_in_flight: float = 5.0) -> CommandEdge:
        return CommandEdge(
            apis(settles=self.effect is not None),
            wiring,
            BelievesAnything(),
            self.clock,
            wiring.new_id,
            wait_in_flight,
        )

    def caller(self, role: str = "service") -> ApiSpec:
        return ApiSpec(self.function, role)

    def elsewhere(self, role: str = "service", *, wait_in_flight: float = 5.0) -> ApiSpec:
        """A caller of another instance."""
        edge = self.edge(self.new_wiring(), wait_in_flight=wait_in_flight)
        return ApiSpec(guarded("store-commands", edge, lambda *_, **__: None), role)

    async def stock(self, **quantities: int) -> None:
        """Put so many of each onto the shelves."""
        for sku, quantity in quantities.items():
            await self.caller().post(f"/store/v1/shelves/{sku}/moves", f"stock-{sku}", {"by": quantity})

    async def left(self, sku: str = "milk") -> int:
        shelf: Shelf = await self.wiring.state("shelf", sku)
        return shelf.left

    async def commits(self, stream: str) -> list[Commit]:
        return [commit async for commit in self.log.read(stream)]
