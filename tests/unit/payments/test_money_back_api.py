"""Refunds and disputes as callers, staff and other services see them."""

from pathlib import Path

import pytest

from functions.payments.effect import dispute_news, refund_news
from functions.payments.events import DisputeOutcome
from functions.payments.port import RefundState
from shared.testing.api_spec import ApiSpec
from tests.unit.payments.bank import INTENT
from tests.unit.payments.payments_in_memory import LATER
from tests.unit.payments.service import BODY, REFUND, URL, Service

RESOLVED = {"paid_otherwise": True, "reason": "other"}
UP_TO = {**REFUND, "amount": BODY["amount"], "up_to": True}


@pytest.fixture
async def service(tmp_path: Path) -> Service:
    """Of a payment that is captured."""
    service = Service(tmp_path / "jwks.json")
    await service.authorize()
    await service.caller().post(f"{URL}/capture", "capture")
    return service


@pytest.fixture
def operator(service: Service) -> ApiSpec:
    return service.caller("olga", "operator")


async def disputed(service: Service, cents: int = 1998) -> None:
    found = service.provider.dispute(cents)
    assert found is not None
    await service.told(dispute_news(INTENT, found, LATER))


async def decided(service: Service, outcome: DisputeOutcome) -> None:
    found = service.provider.decide(outcome)
    assert found is not None
    await service.told(dispute_news(INTENT, found, LATER))


async def failed(service: Service, number: int = 0) -> None:
    refund = service.provider.settle(number, RefundState.FAILED)
    assert refund is not None
    await service.told(refund_news(INTENT, refund, LATER))


async def test_money_is_not_back_twice_after_a_chargeback(service: Service, operator: ApiSpec) -> None:
    """Lost at the bank, then everything is to go back: nothing does."""
    await disputed(service)
    await decided(service, DisputeOutcome.LOST)

    exact = await operator.post(f"{URL}/refunds", "a", {**REFUND, "amount": BODY["amount"]})
    rest = await operator.post(f"{URL}/refunds", "b", UP_TO)

    assert (exact.status, exact.json["code"]) == (409, "refund-too-large")
    assert (rest.status, service.provider.refunded, service.provider.kept) == (202, 0, 0)


@pytest.mark.parametrize(
    ("outcome", "status", "refunded"), [(DisputeOutcome.WON, "completed", 1998), (DisputeOutcome.LOST, "dropped", 0)]
)
async def test_a_refund_waits_for_the_dispute(
    service: Service, operator: ApiSpec, outcome: DisputeOutcome, status: str, refunded: int
) -> None:
    """It is given if the shop wins, and dropped if the bank has given it already."""
    await disputed(service)
    waiting = await operator.post(f"{URL}/refunds", "a", UP_TO)

    await decided(service, outcome)

    seen = await service.reader("olga", "operator").get(f"{URL}?min_version=7")
    assert waiting.json["refunds"] == {"r1": "deferred"}
    assert (seen.json["refunds"][0]["status"], seen.json["refunded"]["amount"]) == (status, refunded)
    assert service.published[-2 if refunded else -1] == "commerce.payments.PaymentDisputeClosed.v1"


async def test_a_refund_of_the_dashboard_counts(service: Service, operator: ApiSpec) -> None:
    """600 there, then everything here: the customer gets what is left."""
    made = service.provider.refund_there(600)
    assert made is not None
    await service.told(refund_news(INTENT, made, LATER))

    await operator.post(f"{URL}/refunds", "a", UP_TO)

    seen = await service.reader("olga", "operator").get(f"{URL}?min_version=7")
    assert [each["amount"]["amount"] for each in seen.json["refunds"]] == [600, 1398]
    assert (seen.json["refunded"]["amount"], seen.json["left"]["amount"]) == (1998, 0)
    assert seen.json["refunds"][0]["reason"] == "made at the provider"


async def test_a_refund_that_was_sent_back_needs_a_person(service: Service, operator: ApiSpec) -> None:
    """Until that person says that it is dealt with."""
    await operator.post(f"{URL}/refunds", "a", REFUND)
    await failed(service)
    reader = service.reader("olga", "operator")
    before = await reader.get(f"{URL}?min_version=7")

    resolved = await operator.post(f"{URL}/refunds/r1/resolve", "b", RESOLVED)

    after = await reader.get(f"{URL}?min_version=8")
    assert (before.json["attention"], before.json["left"]["amount"]) == ("refund-failed", 1998)
    assert (resolved.status, after.json["attention"], after.json["left"]["amount"]) == (202, None, 1498)
    assert (after.json["refunds"][0]["status"], after.json["refunds"][0]["resolution"]) == (
        "paid-otherwise",
        "other",
    )


async def test_only_people_resolve(service: Service) -> None:
    """A service cannot know what a person did."""
    reply = await service.caller().post(f"{URL}/refunds/r1/resolve", "a", RESOLVED)

    assert reply.status == 403


async def test_what_needs_a_person_is_asked_for_without_a_customer(service: Service) -> None:
    """Otherwise a list names the customer."""
    reader = service.reader("olga", "operator")

    listed = [await reader.get(f"/payments/v1/payments{query}") for query in ("?attention=refund-failed", "")]

    assert [reply.status for reply in listed] == [200, 400]


async def test_an_open_dispute_needs_a_person(service: Service) -> None:
    """Somebody has to answer the bank."""
    await disputed(service)

    seen = await service.reader("olga", "operator").get(f"{URL}?min_version=6")

    assert (seen.json["attention"], seen.json["left"]["amount"]) == ("disputed", 0)


async def test_nothing_is_dropped_that_was_all_given(service: Service, operator: ApiSpec) -> None:
    """All of it went back in the dashboard before anybody heard: the refund gives nothing, and has not failed."""
    service.provider.refund_there(1998)

    reply = await operator.post(f"{URL}/refunds", "a", REFUND)

    assert reply.json["refunds"]["r1"] == "dropped"
    assert (service.provider.refunded, service.provider.kept) == (1998, 0)
