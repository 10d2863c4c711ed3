"""Facts that hold for every sequence of requests and every trouble that the provider makes."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.payments.adapters.memory import APPROVED, DECLINED, Fault, MemoryProvider
from functions.payments.commands import (
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
)
from functions.payments.decider import PAYMENT
from functions.payments.events import DisputeOutcome, PaymentEvent
from functions.payments.manifest import CATEGORY
from functions.payments.projections import project_ledger, project_payment
from functions.payments.read_models import LedgerView, PaymentView
from functions.payments.state import Payment, RefundStatus
from shared.eventsourcing.errors import DomainError, UnavailableError
from tests.unit.payments.payments_in_memory import (
    AT,
    AUTHORIZE,
    CAPTURE,
    LATER,
    REFUND_REST,
    VOID,
    PaymentsInMemory,
    Shop,
    context,
    refund,
    usd,
)

tokens = st.sampled_from([APPROVED, APPROVED, min(DECLINED), "pm_unknown"])
refund_ids = st.sampled_from(["r1", "r2", "r3"])
refunds = st.builds(refund, refund_ids, st.sampled_from([0, 1, 500, 999, 1998]))
requests = st.one_of(
    tokens.map(lambda token: AUTHORIZE.model_copy(update={"payment_token": token})),
    st.just(AUTHORIZE),
    st.just(CAPTURE),
    st.just(VOID),
    st.just(REFUND_REST),
    refunds,
)
intents = st.sampled_from(["pi_1", "pi_2"])
dispute = {"dispute_id": "dp_1", "amount": usd(1998), "reason": "fraudulent", "at": LATER}
there = {
    "intent_id": st.just("pi_1"),
    "provider_refund_id": st.just("re_1"),
    "amount": st.sampled_from([1, 500]).map(usd),
    "at": st.just(LATER),
}
news = st.one_of(
    st.builds(RecordIntent, intent_id=intents, at=st.just(AT)),
    st.builds(RecordAuthorized, intent_id=intents, at=st.just(AT)),
    st.builds(RecordDeclined, intent_id=intents, code=st.just("card_declined"), at=st.just(AT)),
    st.builds(RecordCaptured, intent_id=intents, at=st.just(LATER)),
    st.builds(RecordCancelled, intent_id=intents, at=st.just(LATER)),
    st.builds(RecordRefunded, refund_id=refund_ids, **there),
    st.builds(RecordRefundFailed, refund_id=refund_ids, code=st.just("expired_card"), **there),
    st.builds(RecordDispute, intent_id=intents, **{name: st.just(value) for name, value in dispute.items()}),
    st.builds(
        RecordDisputeClosed,
        intent_id=intents,
        outcome=st.sampled_from(DisputeOutcome),
        **{name: st.just(value) for name, value in dispute.items()},
    ),
)
histories = st.lists(requests | news, max_size=25)
faults = st.lists(st.none() | st.sampled_from(Fault), max_size=30)


def run(history: Sequence[PaymentCommand]) -> tuple[Payment, list[PaymentEvent]]:
    """The state and the events that commands lead to; refused ones lead to none."""
    payment, events = PAYMENT.initial_state(), list[PaymentEvent]()
    for command in history:
        try:
            decided = PAYMENT.decide(command, payment)
        except DomainError:
            continue
        for event in decided:
            payment = PAYMENT.evolve(payment, event)
        events += decided
    return payment, events


@given(histories)
def test_the_ledger_sums_to_zero(history: list[PaymentCommand]) -> None:
    """Each entry, and each balance of all entries so far, whatever happened."""
    ledger: LedgerView | None = None
    for event in run(history)[1]:
        ledger = project_ledger(ledger, event)
        if ledger is not None:
            assert all(sum(line.amount for line in entry.lines) == 0 for entry in ledger.entries)
            assert sum(ledger.balances.values()) == 0


@given(histories)
def test_doing_it_twice_does_it_once(history: list[PaymentCommand]) -> None:
    """Each command repeated at once decides nothing more."""
    twice = [command for command in history for _ in range(2)]

    assert run(twice) == run(history)


@given(histories)
def test_replay_gives_the_same_state(history: list[PaymentCommand]) -> None:
    """Folding the stored events gives the state that the commands led to, which survives being stored itself."""
    payment, events = run(history)

    replayed = PAYMENT.initial_state()
    for stored in PAYMENT.codec.encode(events):
        replayed = PAYMENT.evolve(replayed, PAYMENT.codec.decode(stored))

    assert replayed == payment
    assert PAYMENT.load_state(PAYMENT.dump_state(payment)) == payment


@given(histories)
def test_both_sides_agree(history: list[PaymentCommand]) -> None:
    """The read model shows what the write side holds."""
    payment, events = run(history)
    view: PaymentView | None = None
    for event in events:
        view = project_payment(view, event)

    assert (view.status if view else "absent") == payment.status
    completed = [x.amount.amount for x in payment.refunds.values() if x.status is RefundStatus.COMPLETED]
    assert (view.refunded.amount if view and view.refunded else 0) == sum(completed)
    assert sum(completed) <= 1998


@settings(max_examples=300)
@given(st.lists(requests, max_size=8), faults)
def test_no_charge_is_made_twice(history: list[PaymentCommand], troubles: list[Fault | None]) -> None:
    """Whatever is asked and however calls are lost: money is held and taken once, and the provider agrees with the log
    as soon as it can be reached.
    """

    async def live() -> tuple[Payment, MemoryProvider]:
        log, provider = PaymentsInMemory(), MemoryProvider(next_calls=troubles)
        caller = Shop(log, provider)
        for command in history:
            with suppress(DomainError, UnavailableError):
                await caller.ask(command)
            assert provider.held("p1") + provider.taken("p1") <= 1998
        provider.next_calls = []
        await caller.effect(CATEGORY, "p1", context("platform:settlement"))
        return await log.state(CATEGORY, "p1"), provider

    payment, provider = asyncio.run(live())
    asked = payment.request is not None
    assert provider.held("p1") == (1998 if asked and payment.status == "authorized" else 0)
    assert provider.taken("p1") == (1998 if asked and payment.status == "captured" else 0)
    assert payment.status in {"absent", "authorized", "declined", "captured", "voided"}
    given_back = [order.amount for order in provider.refunds.values()]
    assert sorted(x.amount for x in given_back) == sorted(x.amount.amount for x in payment.refunds.values())
