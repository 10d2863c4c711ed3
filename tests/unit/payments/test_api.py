"""Payments as their callers see them: over HTTP, with real tokens, on in-process adapters."""

import asyncio
from pathlib import Path

import pytest

from functions.payments.adapters.memory import APPROVED, Fault
from tests.unit.payments.service import BODY, REFUND, URL, Service, authorize

DECLINED = "pm_card_visa_chargeDeclined"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path / "jwks.json")


async def test_a_payment_from_beginning_to_end(service: Service) -> None:
    """Authorized, captured, refunded: each answer says how the payment stands, each outcome is published."""
    caller = service.caller()

    replies = [
        await service.authorize(),
        await caller.post(f"{URL}/capture", "capture"),
        await caller.post(f"{URL}/refunds", "refund", REFUND),
    ]

    assert [(reply.status, reply.json["status"]) for reply in replies] == [
        (202, "authorized"),
        (202, "captured"),
        (202, "captured"),
    ]
    assert replies[2].json["refunds"] == {"r1": "completed"}
    assert service.published == [
        "commerce.payments.PaymentAuthorized.v1",
        "commerce.payments.PaymentCompleted.v1",
        "commerce.payments.PaymentRefunded.v1",
    ]


async def test_a_declined_card_is_a_conflict_each_time(service: Service) -> None:
    """With the same key and with another, by this instance and by another."""
    replies = [await service.authorize(DECLINED) for _ in range(2)]
    replies.append(await service.caller().send("PUT", URL, json=await service.sealed(DECLINED)))

    assert [(reply.status, reply.json["code"]) for reply in replies] == [(409, "card-declined")] * 3


@pytest.mark.parametrize("fault", Fault)
async def test_a_lost_answer_is_unavailable_and_can_be_repeated(service: Service, fault: Fault) -> None:
    """The caller repeats with the same key, and the money is held once."""
    service.provider.next_calls = [None, fault]
    first = await service.authorize()

    again = await service.authorize()

    assert (first.status, again.status, again.json["status"]) == (503, 202, "authorized")
    assert service.provider.held("p1") == 1998


async def test_a_void_that_comes_first_wins(service: Service) -> None:
    """The tombstone is voided, and the late authorization refused without asking the provider."""
    caller = service.caller()

    voided = await caller.post(f"{URL}/void", "void", {"reason": "checkout-failed"})
    late = await service.authorize()

    assert (voided.status, voided.json["status"]) == (202, "voided")
    assert (late.status, late.json["code"], service.provider.calls) == (409, "payment-voided", [])


async def test_a_token_that_nobody_can_open_is_declined(service: Service) -> None:
    """It was changed, or sealed elsewhere: no repetition helps."""
    reply = await authorize(service.caller(), BODY)

    assert (reply.status, reply.json["code"], service.provider.calls) == (409, "card-declined", [])


async def test_many_at_once_charge_once(service: Service) -> None:
    """The same payment, from ten instances with keys of their own, is held once and captured once."""
    callers, body = [service.caller() for _ in range(10)], await service.sealed(APPROVED)

    held = await asyncio.gather(*(caller.send("PUT", URL, json=body) for caller in callers))
    taken = await asyncio.gather(*(caller.post(f"{URL}/capture", f"k{n}") for n, caller in enumerate(callers)))

    assert {reply.json["status"] for reply in held} == {"authorized"}
    assert {reply.json["status"] for reply in taken} == {"captured"}
    assert (service.provider.taken("p1"), service.provider.held("p1")) == (1998, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payment_token", "4242424242424242"),
        ("payment_token", "pm_card_visa"),
        ("payment_token", ""),
        ("amount", {"amount": -1, "currency": "USD"}),
        ("order_id", "no id"),
    ],
)
async def test_what_makes_no_sense_is_refused(service: Service, field: str, value: object) -> None:
    """What is not sealed is not taken, a card number least of all; the field at fault is named."""
    reply = await authorize(service.caller(), {**BODY, field: value})

    assert reply.status == 400
    assert reply.fields_at_fault[0].startswith(field)


async def test_nothing_is_not_paid(service: Service) -> None:
    """An order that costs nothing needs no payment."""
    reply = await authorize(service.caller(), {**BODY, "amount": {"amount": 0, "currency": "USD"}})

    assert (reply.status, reply.json["code"]) == (409, "amount-too-small")


@pytest.mark.parametrize("role", ["customer", "pos", "operator"])
async def test_only_the_checkout_asks_for_money(service: Service, role: str) -> None:
    """Nobody else has a customer's card."""
    reply = await service.authorize(subject="900", role=role)

    assert reply.status == 403


async def test_a_customer_sees_their_own_payment(service: Service) -> None:
    """And nobody else's, and not the ledger."""
    await service.authorize()

    own = await service.reader("900", "customer").get(f"{URL}?min_version=3")
    others = await service.reader("901", "customer").get(f"{URL}?version=3")
    ledger = await service.reader("900", "customer").get("/payments/v1/ledger/p1?version=3")

    assert (own.status, own.json["status"]) == (200, "authorized")
    assert (others.status, ledger.status) == (404, 403)


async def test_staff_sees_the_ledger(service: Service) -> None:
    """Balanced, with the accounts by name."""
    await service.authorize()

    ledger = await service.reader("olga", "operator").get("/payments/v1/ledger/p1?min_version=3")

    assert ledger.json["balances"] == {"holds": 1998, "holds-offset": -1998}
