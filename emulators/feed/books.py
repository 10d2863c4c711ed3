"""Who fills the books that are reconciled: from the data set's columns, and from the log."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from emulators.feed.client import TILL_ACTOR
from emulators.feed.dataset import Row
from emulators.feed.reconcile import BookedCart, Entry
from emulators.feed.tills import FedCart
from functions.cart.decider import CART, Cart, Status
from functions.cart.events import CartCheckedOut, CartEvent, CartOpened, CartRestored
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import Commit, entity_of

AFTER_ALL = datetime(9999, 1, 1, tzinfo=UTC)
"""Every append was acknowledged before the log is read, so no safety lag is needed."""


class BookError(Exception):
    """A book cannot be filled: the log has a hole, a query fails."""


@dataclass(slots=True)
class LoggedCart:
    """A cart as its commits tell it: the write side's state, when it was opened and checked out by business time, and
    who opened it.
    """

    cart: Cart
    opened_by: str
    version: int = 0
    opened_at: datetime | None = None
    checked_out_at: datetime | None = None

    def add(self, commit: Commit) -> None:
        """The next commit; BookError if it is not the next one."""
        self.version += 1
        if commit.version != self.version:
            raise BookError(f"the feed has {commit.id} where version {self.version} should be")
        for stored in commit.events:
            event = CART.codec.decode(stored)
            self.cart = CART.evolve(self.cart, event)
            self._note_time(event)

    def _note_time(self, event: CartEvent) -> None:
        match event:
            case CartOpened():
                self.opened_at = event.at
            case CartCheckedOut():
                self.checked_out_at = event.at
            case CartRestored():
                self.checked_out_at = None


def data_set_book(rows: Iterable[Row]) -> dict[str, BookedCart]:
    """What must be there: the sold lines of every basket, checked out if there is one."""
    book: dict[str, BookedCart] = {}
    for row in rows:
        cart = book.setdefault(row.basket, BookedCart(row.household, checked_out=False, opened_at=row.at))
        if row.quantity > 0:
            cart.checked_out, cart.checked_out_at = True, row.at
            cart.add(row.sku, Entry(row.quantity, row.total))
    return book


async def carts_in_log(log: EventStore) -> dict[str, LoggedCart]:
    """Every cart of the log by id, folded as the write side folds them."""
    carts: dict[str, LoggedCart] = {}
    async for fed in log.feed(CART.category, until=AFTER_ALL):
        commit = fed.commit
        cart_id = entity_of(commit.stream)
        if cart_id not in carts:
            carts[cart_id] = LoggedCart(CART.initial_state(), commit.context.actor)
        carts[cart_id].add(commit)
    return carts


def log_book(
    carts: Mapping[str, LoggedCart], fed: Mapping[str, FedCart], before: Collection[str]
) -> dict[str, BookedCart]:
    """The log's carts that belong to the feed, or were opened by its till and not there `before` it."""
    baskets = baskets_by_cart(fed)
    return {
        baskets.get(cart_id) or stray(cart_id): _booked(logged)
        for cart_id, logged in carts.items()
        if cart_id in baskets or (cart_id not in before and logged.opened_by == TILL_ACTOR)
    }


def opened_by_others(carts: Mapping[str, LoggedCart], fed: Mapping[str, FedCart], before: Collection[str]) -> set[str]:
    """The ids of carts that somebody else opened since `before`: none of the feed's business."""
    known = {*baskets_by_cart(fed), *before}
    return {cart_id for cart_id, logged in carts.items() if cart_id not in known and logged.opened_by != TILL_ACTOR}


def baskets_by_cart(fed: Mapping[str, FedCart]) -> dict[str, str]:
    return {cart.id: basket for basket, cart in fed.items()}


def stray(cart_id: str) -> str:
    """The name in a book of a cart that belongs to no basket."""
    return f"(none, cart {cart_id})"


def _booked(logged: LoggedCart) -> BookedCart:
    cart = logged.cart
    booked = BookedCart(
        cart.customer_id,
        cart.status is Status.CHECKED_OUT,
        status=cart.status.value,
        opened_at=logged.opened_at,
        checked_out_at=logged.checked_out_at,
    )
    for sku, line in cart.lines.items():
        booked.add(sku, Entry(line.quantity, line.charged.amount if line.charged else None))
    return booked
