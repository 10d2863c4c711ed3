"""The first witness: the data set with what was chosen. And how all of them put what they say. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from emulators.shop.choose import Fate, Sale
from emulators.shop.columns import Expected, ShopRow
from emulators.shop.compare import Sums, Witness, money
from emulators.shop.plan import Plan

DATA_SET = "data set"
_OUTCOMES = {
    Fate.SOLD: {"checkout": "completed", "cart": "checked-out", "order": "delivered"},
    Fate.CANCELLED: {"checkout": "completed", "cart": "checked-out", "order": "cancelled"},
    Fate.DECLINED: {"checkout": "failed card-declined", "cart": "open", "order": "cancelled"},
    Fate.SHORT: {"checkout": "failed out-of-stock", "cart": "open", "order": "cancelled"},
    Fate.EMPTY: {"checkout": "failed cart-is-empty", "cart": "open"},
}
_MAILS = {
    Fate.SOLD: ("order_placed", "shipment_dispatched"),
    Fate.CANCELLED: ("order_placed", "order_cancelled", "payment_refunded"),
    Fate.DECLINED: ("order_cancelled",),
    Fate.SHORT: ("order_cancelled",),
    Fate.EMPTY: (),
}
_MAILS_OF_RETURNS = ("payment_refunded", "return_approved")
_ABOUT = (
    "checkout cart order payment ledger mails coupons discount line pieces paid moved on-hand reserved back refunded"
)


def of_basket(basket: str) -> str:
    """The subject that a basket is."""
    return f"basket {basket}"


def of_sku(sku: str) -> str:
    """The subject that a product is."""
    return f"sku {sku}"


def data_set(plan: Plan, expected: Expected) -> Witness:
    """What must be: the figures are those of the columns, the outcomes what was chosen."""
    says = {of_basket(sale.id): _basket(sale, expected.lines.get(sale.id, [])) for sale in plan.sales}
    says |= {of_sku(sku): facts for sku, facts in _stock(plan, expected).items()}
    sold = plan.of_fate(Fate.SOLD)
    rows = [row for sale in sold for row in expected.lines[sale.id]]
    sums = Sums(
        baskets=len(sold),
        lines=len(rows),
        pieces=sum(row.quantity for row in rows),
        cents=sum(row.paid for row in rows) - sum(_refund(sale, expected.lines[sale.id]) for sale in sold),
    )
    return Witness(name=DATA_SET, about=frozenset(_ABOUT.split()), says=says, sums=sums)


def _basket(sale: Sale, rows: list[ShopRow]) -> dict[str, str]:
    off = {row.sku: row.off for row in rows if row.sku in sale.discounts}
    facts = {f"line {row.sku}": entry(row.quantity, row.paid + off.get(row.sku, 0)) for row in rows}
    paid = sum(row.paid for row in rows)
    facts |= _OUTCOMES[sale.fate]
    if _MAILS[sale.fate]:
        facts["mails"] = said_mails(Counter((*_MAILS[sale.fate], *(_MAILS_OF_RETURNS if sale.back else ()))))
    if sale.coupons:
        facts["coupons"] = "redeemed" if sale.fate is Fate.SOLD else "released"
    if sale.fate is Fate.SOLD:
        facts |= {f"pieces {row.sku}": f"{row.quantity}" for row in rows}
        facts |= said_sums(paid - _refund(sale, rows), sum(off.values()))
        facts |= said_refund(_refund(sale, rows))
        facts |= said_back({sale.back.sku: sale.back.arrived} if sale.back else {})
    if sale.fate is Fate.CANCELLED:
        facts |= said_refund(paid)
    if paid and sale.fate in {Fate.SOLD, Fate.CANCELLED, Fate.DECLINED}:
        facts |= {"payment": "declined" if sale.fate is Fate.DECLINED else "captured", "ledger": "balanced"}
    return facts


def _refund(sale: Sale, rows: list[ShopRow]) -> int:
    """What arrived comes back for its part of what was paid for the line, in cents."""
    if sale.back is None:
        return 0
    (row,) = [row for row in rows if row.sku == sale.back.sku]
    return row.paid * sale.back.arrived // row.quantity


def _stock(plan: Plan, expected: Expected) -> dict[str, dict[str, str]]:
    """What is sold moves, and back if it is sound; what the other baskets asked for stays. Withheld products were never
    there.
    """
    moved, stays = Counter[str](), Counter[str]()
    for sale in plan.sales:
        for row in expected.lines.get(sale.id, ()):
            (moved if sale.fate is Fate.SOLD else stays)[row.sku] += row.quantity
        if sale.back:
            moved[sale.back.sku] -= sale.back.sound
            stays[sale.back.sku] += sale.back.sound
    withheld = {sale.withheld for sale in plan.sales}
    return {sku: said_stock(moved[sku], stays[sku], 0) for sku in {*moved, *stays} - withheld}


def entry(quantity: int, cents: int) -> str:
    """How a line is said."""
    return f"{quantity} for {money(cents)}"


def said_lines(lines: Iterable[Any]) -> dict[str, str]:
    """Of a document."""
    return {f"line {line['sku']}": entry(line["quantity"], line["total"]["amount"]) for line in lines}


def said_pieces(lines: Iterable[tuple[str, int]]) -> dict[str, str]:
    """A product in several lines is said once; what is nothing is not said."""
    pieces = Counter[str]()
    for sku, quantity in lines:
        pieces[sku] += quantity
    return {f"pieces {sku}": f"{count}" for sku, count in pieces.items() if count}


def said_sums(paid: int, discount: int) -> dict[str, str]:
    """In cents; what is nothing is not said."""
    return {name: money(cents) for name, cents in (("paid", paid), ("discount", discount)) if cents}


def said_refund(cents: int) -> dict[str, str]:
    """What the customer has back; what is nothing is not said."""
    return {"refunded": money(cents)} if cents else {}


def said_back(pieces: Mapping[str, int]) -> dict[str, str]:
    """What arrived here again, by sku; what is nothing is not said."""
    return {f"back {sku}": f"{count}" for sku, count in pieces.items() if count}


def said_stock(moved: int, on_hand: int, reserved: int) -> dict[str, str]:
    return {"moved": f"{moved}", "on-hand": f"{on_hand}", "reserved": f"{reserved}"}


def said_mails(kinds: Counter[str]) -> str:
    """Each kind, and how often if it is more than once."""
    return ", ".join(f"{kind} {count} times" if count > 1 else kind for kind, count in sorted(kinds.items()))
