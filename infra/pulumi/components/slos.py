"""Service-level objectives: what is promised, measured over the last 28 days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import pulumi
from pulumi_gcp import monitoring

from infra.pulumi.deployment import Deployment
from infra.pulumi.observability.google import REQUESTS, of_functions
from infra.pulumi.observability.objectives import DAYS, OBJECTIVES, Answered, Below, Objective


@dataclass(frozen=True, slots=True)
class SlosArgs:
    """`metrics` are the resources that must be there first."""

    deployment: Deployment
    metrics: Sequence[pulumi.Resource]
    objectives: Sequence[Objective] = OBJECTIVES


class Slos(pulumi.ComponentResource):
    """One service for the whole platform. `names`: the full name of each objective, as alerts select it."""

    def __init__(self, name: str, args: SlosArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:observability:Slos", name, None, opts)
        self._args = args
        deployment = args.deployment
        service = monitoring.CustomService(
            "commerce",
            service_id=deployment.name("commerce"),
            display_name=f"commerce ({deployment.config.environment})",
            project=deployment.config.project,
            user_labels=deployment.labels(),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        slos = {each.name: self._slo(service, each) for each in args.objectives}
        self.names: Mapping[str, pulumi.Output[str]] = {each: slo.name for each, slo in slos.items()}
        self.register_outputs({"names": dict(self.names)})

    def _slo(self, service: monitoring.CustomService, objective: Objective) -> monitoring.Slo:
        deployment = self._args.deployment
        return monitoring.Slo(
            objective.name,
            service=service.service_id,
            slo_id=deployment.name(objective.name),
            display_name=objective.says,
            project=deployment.config.project,
            goal=objective.goal,
            rolling_period_days=DAYS,
            request_based_sli=_indicator(objective, deployment),
            user_labels=deployment.labels(),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(self._args.metrics)),
        )


def _indicator(objective: Objective, deployment: Deployment) -> monitoring.SloRequestBasedSliArgs:
    match objective:
        case Below(metric=metric, most=most):
            return monitoring.SloRequestBasedSliArgs(
                distribution_cut=monitoring.SloRequestBasedSliDistributionCutArgs(
                    distribution_filter=metric.selector(deployment),
                    range=monitoring.SloRequestBasedSliDistributionCutRangeArgs(max=most),
                )
            )
        case Answered(functions=functions):
            total = of_functions(REQUESTS, deployment, functions)
            return monitoring.SloRequestBasedSliArgs(
                good_total_ratio=monitoring.SloRequestBasedSliGoodTotalRatioArgs(
                    bad_service_filter=f'{total} AND metric.labels.response_code_class="5xx"',
                    total_service_filter=total,
                )
            )
        case _:
            assert_never(objective)
