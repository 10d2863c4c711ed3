"""What follows a payment's commands: the provider is asked for what is pending, and its answer is recorded.

Nothing is remembered but the payment's events, so this can be repeated by anybody at any time: by the caller whose
answer was lost, by the job that finishes what was cut off, by two at once. The provider's intent is recorded before it
is confirmed and is the only one that ever is: no charge is made twice, and a void always finds what to cancel.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from typing import Protocol, assert_never

from functions.payments.commands import (
    AuthorizePayment,
    CapturePayment,
    DeferRefund,
    DisputeCommand,
    DropRefund,
    IntentCommand,
    PaymentCommand,
    RecordAuthorized,
    RecordCancelled,
    RecordCaptured,
    RecordDeclined,
    RecordDispute,
    RecordDisputeClosed,
    RecordIntent,
    RecordRefunded,
    RecordRefundFailed,
    RecordRefundPending,
    RefundCommand,
    VoidPayment,
)
from functions.payments.decider import decide, refuse_authorization, refuse_void
from functions.payments.manifest import STRIPE_API_BASE, STRIPE_SECRET_KEY
from functions.payments.port import (
    Charge,
    DisputeFound,
    Intent,
    IntentStatus,
    MoneyBack,
    PaymentProvider,
    PaymentRefusedError,
    RefundOrder,
    RefundResult,
    RefundState,
)
from functions.payments.refunds import MAX_REFUNDS, is_one_too_many
from functions.payments.state import Payment, RefundStatus, Status
from shared.bootstrap import Wiring, at_end
from shared.config import Settings
from shared.eventsourcing.command_handler import Handled
from shared.eventsourcing.errors import CorruptDataError, UnavailableError
from shared.eventsourcing.message import Context
from shared.eventsourcing.money import Money
from shared.eventsourcing.personal import Sealed
from shared.eventsourcing.turns import Turns
from shared.observability.logs import Log, json_log

DEADLINE = 8.0
"""Seconds that the provider is given for all that is pending of a payment, waiting for one's turn included. A workflow
waits 10 s for its answer: it shall be one.
"""
MAX_STEPS = 3 * MAX_REFUNDS
"""More than any payment has pending."""


class Opener(Protocol):
    """Opens what was sealed for a customer."""

    async def open(self, sealed: Sealed) -> str | None: ...


class Writers(Protocol):
    """What this needs of the service's wiring."""

    @property
    def personal(self) -> Opener: ...

    async def state(self, category: str, entity_id: str) -> Payment: ...

    async def handle(self, category: str, entity_id: str, command: PaymentCommand, context: Context) -> Handled: ...


def provider_of(settings: Settings) -> PaymentProvider:
    """Stripe, or what stands in for it locally."""
    from functions.payments.adapters.stripe import StripeProvider  # noqa: PLC0415 - queries need no client

    api_base = settings.value(STRIPE_API_BASE, "https://api.stripe.com")
    provider = StripeProvider(settings.value(STRIPE_SECRET_KEY), api_base)
    at_end(provider.close)
    return provider


def make_effect(wiring: Wiring) -> "Settlement":
    return Settlement(wiring, provider_of(wiring.settings), json_log(wiring.settings.project))


class Settlement:
    """The effect. Within an instance a payment is settled by one caller at a time, within `deadline` seconds or not at
    all. It tells of every refund of the payment what became of it; whoever asked for one looks it up by its id, because
    a caller whose answer was lost may come back after others have asked for theirs.
    """

    def __init__(self, writers: Writers, provider: PaymentProvider, log: Log, *, deadline: float = DEADLINE) -> None:
        self._writers = writers
        self._provider = provider
        self._log = log
        self._deadline = deadline
        self._turns = Turns()

    async def __call__(self, category: str, payment_id: str, context: Context) -> Mapping[str, object]:
        until = asyncio.get_running_loop().time() + self._deadline
        async with AsyncExitStack() as turn:
            async with _in_time(until):
                await turn.enter_async_context(self._turns.of(payment_id))
            payment = await self._settle(category, payment_id, context, until)
        _refuse(payment, context.command)
        refunds = {refund_id: refund.status for refund_id, refund in payment.refunds.items()}
        return {"status": payment.status, **({"refunds": refunds} if refunds else {})}

    async def _settle(self, category: str, payment_id: str, context: Context, until: float) -> Payment:
        for _ in range(MAX_STEPS):
            payment = await self._writers.state(category, payment_id)
            async with _in_time(until):  # only this: what was heard is recorded in peace
                news = await self._ask(payment, context.occurred_at)
            if news is None:
                return payment
            handled = await self._writers.handle(category, payment_id, news, context)
            tell_of_failure(self._log, payment_id, news, handled)
            if isinstance(news, RecordIntent) and not handled.changed:
                late = await self._writers.state(category, payment_id)
                with suppress(UnavailableError):
                    async with _in_time(until):
                        await self._discard(news.intent_id, late)
        raise UnavailableError("the payment changes faster than it can be settled")

    async def _ask(self, payment: Payment, at: datetime) -> PaymentCommand | None:
        """The provider's news about what is pending; None if nothing is."""
        match payment.status:
            case Status.AUTHORIZING if not payment.intent_id:
                return await self._create(payment, at)
            case Status.AUTHORIZING:
                return _news(await self._provider.confirm(payment.intent_id), at)
            case Status.VOIDING:
                return _news(await self._provider.cancel(payment.intent_id), at)
            case Status.CAPTURING:
                return _news(await self._provider.capture(payment.intent_id), at)
            case _:
                return await self._refund(payment, at)

    async def _create(self, payment: Payment, at: datetime) -> PaymentCommand:
        asked = payment.asked
        try:
            token = await self._token(asked.payment_token)
            intent = await self._provider.create(
                Charge(payment_id=asked.payment_id, order_id=asked.order_id, amount=asked.amount, payment_token=token)
            )
        except PaymentRefusedError as error:
            return RecordDeclined(intent_id="", code=error.code, at=at)
        return RecordIntent(intent_id=intent.intent_id, at=at)

    async def _token(self, sealed: Sealed) -> str:
        """Opened for this call. PaymentRefusedError if it never can be."""
        try:
            token = await self._writers.personal.open(sealed)
        except CorruptDataError:
            raise PaymentRefusedError("token-not-readable") from None
        if token is None:
            raise PaymentRefusedError("customer-erased")
        return token

    async def _refund(self, payment: Payment, at: datetime) -> PaymentCommand | None:
        """Before a refund the provider is asked what went back already, by whomever: that is news first."""
        asked = [refund_id for refund_id, x in payment.refunds.items() if x.status is RefundStatus.REQUESTED]
        if not asked:
            return None
        back = await self._provider.money_back(payment.intent_id)
        if (news := _unheard(back, payment, at)) is not None:
            return news
        there = {each.refund_id for each in back.refunds}
        for refund_id in asked:
            if refund_id not in there and not payment.refunds[refund_id].found_as:
                return await self._give_back(refund_id, payment, at)
        return None

    async def _give_back(self, refund_id: str, payment: Payment, at: datetime) -> PaymentCommand:
        """What is left, if that is less than what was asked for. Others act at the provider, too: a refusal may come of
        something that happened after the look. Then that is news first.
        """
        amount = payment.refunds[refund_id].amount
        left = min(amount.amount, payment.left_beside(refund_id))
        if payment.in_dispute:
            return DeferRefund(refund_id=refund_id, at=at)
        if left <= 0:
            return DropRefund(refund_id=refund_id, at=at)
        rest = Money(amount=left, currency=amount.currency)
        if is_one_too_many(refund_id, payment):
            refused = {"intent_id": payment.intent_id, "refund_id": refund_id, "provider_refund_id": "", "at": at}
            return RecordRefundFailed(**refused, amount=rest, code="too-many-refunds")
        order = RefundOrder(
            intent_id=payment.intent_id, payment_id=payment.asked.payment_id, refund_id=refund_id, amount=rest
        )
        made = await self._provider.refund(order)
        if made.state is RefundState.FAILED:
            back = await self._provider.money_back(payment.intent_id)
            if (news := _unheard(back, payment, at)) is not None:
                return news
        return refund_news(payment.intent_id, made, at)

    async def _discard(self, intent_id: str, payment: Payment) -> None:
        """An intent that came too late, after a void or beside another one. It holds nothing and is never confirmed, so
        it does no harm if this fails.
        """
        if payment.intent_id != intent_id:
            await self._provider.cancel(intent_id)


def _unheard(back: MoneyBack, payment: Payment, at: datetime) -> PaymentCommand | None:
    """The first news of what went back at the provider that the payment has not heard of."""
    found = money_back_news(payment.intent_id, back, at)
    return next((news for news in found if decide(news, payment)), None)


@asynccontextmanager
async def _in_time(until: float) -> AsyncIterator[None]:
    """UnavailableError if it lasts longer than that, by the event loop's clock."""
    try:
        async with asyncio.timeout_at(until):
            yield
    except TimeoutError as error:
        raise UnavailableError("the payment provider takes too long") from error


def tell_of_failure(log: Log, payment_id: str, news: PaymentCommand, handled: Handled) -> None:
    """A refund that failed is for people to look at: a customer waits for money, and nobody else may hear of it."""
    if isinstance(news, RecordRefundFailed) and handled.changed:
        log("ERROR", "a refund failed", payment_id=payment_id, refund_id=news.refund_id, code=news.code)


def _news(intent: Intent, at: datetime) -> IntentCommand:
    """What to record; UnavailableError if the provider does not know yet."""
    news = intent_news(intent, at)
    if news is None:
        raise UnavailableError("the provider has not decided yet")
    return news


def intent_news(intent: Intent, at: datetime) -> IntentCommand | None:
    """What an intent's status tells of a payment, if it tells anything."""
    match intent.status:
        case IntentStatus.CREATED | IntentStatus.PENDING:
            return None
        case IntentStatus.AUTHORIZED:
            return RecordAuthorized(intent_id=intent.intent_id, at=at)
        case IntentStatus.DECLINED:
            return RecordDeclined(intent_id=intent.intent_id, code=intent.code, at=at)
        case IntentStatus.CAPTURED:
            return RecordCaptured(intent_id=intent.intent_id, at=at)
        case IntentStatus.CANCELLED:
            return RecordCancelled(intent_id=intent.intent_id, at=at)
        case _:
            assert_never(intent.status)


def refund_news(intent_id: str, result: RefundResult, at: datetime) -> RefundCommand:
    """What to record of a refund at the provider."""
    terms = {
        "intent_id": intent_id,
        "refund_id": result.refund_id,
        "provider_refund_id": result.provider_refund_id,
        "amount": result.amount,
        "at": at,
    }
    match result.state:
        case RefundState.PENDING:
            return RecordRefundPending(**terms)
        case RefundState.COMPLETED:
            return RecordRefunded(**terms)
        case RefundState.FAILED:
            return RecordRefundFailed(**terms, code=result.code)
        case _:
            assert_never(result.state)


def dispute_news(intent_id: str, dispute: DisputeFound, at: datetime) -> DisputeCommand:
    """What to record of a dispute at the provider."""
    terms = {
        "intent_id": intent_id,
        "dispute_id": dispute.dispute_id,
        "amount": dispute.amount,
        "reason": dispute.reason,
        "at": at,
    }
    if dispute.outcome is None:
        return RecordDispute(**terms)
    return RecordDisputeClosed(**terms, outcome=dispute.outcome)


def money_back_news(intent_id: str, back: MoneyBack, at: datetime) -> list[PaymentCommand]:
    """What to record of all that went back of an intent; most of it may be known."""
    disputes = [dispute_news(intent_id, each, at) for each in back.disputes]
    return [*disputes, *(refund_news(intent_id, each, at) for each in back.refunds)]


def _refuse(payment: Payment, command: str) -> None:
    """DomainError if what was asked for was refused by the provider, or by what happened meanwhile, however often it is
    asked. Not of refunds, of which there are many: the command does not say here which one was meant.
    """
    match command:
        case AuthorizePayment.__name__ | CapturePayment.__name__:
            refuse_authorization(payment)
        case VoidPayment.__name__:
            refuse_void(payment)
        case _:
            pass
