"""What the local Stripe does about refunds and disputes, and about amounts: as Stripe does.

`localstripe` gives back more than was captured, knows no disputes, and posts nothing about either. Disputes begin and
end, and banks send refunds back, when a request below `/_config` says so: nobody else does that here.
"""

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from localstripe.errors import UserError  # type: ignore[import-untyped] # it has none
from localstripe.resources import Charge, Event, List, PaymentIntent, Refund, StripeObject  # type: ignore[import-untyped]
from localstripe.webhooks import schedule_webhook  # type: ignore[import-untyped]

_MULTIPLES: Final = {"isk": 100, "ugx": 100, **dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), 10)}
"""What amounts of these currencies must be a multiple of (https://docs.stripe.com/currencies)."""
_give_back: Callable[..., None] = Refund.__init__
_refunds: dict[str, list[Any]] = defaultdict(list)
_disputes: dict[str, list[Any]] = defaultdict(list)


class Dispute(StripeObject):  # type: ignore[misc] # it has no types
    """Of a charge, or of `amount` of it."""

    object = "dispute"
    _id_prefix = "dp_"

    def __init__(self, payment_intent: str, amount: int | None = None, reason: str = "fraudulent") -> None:
        charge = _captured(payment_intent)
        super().__init__()
        self.payment_intent, self.charge = payment_intent, charge.id
        self.amount, self.currency = amount or charge.amount - charge.amount_refunded, charge.currency
        self.reason, self.status = reason, "needs_response"
        _disputes[charge.id].append(self)


def check_amount(amount: object, currency: object) -> None:
    """Refuses what Stripe cannot charge to the last digit."""
    multiple = _MULTIPLES.get(str(currency), 1)
    if str(amount).isdigit() and int(str(amount)) % multiple:
        raise UserError(
            400, f"amounts of {currency} must be divisible by {multiple}", {"code": "invalid_charge_amount"}
        )


def give_back(
    refund: Any, charge: str | None = None, payment_intent: str | None = None, amount: object = None, **more: object
) -> None:
    """Refused where more would go back than came in, or the money is not Stripe's to give."""
    paid = _captured(payment_intent) if payment_intent else Charge._api_retrieve(charge)  # noqa: SLF001 - no other way
    left = paid.amount - paid.amount_refunded
    wanted = left if amount is None else int(str(amount))
    if any(dispute.status != "won" for dispute in _disputes[paid.id]):
        raise UserError(400, "the charge has been charged back", {"code": "charge_disputed"})
    if not left:
        raise UserError(400, "the charge has already been refunded", {"code": "charge_already_refunded"})
    if wanted > left:
        raise UserError(400, "the refund is greater than the unrefunded amount", {"code": "amount_too_large"})
    check_amount(wanted, paid.currency)
    _give_back(refund, charge=paid.id, amount=wanted, **more)
    refund.payment_intent = paid.payment_intent
    _refunds[paid.id].insert(0, refund)
    schedule_webhook(Event("refund.created", refund))
    schedule_webhook(Event("charge.refunded", paid))


def _captured(payment_intent: str) -> Any:
    charge = PaymentIntent._api_retrieve(payment_intent).latest_charge  # noqa: SLF001 - there is no other way into it
    if charge is None or not charge.captured:
        raise UserError(400, "the payment intent has no successful charge", {"code": "payment_intent_unexpected_state"})
    return charge


def refunds_of(charge: Any) -> Any:
    """Newest first."""
    found = List(f"/v1/charges/{charge.id}/refunds")
    found._list = list(_refunds.get(charge.id, ()))  # noqa: SLF001 - as above
    return found


def amount_refunded(charge: Any) -> int:
    """What a bank sent back is not."""
    return sum(refund.amount for refund in _refunds.get(charge.id, ()) if refund.status != "failed")


async def list_disputes(request: web.Request) -> web.Response:
    """Those of one intent."""
    intent = request.query["payment_intent"]
    found = [each for disputes in _disputes.values() for each in disputes if each.payment_intent == intent]
    page = {"object": "list", "url": request.path, "has_more": False, "data": [each._export() for each in found]}  # noqa: SLF001 - as above
    return web.json_response(page)


async def open_dispute(request: web.Request) -> web.Response:
    """A customer's bank takes the money back."""
    dispute = Dispute(**await request.json())
    schedule_webhook(Event("charge.dispute.created", dispute))
    return _told(dispute)


async def close_dispute(request: web.Request) -> web.Response:
    """The bank decides: `status` is `won` or `lost`."""
    dispute = Dispute._api_retrieve(request.match_info["id"])  # noqa: SLF001 - as above
    dispute.status = (await request.json())["status"]
    schedule_webhook(Event("charge.dispute.closed", dispute))
    return _told(dispute)


async def fail_refund(request: web.Request) -> web.Response:
    """The customer's bank sends a refund back."""
    refund = Refund._api_retrieve(request.match_info["id"])  # noqa: SLF001 - as above
    refund.status, refund.failure_reason = "failed", "expired_or_canceled_card"
    schedule_webhook(Event("refund.failed", refund))
    return _told(refund)


def _told(thing: Any) -> web.Response:
    return web.json_response(thing._export(), dumps=json.dumps)  # noqa: SLF001 - as above


ROUTES: Final[dict[tuple[str, str], Callable[[web.Request], Awaitable[web.Response]]]] = {
    ("GET", "/v1/disputes"): list_disputes,
    ("POST", "/_config/disputes"): open_dispute,
    ("POST", "/_config/disputes/{id}"): close_dispute,
    ("POST", "/_config/refunds/{id}/fail"): fail_refund,
}


def install(app: web.Application) -> None:
    """Into the server of `localstripe`, before it runs."""
    Refund.__init__ = give_back
    Charge.refunds = property(refunds_of)
    Charge.amount_refunded = property(amount_refunded)
    for (method, path), answer in ROUTES.items():
        app.router.add_route(method, path, answer)
