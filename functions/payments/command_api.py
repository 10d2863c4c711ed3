"""The payments' commands over HTTP, for the checkout, for returns and for operators: the provider has answered before
they are.
"""

from pydantic import Field

from functions.payments.commands import (
    AuthorizePayment,
    CapturePayment,
    RefundPayment,
    ResolveRefund,
    VoidPayment,
)
from functions.payments.manifest import CATEGORY, NAME
from functions.payments.state import Payment
from shared.eventsourcing.money import Money
from shared.eventsourcing.personal import PREFIX
from shared.http.auth import OPERATORS, PEOPLE, Role
from shared.http.command_api import Call, CommandApi, CommandEndpoint, open_to_its_roles
from shared.http.requests import AnyReason, Body, Id, Moment, ShopReason

WORKFLOWS = frozenset({Role.SERVICE})
"""Only the checkout has a customer's card: it sealed the token when it took it."""


class AuthorizePaymentBody(Body):
    """`payment_token` names a card at the provider, sealed with the customer's key. `at` is when it was asked for."""

    order_id: Id
    customer_id: Id
    amount: Money
    payment_token: str = Field(pattern=f"^{PREFIX}", max_length=2048)
    at: Moment | None = None


class VoidPaymentBody(Body):
    reason: AnyReason


class RefundPaymentBody(Body):
    """`refund_id` is the caller's own: a refund is given once for each. `up_to`: if less than `amount` is left of the
    payment, that much is given, and none at all if nothing is; a dispute's end is waited for. Without it such a refund
    is refused.
    """

    refund_id: Id
    amount: Money
    reason: ShopReason
    up_to: bool = False


class ResolveRefundBody(Body):
    """How it was dealt with. `paid_otherwise`: the customer got the amount by other means. It counts as refunded."""

    paid_otherwise: bool
    reason: ShopReason


def _authorize(body: AuthorizePaymentBody, call: Call) -> AuthorizePayment:
    return AuthorizePayment(
        payment_id=call.entity_id,
        order_id=body.order_id,
        customer_id=body.customer_id,
        amount=body.amount,
        payment_token=body.payment_token,
        at=call.at(body.at),
    )


def _capture(_: Body, call: Call) -> CapturePayment:
    return CapturePayment(at=call.now)


def _void(body: VoidPaymentBody, call: Call) -> VoidPayment:
    return VoidPayment(payment_id=call.entity_id, reason=call.reason(body.reason), at=call.now)


def _refund(body: RefundPaymentBody, call: Call) -> RefundPayment:
    return RefundPayment(**body.model_dump(), at=call.now)


def _resolve(body: ResolveRefundBody, call: Call) -> ResolveRefund:
    return ResolveRefund(
        refund_id=call.path["refund_id"], paid_otherwise=body.paid_otherwise, reason=body.reason, at=call.now
    )


PAYMENT_COMMANDS = CommandApi[Payment](
    service=NAME,
    category=CATEGORY,
    entity="/payments/{payment_id}",
    guard=open_to_its_roles,
    endpoints=(
        CommandEndpoint(
            method="PUT",
            path="/payments/{payment_id}",
            body=AuthorizePaymentBody,
            build=_authorize,
            roles=WORKFLOWS,
            settles=True,
            summary="Hold an amount on a card.",
        ),
        CommandEndpoint(
            method="POST",
            path="/payments/{payment_id}/capture",
            build=_capture,
            roles=OPERATORS,
            settles=True,
            summary="Take what is held.",
        ),
        CommandEndpoint(
            method="POST",
            path="/payments/{payment_id}/void",
            body=VoidPaymentBody,
            build=_void,
            roles=OPERATORS,
            settles=True,
            summary="Let go of what is held; a payment that is not there yet will never be.",
        ),
        CommandEndpoint(
            method="POST",
            path="/payments/{payment_id}/refunds",
            body=RefundPaymentBody,
            build=_refund,
            roles=OPERATORS,
            settles=True,
            summary="Give back some or all of what was captured.",
        ),
        CommandEndpoint(
            method="POST",
            path="/payments/{payment_id}/refunds/{refund_id}/resolve",
            body=ResolveRefundBody,
            build=_resolve,
            roles=PEOPLE,
            summary="A person has dealt with a refund that failed: it needs nobody any more.",
        ),
    ),
)
