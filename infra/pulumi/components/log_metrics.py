"""Metrics of Cloud Monitoring that are made of log lines."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_gcp import logging

from infra.pulumi.deployment import Deployment
from infra.pulumi.observability.logged import LOGGED, Logged


@dataclass(frozen=True, slots=True)
class LogMetricsArgs:
    """`metrics` are all that there are, unless a part is wanted."""

    deployment: Deployment
    metrics: Sequence[Logged] = LOGGED


class LogMetrics(pulumi.ComponentResource):
    """`resources`: whoever watches a metric is made after it. That is not enough when they are new: Google needs up to
    10 minutes to know a metric that it has just made, as `Observability` says.
    """

    def __init__(self, name: str, args: LogMetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:observability:LogMetrics", name, None, opts)
        self._deployment = args.deployment
        self.resources: list[pulumi.Resource] = [self._metric(each) for each in args.metrics]
        self.register_outputs({"types": [each.type(args.deployment) for each in args.metrics]})

    def _metric(self, declared: Logged) -> logging.Metric:
        measured = declared.measures
        return logging.Metric(
            declared.name,
            name=self._deployment.name(declared.name),
            project=self._deployment.config.project,
            description=declared.description,
            filter=declared.filter(self._deployment),
            disabled=False,
            deletion_policy="DELETE",
            metric_descriptor=logging.MetricMetricDescriptorArgs(
                metric_kind="DELTA",
                value_type="DISTRIBUTION" if measured else "INT64",
                unit=declared.unit,
                display_name=f"{self._deployment.config.environment}: {declared.name}",
            ),
            value_extractor=declared.extractor or None,
            bucket_options=_buckets(declared) if measured else None,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _buckets(declared: Logged) -> logging.MetricBucketOptionsArgs:
    bounds = logging.MetricBucketOptionsExplicitBucketsArgs(bounds=list(declared.bounds))
    return logging.MetricBucketOptionsArgs(explicit_buckets=bounds)
