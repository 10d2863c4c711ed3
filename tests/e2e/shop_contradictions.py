"""What the log says against itself about goods, money and coupons: nothing, whatever was done to the shop.

Read as plain JSON, once the shop is quiet; a new kind of contradiction is a line here, and all who ask see it.
"""

from collections import Counter, defaultdict
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
class Goods:
    """Pieces by product, by order; `last` is each shipment's last event, `whole` the orders that are cancelled."""

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
    return [*_of_goods(goods), *await _of_money(shop, goods), *await _of_coupons(shop)]


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
        if kind == "OrderPlaced":
            _count(goods.ordered[order], data)
        elif kind == "LinesCancelled":
            _count(goods.cancelled[order], data)
        elif kind == "OrderCancelled" and data["placed"]:
            goods.whole.add(order)
    for shipment, kind, data in await _facts(shop, "shipment"):
        order = data.get("order_id") or shipment.rpartition("-")[0]
        goods.last[order][shipment] = kind
        _count(goods.dispatched[order], data if kind == "ShipmentDispatched" else NOTHING)
        _count(goods.stopped[order], data if kind == "LinesStopped" else NOTHING)
    for reservation, kind, data in await _facts(shop, "reservation"):  # it has the id of its order
        _count(goods.released[reservation], data if kind == "ItemsReleased" else NOTHING)
    return goods


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
            "it is cancelled, and a shipment is not stopped": order in goods.whole
            and not set(goods.last[order].values()) <= NEVER_SENT,
        }
        found += [f"order {order}: {what}" for what, is_so in facts.items() if is_so]
    return found


async def _of_money(shop: HasLog, goods: Goods) -> list[str]:
    """Captured = kept + refunded + disputed: so never less than nothing is kept, and all of a cancelled order goes."""
    captured, refunded = Counter[str](), defaultdict[str, Counter[str]](Counter)
    disputed = defaultdict[str, Counter[str]](Counter)
    for payment, kind, data in await _facts(shop, "payment"):
        match kind:
            case "PaymentCaptured":
                captured[payment] += data["amount"]["amount"]
            case "RefundCompleted":
                refunded[payment][data["refund_id"]] = data["amount"]["amount"]
            case "RefundFailed":
                refunded[payment][data["refund_id"]] = 0
            case "RefundResolved" if data["paid_otherwise"]:
                refunded[payment][data["refund_id"]] = data["amount"]["amount"]
            case "DisputeOpened":
                disputed[payment][data["dispute_id"]] = data["amount"]["amount"]
            case "DisputeClosed" if data["outcome"] == "won":
                disputed[payment][data["dispute_id"]] = 0
    kept = {x: captured[x] - refunded[x].total() - disputed[x].total() for x in captured}
    found = [f"payment {payment}: {-cents} more went out than came in" for payment, cents in kept.items() if cents < 0]
    return found + [f"order {x}: cancelled, and {kept[x]} are kept" for x in goods.whole if kept.get(x, 0) > 0]


async def _of_coupons(shop: HasLog) -> list[str]:
    """One standing redemption per customer and code; none of an order that is cancelled as a whole."""
    standing: dict[str, tuple[str, list[str]]] = {}
    for redemption, kind, data in await _facts(shop, "redemption"):
        if kind == "CouponsRedeemed":
            standing[redemption] = (data["customer_id"], [each["code"] for each in data["coupons"]])
        else:
            standing.pop(redemption, None)
    uses = Counter((customer, code) for customer, codes in standing.values() for code in codes)
    return [f"coupon {code} of {customer} is redeemed {n} times" for (customer, code), n in uses.items() if n > 1]
