"""The checkout's commands over HTTP."""

from datetime import timedelta

from pydantic import Field
from pydantic_core import to_json

from functions.checkout.commands import BeginAttempt
from functions.checkout.effect import cart_at, version_differs
from functions.checkout.manifest import ATTEMPTS, LIMIT, NAME, PAUSE
from functions.checkout.plans import fates_of
from shared.config import variable
from shared.eventsourcing.message import Context
from shared.eventsourcing.money import Money
from shared.eventsourcing.workflow.commands import Start
from shared.http.auth import COUNTER, STAFF
from shared.http.command_api import Call, CommandEndpoint, Others
from shared.http.leaving import check_stays
from shared.http.postal_address import PostalAddress
from shared.http.problems import bad_field
from shared.http.query_api import MAX_VERSION
from shared.http.requests import AnyCaseId, Body, Id, Line, Moment
from shared.http.workflow_api import workflow_commands

TOKEN_PATTERN = "^[a-z]+_[A-Za-z0-9_]{1,250}$"  # noqa: S105 - what a token looks like; no card number does
MAX_COUPONS = 50


class AddressBody(PostalAddress):
    """Where the goods go, and to whom. `country` (ISO 3166) says which of `postal_code`, `city` and `region` (the state
    or province) are needed. It is sealed before anything is written down.
    """

    name: Line


class CouponBody(Body):
    """`stated` is what a till took off, for coupons whose discount the till states: it is for staff."""

    code: AnyCaseId
    stated: Money | None = None


class CheckoutBody(Body):
    """`cart_version` and `expected_total` are what the customer saw and agreed on, as a preview shows them: the
    checkout turns back if the cart has changed since, or if it comes to another total.

    `payment_token` names a card at the payment provider, and is sealed like the address: whoever reads it could
    charge the card. Card numbers are never taken. `customer_id` is whose cart it is, `at` the business time: both are
    for staff.
    """

    cart_id: Id
    cart_version: int = Field(ge=1, le=MAX_VERSION)
    expected_total: Money
    payment_token: str = Field(pattern=TOKEN_PATTERN)
    shipping_address: AddressBody
    coupons: tuple[AnyCaseId | CouponBody, ...] = Field((), max_length=MAX_COUPONS)
    customer_id: Id | None = None
    at: Moment | None = None


async def _admit(call: Call, others: Others, context: Context) -> None:
    """Customers only: a till is asked for what its customers want. A request that comes again is the same attempt."""
    if call.principal.has(*STAFF):
        return
    customer_id = call.principal.subject
    fates = await fates_of(await others.state(ATTEMPTS, customer_id), others.state, call.now)
    begin = BeginAttempt(
        customer_id=customer_id,
        checkout_id=call.entity_id,
        request_id=context.command_id,
        fates=fates,
        limit=int(variable(LIMIT, "5")),
        pause=timedelta(seconds=int(variable(PAUSE, "300"))),
        at=call.now,
    )
    await others.handle(ATTEMPTS, customer_id, begin, context)


async def _start(body: CheckoutBody, call: Call) -> Start:
    call.reserve(*STAFF, customer_id=body.customer_id, at=body.at, coupons=_stated(body))
    customer_id = body.customer_id or call.principal.subject
    if call.principal.has(*STAFF) and body.customer_id is None:
        raise bad_field("customer_id", "staff say whose cart it is")
    cart = await cart_at(call.services, body.cart_id, body.cart_version, owner=customer_id)
    if cart.version != body.cart_version:  # what can be known at once; the checkout decides on the cart as it is then
        raise version_differs(cart.version)
    await check_stays(call.services, customer_id)
    address = to_json(body.shipping_address).decode()
    sealed = await call.personal.seal_all(customer_id, [body.payment_token, address])
    data = {
        "checkout_id": call.entity_id,
        "cart_id": body.cart_id,
        "cart_version": body.cart_version,
        "expected_total": body.expected_total.model_dump(),
        "customer_id": customer_id,
        "payment_token": sealed[0].sealed,
        "shipping_address": sealed[1].sealed,
        "country": body.shipping_address.country,
        "coupons": _coupons(body),
        "at": call.at(body.at).isoformat() if body.at else None,
        "started_at": call.now.isoformat(),
    }
    return Start(workflow_id=call.entity_id, data=data, at=call.now)


def _stated(body: CheckoutBody) -> Money | None:
    """The first discount that the caller names: nobody decides on their own what they pay."""
    return next((each.stated for each in body.coupons if isinstance(each, CouponBody) and each.stated), None)


def _coupons(body: CheckoutBody) -> list[dict[str, object]]:
    """Each code once: a coupon that is given twice is redeemed once."""
    coupons = [CouponBody(code=each) if isinstance(each, str) else each for each in body.coupons]
    if len({coupon.code for coupon in coupons}) < len(coupons):
        raise bad_field("coupons", "each code can be given once")
    return [coupon.model_dump(mode="json", exclude_none=True) for coupon in coupons]


CHECKOUT_COMMANDS = workflow_commands(
    NAME,
    NAME,
    "/checkouts/{checkout_id}",
    CommandEndpoint(
        method="POST",
        path="/checkouts",
        body=CheckoutBody,
        build=_start,
        admit=_admit,
        creates=True,
        roles=COUNTER,
        summary="Make an order of a cart.",
    ),
)
