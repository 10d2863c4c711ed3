"""Who hears when more money is spent than was meant to be."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import billing

from infra.pulumi import config as settings
from infra.pulumi.deployment import Deployment

_SPENT = (0.5, 0.9, 1.0)
_FORECAST = 1.0
"""Parts of the amount that a message is sent at."""


@dataclass(frozen=True, slots=True)
class MonthlyBudgetArgs:
    """`channel` is the full name of a notification channel: `projects/<project>/notificationChannels/<number>`."""

    deployment: Deployment
    budget: settings.Budget
    channel: pulumi.Input[str]


class MonthlyBudget(pulumi.ComponentResource):
    """Messages only: nothing is stopped. The costs of a day are known some hours later.

    The budgets' interface wants to know which project asks: the provider is told (`stack.py`).
    """

    def __init__(self, name: str, args: MonthlyBudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:observability:MonthlyBudget", name, None, opts)
        budget = args.budget
        spent = [_threshold(part, "CURRENT_SPEND") for part in _SPENT]
        made = billing.Budget(
            name,
            billing_account=budget.billing_account,
            display_name=args.deployment.name(name),
            amount=billing.BudgetAmountArgs(
                specified_amount=billing.BudgetAmountSpecifiedAmountArgs(
                    currency_code=budget.currency, units=str(budget.amount)
                )
            ),
            budget_filter=_counted(args.deployment, budget),
            threshold_rules=[*spent, _threshold(_FORECAST, "FORECASTED_SPEND")],
            all_updates_rule=billing.BudgetAllUpdatesRuleArgs(
                monitoring_notification_channels=[args.channel],
                disable_default_iam_recipients=False,  # who pays hears of it, too
                enable_project_level_recipients=False,
                schema_version="1.0",
            ),
            ownership_scope="ALL_USERS",
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = made.name
        self.register_outputs({"name": self.name})


def _threshold(part: float, basis: str) -> billing.BudgetThresholdRuleArgs:
    return billing.BudgetThresholdRuleArgs(threshold_percent=part, spend_basis=basis)


def _counted(deployment: Deployment, budget: settings.Budget) -> billing.BudgetBudgetFilterArgs:
    """Without a label: all that the project costs."""
    environment = {"environment": deployment.config.environment} if budget.labelled_only else None
    return billing.BudgetBudgetFilterArgs(
        projects=[f"projects/{deployment.config.project_number}"],
        calendar_period="MONTH",
        credit_types_treatment="INCLUDE_ALL_CREDITS",
        labels=environment,
    )
