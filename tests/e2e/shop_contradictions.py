"""What the log says against itself about goods, money and coupons: nothing, whatever was done to the shop.

Read as plain JSON, once the shop is quiet; a new kind of contradiction is a line here, and all who ask see it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from emulators.feed.books import AFTER_ALL
from shared.eventsourcing.event_store import EventStore
from shared.eventsourcing.message import entity_of

Pieces = Counter[str]
NOTHING: dict[str, Any] = {"lines": []}
NEVER_SENT = {"ShipmentCancelled", "ShipmentForestalled"}


class HasLog(Protocol):
    """A shop whose log can be read."""

    @property
    def log(self) -> EventStore: ...


def _pieces() -> defaultdict[str, Pieces]:
    return defaultdict(Counter)


@dataclass
class GivenUp:
    """Pieces that a customer does not get, or gave back. `stated` is what the order says that they come to, in cents:
    to be given by the refund of this id.
    """

    refund_id: str
    stated: int
    pieces: Pieces


@dataclass
class Goods:
    """Pieces by product, by order; `last` is each shipment's last event. Of the orders `whole` are those that are
    cancelled and `nothing` those that are lost, `placed` is what was agreed on, `given_up` what became of it.
    """

    placed: dict[str, dict[str, Any]] = field(default_factory=dict)
    given_up: defaultdict[str, list[GivenUp]] = field(default_factory=lambda: defaultdict(list))
    lost: defaultdict[str, Pieces] = field(default_factory=_pieces)
    nothing: set[str] = field(default_factory=set)
    ordered: defaultdict[str, Pieces] = field(default_factory=_pieces)
    cancelled: defaultdict[str, Pieces] = field(default_factory=_pieces)
    stopped: defaultdict[str, Pieces] = field(default_factory=_pieces)
    dispatched: defaultdict[str, Pieces] = field(default_factory=_pieces)
    released: defaultdict[str, Pieces] = field(default_factory=_pieces)
    last: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    whole: set[str] = field(default_factory=set)


async def contradictions(shop: HasLog) -> list[str]:
    """In words; empty if goods, money and coupons agree."""
    goods = await _goods(shop)
    return [*_of_goods(goods), *await _of_money(shop, goods), *await _of_coupons(shop, goods)]


async def _facts(shop: HasLog, category: str) -> list[tuple[str, str, dict[str, Any]]]:
    """(entity, type without version, data) of every event; those of one entity in their order."""
    commits = [fed.commit async for fed in shop.log.feed(category, until=AFTER_ALL)]
    return [
        (entity_of(commit.stream), event.type.rpartition(".")[0], dict(event.data))
        for commit in sorted(commits, key=lambda each: (each.stream, each.version))
        for event in commit.events
    ]


def _count(pieces: Pieces, data: dict[str, Any]) -> None:
    for line in data["lines"]:
        pieces[line["sku"]] += line["quantity"]


async def _goods(shop: HasLog) -> Goods:
    goods = Goods()
    for order, kind, data in await _facts(shop, "order"):
        _note_order(goods, order, kind, data)
    for shipment, kind, data in await _facts(shop, "shipment"):
        order = data.get("order_id") or shipment.rpartition("-")[0]
        goods.last[order][shipment] = kind
        _count(goods.dispatched[order], data if kind == "ShipmentDispatched" else NOTHING)
        _count(goods.stopped[order], data if kind == "LinesStopped" else NOTHING)
    for reservation, kind, data in await _facts(shop, "reservation"):  # it has the id of its order
        _count(goods.released[reservation], data if kind == "ItemsReleased" else NOTHING)
    return goods


def _note_order(goods: Goods, order: str, kind: str, data: dict[str, Any]) -> None:
    match kind:
        case "OrderPlaced":
            goods.placed[order] = data
            _count(goods.ordered[order], data)
        case "LinesCancelled":
            _count(goods.cancelled[order], data)
            goods.given_up[order].append(_given_up(data["cancellation_id"], data))
        case "OrderShipmentLost":
            _count(goods.lost[order], data)
            goods.given_up[order].append(_given_up(data["refund_id"], data))
        case "ReturnOpened":
            goods.given_up[order].append(_given_up(data["return_id"], data))
        case "OrderCancelled" if data["placed"]:
            goods.whole.add(order)
        case "OrderLost":
            goods.nothing.add(order)
        case _:
            pass


def _given_up(refund_id: str, data: dict[str, Any]) -> GivenUp:
    pieces: Pieces = Counter()
    _count(pieces, data)
    return GivenUp(refund_id, data["refund"]["amount"], pieces)


def _of_goods(goods: Goods) -> list[str]:
    found: list[str] = []
    for order, ordered in goods.ordered.items():
        cancelled, sent = goods.cancelled[order], goods.dispatched[order]
        facts = {
            "a piece is both dispatched and cancelled": any(sent[x] + cancelled[x] > ordered[x] for x in ordered),
            "what is stopped is not what is cancelled": goods.stopped[order] != cancelled,
            "what is cancelled is not what went back to stock": goods.released[order] != cancelled,
            "it is cancelled, and pieces are not": order in goods.whole and cancelled != ordered,
            "all pieces are cancelled, and it is not": cancelled == ordered and order not in goods.whole,
            "all pieces are cancelled or lost, and it is not lost": cancelled != ordered
            and (cancelled + goods.lost[order] == ordered) != (order in goods.nothing),
            "it is cancelled, and a shipment is not stopped": order in goods.whole
            and not set(goods.last[order].values()) <= NEVER_SENT,
        }
        found += [f"order {order}: {what}" for what, is_so in facts.items() if is_so]
    return found


def _cents() -> defaultdict[str, Counter[str]]:
    return defaultdict(Counter)


@dataclass
class Money:
    """Cents, by payment and by refund or dispute. `failed` is what nobody got yet, and a person has to see to;
    `returned` are the payments to which a bank once gave something back.
    """

    captured: Counter[str] = field(default_factory=Counter)
    refunded: defaultdict[str, Counter[str]] = field(default_factory=_cents)
    failed: defaultdict[str, Counter[str]] = field(default_factory=_cents)
    disputed: defaultdict[str, Counter[str]] = field(default_factory=_cents)
    returned: set[str] = field(default_factory=set)

    def kept(self, payment: str) -> int:
        return self.captured[payment] - self.refunded[payment].total() - self.disputed[payment].total()

    def note(self, payment: str, kind: str, data: dict[str, Any]) -> None:
        match kind:
            case "PaymentCaptured":
                self.captured[payment] += data["amount"]["amount"]
            case "RefundCompleted" | "RefundFailed" | "RefundResolved":
                given = kind == "RefundCompleted" or data.get("paid_otherwise", False)
                self._refund(payment, data, given=given)
            case "DisputeOpened" | "DisputeClosed":
                gone = 0 if data.get("outcome") == "won" else data["amount"]["amount"]
                self.disputed[payment][data["dispute_id"]] = gone
                self.returned.add(payment)
            case _:
                pass

    def _refund(self, payment: str, data: dict[str, Any], *, given: bool) -> None:
        amount = data["amount"]["amount"]
        self.refunded[payment][data["refund_id"]] = amount if given else 0
        self.failed[payment][data["refund_id"]] = 0 if given else amount
        self.returned |= set() if given else {payment}


async def _of_money(shop: HasLog, goods: Goods) -> list[str]:
    """Captured = kept + refunded + disputed: so never less than nothing is kept, and all of a cancelled order goes.
    What is given up is refunded.
    """
    money = Money()
    for payment, kind, data in await _facts(shop, "payment"):
        money.note(payment, kind, data)
    kept = {payment: money.kept(payment) for payment in money.captured}
    found = [f"payment {payment}: {-cents} more went out than came in" for payment, cents in kept.items() if cents < 0]
    found += [f"order {x}: cancelled, and {kept[x]} are kept" for x in goods.whole if kept.get(x, 0) > 0]
    return [*found, *(what for order in goods.placed for what in _of_refunds(order, goods, money))]


def _of_refunds(order: str, goods: Goods, money: Money) -> Iterator[str]:
    """The customer has at least what the pieces come to, in proportion; and each refund gave what the order says,
    unless nothing was left.
    """
    placed, given_up = goods.placed[order], goods.given_up[order]
    payment = placed["payment_id"]
    kept, captured = money.kept(payment), money.captured[payment]
    back, owed = captured - kept + money.failed[payment].total(), min(_owed(placed, given_up), captured)
    if back < owed:
        yield f"order {order}: {back} went back, at least {owed} are owed for what was given up"
    for each in given_up if kept > 0 and payment not in money.returned else ():
        given = money.refunded[payment][each.refund_id]
        if given < each.stated:
            yield f"order {order}: {each.refund_id} gave {given} of {each.stated}, and more is left"


def _owed(placed: dict[str, Any], given_up: list[GivenUp]) -> int:
    """Cents, at least: in proportion to the pieces, rounded down each time; for everything the total."""
    gone = sum((each.pieces for each in given_up), Pieces())
    if all(gone[line["sku"]] >= line["quantity"] for line in placed["lines"]):
        return int(placed["total"]["amount"])
    lines = {line["sku"]: line for line in placed["lines"]}
    return sum(
        lines[sku]["due"]["amount"] * quantity // lines[sku]["quantity"]
        for each in given_up
        for sku, quantity in each.pieces.items()
        if gone[sku] <= lines[sku]["quantity"]
    )


async def _of_coupons(shop: HasLog, goods: Goods) -> list[str]:
    """One standing redemption per customer and code. An order that came to nothing gives its coupons back, and no other
    order that was placed does.
    """
    released: set[str] = set()
    standing: dict[str, tuple[str, list[str]]] = {}
    for redemption, kind, data in await _facts(shop, "redemption"):
        if kind == "CouponsRedeemed":
            standing[redemption] = (data["customer_id"], [each["code"] for each in data["coupons"]])
        else:
            standing.pop(redemption, None)
            released.add(redemption)
    uses = Counter((customer, code) for customer, codes in standing.values() for code in codes)
    found = [f"coupon {code} of {customer} is redeemed {n} times" for (customer, code), n in uses.items() if n > 1]
    for order, placed in goods.placed.items():
        came_to_nothing, redemption = order in goods.whole | goods.nothing, placed["checkout_id"]
        if came_to_nothing and redemption in standing:
            found.append(f"order {order} came to nothing, and its coupons are used")
        if redemption in released and not came_to_nothing:
            found.append(f"order {order} stands, and its coupons were given back")
    return found
