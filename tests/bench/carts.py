"""Carts to measure with: the cart service's own rules on whatever store and topics a part gives it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from functions.cart.commands import AddItem, CartCommand, CheckOutCart, OpenCart, RemoveItem
from functions.cart.decider import CART, Cart
from functions.cart.events import CartEvent, Channel, ItemAddedToCart
from functions.cart.integration import to_integration
from functions.cart.manifest import MANIFEST
from shared.adapters.system import full_jitter_pause, new_id
from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.command_handler import CommandHandler, Handled, Policy
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.event_store import Answer, EventStore
from shared.eventsourcing.message import Context
from shared.eventsourcing.money import Money
from shared.eventsourcing.publishing import Announcer, Message, Publication, Publisher
from shared.observability.timing import measure

AT = datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
CartDecider = Decider[CartCommand, CartEvent, Cart]
CartHandler = CommandHandler[CartCommand, CartEvent, Cart]
PUBLICATION = Publication[CartEvent](
    service=CART.category,
    category=CART.category,
    domain_topic=MANIFEST.domain_topic,
    integration_topic=MANIFEST.integration_topic,
    codec=CART.codec,
    to_integration=to_integration,
)


class NoPublisher:
    """Publishing replaced by nothing."""

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """Forget them."""


def handler_on(
    store: EventStore, publisher: Publisher, *, decider: CartDecider = CART, cached_streams: int = 1024
) -> CartHandler:
    """As the command function makes it."""
    policy = Policy(pause=full_jitter_pause, measure=measure, cached_streams=cached_streams)
    return CommandHandler(decider, store, Announcer(PUBLICATION, publisher), policy)


def opening(cart_id: str) -> OpenCart:
    return OpenCart(cart_id=cart_id, customer_id="900", channel=Channel.POS, currency="USD", at=AT)


def adding(number: int = 0) -> AddItem:
    """Item number `number` of twenty."""
    return AddItem(sku=f"{1095275 + number % 20}", quantity=1, charged=Money(amount=50, currency="USD"), at=AT)


def removing() -> RemoveItem:
    """Changes nothing: no cart holds it."""
    return RemoveItem(sku="0", at=AT)


def checking_out() -> CheckOutCart:
    return CheckOutCart(checkout_id=None, at=AT)


def context_of(command: CartCommand) -> Context:
    """As the edge makes it for a till's request with a trace."""
    command_id = new_id()
    return Context(
        command=type(command).__name__,
        command_id=command_id,
        correlation_id=command_id,
        actor="pos:till-1",
        occurred_at=command.at,
        traceparent=f"00-{new_id()}-{new_id()[:16]}-01",
    )


def answer_of(key: str, cart_id: str) -> Callable[[int], Answer]:
    """As the edge makes it for a request with an idempotency key."""

    def answer(version: int) -> Answer:
        headers = {"ETag": f'"{version}"', "Location": f"/cart/v1/carts/{cart_id}"}
        body = f'{{"id":"{cart_id}","version":{version}}}'.encode()
        return Answer(key=key, fingerprint=key, status=202, headers=headers, body=body)

    return answer


@dataclass
class Till:
    """Sends commands to a handler; with `keyed` every request has an idempotency key, as every POST has."""

    handler: CartHandler
    keyed: bool = True
    _carts: list[str] = field(default_factory=list, init=False)
    _numbers: Iterator[int] = field(default_factory=count, init=False)

    def send(self, cart_id: str, command: CartCommand, *, key: str | None = None) -> Awaitable[Handled]:
        """What the edge does first is done when this returns; what the handler does is awaited."""
        answer = answer_of((key or new_id()) * 2, cart_id) if self.keyed else None
        begins = isinstance(command, OpenCart)
        stream = f"{CART.category}-{cart_id}"
        return self.handler.handle(stream, command, context_of(command), begins=begins, answer=answer)

    async def open(self, carts: int = 1) -> list[str]:
        """So many new carts, which `add` goes round."""
        for _ in range(carts):
            cart_id = new_id()
            await self.send(cart_id, opening(cart_id))
            self._carts.append(cart_id)
        return self._carts

    def add(self) -> Awaitable[Handled]:
        """One more item in the cart whose turn it is."""
        number = next(self._numbers)
        return self.send(self._carts[number % len(self._carts)], adding(number))


def commit_body(stream: str, version: int, events: int = 1) -> bytes:
    """A commit as the log keeps it, of so many added items."""
    command = adding(version)
    stored = CART.codec.encode([ItemAddedToCart(**command.model_dump())])
    return encode_commit(stream, version, context_of(command), stored * events)
