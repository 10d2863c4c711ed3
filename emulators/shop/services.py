"""The services as witnesses: each says what its own documents say. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulators.shop.answers import Answers
from emulators.shop.compare import Sums, Witness
from emulators.shop.selling import Sold
from emulators.shop.witnesses import (
    of_basket,
    of_sku,
    said_back,
    said_lines,
    said_pieces,
    said_refund,
    said_stock,
    said_sums,
)

_PAID = frozenset({"placed", "shipped", "delivered"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What the witnesses look at: `sold` by basket, and `received`, what was put into stock before, by sku."""

    sold: Mapping[str, Sold]
    received: Mapping[str, int]
    answers: Answers

    def of(self, documents: Iterable[Any], key: str = "id") -> Iterator[tuple[str, Any]]:
        """The documents of these baskets, each with its basket; `key` names the member with the checkout's id. Others
        are none of this run's business.
        """
        baskets = {sold.checkout_id: basket for basket, sold in self.sold.items()}
        return ((baskets[body[key]], body) for body in documents if body[key] in baskets)

    def refund(self, sold: Sold) -> int:
        """Cents that the return or the cancellation of this basket came to, by its own document."""
        returned = self.answers.returns.get(sold.return_id or "")
        given_up = returned or self.answers.cancellations.get(sold.cancellation_id or "")
        return int(given_up["refund"]["amount"]) if given_up and given_up["refund"] else 0


def witnesses(seen: Seen) -> list[Witness]:
    """All of the services'."""
    of_money = (_checkouts, _carts, _orders, _payments, _ledger, _promotions)
    of_goods = (_shipments, _reservations, _stock, _given_up)
    return [each(seen) for each in (*of_money, *of_goods)]


def _checkouts(seen: Seen) -> Witness:
    """What is paid is what the customer agreed on, less what their return or their cancellation says."""
    back = {sold.checkout_id: seen.refund(sold) for sold in seen.sold.values()}
    says = {
        of_basket(basket): {
            "checkout": outcome(sold.document),
            **said_sums(sold.agreed - back[sold.checkout_id] if sold.completed else 0, 0),
        }
        for basket, sold in seen.sold.items()
    }
    completed = [sold for sold in seen.sold.values() if sold.completed and not sold.cancellation_id]
    sums = Sums(baskets=len(completed), cents=sum(sold.agreed - back[sold.checkout_id] for sold in completed))
    return Witness(name="checkouts", about=frozenset({"checkout", "paid"}), says=says, sums=sums)


def outcome(document: Any) -> str:
    """The status, and the code of what made it fail."""
    if document is None:
        return "not to be seen"
    reason = document["reason"]
    return f"{document['status']} {reason['code']}" if reason else str(document["status"])


def _carts(seen: Seen) -> Witness:
    baskets = {sold.cart_id: basket for basket, sold in seen.sold.items()}
    found = seen.answers.carts.items()
    says = {of_basket(baskets[key]): {"cart": body["status"], **said_lines(body["lines"])} for key, body in found}
    return Witness(name="carts", about=frozenset({"cart", "line"}), says=says)


def _orders(seen: Seen) -> Witness:
    """Of an order that was given up, its lines are still known, but nothing of it is paid."""
    says: dict[str, dict[str, str]] = {}
    paid = []
    for basket, body in seen.of(seen.answers.orders.values()):
        says[of_basket(basket)] = {"order": body["status"], **said_lines(body["lines"])}
        says[of_basket(basket)] |= said_refund(body["refunded"]["amount"])
        says[of_basket(basket)] |= said_back({line["sku"]: line["returned"] for line in body["lines"]})
        if body["status"] in _PAID:
            says[of_basket(basket)] |= said_sums(_kept(body), body["discount"]["amount"])
            paid.append(body)
    lines = [line for body in paid for line in body["lines"]]
    sums = Sums(
        baskets=len(paid),
        lines=len(lines),
        pieces=sum(line["quantity"] for line in lines),
        cents=sum(map(_kept, paid)),
    )
    about = frozenset({"order", "line", "paid", "discount", "refunded", "back"})
    return Witness(name="orders", about=about, says=says, sums=sums)


def _kept(order: Any) -> int:
    """What the shop keeps of it, in cents."""
    return int(order["total"]["amount"] - order["refunded"]["amount"])


def _payments(seen: Seen) -> Witness:
    """One that was barred before it was asked for is no payment."""
    says: dict[str, dict[str, str]] = {}
    captured = []
    for basket, body in seen.of(seen.answers.payments.values()):
        if body["amount"] is None:
            continue
        says[of_basket(basket)] = {"payment": body["status"], **said_refund(body["refunded"]["amount"])}
        if body["status"] == "captured":
            cents = body["amount"]["amount"] - body["refunded"]["amount"]
            says[of_basket(basket)] |= said_sums(cents, 0)
            captured += [cents] if cents or not body["refunded"]["amount"] else []
    sums = Sums(baskets=len(captured), cents=sum(captured))
    return Witness(name="payments", about=frozenset({"payment", "paid", "refunded"}), says=says, sums=sums)


def _ledger(seen: Seen) -> Witness:
    """What customers paid is a credit of theirs."""
    says: dict[str, dict[str, str]] = {}
    paid = []
    for basket, body in seen.of(seen.answers.ledger.values()):
        refunded = body["balances"].get("refunds", 0)
        cents = -body["balances"].get("customers", 0) - refunded
        off = ledger_sum(body)
        says[of_basket(basket)] = {"ledger": f"off by {off} cents" if off else "balanced", **said_sums(cents, 0)}
        says[of_basket(basket)] |= said_refund(refunded)
        if cents:
            paid.append(cents)
    about = frozenset({"ledger", "paid", "refunded"})
    return Witness(name="ledger", about=about, says=says, sums=Sums(baskets=len(paid), cents=sum(paid)))


def ledger_sum(body: Any) -> int:
    """By how many cents the entries or the balances of one payment are off; 0 if each of them sums to zero."""
    entries = sum(abs(sum(line["amount"] for line in entry["lines"])) for entry in body["entries"])
    return int(entries + abs(sum(body["balances"].values())))


def _promotions(seen: Seen) -> Witness:
    says = {}
    for basket, body in seen.of(seen.answers.redemptions.values()):
        discount = body["total_discount"]["amount"] if body["status"] == "redeemed" else 0
        says[of_basket(basket)] = {"coupons": body["status"], **said_sums(0, discount)}
    return Witness(name="promotions", about=frozenset({"coupons", "discount"}), says=says)


def _shipments(seen: Seen) -> Witness:
    """All shipments of an order together, as far as they are delivered."""
    lines: dict[str, list[tuple[str, int]]] = {}
    for basket, body in seen.of(seen.answers.shipments, "order_id"):
        if body["status"] == "delivered":
            lines.setdefault(basket, []).extend((line["sku"], line["quantity"]) for line in body["lines"])
    return _of_pieces("shipments", lines)


def _reservations(seen: Seen) -> Witness:
    """What of them has left."""
    lines: dict[str, list[tuple[str, int]]] = {}
    for basket, body in seen.of(seen.answers.reservations.values()):
        left = [(line["sku"], line["shipped"]) for line in body["lines"] if line["shipped"]]
        if left:
            lines[basket] = left
    return _of_pieces("reservations", lines)


def _of_pieces(name: str, lines: Mapping[str, list[tuple[str, int]]]) -> Witness:
    says = {of_basket(basket): said_pieces(each) for basket, each in lines.items()}
    every = [line for each in lines.values() for line in each]
    sums = Sums(baskets=len(lines), lines=len(every), pieces=sum(quantity for _, quantity in every))
    return Witness(name=name, about=frozenset({"pieces"}), says=says, sums=sums)


def _stock(seen: Seen) -> Witness:
    """What has moved is what was received and is not there any more."""
    says = {}
    for sku, received in seen.received.items():
        if body := seen.answers.stock.get(sku):
            says[of_sku(sku)] = said_stock(received - body["on_hand"], body["on_hand"], body["reserved"])
    return Witness(name="stock", about=frozenset({"moved", "on-hand", "reserved"}), says=says)


def _given_up(seen: Seen) -> Witness:
    """What arrived, sound or not, and what was to be refunded for it, or for what was cancelled."""
    says = {}
    for basket, body in seen.of(seen.answers.returns.values(), "order_id"):
        arrived = {line["sku"]: line["sound"] + line["damaged"] for line in body["received"] or ()}
        says[of_basket(basket)] = said_back(arrived) | said_refund(seen.refund(seen.sold[basket]))
    for basket, _ in seen.of(seen.answers.cancellations.values(), "order_id"):
        says[of_basket(basket)] = said_refund(seen.refund(seen.sold[basket]))
    return Witness(name="returns and cancellations", about=frozenset({"back", "refunded"}), says=says)
