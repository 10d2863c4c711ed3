"""Who fills the books that are reconciled: from the data set's columns, and from the log."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from emulators.feed.dataset import Row
from emulators.feed.reconcile import BookedCart, Entry
from emulators.feed.tills import FedCart
from functions.cart.decider import CART, Cart, Status
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import SHARDS, entity_of, shard_name

AFTER_ALL = datetime(9999, 1, 1, tzinfo=UTC)
"""Every append was acknowledged before the log is read, so no safety lag is needed."""


class BookError(Exception):
    """A book cannot be filled: the log has a hole, a query fails."""


def data_set_book(rows: Iterable[Row]) -> dict[str, BookedCart]:
    """What must be there: the sold lines of every basket, checked out if there is one."""
    book: dict[str, BookedCart] = {}
    for row in rows:
        cart = book.setdefault(row.basket, BookedCart(row.household, checked_out=False))
        if row.quantity > 0:
            cart.checked_out = True
            cart.add(row.sku, Entry(row.quantity, row.total))
    return book


async def carts_in_log(log: EventStore) -> dict[str, Cart]:
    """Every cart of the log by id: all shards of the feed, folded as the write side folds them."""
    carts: dict[str, Cart] = {}
    versions: dict[str, int] = {}
    for number in range(SHARDS):
        async for commit in log.feed(shard_name(CART.category, number), until=AFTER_ALL):
            cart_id = entity_of(commit.stream)
            versions[cart_id] = versions.get(cart_id, 0) + 1
            if commit.version != versions[cart_id]:
                raise BookError(f"the feed has {commit.id} where version {versions[cart_id]} should be")
            carts[cart_id] = CART.fold(carts.get(cart_id) or CART.initial_state(), [commit])
    return carts


def log_book(carts: Mapping[str, Cart], fed: Mapping[str, FedCart], before: Collection[str]) -> dict[str, BookedCart]:
    """The log's carts that belong to the feed, or were not there `before` it."""
    baskets = baskets_by_cart(fed)
    return {
        baskets.get(cart_id) or stray(cart_id): _booked(cart)
        for cart_id, cart in carts.items()
        if cart_id in baskets or cart_id not in before
    }


def baskets_by_cart(fed: Mapping[str, FedCart]) -> dict[str, str]:
    return {cart.id: basket for basket, cart in fed.items()}


def stray(cart_id: str) -> str:
    """The name in a book of a cart that belongs to no basket."""
    return f"(none, cart {cart_id})"


def _booked(cart: Cart) -> BookedCart:
    booked = BookedCart(cart.customer_id, cart.status is Status.CHECKED_OUT, status=cart.status.value)
    for sku, line in cart.lines.items():
        booked.add(sku, Entry(line.quantity, line.charged.amount if line.charged else None))
    return booked
