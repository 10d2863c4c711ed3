"""The shop's books, kept twice: from the events in the log, read as plain JSON, and from what queries answer.

Nothing here uses a decider or a projection, except for the one check that read models are what their projections make.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from emulators.feed.books import AFTER_ALL
from emulators.platform import LocalPlatform
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import Commit, entity_of
from shared.eventsourcing.projection import Projection, ReadStore, Row
from tests.e2e import shop_rig


class Shop(Protocol):
    """A platform, with sight of its log and its read models."""

    @property
    def platform(self) -> LocalPlatform: ...

    @property
    def log(self) -> EventStore: ...

    @property
    def rows(self) -> ReadStore: ...

    async def get(self, path: str) -> Any: ...

    async def listed(self, path: str) -> list[Any]: ...


class Fact(NamedTuple):
    """An event: whose it is, its type without version, its data."""

    entity: str
    type: str
    data: dict[str, Any]


@dataclass
class Shelf:
    """A product's stock, in pieces."""

    received: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    """By reservation."""
    shipped: int = 0
    lowest: int = 0
    """The fewest that were ever available."""

    @property
    def on_hand(self) -> int:
        return self.received - self.shipped

    @property
    def reserved(self) -> int:
        return sum(self.kept.values())

    @property
    def shown(self) -> tuple[int, int, int]:
        return self.on_hand, self.reserved, self.on_hand - self.reserved


@dataclass
class Pieces:
    """Of one order, by product: what reached the customer, and what became of what they sent back."""

    delivered: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    """That staff found in parcels, sound or not."""
    sound: Counter[str] = field(default_factory=Counter)
    refunded: Counter[str] = field(default_factory=Counter)
    restocked: Counter[str] = field(default_factory=Counter)

    @property
    def contradictions(self) -> list[str]:
        """Nothing comes back that was not delivered; money goes back for what arrived, into stock what is sound."""
        bounds = (
            ("received", self.received, "delivered", self.delivered),
            ("refunded", self.refunded, "received", self.received),
            ("restocked", self.restocked, "received sound", self.sound),
        )
        return [
            f"{more[sku]} of {sku} {what}, {most[sku]} {of_what}"
            for what, more, of_what, most in bounds
            for sku in sorted(more)
            if more[sku] > most[sku]
        ]


@dataclass
class Books:
    """What the log says. Amounts in cents, by the id of their checkout, which order and payment share."""

    ends: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """How each checkout ended: `completed`, or the code of its failure. Empty: it did not."""
    agreed: dict[str, int] = field(default_factory=dict)
    """What the customer saw and agreed on, however the checkout ended."""
    placed: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    cancelled: set[str] = field(default_factory=set)
    captured: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    refunded: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Of each payment, by refund: what the customer has."""
    disputed: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Of each payment, by dispute: what the bank has, or gave to the customer."""
    held: set[str] = field(default_factory=set)
    """Payments whose amount is held on a card and neither taken nor let go."""
    mails: dict[str, str] = field(default_factory=dict)
    """Each mail's last event."""
    shelves: dict[str, Shelf] = field(default_factory=lambda: defaultdict(Shelf))
    pieces: dict[str, Pieces] = field(default_factory=lambda: defaultdict(Pieces))
    """By order."""
    returns: dict[str, str] = field(default_factory=dict)
    """The order that each return is of."""

    @property
    def contradictions(self) -> dict[str, list[str]]:
        """What is wrong with the pieces of each order."""
        return {order: wrong for order, pieces in self.pieces.items() if (wrong := pieces.contradictions)}

    def kept(self, payment: str) -> int:
        """What the shop still has of it."""
        gone = self.refunded.get(payment, Counter()).total() + self.disputed.get(payment, Counter()).total()
        return sum(self.captured[payment]) - gone

    @property
    def completed(self) -> set[str]:
        return {checkout for checkout, ends in self.ends.items() if ends == ["completed"]}

    @property
    def agreed_by_the_customers(self) -> dict[str, list[int]]:
        """What is to be paid for the orders that were placed."""
        return {order: [self.agreed[order]] for order in self.placed}

    @property
    def failed(self) -> Counter[str]:
        """How many checkouts failed, by code."""
        return Counter(end for ends in self.ends.values() for end in ends if end != "completed")

    def of(self, checkouts: Collection[str]) -> "Books":
        """Of these checkouts only, and of all shelves."""
        return replace(
            self,
            ends={checkout: ends for checkout, ends in self.ends.items() if checkout in checkouts},
            agreed={checkout: cents for checkout, cents in self.agreed.items() if checkout in checkouts},
            placed={order: cents for order, cents in self.placed.items() if order in checkouts},
            cancelled=self.cancelled & set(checkouts),
            captured={payment: cents for payment, cents in self.captured.items() if payment in checkouts},
            refunded={payment: each for payment, each in self.refunded.items() if payment in checkouts},
            disputed={payment: each for payment, each in self.disputed.items() if payment in checkouts},
            held=self.held & set(checkouts),
        )


async def read_books(shop: Shop) -> Books:
    """Everything that has happened so far."""
    books = Books()
    async for fact in facts(shop, "checkout"):
        _enter_checkout(books, fact)
    for category, enter in (("shipment", _enter_shipment), ("return", _enter_return), ("receipt", _enter_receipt)):
        async for fact in facts(shop, category):
            enter(books, fact)
    async for fact in facts(shop, "order"):
        _enter_order(books, fact)
    async for fact in facts(shop, "payment"):
        _enter_payment(books, fact)
    async for fact in facts(shop, "stock"):
        _enter_stock(books.shelves[fact.entity], fact)
    async for fact in facts(shop, "mail"):
        books.mails[fact.entity] = fact.type
    return books


def _enter_checkout(books: Books, fact: Fact) -> None:
    ends = books.ends[fact.entity]
    match fact.type:
        case "WorkflowStarted":
            books.agreed[fact.entity] = fact.data["data"]["expected_total"]["amount"]
        case "WorkflowCompleted":
            ends.append("completed")
        case "WorkflowFailed":
            ends.append(fact.data["code"])


def _enter_order(books: Books, fact: Fact) -> None:
    match fact.type:
        case "OrderPlaced":
            books.placed[fact.entity].append(fact.data["total"]["amount"])
        case "OrderCancelled":
            books.cancelled.add(fact.entity)
        case "OrderReturned":
            books.pieces[fact.entity].refunded += _counted(fact.data["lines"])


def _enter_shipment(books: Books, fact: Fact) -> None:
    if fact.type == "ShipmentDelivered":
        books.pieces[fact.data["order_id"]].delivered += _counted(fact.data["lines"])


def _enter_return(books: Books, fact: Fact) -> None:
    match fact.type:
        case "WorkflowStarted":
            books.returns[fact.entity] = fact.data["data"]["order_id"]
        case "DecisionMade" if fact.data["step"] == "reception":
            pieces, lines = books.pieces[books.returns[fact.entity]], fact.data["decision"]["lines"]
            pieces.sound += _counted(lines, "sound")
            pieces.received += _counted(lines, "sound", "damaged")


def _enter_receipt(books: Books, fact: Fact) -> None:
    """Of what is booked under the id of a return."""
    if fact.type == "ReceiptBooked" and fact.entity in books.returns:
        books.pieces[books.returns[fact.entity]].restocked += _counted(fact.data["lines"])


def _counted(lines: list[dict[str, Any]], *names: str) -> Counter[str]:
    """By product, what stands under these names."""
    return Counter({line["sku"]: sum(line[name] for name in names or ("quantity",)) for line in lines})


def _enter_payment(books: Books, fact: Fact) -> None:
    match fact.type:
        case "PaymentAuthorized":
            books.held.add(fact.entity)
        case "PaymentCaptured":
            books.held.discard(fact.entity)
            books.captured[fact.entity].append(fact.data["amount"]["amount"])
        case "PaymentVoided":
            books.held.discard(fact.entity)
        case _:
            _enter_money_back(books, fact)


def _enter_money_back(books: Books, fact: Fact) -> None:
    refunded, disputed = books.refunded[fact.entity], books.disputed[fact.entity]
    match fact.type:
        case "RefundCompleted":
            refunded[fact.data["refund_id"]] = fact.data["amount"]["amount"]
        case "RefundFailed":
            refunded[fact.data["refund_id"]] = 0
        case "RefundResolved" if fact.data["paid_otherwise"]:
            refunded[fact.data["refund_id"]] = fact.data["amount"]["amount"]
        case "DisputeOpened":
            disputed[fact.data["dispute_id"]] = fact.data["amount"]["amount"]
        case "DisputeClosed" if fact.data["outcome"] == "won":
            disputed[fact.data["dispute_id"]] = 0


def _enter_stock(shelf: Shelf, fact: Fact) -> None:
    quantity = fact.data.get("quantity", 0)
    match fact.type:
        case "StockReceived":
            shelf.received += quantity
        case "StockReserved":
            shelf.kept[fact.data["reservation_id"]] += quantity
        case "StockReleased":
            shelf.kept[fact.data["reservation_id"]] -= quantity
        case "StockShipped":
            shelf.kept[fact.data["reservation_id"]] -= quantity
            shelf.shipped += quantity
    shelf.lowest = min(shelf.lowest, shelf.on_hand - shelf.reserved)


# --- the log, as it is stored


async def facts(shop: Shop, category: str) -> AsyncIterator[Fact]:
    """Every event of a category; those of one entity in their order."""
    for commits in (await streams(shop, category)).values():
        for commit in commits:
            for event in commit.events:
                yield Fact(entity_of(commit.stream), event.type.rpartition(".")[0], dict(event.data))


async def streams(shop: Shop, category: str) -> dict[str, list[Commit]]:
    """Every stream of a category, whole; AssertionError if one has a hole."""
    found: dict[str, list[Commit]] = defaultdict(list)
    async for fed in shop.log.feed(category, until=AFTER_ALL):
        found[fed.commit.stream].append(fed.commit)
    for stream, commits in found.items():
        commits.sort(key=lambda commit: commit.version)
        assert [commit.version for commit in commits] == list(range(1, len(commits) + 1)), stream
    return found


def categories(shop: Shop) -> Iterator[str]:
    return (category for service in shop.platform.services for category in service.categories)


async def owed(shop: shop_rig.Shop) -> list[str]:
    """All messages that were not yet seen on their topics."""
    return [
        row.message_id
        for category in categories(shop)
        async for row in shop.log.owed(category, since=None, before=AFTER_ALL)
    ]


# --- what the read side says


async def differing_read_models(shop: Shop) -> dict[str, str]:
    """Documents that are not the fold of their stream, over all projections of all services: what is wrong, by name."""
    checks = await asyncio.gather(*(_differing(shop, projection) for projection in projections(shop)))
    return {name: what for found in checks for name, what in found.items()}


async def _differing(shop: Shop, projection: Projection[Any, Any]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    expected = [_folded(projection, commits) for commits in (await streams(shop, projection.category)).values()]
    rows = await shop.rows.get_many(projection.collection, [row.key for row in expected])
    for row in expected:
        found = rows.get(row.key)
        if found is None or found.version != row.version:
            wrong[f"{projection.name} {row.key}"] = f"at {found.version if found else 0} of {row.version}"
        elif (found.body, found.fields) != (row.body, row.fields):
            wrong[f"{projection.name} {row.key}"] = "differs"
    return wrong


def _folded(projection: Projection[Any, Any], commits: list[Commit]) -> Row:
    document = None
    for commit in commits:
        document = projection.apply(document, commit)
    return projection.row(commits[0].stream, document, commits[-1], None)


def projections(shop: Shop) -> Iterator[Projection[Any, Any]]:
    for service in shop.platform.services:
        if service.collections:
            module = import_module(f"functions.{service.name}.projections")
            yield from (value for value in vars(module).values() if isinstance(value, Projection))


async def shelves_shown(shop: Shop, *skus: str) -> dict[str, tuple[int, int, int]]:
    """On hand, reserved and available, as the query has them."""
    documents = [await shop.get(f"/inventory/v1/stock/{sku}") for sku in skus]
    return {each["id"]: (each["on_hand"], each["reserved"], each["available"]) for each in documents}


async def differing_money(shop: Shop, books: Books) -> dict[str, str]:
    """Of every payment: captured = kept + refunded + disputed, as payment, ledger and order show it; what is wrong."""
    wrong: dict[str, str] = {}
    for payment in books.captured:
        refunded = books.refunded.get(payment, Counter()).total()
        balances = (await shop.get(f"/payments/v1/ledger/{payment}"))["balances"]
        shown = {
            "left": (await shop.get(f"/payments/v1/payments/{payment}"))["left"]["amount"],
            "kept": balances["provider"] + balances.get("other-means", 0),
            "given back": balances.get("refunds", 0),
            "refunded": (await shop.get(f"/orders/v1/orders/{payment}"))["refunded"]["amount"],
        }
        kept = books.kept(payment)
        expected = {"left": kept, "kept": kept, "given back": refunded, "refunded": refunded}
        if shown != expected or kept < 0:
            wrong[payment] = f"{shown}, not {expected}"
    return wrong


async def ledger(shop: Shop) -> Counter[str]:
    """Cents by account, over all payments."""
    total: Counter[str] = Counter()
    for document in await shop.listed("/payments/v1/ledger?currency=USD"):
        total.update(document["balances"])
    return total
