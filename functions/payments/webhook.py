"""What the provider tells of its own accord: outcomes that we may not know yet, refunds that fail late, disputes.

Stripe sends each event at least once and in any order; whatever is known already, or belongs to no payment of ours, is
acknowledged. The signature is the proof of who sends: there is no bearer token.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from functions.payments.adapters.stripe_objects import intent_of, money_of, refund_of
from functions.payments.commands import PaymentCommand, RecordDispute, RecordDisputeClosed
from functions.payments.effect import intent_news, provider_of, refund_news, tell_of_failure
from functions.payments.events import DisputeOutcome
from functions.payments.manifest import CATEGORY, STRIPE_WEBHOOK_SECRET
from functions.payments.port import PaymentProvider
from shared.bootstrap import Wiring
from shared.eventsourcing.command_handler import Handled
from shared.eventsourcing.ids import ID
from shared.eventsourcing.message import Context
from shared.http.problems import ProblemError
from shared.http.requests import read_body
from shared.observability.logs import Log, json_log
from shared.observability.tracing import begin_span

TOLERANCE = 300
"""Seconds for which a signature is good."""
_ACTOR = "provider:stripe"
_OPEN = frozenset({"needs_response", "under_review"})
_CLOSED = frozenset(DisputeOutcome)
"""No money moves in any other status that Stripe has, such as those of mere inquiries; one that is new to us, we cannot
book.
"""


class StripeData(BaseModel):
    """`object` is what the event is about, as it was then."""

    model_config = ConfigDict(extra="ignore")
    object: dict[str, Any]


class StripeEvent(BaseModel):
    """`created` in seconds since 1970."""

    model_config = ConfigDict(extra="ignore")
    type: str
    created: int
    data: StripeData

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)


class Writers(Protocol):
    """What this needs of the service's wiring."""

    async def handle(self, category: str, entity_id: str, command: PaymentCommand, context: Context) -> Handled: ...

    def system_context(self, actor: str) -> Context: ...


def make_webhook(wiring: Wiring) -> Callable[[Request], Awaitable[Response]]:
    settings = wiring.settings
    return StripeWebhook(
        wiring, provider_of(settings), settings.value(STRIPE_WEBHOOK_SECRET), json_log(settings.project)
    )


class StripeWebhook:
    """Takes Stripe's events."""

    def __init__(self, writers: Writers, provider: PaymentProvider, secret: str, log: Log) -> None:
        self._writers = writers
        self._provider = provider
        self._secret = secret
        self._log = log

    async def __call__(self, request: Request) -> Response:
        begin_span(trusted=False)
        body = await read_body(request)
        _check_signature(body, request.headers.get("stripe-signature"), self._secret)
        try:
            told = await self._understand(StripeEvent.model_validate_json(body))
        except (KeyError, TypeError, ValueError) as error:
            what = "its form" if isinstance(error, ValidationError) else repr(error)  # not what it says of a person
            self._log("WARNING", f"an event of the payment provider is not understood: {what}")
            detail = "this is no event of the payment provider that is understood here"
            raise ProblemError(400, "event-not-understood", detail) from error
        if told is not None:
            context = self._writers.system_context(_ACTOR)
            handled = await self._writers.handle(CATEGORY, told.payment_id, told.news, context)
            tell_of_failure(self._log, told.payment_id, told.news, handled)
        return Response(b'{"received":true}', 200, media_type="application/json")

    async def _understand(self, event: StripeEvent) -> "Told | None":
        match event.type:
            case "payment_intent.succeeded" | "payment_intent.canceled" | "payment_intent.payment_failed":
                return _of_intent(event)
            case "payment_intent.amount_capturable_updated":
                return _of_intent(event)
            case "refund.updated" | "refund.failed" | "charge.refund.updated":
                return _of_refund(event)
            case "charge.dispute.created" | "charge.dispute.funds_withdrawn" | "charge.dispute.closed":
                return await self._of_dispute(event)
            case _:
                return None

    async def _of_dispute(self, event: StripeEvent) -> "Told | None":
        """A dispute names the intent, and the intent the payment."""
        dispute = event.data.object
        intent_id, status = dispute["payment_intent"], dispute["status"]
        closed = event.type == "charge.dispute.closed"
        if not intent_id or status not in (_CLOSED if closed else _OPEN | _CLOSED):
            return None
        intent = await self._provider.get(intent_id)
        payment_id = intent.payment_id if intent else None
        terms = {
            "intent_id": intent_id,
            "dispute_id": dispute["id"],
            "amount": money_of(dispute),
            "reason": dispute["reason"],
            "at": event.at,
        }
        if closed:
            return _told(payment_id, RecordDisputeClosed(**terms, outcome=DisputeOutcome(status)))
        return _told(payment_id, RecordDispute(**terms))


@dataclass(frozen=True, slots=True)
class Told:
    """News about one of our payments."""

    payment_id: str
    news: PaymentCommand


def _told(payment_id: str | None, news: PaymentCommand | None) -> Told | None:
    """None if it is no payment of ours."""
    if news is None or not re.fullmatch(ID, payment_id or ""):
        return None
    return Told(payment_id or "", news)


def _of_intent(event: StripeEvent) -> Told | None:
    intent = intent_of(event.data.object)
    return _told(intent.payment_id, intent_news(intent, event.at))


def _of_refund(event: StripeEvent) -> Told | None:
    refund = event.data.object
    metadata = refund["metadata"] or {}
    news = refund_news(metadata.get("refund_id", ""), refund_of(refund), event.at)
    return _told(metadata.get("payment_id"), news)


def _check_signature(body: bytes, header: str | None, secret: str) -> None:
    from stripe import SignatureVerificationError, WebhookSignature  # noqa: PLC0415 - queries need no client

    try:
        WebhookSignature.verify_header(body, header, secret, TOLERANCE)
    except (SignatureVerificationError, UnicodeDecodeError) as error:
        raise ProblemError(
            400, "bad-signature", "this is not signed by the payment provider, or too long ago"
        ) from error
