"""The services that a checkout talks to, in memory: they keep first answers under their keys, and tombstones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.eventsourcing.workflow.calls import Request, Response
from shared.eventsourcing.workflow.state import Saga, Status

PRICES = {"milk": 250, "tea": 399}
STOCK = {"milk": 10, "tea": 5}


def usd(cents: int) -> dict[str, object]:
    return {"amount": cents, "currency": "USD"}


def refused(code: str) -> Response:
    return Response(409, {"code": code, "detail": code})


def done(**body: Any) -> Response:
    return Response(202, {"id": "x", "version": 1, **body})


@dataclass
class Shop:
    """One customer's cart, and everything that happens to it."""

    lines: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"sku": "milk", "quantity": 2, "total": None},
            {"sku": "tea", "quantity": 1, "total": usd(380)},
        ]
    )
    customer: str = "900"
    leaving: bool = False
    discount: int = 50
    cart: str = "open"
    cart_version: int = 7
    unsold: tuple[str, ...] = ()
    stock: dict[str, int] = field(default_factory=lambda: dict(STOCK))
    kept: dict[str, int] = field(default_factory=dict)
    reservation: str = "absent"
    redemption: str = "absent"
    order: str = "absent"
    order_total: int | None = None
    payment: str = "absent"
    held: int = 0
    captured: int = 0
    mails: list[str] = field(default_factory=list)
    lowest: int = 0
    answers: dict[str, Response] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        self.asked.append(request)
        if request.key in self.answers:
            return self.answers[request.key]
        path = urlsplit(request.path)
        words = path.path.strip("/").split("/")
        serve = getattr(self, f"_{request.service}")
        response: Response = serve(request, words[2:], {k: v[0] for k, v in parse_qs(path.query).items()})
        self.lowest = min(self.lowest, *self.stock.values())
        if response.status < 300 and request.method != "GET" and request.key:
            self.answers[request.key] = response
        return response

    def troubles(self, saga: Saga) -> list[str]:
        """What money, stock, orders and mails say against each other, and against how it ended."""
        placed = saga.status is Status.COMPLETED
        free = self.discount >= 880
        facts = {
            "captured money = placed orders": self.captured == (self.order_total or 0 if self.order == "placed" else 0),
            "the order is placed if it completed": (self.order == "placed") == placed,
            "an order that is not placed is not standing": placed or self.order in ("absent", "cancelled"),
            "nothing is held on the card": self.held == 0,
            "the payment is over": self.payment in (("captured",) if placed and not free else ("absent", "voided")),
            "stock was never negative": self.lowest >= 0,
            "stock is kept for a placed order only": bool(self.kept) == placed,
            "what is kept does not expire": not placed or self.reservation == "allocated",
            "no piece is lost": all(self.stock[s] + self.kept.get(s, 0) == n for s, n in STOCK.items()),
            "coupons are used for a placed order only": (self.redemption == "redeemed")
            == (placed and self.discount > 0),
            "the cart is free again, or sold": self.cart == ("checked-out" if placed else "open"),
            "one mail per fact": self.mails == (["order placed"] if placed else []),
        }
        return [f"{saga.status}: not so: {fact}" for fact, holds in facts.items() if not holds]

    # --- the services: (request, path behind the id, query)

    def _cart(self, request: Request, rest: list[str], query: Mapping[str, str]) -> Response:
        match rest:
            case ["checkout"]:
                if request.if_match != self.cart_version:
                    return Response(412, {"code": "version-mismatch", "detail": str(self.cart_version)})
                self.cart, self.cart_version = "checked-out", self.cart_version + 1
                return done(version=self.cart_version)
            case ["restore"]:
                self.cart, self.cart_version = "open", self.cart_version + 1
                return done()
            case _ if int(query.get("min_version", 0)) > self.cart_version:
                return Response(412, {"code": "version-mismatch"}, {"etag": f'"{self.cart_version}"'})
            case _:
                seen = {
                    "status": self.cart,
                    "customer_id": self.customer,
                    "channel": "web",
                    "currency": "USD",
                    "lines": self.lines,
                }
                return Response(200, seen, {"etag": f'"{self.cart_version}"'})

    def _customers(self, _: Request, __: list[str], ___: Mapping[str, str]) -> Response:
        return Response(200, {"status": "requested" if self.leaving else "none"})

    def _catalog(self, request: Request, _: list[str], __: Mapping[str, str]) -> Response:
        unsold = [sku for sku in (request.body or {})["skus"] if sku in self.unsold]
        return Response(200, {"unavailable": [{"sku": sku, "name": f"Fine {sku}"} for sku in unsold]})

    def _pricing(self, request: Request, __: list[str], _: Mapping[str, str]) -> Response:
        body = request.body or {}
        items = [(item["sku"], item["quantity"]) for item in body["items"]]
        if any(sku not in PRICES for sku, _ in items):
            return refused("price-not-found")
        lines = [
            {"sku": sku, "quantity": n, "unit_price": usd(PRICES[sku]), "total": usd(PRICES[sku] * n)}
            for sku, n in items
        ]
        return Response(200, {"currency": body["currency"], "lines": lines})

    def _promotions(self, request: Request, rest: list[str], _: Mapping[str, str]) -> Response:
        if request.method == "POST" and not rest and request.path == "/discounts":
            return Response(200, {"discounts": self._discounts(request)})
        if rest == ["release"]:
            self.redemption = "released"
            return done()
        if self.redemption == "released":
            return refused("redemption-released")
        self.redemption = "redeemed"
        return done(discounts=self._discounts(request))

    def _discounts(self, request: Request) -> list[dict[str, object]]:
        (coupon, *_more) = (request.body or {})["coupons"]
        return [{"code": coupon["code"], "sku": "milk", "amount": usd(self.discount), "reason": "x"}]

    def _inventory(self, request: Request, rest: list[str], _: Mapping[str, str]) -> Response:
        match rest:
            case ["release"]:
                for sku, quantity in self.kept.items():
                    self.stock[sku] += quantity
                self.kept, self.reservation = {}, "released"
                return done()
            case ["allocate"]:
                if self.reservation not in ("reserved", "allocated"):
                    return refused(f"reservation-{self.reservation}")
                self.reservation = "allocated"
                return done()
            case _:
                return self._reserve((request.body or {})["lines"])

    def _reserve(self, lines: list[dict[str, Any]]) -> Response:
        if self.reservation != "absent":
            return done() if self.reservation == "reserved" else refused(f"reservation-{self.reservation}")
        if any(self.stock[line["sku"]] < line["quantity"] for line in lines):
            return refused("out-of-stock")
        for line in lines:
            self.stock[line["sku"]] -= line["quantity"]
            self.kept[line["sku"]] = line["quantity"]
        self.reservation = "reserved"
        return done()

    def _orders(self, request: Request, rest: list[str], _: Mapping[str, str]) -> Response:
        body = request.body or {}
        if rest == ["abandon"]:
            if self.order == "placed":
                return refused("order-is-placed")
            self.order = "cancelled"
            return done()
        if self.order == "cancelled":
            return refused("order-cancelled")
        match rest:
            case ["confirm"]:
                self.order = "confirmed"
            case ["place"]:
                if body["captured"]["amount"] != self.order_total:
                    return refused("captured-differs")
                if self.order != "placed":
                    self.mails.append("order placed")
                self.order = "placed"
            case _:
                self.order_total = _total(body)
                self.order = "created"
        return done()

    def _payments(self, request: Request, rest: list[str], _: Mapping[str, str]) -> Response:
        match rest, self.payment:
            case ["void"], "captured":
                return refused("payment-captured")
            case ["void"], _:
                self.held, self.payment = 0, "voided"
            case _, "voided":
                return refused("payment-voided")
            case ["capture"], "authorized":
                self.captured, self.held, self.payment = self.captured + self.held, 0, "captured"
            case ["capture"], "captured":
                pass
            case ["capture"], _:
                return refused("payment-not-authorized")
            case _, "absent":
                self.held, self.payment = (request.body or {})["amount"]["amount"], "authorized"
            case _:
                pass
        return done(status=self.payment)


def _total(order: Mapping[str, Any]) -> int:
    lines = sum(line["total"]["amount"] for line in order["lines"])
    off = sum(each["amount"]["amount"] for each in order["discounts"])
    return int(lines - off + order["shipping"]["amount"] + order["tax"]["amount"])
