"""The budget of an environment."""

from typing import Any

import pytest
from pydantic import ValidationError

from infra.pulumi.components.budget import MonthlyBudget, MonthlyBudgetArgs
from infra.pulumi.config import Budget
from tests.infra.edge_program import NUMBER, deployment
from tests.infra.harness import Inputs, run

BUDGET = "gcp:billing/budget:Budget"
CHANNEL = "projects/acme-shop/notificationChannels/1"
LEAST = {"billing_account": "012345-6789AB-CDEF01", "amount": 250, "currency": "EUR"}


def budget(**more: Any) -> Inputs:
    given, wanted = deployment(), Budget.model_validate(LEAST | more)
    return run(lambda: MonthlyBudget("budget", MonthlyBudgetArgs(given, wanted, CHANNEL))).inputs(BUDGET)["budget"]


def test_there_is_none_without_a_billing_account() -> None:
    """By default nothing is known about who pays."""
    assert deployment().config.budget is None


def test_the_amount_is_a_month_s() -> None:
    """In the currency of the account."""
    found = budget()
    assert found["amount"] == {"specifiedAmount": {"currencyCode": "EUR", "units": "250"}}
    assert found["budgetFilter"]["calendarPeriod"] == "MONTH"
    assert found["billingAccount"] == "012345-6789AB-CDEF01"


def test_messages_come_in_time() -> None:
    """At half, nine tenths and all of the amount, and when all of it is to be expected."""
    assert [(each["thresholdPercent"], each["spendBasis"]) for each in budget()["thresholdRules"]] == [
        (0.5, "CURRENT_SPEND"),
        (0.9, "CURRENT_SPEND"),
        (1, "CURRENT_SPEND"),
        (1, "FORECASTED_SPEND"),
    ]


def test_messages_go_to_the_channel() -> None:
    """And to who manages the billing account."""
    rule = budget()["allUpdatesRule"]
    assert rule["monitoringNotificationChannels"] == [CHANNEL]
    assert rule["disableDefaultIamRecipients"] is False


def test_the_whole_project_counts() -> None:
    """Also what takes no labels, such as Firestore's databases."""
    found = budget()["budgetFilter"]
    assert found["projects"] == [f"projects/{NUMBER}"]
    assert "labels" not in found


def test_a_shared_project_counts_by_label() -> None:
    """If the settings say so, only what carries the environment's label does."""
    assert budget(labelled_only=True)["budgetFilter"]["labels"] == {"environment": "dev"}


def test_a_wrong_account_is_refused() -> None:
    """Before anything is declared."""
    with pytest.raises(ValidationError):
        budget(billing_account="billingAccounts/012345-6789AB-CDEF01")
