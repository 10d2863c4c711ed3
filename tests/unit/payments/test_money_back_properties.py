"""What holds for every payment, whoever moves its money, and in whatever order the news comes."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.payments.commands import PaymentCommand
from functions.payments.effect import dispute_news, refund_news
from functions.payments.events import DisputeOutcome
from functions.payments.manifest import CATEGORY
from functions.payments.port import DisputeFound, RefundResult, RefundState
from functions.payments.projections import project_ledger, project_payment
from functions.payments.read_models import Account, LedgerView, PaymentView
from functions.payments.state import Payment, RefundStatus
from shared.eventsourcing.errors import DomainError
from tests.unit.payments.bank import INTENT, Bank
from tests.unit.payments.payments_in_memory import LATER, PaymentsInMemory, context, paid_shop, refund, usd

CAPTURED = 1998
cents = st.sampled_from([1, 500, 999, 1998])
Step = tuple[str, object]
steps = st.one_of(
    st.tuples(st.just("refund"), cents),
    st.tuples(st.just("rest"), st.none() | cents),
    st.tuples(st.just("refund there"), st.tuples(cents, st.sampled_from([RefundState.PENDING, RefundState.COMPLETED]))),
    st.tuples(
        st.just("settle there"),
        st.tuples(st.integers(0, 5), st.sampled_from([RefundState.COMPLETED, RefundState.FAILED])),
    ),
    st.tuples(st.just("dispute"), cents),
    st.tuples(st.just("decide"), st.sampled_from(DisputeOutcome)),
    st.tuples(st.just("deliver"), st.integers(0, 20)),
)


@dataclass
class World:
    """A payment here and there, and the webhooks that are on their way."""

    bank: Bank = field(default_factory=Bank)
    on_their_way: list[PaymentCommand] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        self.caller, self.log, _ = paid_shop(self.bank)

    async def take(self, step: Step) -> None:
        match step:
            case ("refund", int(amount)):
                await self.ask(refund(self._id(), amount))
            case ("rest", amount):
                wanted = amount if isinstance(amount, int) else 1998
                await self.ask(refund(self._id(), wanted).model_copy(update={"up_to": True}))
            case ("refund there", (int(amount), RefundState() as state)):
                self.tell(self.bank.refund_there(amount, state))
            case ("settle there", (int(number), RefundState() as state)):
                self.tell(self.bank.settle(number, state))
            case ("dispute", int(amount)):
                self.tell(self.bank.dispute(amount))
            case ("decide", DisputeOutcome() as outcome):
                self.tell(self.bank.decide(outcome))
            case ("deliver", int(number)) if number < len(self.on_their_way):
                await self.deliver(self.on_their_way[number])

    def _id(self) -> str:
        self.asked += 1
        return f"r{self.asked}"

    async def ask(self, command: PaymentCommand) -> None:
        with suppress(DomainError):
            await self.caller.ask(command)

    def tell(self, news: RefundResult | DisputeFound | None) -> None:
        if isinstance(news, RefundResult):
            self.on_their_way.append(refund_news(INTENT, news, LATER))
        elif news is not None:
            self.on_their_way.append(dispute_news(INTENT, news, LATER))

    async def deliver(self, news: PaymentCommand) -> None:
        await self.log.handle(CATEGORY, "p1", news, context("webhook"))

    async def settle(self) -> Payment:
        await self.caller.effect(CATEGORY, "p1", context("settle"))
        return await self.log.state(CATEGORY, "p1")


async def live(history: Sequence[Step], shuffle: Random) -> tuple[World, Payment]:
    """All of it, and then all news, each twice and in any order."""
    world = World()
    for step in history:
        await world.take(step)
        assert world.bank.kept >= 0
    late = world.on_their_way * 2
    shuffle.shuffle(late)
    for news in late:
        await world.deliver(news)
    return world, await world.settle()


def shown(log: PaymentsInMemory) -> tuple[PaymentView, LedgerView]:
    view: PaymentView | None = None
    ledger: LedgerView | None = None
    for event in log.of_p1:
        view, ledger = project_payment(view, event), project_ledger(ledger, event)
    assert view is not None
    assert ledger is not None
    return view, ledger


histories = st.lists(steps, max_size=12)
shuffles = st.randoms(use_true_random=False)


@settings(max_examples=400)
@given(histories, shuffles)
def test_captured_is_kept_refunded_and_disputed(history: list[Step], shuffle: Random) -> None:
    """Here as there, to the cent; and never more goes back than came in."""
    world, payment = asyncio.run(live(history, shuffle))
    bank = world.bank

    refunded = sum(x.amount.amount for x in payment.refunds.values() if x.status is RefundStatus.COMPLETED)
    pending = sum(x.amount.amount for x in payment.refunds.values() if x.status is RefundStatus.REQUESTED)
    disputed = sum(x.amount.amount for x in payment.disputes.values() if x.outcome is not DisputeOutcome.WON)

    assert bank.kept + bank.refunded + bank.disputed == CAPTURED
    assert (refunded + pending, disputed) == (bank.refunded, bank.disputed)
    assert bank.kept >= 0


@given(histories, shuffles)
def test_the_books_show_it(history: list[Step], shuffle: Random) -> None:
    """The read model and the ledger say the same as the bank."""
    world, payment = asyncio.run(live(history, shuffle))
    view, ledger = shown(world.log)
    account = ledger.balances.get

    assert view.left == usd(max(payment.left, 0))
    assert view.refunded is not None
    assert account(Account.REFUNDS, 0) == view.refunded.amount
    assert account(Account.IN_DISPUTE, 0) + account(Account.CHARGEBACKS, 0) == world.bank.disputed
    assert (view.attention == "refund-failed") == any(
        each.status is RefundStatus.FAILED for each in payment.refunds.values()
    )


@given(histories, shuffles)
def test_nothing_is_asked_for_that_the_provider_refuses(history: list[Step], shuffle: Random) -> None:
    """What is left there is known before: it refuses only what was charged back for good."""
    world, payment = asyncio.run(live(history, shuffle))

    refused = {each.code for each in payment.refunds.values() if each.status is RefundStatus.FAILED}
    lost = any(each.outcome is DisputeOutcome.LOST for each in world.bank.all_disputes)
    assert refused <= {"expired", *(["charge_disputed"] if lost else [])}


@given(histories, shuffles)
def test_who_is_owed_everything_gets_everything(history: list[Step], shuffle: Random) -> None:
    """The order was cancelled at some time: when all is told, nothing is kept but what a person has to look at."""
    world, payment = asyncio.run(live([*history, ("rest", None)], shuffle))

    statuses = {each.status for each in payment.refunds.values()}
    assert payment.in_dispute or RefundStatus.DEFERRED not in statuses
    if statuses.isdisjoint({RefundStatus.FAILED, RefundStatus.DEFERRED}):
        assert world.bank.kept == 0
