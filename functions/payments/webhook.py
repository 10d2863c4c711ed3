"""What the provider tells of its own accord: outcomes that we may not know yet, refunds that fail late, disputes.

Stripe sends each event at least once and in any order; whatever is known already, or belongs to no payment of ours, is
acknowledged. The signature is the proof of who sends: there is no bearer token.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from functions.payments.adapters.stripe_objects import dispute_of, intent_of, refund_of
from functions.payments.commands import PaymentCommand, RecordDisputeClosed
from functions.payments.effect import (
    Settlement,
    dispute_news,
    intent_news,
    money_back_news,
    provider_of,
    refund_news,
    tell_of_failure,
)
from functions.payments.manifest import CATEGORY, STRIPE_WEBHOOK_SECRET
from functions.payments.port import PaymentProvider
from shared.bootstrap import Wiring
from shared.eventsourcing.command_handler import Handled
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.ids import ID
from shared.eventsourcing.message import Context
from shared.http.command_edge import Effect
from shared.http.problems import ProblemError
from shared.http.requests import read_body
from shared.observability.logs import Log, json_log
from shared.observability.tracing import begin_span

TOLERANCE = 300
"""Seconds for which a signature is good."""
_ACTOR = "provider:stripe"


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
    provider, log = provider_of(settings), json_log(settings.project)
    effect = wiring.effect or Settlement(wiring, provider, log)
    return StripeWebhook(wiring, provider, settings.value(STRIPE_WEBHOOK_SECRET), log, effect)


class StripeWebhook:
    """Takes Stripe's events. When a dispute ends, `effect` follows for the refunds that waited for it."""

    def __init__(self, writers: Writers, provider: PaymentProvider, secret: str, log: Log, effect: Effect) -> None:
        self._writers = writers
        self._provider = provider
        self._secret = secret
        self._log = log
        self._effect = effect

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
        context = self._writers.system_context(_ACTOR)
        for news in told.news:
            handled = await self._writers.handle(CATEGORY, told.payment_id, news, context)
            tell_of_failure(self._log, told.payment_id, news, handled)
            if isinstance(news, RecordDisputeClosed) and handled.changed:
                with suppress(UnavailableError):  # then a walk finishes it
                    await self._effect(CATEGORY, told.payment_id, context)
        return Response(b'{"received":true}', 200, media_type="application/json")

    async def _understand(self, event: StripeEvent) -> "Told":
        about = event.data.object
        match event.type:
            case "payment_intent.succeeded" | "payment_intent.canceled" | "payment_intent.payment_failed":
                return _of_intent(event)
            case "payment_intent.amount_capturable_updated":
                return _of_intent(event)
            case "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated":
                return await self._of(about, lambda intent_id: [refund_news(intent_id, refund_of(about), event.at)])
            case "charge.refunded":
                return await self._of_charge(about, event.at)
            case _ if event.type.startswith("charge.dispute.") and (dispute := dispute_of(about)):
                return await self._of(about, lambda intent_id: [dispute_news(intent_id, dispute, event.at)])
            case _:
                return NOTHING

    async def _of(self, about: Mapping[str, Any], news: Callable[[str], Sequence[PaymentCommand]]) -> "Told":
        """Refunds and disputes name the intent, and the intent the payment, whoever caused them."""
        intent_id = about["payment_intent"]
        intent = await self._provider.get(intent_id) if intent_id else None
        return _told(intent.payment_id, news(intent_id)) if intent else NOTHING

    async def _of_charge(self, charge: Mapping[str, Any], at: datetime) -> "Told":
        """It does not say what was given back: the provider is asked."""
        intent_id = charge["payment_intent"]
        intent = await self._provider.get(intent_id) if intent_id else None
        if intent is None or not _is_id(intent.payment_id):
            return NOTHING
        back = await self._provider.money_back(intent_id)
        return _told(intent.payment_id, money_back_news(intent_id, back, at))


@dataclass(frozen=True, slots=True)
class Told:
    """News about one of our payments."""

    payment_id: str
    news: Sequence[PaymentCommand]


NOTHING = Told("", ())


def _told(payment_id: str, news: Sequence[PaymentCommand]) -> Told:
    return Told(payment_id, news) if _is_id(payment_id) else NOTHING


def _is_id(payment_id: str) -> bool:
    """Anything else is no payment of ours."""
    return re.fullmatch(ID, payment_id) is not None


def _of_intent(event: StripeEvent) -> Told:
    intent = intent_of(event.data.object)
    news = intent_news(intent, event.at)
    return _told(intent.payment_id, [news] if news else ())


def _check_signature(body: bytes, header: str | None, secret: str) -> None:
    from stripe import SignatureVerificationError, WebhookSignature  # noqa: PLC0415 - queries need no client

    try:
        WebhookSignature.verify_header(body, header, secret, TOLERANCE)
    except (SignatureVerificationError, UnicodeDecodeError) as error:
        raise ProblemError(
            400, "bad-signature", "this is not signed by the payment provider, or too long ago"
        ) from error
