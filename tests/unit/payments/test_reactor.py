"""What payments do about lost shipments, and the job that finishes what was cut off."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

import pytest

from functions.orders.integration import OrderShipmentLost
from functions.payments.adapters.memory import Fault, MemoryProvider
from functions.payments.commands import RefundPayment
from functions.payments.effect import Settlement
from functions.payments.events import VoidRequested
from functions.payments.manifest import CATEGORY, MANIFEST
from functions.payments.port import RefundOrder, RefundResult, RefundState
from functions.payments.reactor import AT_LENGTH, GIVE_UP_AFTER, IDLE_JOBS, REACTIONS, settle, visit_with
from functions.payments.state import Payment, Status
from shared.bootstrap import Wiring
from shared.config import Settings
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.joint import Target
from shared.eventsourcing.message import Context
from shared.eventsourcing.money import Money
from shared.eventsourcing.reaction import Delivery
from shared.testing.memory_platform import SETTINGS
from tests.unit.payments.payments_in_memory import (
    AT,
    LATER,
    REFUNDING,
    REQUESTED,
    UNTIL_AUTHORIZED,
    UNTIL_CAPTURED,
    VOID,
    Lines,
    PaymentsInMemory,
    captured,
    context,
)

(REFUND_LOSS,) = REACTIONS
(EXAMPLE,) = OrderShipmentLost.model_json_schema()["examples"]
DELIVERY = Delivery(id="order-o1@5.0", subject="o1", at=LATER, correlation_id="flow")


@dataclass
class Miniature(PaymentsInMemory):
    """As much of a service's wiring as the job needs."""

    provider: MemoryProvider = field(default_factory=MemoryProvider)
    now: datetime = AT
    settings: Settings = SETTINGS
    lines: Lines = field(default_factory=Lines)

    def __post_init__(self) -> None:
        self.effect = Settlement(self, self.provider, self.lines)
        self.events["p2"] += [REQUESTED.model_copy(update={"payment_id": "p2"})]

    def system_context(self, actor: str) -> Context:
        return context(actor, self.now)

    async def visit(self, payment_id: str) -> bool:
        return await visit_with(cast("Wiring", self), self.effect, self.lines)(f"payment-{payment_id}", 1)


class Slow(MemoryProvider):
    """A bank that takes its time with refunds."""

    async def refund(self, order: RefundOrder) -> RefundResult:
        pending = replace(await super().refund(order), state=RefundState.PENDING)
        self.refunds[order.intent_id, order.refund_id] = pending
        return pending


async def planned(status: Status) -> Sequence[Target]:
    """What a lost shipment means for its payment, if that has this status."""

    async def read(_: str, __: str) -> Payment:
        return Payment(status=status)

    plan = REFUND_LOSS.react(REFUND_LOSS.reads.model_validate(EXAMPLE), DELIVERY)
    assert callable(plan)
    return await plan(read)


@pytest.mark.parametrize("status", [Status.ABSENT, Status.DECLINED, Status.VOIDED])
async def test_what_nobody_paid_for_gives_nothing_back(status: Status) -> None:
    """An order that was made by hand: there is nothing for a person to do."""
    assert await planned(status) == ()


async def test_a_lost_shipment_gives_its_money_back() -> None:
    """The producer's documented example becomes one refund for ever, of what is left if that is less."""
    (target,) = await planned(Status.CAPTURED)

    assert REFUND_LOSS.type == OrderShipmentLost.TYPE
    assert (target.category, target.entity_id) == ("payment", EXAMPLE["payment_id"])
    assert target.command == RefundPayment(
        refund_id=EXAMPLE["refund_id"], amount=Money(**EXAMPLE["refund"]), up_to=True, reason="lost", at=LATER
    )


def test_what_cost_nothing_gives_nothing_back() -> None:
    """Coupons paid for it."""
    free = {**EXAMPLE, "refund": {"amount": 0, "currency": "USD"}}

    assert REFUND_LOSS.react(REFUND_LOSS.reads.model_validate(free), DELIVERY) == ()


async def test_settles_what_is_pending() -> None:
    """A payment that is settled costs one look; one that was cut off is brought to its end."""
    service = Miniature()
    service.given(*UNTIL_CAPTURED)

    visit = settle(cast("Wiring", service))
    assert [await visit("payment-p1", 5), await visit("payment-p2", 1)] == [False, True]

    assert service.provider.calls == ["create", "confirm"]
    assert service.provider.held("p2") == 1998


async def test_a_declined_card_is_no_trouble() -> None:
    """Nobody is there to be told."""
    service = Miniature()
    service.events["p2"] = [REQUESTED.model_copy(update={"payment_id": "p2", "payment_token": "pm_unknown"})]

    assert await service.visit("p2")


async def test_comes_by_again_while_the_provider_is_down() -> None:
    """The walk hears of it and stays where it is."""
    service = Miniature(provider=MemoryProvider(next_calls=[Fault.BEFORE]))

    with pytest.raises(UnavailableError):
        await service.visit("p2")

    assert await service.visit("p2")


async def test_no_trouble_with_one_payment_lasts_for_ever() -> None:
    """After a day people are told, and the walk goes on without it; the payment still says that it is pending."""
    service = Miniature(provider=MemoryProvider(next_calls=[Fault.BEFORE]), now=AT + GIVE_UP_AFTER)

    assert not await service.visit("p2")

    assert service.lines.errors == ["a payment cannot be settled"]
    assert (await service.state(CATEGORY, "p2")).status == "authorizing"


async def test_what_was_asked_for_later_has_a_day_of_its_own() -> None:
    """A void of what was authorized days ago is waited for as long as any other."""
    service = Miniature(provider=MemoryProvider(next_calls=[Fault.BEFORE]), now=AT + GIVE_UP_AFTER)
    voiding = VoidRequested(reason=VOID.reason, at=AT + timedelta(hours=1))
    service.given(*UNTIL_AUTHORIZED, voiding)

    with pytest.raises(UnavailableError):
        await service.visit("p1")


async def test_a_late_outcome_of_a_refund_is_found() -> None:
    """The bank took its time, and nobody heard the provider tell what came of it: a later walk asks."""
    service = Miniature(provider=captured(Slow()))
    service.given(*UNTIL_CAPTURED, REFUNDING)
    await service.visit("p1")
    still_under_way = service.names[-1]
    service.effect = Settlement(service, captured(MemoryProvider(refuse_refunds=True)), service.lines)

    await service.visit("p1")

    assert (still_under_way, service.names[-1]) == ("RefundRequested", "RefundFailed")
    assert service.lines.errors == ["a refund failed"]


@pytest.mark.parametrize(
    ("age", "errors"), [(timedelta(0), []), (GIVE_UP_AFTER, []), (AT_LENGTH, ["a refund is still pending"])]
)
async def test_a_refund_that_never_ends_is_told_to_people(age: timedelta, errors: list[str]) -> None:
    """When the last walk has met it and nobody will look any more."""
    service = Miniature(provider=captured(Slow()), now=LATER + age)
    service.given(*UNTIL_CAPTURED, REFUNDING)

    assert await service.visit("p1")

    assert service.lines.errors == errors


def test_each_walk_has_its_schedule() -> None:
    """A walk that nobody starts finds nothing."""
    assert {schedule.path for schedule in MANIFEST.schedules if schedule.path.startswith("/settle")} == set(IDLE_JOBS)
