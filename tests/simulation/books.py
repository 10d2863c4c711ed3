"""What must be true of the shop when all is quiet: money, stock, mails, carts, coupons, and who was erased."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from pydantic_core import from_json

from shared.eventsourcing.message import Commit, category_of, entity_of
from shared.eventsourcing.personal import Erased
from shared.testing.simulation.scenario import Glance, Invariant
from shared.testing.simulation.sights import everything_stored
from shared.testing.simulation.world import World
from tests.e2e.shop_books import Books, Fact, read_books

_COUPON_LIMIT = 2
_NEVER = datetime.max.replace(tzinfo=UTC)
_SIGNS = {"StockReceived": 1, "StockReleased": 1, "StockReserved": -1}
"""By which events there is more to sell, or less. What is shipped was kept before."""


async def books_of(world: World) -> Books:
    """Made once, as long as nobody writes."""
    length, books = world.known.get("books", (0, Books()))
    if length != len(world.backend.order):
        length, books = len(world.backend.order), await read_books(_shop(world))
        world.known["books"] = length, books
    found: Books = books
    return found


async def facts_of(world: World, category: str) -> list[Fact]:
    return [
        Fact(entity_of(stream), event.type.rpartition(".")[0], dict(event.data))
        for stream, commits in (await world.log()).items()
        if category_of(stream) == category
        for commit in commits
        for event in commit.events
    ]


def _shop(world: World) -> Any:
    """The shop, as far as its books need it."""
    return SimpleNamespace(log=world.backend.events, platform=SimpleNamespace(services=world.stage.services))


async def checkouts_end_once(world: World) -> Sequence[str]:
    """And each order is placed once, for those that completed."""
    books = await books_of(world)
    placed = {order for order, totals in books.placed.items() if len(totals) == 1}
    return [
        *(f"checkout {each} ended as {ends}" for each, ends in books.ends.items() if len(ends) != 1),
        *(f"order {each} is placed or its checkout completed, not both" for each in sorted(placed ^ books.completed)),
        *(f"order {each} is placed {len(totals)} times" for each, totals in books.placed.items() if len(totals) > 1),
    ]


async def failed_checkouts_leave_no_order(world: World) -> Sequence[str]:
    """What one had created is cancelled."""
    books = await books_of(world)
    return [
        f"order {fact.entity} is open, and its checkout ended as {books.ends[fact.entity]}"
        for fact in await facts_of(world, "order")
        if fact.type == "OrderCreated" and fact.entity not in books.completed | books.cancelled
    ]


async def carts_are_sold_once(world: World) -> Sequence[str]:
    """A cart that two places checked out is one order; one whose checkouts failed is open again."""
    carts: dict[str, list[str]] = defaultdict(list)
    books, wrong = await books_of(world), list[str]()
    for fact in await facts_of(world, "checkout"):
        if fact.type == "WorkflowStarted":
            carts[fact.data["data"]["cart_id"]].append(fact.entity)
    status: dict[str, str] = {}
    for fact in await facts_of(world, "cart"):
        if fact.type in ("CartOpened", "CartCheckedOut", "CartRestored"):
            status[fact.entity] = fact.type
    for cart, checkouts in carts.items():
        sold = [each for each in checkouts if each in books.completed]
        if len(sold) > 1 or (status[cart] == "CartCheckedOut") != bool(sold):
            wrong.append(f"cart {cart} is {status[cart]}, and sold by {sold}")
    return wrong


async def money_adds_up(world: World) -> Sequence[str]:
    """Payment by payment: what customers agreed on was captured, and what the provider has is what the log says."""
    books, provider, wrong = await books_of(world), world.known["provider"], list[str]()
    for order, totals in books.placed.items():
        if totals != [books.agreed[order]] or (any(totals) and books.captured[order] != totals):
            wrong.append(f"{order}: agreed {books.agreed[order]}, placed {totals}, captured {books.captured[order]}")
    for payment in sorted({each.payment_id for each in provider.charges.values()} | books.captured.keys()):
        taken, captured = provider.taken(payment), sum(books.captured[payment])
        if taken != captured or (captured and not books.placed.get(payment)):
            wrong.append(f"{payment}: the provider took {taken}, the log says {captured}")
        if provider.held(payment) or payment in books.held:
            wrong.append(f"{payment}: still held")
        left = sum(provider.left(intent) for intent, charge in provider.charges.items() if charge.payment_id == payment)
        if left != books.kept(payment) or left < 0:
            wrong.append(f"{payment}: the provider has {left} left, the log says {books.kept(payment)}")
    return wrong


async def refunds_are_looked_up(world: World) -> Sequence[str]:
    """None is asked for that the shop could know to be refused: where a bank has the money."""
    return list(world.known["provider"].blind)


async def cancelled_orders_cost_nothing(world: World) -> Sequence[str]:
    """Who paid has their money back: from the shop, or from their bank."""
    books = await books_of(world)
    return [
        f"order {order} is cancelled, and the shop kept {books.kept(order)}"
        for order in sorted(books.cancelled & books.placed.keys())
        if books.kept(order)
    ]


async def the_ledger_is_zero(world: World) -> Sequence[str]:
    """Of each payment; and what it says is kept is what is kept."""
    books, wrong = await books_of(world), list[str]()
    for key, row in (await world.backend.all_rows("ledger")).items():
        balances = from_json(row.body)["balances"] if row.body else {}
        kept = balances.get("provider", 0) + balances.get("other-means", 0)
        if sum(balances.values()) or kept != books.kept(key):
            wrong.append(f"{key}: {balances}, kept {books.kept(key)}")
    return wrong


async def stock_adds_up(world: World) -> Sequence[str]:
    """What came is on the shelf or has left; no shelf was ever below nothing; only what is sold is kept."""
    books, wrong = await books_of(world), list[str]()
    adjusted: Counter[str] = Counter()
    for fact in await facts_of(world, "stock"):
        if fact.type == "StockAdjusted":
            adjusted[fact.entity] += fact.data["delta"]
    rows = {key: from_json(row.body) for key, row in (await world.backend.all_rows("availability")).items() if row.body}
    for sku, shelf in books.shelves.items():
        on_hand = shelf.on_hand + adjusted[sku]
        shown = (rows[sku]["on_hand"], rows[sku]["reserved"])
        if shown != (on_hand, shelf.reserved) or min(on_hand - shelf.reserved, *shelf.kept.values(), 0) < 0:
            wrong.append(f"{sku}: {on_hand} on hand, kept {dict(shelf.kept)}, shown {shown}")
    keeping = {order for shelf in books.shelves.values() for order, quantity in shelf.kept.items() if quantity}
    sold = books.placed.keys() - books.cancelled
    wrong += [f"{order} keeps stock and is not placed, or cancelled" for order in sorted(keeping - sold)]
    touched = {fact.data["data"]["order_id"] for fact in await facts_of(world, "cancellation") if "data" in fact.data}
    left = {fact.data["order_id"] for fact in await facts_of(world, "shipment") if fact.type == "ShipmentDispatched"}
    kept = sold - touched - left
    return [*wrong, *(f"{order} waits for its shipment and keeps no stock" for order in sorted(kept - keeping))]


async def nothing_is_left_to_expire(world: World) -> Sequence[str]:
    """What a checkout that is over had reserved was sold or given back: expiry is for those that are not."""
    log, over = await world.log(), dict[str, datetime]()
    for stream, commit, event in _events(log, "checkout"):
        if event.partition(".")[0] in ("WorkflowCompleted", "WorkflowFailed"):
            over[entity_of(stream)] = commit.recorded_at
    return [
        f"the reservation of {entity_of(stream)} expired, long after its checkout was over"
        for stream, commit, event in _events(log, "reservation")
        if event.startswith("ReservationExpired.") and over.get(entity_of(stream), _NEVER) < commit.recorded_at
    ]


def _events(log: Mapping[str, Sequence[Commit]], category: str) -> Iterator[tuple[str, Commit, str]]:
    """Streams, commits and types of a category's events."""
    for stream, commits in log.items():
        if category_of(stream) == category:
            yield from ((stream, commit, event.type) for commit in commits for event in commit.events)


async def coupons_are_counted(world: World) -> Sequence[str]:
    """Once for each customer, and for so many customers at most; a checkout that failed used none, and neither does an
    order that came to nothing.
    """
    books, used, holds = await books_of(world), Counter[str](), dict[str, str]()
    orders = await facts_of(world, "order")
    over = books.cancelled | {fact.entity for fact in orders if fact.type == "OrderLost"}
    for fact in orders:
        if fact.type == "OrderPlaced" and fact.data["discounts"] and fact.entity not in over:
            used[fact.data["customer_id"]] += 1
    for fact in await facts_of(world, "coupon_use"):
        holds[fact.entity] = fact.data["redemption_id"] if fact.type == "CouponUsed" else ""
    return [
        *(f"{customer} used it {count} times" for customer, count in used.items() if count > 1),
        *(f"{len(used)} customers used it" for _ in range(len(used) > _COUPON_LIMIT)),
        *(f"{use} is used by {by}, which is not placed" for use, by in holds.items() if by and by not in books.placed),
        *(f"{use} is used by {by}, which came to nothing" for use, by in holds.items() if by in over),
    ]


async def each_fact_has_one_mail(world: World) -> Sequence[str]:
    """Asked for, and brought to its end; sent once for every try that ended well."""
    accepted, wrong = world.known["mails"].accepted, list[str]()
    tries, ends = Counter[str](), dict[str, str]()
    for fact in await facts_of(world, "mail"):
        ends[fact.entity] = fact.type
        tries[fact.entity] += fact.type == "MailSendStarted"
    for fact in await facts_of(world, "order"):
        if fact.type == "OrderPlaced" and f"order_placed.{fact.entity}" not in ends:
            wrong.append(f"no mail tells of order {fact.entity}")
    for mail, end in ends.items():
        count = accepted[f"<{mail}@example.com>"]
        if end not in ("MailSent", "MailSuppressed", "MailFailed", "MailAbandoned") or (end == "MailSent") > count:
            wrong.append(f"mail {mail} ended with {end}, and was sent {count} times")
        if count > tries[mail]:
            wrong.append(f"mail {mail} was sent {count} times in {tries[mail]} tries")
    return wrong


async def nobody_is_readable(world: World) -> Sequence[str]:
    """No name, address or card is stored in the clear, of anybody; and the keys of the erased are gone."""
    secrets = [b"Unheard-Of", b"Never Told", b'@example.com"', b"pm_card"]
    erased = world.known.get("erased", [])
    keys = await world.backend.vault.find(erased)
    return [
        *(f"{who} has a key" for who in erased if not isinstance(keys.get(who), Erased)),
        *(f"{where} holds {each!r}" for where, data in everything_stored(world) for each in secrets if each in data),
    ]


def no_shelf_is_below_nothing(world: World, commit: Commit) -> Sequence[str]:
    """Whatever happens at the same time: what can be sold is there."""
    available: Counter[str] = world.known.setdefault("available", Counter())
    for event in commit.events if commit.stream.startswith("stock-") else ():
        name, data = event.type.partition(".")[0], event.data
        available[data["sku"]] += _SIGNS.get(name, 0) * data.get("quantity", 0) + data.get("delta", 0)
    return [f"{sku} at {pieces}" for sku, pieces in available.items() if pieces < 0]


GLANCES: tuple[Glance, ...] = (no_shelf_is_below_nothing,)
ALL: tuple[Invariant, ...] = (
    checkouts_end_once,
    failed_checkouts_leave_no_order,
    carts_are_sold_once,
    money_adds_up,
    refunds_are_looked_up,
    cancelled_orders_cost_nothing,
    the_ledger_is_zero,
    stock_adds_up,
    nothing_is_left_to_expire,
    coupons_are_counted,
    each_fact_has_one_mail,
    nobody_is_readable,
)
