"""Three books about the same baskets, compared to the cent and to the line. Pure: see `books` for who fills them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple


class Entry(NamedTuple):
    """One line of a cart: how many, and what was charged for all of them, in cents (None: no price)."""

    quantity: int
    total: int | None


@dataclass(slots=True)
class BookedCart:
    """What one book says about one basket.

    `lines` holds every line found under a SKU: a second one is a fault to be shown, not merged. `copies` is how often
    the cart itself was found. `opened_at` and `checked_out_at` are business times, None if it never was. `status` and
    `stated_total` (cents) only where the book states them.
    """

    household: str
    checked_out: bool
    lines: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    copies: int = 1
    status: str | None = None
    stated_total: int | None = None
    opened_at: datetime | None = None
    checked_out_at: datetime | None = None

    def add(self, sku: str, entry: Entry) -> None:
        self.lines[sku] = (*self.lines.get(sku, ()), entry)

    @property
    def line_count(self) -> int:
        return sum(map(len, self.lines.values()))

    @property
    def total(self) -> int:
        """The sum of its lines in cents."""
        return sum(entry.total or 0 for entries in self.lines.values() for entry in entries)


Book = Mapping[str, BookedCart]
"""Carts by basket id; what belongs to no basket of the feed comes under a name of its own."""


@dataclass(frozen=True, slots=True)
class BookTotals:
    """What a book adds up to; `cents` is the sum of all lines."""

    carts: int
    checked_out: int
    lines: int
    cents: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact on which the books disagree, and what each of them says."""

    basket: str
    fact: str
    said: Mapping[str, str]

    def __str__(self) -> str:
        said = "; ".join(f"{book}: {what}" for book, what in self.said.items())
        return f"basket {self.basket}, {self.fact}: {said}"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The books side by side."""

    totals: Mapping[str, BookTotals]
    differences: tuple[Difference, ...]

    @property
    def balanced(self) -> bool:
        return not self.differences


def reconcile(books: Mapping[str, Book]) -> Reconciliation:
    """Compare all books (by name) in every basket that any of them knows."""
    baskets = sorted({basket for book in books.values() for basket in book})
    found = tuple(
        difference
        for basket in baskets
        for difference in _differences(basket, {name: book.get(basket) for name, book in books.items()})
    )
    return Reconciliation({name: totals_of(book) for name, book in books.items()}, found)


def totals_of(book: Book) -> BookTotals:
    """Copies of a cart count as often as they were found."""
    return BookTotals(
        carts=sum(cart.copies for cart in book.values()),
        checked_out=sum(cart.copies for cart in book.values() if cart.checked_out),
        lines=sum(cart.copies * cart.line_count for cart in book.values()),
        cents=sum(cart.copies * cart.total for cart in book.values()),
    )


def _differences(basket: str, carts: Mapping[str, BookedCart | None]) -> Iterator[Difference]:
    known = {name: cart for name, cart in carts.items() if cart is not None}
    if len(known) < len(carts):
        yield Difference(basket, "cart", {name: _presence(cart) for name, cart in carts.items()})
    facts: dict[str, dict[str, str]] = {}
    for name, cart in known.items():
        for fact, value in _facts(cart):
            facts.setdefault(fact, {})[name] = value
    for sku in dict.fromkeys(sku for cart in known.values() for sku in cart.lines):
        facts[f"line {sku}"] = {name: _entries(cart.lines.get(sku, ())) for name, cart in known.items()}
    for fact, said in facts.items():
        if len(set(said.values())) > 1:
            yield Difference(basket, fact, said)


def _facts(cart: BookedCart) -> Iterator[tuple[str, str]]:
    yield "household", cart.household
    yield "checked out", "yes" if cart.checked_out else "no"
    yield "opened at", _moment(cart.opened_at)
    yield "checked out at", _moment(cart.checked_out_at)
    yield "times found", str(cart.copies)
    yield "total", _money(cart.total if cart.stated_total is None else cart.stated_total)
    if cart.status is not None:
        yield "status", cart.status


def _presence(cart: BookedCart | None) -> str:
    return "missing" if cart is None else f"{cart.line_count} lines, {_money(cart.total)}"


def _entries(entries: tuple[Entry, ...]) -> str:
    ordered = sorted(entries, key=lambda entry: (entry.quantity, -1 if entry.total is None else entry.total))
    return " and ".join(f"{entry.quantity} for {_money(entry.total)}" for entry in ordered) or "missing"


def _moment(at: datetime | None) -> str:
    return "never" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}".replace(".000000Z", "Z")


def _money(cents: int | None) -> str:
    return "no price" if cents is None else f"{cents // 100}.{cents % 100:02d}"
