"""The dashboard: one page, from the metrics that are watched."""

import json
from typing import Any

from infra.pulumi.components.dashboard import document
from infra.pulumi.observability.logged import LOGGED
from tests.infra.observed import deployment, fits, known_metrics, metrics_of, observed

DASHBOARD = "gcp:monitoring/dashboard:Dashboard"


def page() -> Any:
    (declared,) = observed().inputs(DASHBOARD).values()
    return json.loads(declared["dashboardJson"])


def shown() -> list[str]:
    charts = [tile["widget"]["xyChart"] for tile in page()["mosaicLayout"]["tiles"]]
    filters = [each["timeSeriesQuery"]["timeSeriesFilter"]["filter"] for chart in charts for each in chart["dataSets"]]
    return [metric for each in filters for metric in metrics_of({"filter": each})]


def test_it_shows_metrics_that_there_are() -> None:
    """Google's, or those of log lines."""
    assert set(shown()) <= known_metrics()


def test_a_chart_aggregates_what_can_be_aggregated_so() -> None:
    """Google shows nothing for a percentile of a counter, a sum of a distribution, a rate of a gauge."""
    charts = [tile["widget"]["xyChart"] for tile in page()["mosaicLayout"]["tiles"]]
    found = [each["timeSeriesQuery"]["timeSeriesFilter"] for chart in charts for each in chart["dataSets"]]

    assert [each for each in found if not fits(metrics_of(each)[0], each["aggregation"])] == []


def test_every_metric_of_log_lines_is_shown() -> None:
    """What is not worth a look is not worth its price."""
    assert {each.type(deployment()) for each in LOGGED} <= set(shown())


def test_the_same_settings_give_the_same_text() -> None:
    """A deployment that changes nothing changes no dashboard."""
    assert document(deployment()) == document(deployment())


def test_its_text_is_in_order() -> None:
    """Keys are sorted, whatever made them."""
    text = document(deployment())

    assert text == json.dumps(json.loads(text), sort_keys=True)


def test_charts_do_not_lie_on_each_other() -> None:
    """Each tile has its own place on the grid, and inside of it."""
    layout = page()["mosaicLayout"]
    cells = [
        (x, y)
        for tile in layout["tiles"]
        for x in range(tile["xPos"], tile["xPos"] + tile["width"])
        for y in range(tile["yPos"], tile["yPos"] + tile["height"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < layout["columns"]


def test_the_founding_limits_are_drawn() -> None:
    """Into the chart of what they limit."""
    tiles = {tile["widget"]["title"]: tile["widget"]["xyChart"] for tile in page()["mosaicLayout"]["tiles"]}

    limits = {title: [each["value"] for each in chart["thresholds"]] for title, chart in tiles.items()}

    assert {title: limits[title] for title in limits if title.endswith("p95") and limits[title]} == {
        "Commands, p95": [50],
        "Appends, p95": [20],
        "Queries, p95": [100],
        "Lag of the read models, p95": [1000],
    }
