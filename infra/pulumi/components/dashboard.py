"""One page that shows how the platform is."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_gcp import monitoring

from infra.pulumi.deployment import Deployment
from infra.pulumi.observability.panels import Panel, Row, Series, rows

_COLUMNS: Final = 48
"""Of Google's grid; every row has room for four charts."""
_WIDTH: Final = _COLUMNS // 4
_HEIGHT: Final = 16


@dataclass(frozen=True, slots=True)
class DashboardArgs:
    """`metrics` are the resources that must be there first."""

    deployment: Deployment
    metrics: Sequence[pulumi.Resource]


class Dashboard(pulumi.ComponentResource):
    """Its JSON depends on nothing but the manifests and the settings."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:observability:Dashboard", name, None, opts)
        made = monitoring.Dashboard(
            "commerce",
            dashboard_json=document(args.deployment),
            project=args.deployment.config.project,
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.metrics)),
        )
        self.register_outputs({"dashboard": made.id})


def document(deployment: Deployment) -> str:
    """As JSON, with sorted keys: the same settings give the same text."""
    page = {
        "displayName": f"commerce ({deployment.config.environment})",
        "labels": {"environment": deployment.config.environment},
        "mosaicLayout": {"columns": _COLUMNS, "tiles": list(_tiles(rows(deployment)))},
    }
    return json.dumps(page, sort_keys=True)


def _tiles(shown: Sequence[Row]) -> Iterator[dict[str, Any]]:
    for down, row in enumerate(shown):
        for right, panel in enumerate(row):
            place = {"xPos": right * _WIDTH, "yPos": down * _HEIGHT, "width": _WIDTH, "height": _HEIGHT}
            yield {**place, "widget": {"title": panel.title, "xyChart": _chart(panel)}}


def _chart(panel: Panel) -> dict[str, Any]:
    limits = [] if panel.line is None else [{"value": panel.line, "label": "limit", "targetAxis": "Y1"}]
    return {
        "dataSets": [_data(each, panel.unit) for each in panel.series],
        "thresholds": limits,
        "yAxis": {"scale": "LINEAR"},
    }


def _data(series: Series, unit: str) -> dict[str, Any]:
    aggregation = {
        "alignmentPeriod": "60s",
        "perSeriesAligner": series.aligner,
        "crossSeriesReducer": series.reducer,
        "groupByFields": [series.by] if series.by else [],
    }
    query = {"timeSeriesFilter": {"filter": series.filter, "aggregation": aggregation}}
    return {
        "plotType": "LINE",
        "targetAxis": "Y1",
        "minAlignmentPeriod": "60s",
        "timeSeriesQuery": {**query, **({"unitOverride": unit} if unit else {})},
        **({"legendTemplate": series.legend} if series.legend else {}),
    }
