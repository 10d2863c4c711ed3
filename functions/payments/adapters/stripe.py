"""Stripe as payment provider, by its own client.

Confirming, capturing and cancelling go by the intent's id, and Stripe makes each of them once: a repeated call is
refused, and the intent then says what became of the first. They carry no idempotency key of ours, which would repeat
the answer to the first try for a day, even where that was an outage; the client sends one that is new for each call,
which nothing rests on. Creating and refunding carry one that is derived from our ids; a refund is looked up besides, in
the intent's own list, which is consistent at once (a search is not): a provider that ignores keys still gives back
once, unless it is asked twice in the same moment.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import NoReturn

import httpx
import stripe

from functions.payments.adapters.stripe_objects import dispute_of, intent_of, refund_of
from functions.payments.amounts import to_provider
from functions.payments.port import (
    Charge,
    Intent,
    IntentStatus,
    MoneyBack,
    PaymentRefusedError,
    RefundOrder,
    RefundResult,
    RefundState,
)
from shared.eventsourcing.errors import UnavailableError

TIMEOUT = 10.0
_NOT_FOUND = 404


class _Httpx(stripe.HTTPClient):
    """Stripe's requests by httpx. The client's own one uses it in a way that httpx is about to give up."""

    name = "httpx"

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._timeout = timeout
        self._client = httpx.AsyncClient(timeout=timeout)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            async with asyncio.timeout(self._timeout):  # httpx's own is for each step of a request
                response = await self._client.request(method, url, headers=headers, content=post_data)
        except (httpx.HTTPError, TimeoutError) as error:
            raise stripe.APIConnectionError(str(error)) from error  # type: ignore[no-untyped-call] # it has no types
        return response.content, response.status_code, response.headers

    async def close_async(self) -> None:
        await self._client.aclose()


class StripeProvider:
    """`api_base` is Stripe's own or a local server's; `timeout` in seconds bounds each request."""

    def __init__(self, secret_key: str, api_base: str = stripe.DEFAULT_API_BASE, *, timeout: float = TIMEOUT) -> None:
        self._http = _Httpx(timeout)
        self._stripe = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            http_client=self._http,
            max_network_retries=0,  # whoever called repeats, with a clock of their own
        )

    async def close(self) -> None:
        """Gives the connections back; not needed where the process ends anyway."""
        await self._http.close_async()

    async def create(self, charge: Charge) -> Intent:
        try:
            intent = await self._stripe.v1.payment_intents.create_async(
                {
                    "amount": to_provider(charge.amount),
                    "currency": charge.amount.currency.lower(),
                    "capture_method": "manual",
                    "payment_method": charge.payment_token,
                    "allowed_payment_method_types": ["card"],
                    "metadata": {"payment_id": charge.payment_id, "order_id": charge.order_id},
                },
                {"idempotency_key": _key("create", charge.payment_id)},
            )
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            raise PaymentRefusedError(_code(error)) from error
        except stripe.StripeError as error:
            _unavailable(error)
        return intent_of(intent.to_dict())

    async def confirm(self, intent_id: str) -> Intent:
        try:
            intent = await self._stripe.v1.payment_intents.confirm_async(intent_id)
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            return await self._declined(intent_id, error)
        except stripe.StripeError as error:
            _unavailable(error)
        if intent.status == "requires_action":  # nobody is there who could authenticate: nor shall anybody be later
            await self.cancel(intent_id)
        return intent_of(intent.to_dict())

    async def capture(self, intent_id: str) -> Intent:
        try:
            intent = await self._stripe.v1.payment_intents.capture_async(intent_id)
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            return await self._tried(intent_id, IntentStatus.AUTHORIZED, error)
        except stripe.StripeError as error:
            _unavailable(error)
        return intent_of(intent.to_dict())

    async def cancel(self, intent_id: str) -> Intent:
        try:
            intent = await self._stripe.v1.payment_intents.cancel_async(intent_id)
        except stripe.InvalidRequestError as error:
            return await self._tried(intent_id, IntentStatus.AUTHORIZED, error)
        except stripe.StripeError as error:
            _unavailable(error)
        return intent_of(intent.to_dict())

    async def get(self, intent_id: str) -> Intent | None:
        try:
            intent = await self._stripe.v1.payment_intents.retrieve_async(intent_id)
        except stripe.InvalidRequestError as error:
            if error.http_status == _NOT_FOUND:
                return None
            _unavailable(error)
        except stripe.StripeError as error:
            _unavailable(error)
        return intent_of(intent.to_dict())

    async def refund(self, order: RefundOrder) -> RefundResult:
        try:
            made = await self._refunds(order.intent_id)
            known = next((each for each in made if each.refund_id == order.refund_id), None)
            return known or await self._make_refund(order)
        except (stripe.CardError, stripe.InvalidRequestError) as error:
            return RefundResult(
                refund_id=order.refund_id,
                provider_refund_id="",
                amount=order.amount,
                state=RefundState.FAILED,
                code=_code(error),
            )
        except stripe.StripeError as error:
            _unavailable(error)

    async def money_back(self, intent_id: str) -> MoneyBack:
        try:
            refunds = await self._refunds(intent_id)
            page = await self._stripe.v1.disputes.list_async({"payment_intent": intent_id, "limit": 100})
            disputes = [dispute_of(each.to_dict()) async for each in page.auto_paging_iter()]
        except stripe.StripeError as error:
            _unavailable(error)
        return MoneyBack(refunds=refunds, disputes=tuple(each for each in disputes if each))

    async def _refunds(self, intent_id: str) -> tuple[RefundResult, ...]:
        page = await self._stripe.v1.refunds.list_async({"payment_intent": intent_id, "limit": 100})
        return tuple([refund_of(each.to_dict()) async for each in page.auto_paging_iter()])

    async def _make_refund(self, order: RefundOrder) -> RefundResult:
        metadata = {"payment_id": order.payment_id, "refund_id": order.refund_id}
        made = await self._stripe.v1.refunds.create_async(
            {"payment_intent": order.intent_id, "amount": to_provider(order.amount), "metadata": metadata},
            {"idempotency_key": _key("refund", order.payment_id, order.refund_id, str(order.amount.amount))},
        )
        return refund_of(made.to_dict())

    async def _declined(self, intent_id: str, error: stripe.StripeError) -> Intent:
        """What became of an intent that cannot be confirmed. If it was never confirmed, the card will not do: it is
        cancelled, so that nobody can confirm it later, and counts as declined.
        """
        intent = await self.get(intent_id)
        if intent is None:
            _unavailable(error)
        if intent.status is not IntentStatus.CREATED:
            return intent
        left = await self.cancel(intent_id)
        declined = left.status is IntentStatus.CANCELLED
        return replace(left, status=IntentStatus.DECLINED, code=_code(error)) if declined else left

    async def _tried(self, intent_id: str, untouched: IntentStatus, error: stripe.StripeError) -> Intent:
        """What became of an intent that cannot be changed (any more) as was asked."""
        intent = await self.get(intent_id)
        if intent is None or intent.status is untouched:
            _unavailable(error)
        return intent


def _key(operation: str, *ids: str) -> str:
    """At most 255 characters, whatever the ids."""
    return f"commerce-{operation}-{sha256(chr(10).join(ids).encode()).hexdigest()}"


def _code(error: stripe.StripeError) -> str:
    return str(getattr(error, "code", None) or "invalid_request")


def _unavailable(error: stripe.StripeError) -> NoReturn:
    """Down, too slow, busy, or of another opinion about who we are: it may go better later."""
    raise UnavailableError(f"the payment provider: {type(error).__name__} {error.http_status or ''}".strip()) from error
