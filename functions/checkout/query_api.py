"""The checkout's queries over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import Field

from functions.checkout.amounts import amounts, discounts, priced_lines, unpriced
from functions.checkout.effect import cart_at
from functions.checkout.manifest import NAME, PREVIEWS
from functions.checkout.projections import CHECKOUTS_PROJECTION
from functions.checkout.read_models import CheckoutPreview
from functions.checkout.workflow import (
    Learn,
    basket,
    check_products,
    coupons_and_basket,
    get_quote,
    is_in_hand,
    learn_all_are_sold,
    learn_discounts,
    learn_prices,
)
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.money import Currency
from shared.eventsourcing.workflow.calls import Caller, Request, answer_of
from shared.eventsourcing.workflow.declaration import Data, Refuse
from shared.http.auth import COUNTER, STAFF, Principal, Role
from shared.http.problems import ProblemError, bad_field
from shared.http.query_api import MAX_VERSION, Asked, CustomQuery, QueryWiring
from shared.http.requests import Body, Id, Moment
from shared.http.workflow_api import workflow_queries

MAX_LINES = 100
MAX_QUANTITY = 100_000
MAX_COUPONS = 50
Json = dict[str, Any]

CHECKOUT_QUERIES = workflow_queries(
    NAME, CHECKOUTS_PROJECTION, "/checkouts/{checkout_id}", begun_by=frozenset({Role.POS})
)


class PreviewLine(Body):
    sku: Id
    quantity: int = Field(ge=1, le=MAX_QUANTITY)


class PreviewBody(Body):
    """Of a cart, at `min_version` or later, or of `lines`, each product once, in a `currency`. `country` is an ISO 3166
    code: where the goods go. `customer_id` is whose coupons they are, `at` the business time: both are for staff.
    """

    cart_id: Id | None = None
    min_version: int = Field(1, ge=1, le=MAX_VERSION)
    lines: tuple[PreviewLine, ...] = Field((), max_length=MAX_LINES)
    currency: Currency = "USD"
    country: str = Field(pattern="^[A-Z]{2}$")
    coupons: tuple[Id, ...] = Field((), max_length=MAX_COUPONS)
    customer_id: Id | None = None
    at: Moment | None = None


def _preview(wiring: QueryWiring) -> Callable[[Asked], Awaitable[CheckoutPreview]]:
    """By the steps of the checkout that only read, and by its sums."""

    async def answer(asked: Asked) -> CheckoutPreview:
        wanted: PreviewBody = asked.body
        data = _begin(wanted, asked.principal)
        version = await _take_cart(wanted, asked.principal, data, wiring.services)
        if not is_in_hand(data):
            await _ask(wiring.services, data, check_products, learn_all_are_sold)
        if unpriced(data):
            await _ask(wiring.services, data, get_quote, learn_prices)
        if data["coupons"]:
            await _ask(wiring.services, data, preview_coupons, learn_discounts)
        return CheckoutPreview(
            cart_version=version,
            currency=data["currency"],
            lines=priced_lines(data),
            discounts=discounts(data),
            **amounts(data),
        )

    return answer


def _begin(wanted: PreviewBody, principal: Principal) -> Json:
    for name in ("customer_id", "at"):
        if getattr(wanted, name) is not None and not principal.has(*STAFF):
            raise ProblemError(403, "field-reserved", f"only staff may state {name}", errors=[(name, "not yours")])
    if (wanted.cart_id is None) == (not wanted.lines):
        raise bad_field("cart_id", "either a cart or lines must be stated")
    for name, each in (("coupons", wanted.coupons), ("lines", [line.sku for line in wanted.lines])):
        if len(set(each)) < len(each):
            raise bad_field(name, "each can be given once")
    return {
        "customer_id": wanted.customer_id or principal.subject,
        "country": wanted.country,
        "coupons": [{"code": code} for code in wanted.coupons],
        "at": wanted.at.isoformat() if wanted.at else None,
        "currency": wanted.currency,
        "channel": "web",
        "lines": [{**line.model_dump(), "total": None} for line in wanted.lines],
    }


async def _take_cart(wanted: PreviewBody, principal: Principal, data: Json, services: Caller) -> int | None:
    """The cart's version, its contents into `data`."""
    if wanted.cart_id is None:
        return None
    owner = None if principal.has(*STAFF) else principal.subject
    cart = await cart_at(services, wanted.cart_id, wanted.min_version, owner=owner)
    if (status := cart.body["status"]) != "open":
        raise DomainError(f"cart-is-{status}", f"the cart is {status}")
    if not cart.body["lines"]:
        raise DomainError("cart-is-empty", "an empty cart cannot be checked out")
    data |= {**basket(cart.body), "customer_id": cart.body["customer_id"]}
    return cart.version


def preview_coupons(data: Data) -> Request:
    """What redeeming them would come to."""
    return Request(service="promotions", method="POST", path="/discounts", body=coupons_and_basket(data))


async def _ask(services: Caller, data: Json, call: Callable[[Data], Request], learn: Learn) -> None:
    request = call(data)
    answer = answer_of(request, await services.call(request))
    try:
        data |= learn(data, answer)
    except Refuse as refusal:
        raise DomainError(refusal.code, refusal.detail) from refusal


PREVIEW_QUERY = CustomQuery(
    service=NAME,
    path=PREVIEWS,
    body=PreviewBody,
    answer=_preview,
    returns=CheckoutPreview,
    summary="What a checkout would come to now; nothing is done.",
    roles=COUNTER,
    own=True,
)
