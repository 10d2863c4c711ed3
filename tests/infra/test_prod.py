"""The example of an environment that customers depend on does what its comment says."""

from typing import Any

from tests.infra.harness import Inputs
from tests.infra.stacks import deployed

API = "gcp:projects/service:Service"
ARMOR = "gcp:compute/securityPolicy:SecurityPolicy"
BUDGET = "gcp:billing/budget:Budget"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
FUNCTION = "gcp:cloudfunctionsv2/function:Function"


def inputs(token: str) -> dict[str, Inputs]:
    return deployed("prod").inputs(token)


def test_somebody_hears_of_what_it_costs() -> None:
    """Of 500 EUR a month, on the account that pays."""
    (budget,) = inputs(BUDGET).values()

    assert budget["billingAccount"] == "012345-6789AB-CDEF01"
    assert budget["amount"] == {"specifiedAmount": {"currencyCode": "EUR", "units": "500"}}


def test_who_hears_of_alerts_hears_of_the_budget() -> None:
    """There is one mailbox."""
    (budget,), (channel,) = inputs(BUDGET).values(), inputs(CHANNEL)

    assert budget["allUpdatesRule"]["monitoringNotificationChannels"] == [channel]


def test_the_budgets_interface_is_on() -> None:
    """Where there is a budget, and only there."""
    assert "billingbudgets" in inputs(API)
    assert "billingbudgets" not in deployed("dev").of(API)


def test_attacks_are_refused() -> None:
    """Not only logged."""
    (armor,) = inputs(ARMOR).values()
    refusing = [each for each in armor["rules"] if each["action"] == "deny(403)"]

    assert refusing
    assert not any(each["preview"] for each in refusing)


def test_three_functions_are_kept_warm() -> None:
    """Those that a checkout waits for; all others scale to zero."""
    kept: dict[str, Any] = {name: each["serviceConfig"]["minInstanceCount"] for name, each in inputs(FUNCTION).items()}

    assert {name: count for name, count in kept.items() if count} == {
        "cart-commands": 1,
        "checkout-commands": 1,
        "checkout-orchestrator": 1,
    }
