"""Alerts: each says what it means and what to do first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import pulumi
from pulumi_gcp import monitoring

from infra.pulumi.deployment import Deployment
from infra.pulumi.observability.burning import Burn, burns, busy
from infra.pulumi.observability.objectives import OBJECTIVES, Objective
from infra.pulumi.observability.watch import Condition, Limit, Query, Silence, Watch
from infra.pulumi.observability.watches import watches

_DAY = "86400s"


@dataclass(frozen=True, slots=True)
class AlertsArgs:
    """`metrics` are the resources that must be there first, `slos` the full names of the objectives by their own."""

    deployment: Deployment
    channels: Sequence[pulumi.Input[str]]
    metrics: Sequence[pulumi.Resource]
    slos: Mapping[str, pulumi.Input[str]]
    objectives: Sequence[Objective] = OBJECTIVES


class Alerts(pulumi.ComponentResource):
    """One policy for each thing that can be wrong, and two for each objective; one for those with few values."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:observability:Alerts", name, None, opts)
        self._args = args
        for watch in watches(args.deployment):
            conditions = [_condition(each) for each in watch.conditions]
            self._policy(watch, conditions, combiner="OR")
        for objective in args.objectives:
            for burn in burns(objective):
                self._burning(objective, burn)
        self.register_outputs({})

    def _burning(self, objective: Objective, burn: Burn) -> None:
        slo = pulumi.Output.from_input(self._args.slos[objective.name])
        watch = Watch(
            name=f"{objective.name}-burns-{burn.name}",
            says=f"Too often not: {objective.says} ({burn.name})",
            severity=burn.severity,
            means=f"Promised is: {objective.says}. {burn.means}",
            first=objective.first,
        )
        windows = [_burns(slo, seconds, burn.rate) for seconds in (burn.long, burn.short)]
        enough = [_condition(each) for each in busy(objective, burn, self._args.deployment)]
        self._policy(watch, [*windows, *enough], combiner="AND")

    def _policy(
        self, watch: Watch, conditions: Sequence[monitoring.AlertPolicyConditionArgs], *, combiner: str
    ) -> None:
        deployment = self._args.deployment
        monitoring.AlertPolicy(
            watch.name,
            display_name=f"{deployment.config.environment}: {watch.says}",
            project=deployment.config.project,
            enabled=True,
            combiner=combiner,
            severity=watch.severity,
            conditions=list(conditions),
            notification_channels=list(self._args.channels),
            alert_strategy=self._strategy(),
            documentation=monitoring.AlertPolicyDocumentationArgs(
                subject=f"[{deployment.config.environment}] {watch.says}",
                content=f"**What it means.** {watch.means}\n\n**First.** {watch.first}\n",
                mime_type="text/markdown",
            ),
            user_labels=deployment.labels(),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(self._args.metrics)),
        )

    def _strategy(self) -> monitoring.AlertPolicyAlertStrategyArgs:
        """One mail when it begins, one each day while it lasts, one when it is over. A rate limit of notifications is
        for alerts that match log lines; there is none of these.
        """
        daily = monitoring.AlertPolicyAlertStrategyNotificationChannelStrategyArgs(
            notification_channel_names=list(self._args.channels), renotify_interval=_DAY
        )
        return monitoring.AlertPolicyAlertStrategyArgs(
            auto_close=_DAY, notification_prompts=["OPENED", "CLOSED"], notification_channel_strategies=[daily]
        )


def _condition(condition: Condition) -> monitoring.AlertPolicyConditionArgs:
    match condition:
        case Limit():
            return monitoring.AlertPolicyConditionArgs(
                display_name=condition.says, condition_threshold=_threshold(condition)
            )
        case Silence():
            return monitoring.AlertPolicyConditionArgs(display_name=condition.says, condition_absent=_absent(condition))
        case Query():
            return monitoring.AlertPolicyConditionArgs(
                display_name=condition.says, condition_prometheus_query_language=_query(condition)
            )
        case _:
            assert_never(condition)


def _threshold(limit: Limit) -> monitoring.AlertPolicyConditionConditionThresholdArgs:
    aggregation = monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
        alignment_period=f"{limit.period}s",
        per_series_aligner=limit.aligner,
        cross_series_reducer=limit.reducer,
        group_by_fields=[limit.by] if limit.by else [],
    )
    total = monitoring.AlertPolicyConditionConditionThresholdDenominatorAggregationArgs(
        alignment_period=f"{limit.period}s",
        per_series_aligner=limit.aligner,
        cross_series_reducer=limit.reducer,
        group_by_fields=[limit.by] if limit.by else [],
    )
    return monitoring.AlertPolicyConditionConditionThresholdArgs(
        filter=limit.filter,
        comparison="COMPARISON_LT" if limit.under else "COMPARISON_GT",
        threshold_value=limit.limit,
        duration=f"{limit.seconds}s",
        aggregations=[aggregation],
        denominator_filter=limit.denominator or None,
        denominator_aggregations=[total] if limit.denominator else None,
        evaluation_missing_data="EVALUATION_MISSING_DATA_ACTIVE" if limit.silent else None,
        trigger=monitoring.AlertPolicyConditionConditionThresholdTriggerArgs(count=1),
    )


def _absent(silence: Silence) -> monitoring.AlertPolicyConditionConditionAbsentArgs:
    aggregation = monitoring.AlertPolicyConditionConditionAbsentAggregationArgs(
        alignment_period="60s",
        per_series_aligner="ALIGN_SUM",
        cross_series_reducer="REDUCE_SUM",
        group_by_fields=[silence.by],
    )
    return monitoring.AlertPolicyConditionConditionAbsentArgs(
        filter=silence.filter,
        duration=f"{silence.seconds}s",
        aggregations=[aggregation],
        trigger=monitoring.AlertPolicyConditionConditionAbsentTriggerArgs(count=1),
    )


def _query(query: Query) -> monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs:
    return monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs(
        query=query.query, duration="0s", evaluation_interval="300s", disable_metric_validation=True
    )


def _burns(slo: pulumi.Output[str], seconds: int, rate: float) -> monitoring.AlertPolicyConditionArgs:
    threshold = monitoring.AlertPolicyConditionConditionThresholdArgs(
        filter=slo.apply(lambda name: f'select_slo_burn_rate("{name}", "{seconds}s")'),
        comparison="COMPARISON_GT",
        threshold_value=rate,
        duration="0s",
        trigger=monitoring.AlertPolicyConditionConditionThresholdTriggerArgs(count=1),
    )
    return monitoring.AlertPolicyConditionArgs(
        display_name=f"{rate:g} times too fast over {seconds // 60} minutes", condition_threshold=threshold
    )
