"""The cart's commands over HTTP."""

from datetime import timedelta

from pydantic import Field

from functions.cart.commands import (
    AddItem,
    ChangeQuantity,
    CheckOutCart,
    ClearCart,
    ExpireCart,
    OpenCart,
    RemoveItem,
    RestoreCart,
)
from functions.cart.decider import MAX_QUANTITY, Cart
from functions.cart.events import Channel
from functions.cart.manifest import NAME
from shared.eventsourcing.errors import DomainError, NotFoundError
from shared.eventsourcing.money import Currency, Money
from shared.eventsourcing.workflow.calls import Request, answer_of
from shared.http.auth import COUNTER, OPERATORS, PEOPLE, STAFF, Principal, Role
from shared.http.command_api import Call, CommandApi, CommandEndpoint
from shared.http.problems import bad_field
from shared.http.requests import AnyReason, Body, Id, Moment

PATIENCE = timedelta(seconds=5)
"""With the catalog."""
TILL_AND_SERVICE = (Role.POS, Role.SERVICE, Role.OPERATOR)


class OpenCartBody(Body):
    """`customer_id` and `opened_at` are for tills; everybody else opens their own cart, now."""

    currency: Currency
    customer_id: Id | None = None
    opened_at: Moment | None = None


class AddItemBody(Body):
    """`charged` (what was taken for all of `quantity`) and `at` are for tills."""

    sku: Id
    quantity: int = Field(ge=1, le=MAX_QUANTITY[Channel.POS])
    charged: Money | None = None
    at: Moment | None = None


class ChangeQuantityBody(Body):
    """`charged` (what is taken for the whole line) and `at` are for tills."""

    quantity: int = Field(ge=1, le=MAX_QUANTITY[Channel.POS])
    charged: Money | None = None
    at: Moment | None = None


class CheckOutBody(Body):
    """`at` is for tills; `checkout_id` and `customer_id` for the checkout that is going to hold the cart, if it is
    that customer's. A checkout states by `If-Match` which version it was agreed on.
    """

    checkout_id: Id | None = None
    customer_id: Id | None = None
    at: Moment | None = None


class RestoreCartBody(Body):
    """`checkout_id` restores the cart only from that checkout, and moves the cart on from the version that the checkout
    wants, which comes too late then. Without it the cart is one that a till checked out.
    """

    checkout_id: Id | None = None
    reason: AnyReason


def _open(body: OpenCartBody, call: Call) -> OpenCart:
    call.reserve(*TILL_AND_SERVICE, customer_id=body.customer_id, opened_at=body.opened_at)
    return OpenCart(
        cart_id=call.entity_id,
        customer_id=body.customer_id or call.principal.subject,
        channel=Channel.POS if call.principal.has(Role.POS) else Channel.WEB,
        currency=body.currency,
        at=call.at(body.opened_at, field="opened_at"),
    )


async def _add(body: AddItemBody, call: Call) -> AddItem:
    call.reserve(Role.POS, charged=body.charged, at=body.at)
    await _check_sold(call, body.sku)
    return AddItem(sku=body.sku, quantity=body.quantity, charged=body.charged, at=call.at(body.at))


async def _change(body: ChangeQuantityBody, call: Call) -> ChangeQuantity:
    call.reserve(Role.POS, charged=body.charged, at=body.at)
    await _check_sold(call, call.path["sku"])
    return ChangeQuantity(sku=call.path["sku"], quantity=body.quantity, charged=body.charged, at=call.at(body.at))


async def _check_sold(call: Call, sku: str) -> None:
    """A till has the product in its hand; everybody else buys what the catalog lists. The catalog may change its mind
    later: a checkout asks again.
    """
    if call.principal.has(Role.POS):
        return
    request = Request(service="catalog", method="POST", path="/availability", body={"skus": [sku]}, timeout=PATIENCE)
    for product in answer_of(request, await call.services.call(request))["unavailable"]:
        raise DomainError("product-not-sold", f"{product['name']} is not sold", field="sku")


def _remove(_: Body, call: Call) -> RemoveItem:
    return RemoveItem(sku=call.path["sku"], at=call.now)


def _clear(_: Body, call: Call) -> ClearCart:
    return ClearCart(at=call.now)


def _check_out(body: CheckOutBody, call: Call) -> CheckOutCart:
    call.reserve(Role.POS, Role.SERVICE, at=body.at)
    call.reserve(Role.SERVICE, checkout_id=body.checkout_id, customer_id=body.customer_id)
    if body.checkout_id is not None and not call.conditional:
        raise bad_field("If-Match", "a checkout states the version that it was agreed on")
    return CheckOutCart(checkout_id=body.checkout_id, customer_id=body.customer_id, at=call.at(body.at))


def _restore(body: RestoreCartBody, call: Call) -> RestoreCart:
    return RestoreCart(checkout_id=body.checkout_id, reason=call.reason(body.reason), at=call.now)


def _expire(_: Body, call: Call) -> ExpireCart:
    return ExpireCart(at=call.now)


def may_change(principal: Principal, cart: Cart) -> None:
    """A customer changes their own carts of the web; of anything else they do not learn that it exists."""
    if principal.has(*TILL_AND_SERVICE) or not cart.cart_id:
        return
    if cart.customer_id != principal.subject or cart.channel is not Channel.WEB:
        raise NotFoundError("cart-not-found", "there is no such cart")


CART_COMMANDS = CommandApi[Cart](
    service=NAME,
    entity="/carts/{cart_id}",
    guard=may_change,
    endpoints=(
        CommandEndpoint(
            method="POST",
            path="/carts",
            body=OpenCartBody,
            build=_open,
            creates=True,
            roles=COUNTER,
            summary="Open a cart.",
        ),
        CommandEndpoint(
            method="POST",
            path="/carts/{cart_id}/items",
            body=AddItemBody,
            build=_add,
            roles=COUNTER,
            summary="Add a product.",
        ),
        CommandEndpoint(
            method="PUT",
            path="/carts/{cart_id}/items/{sku}",
            body=ChangeQuantityBody,
            build=_change,
            roles=COUNTER,
            summary="Change the quantity of a line.",
        ),
        CommandEndpoint(
            method="DELETE",
            path="/carts/{cart_id}/items/{sku}",
            build=_remove,
            roles=COUNTER,
            summary="Take a product out.",
        ),
        CommandEndpoint(
            method="DELETE", path="/carts/{cart_id}/items", build=_clear, roles=COUNTER, summary="Empty the cart."
        ),
        CommandEndpoint(
            method="POST",
            path="/carts/{cart_id}/checkout",
            body=CheckOutBody,
            build=_check_out,
            roles=STAFF,
            summary="Check out: a till its own cart, a checkout any.",
        ),
        CommandEndpoint(
            method="POST",
            path="/carts/{cart_id}/restore",
            body=RestoreCartBody,
            build=_restore,
            roles=OPERATORS,
            summary="Open a checked-out cart again: its checkout came to nothing.",
        ),
        CommandEndpoint(
            method="POST",
            path="/carts/{cart_id}/expire",
            build=_expire,
            roles=PEOPLE,
            summary="Close the cart if nobody touched it for a month.",
        ),
    ),
)
