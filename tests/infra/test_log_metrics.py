"""Metrics of log lines: what the application writes is what they read."""

import re

import pytest

from infra.pulumi.config import Alerts
from infra.pulumi.deployment import Deployment
from infra.pulumi.observability.logged import LOGGED, Logged, Origin
from tests.infra.log_query import extracted, matches
from tests.infra.observed import deployment, observed
from tests.infra.stacks import SERVICES, config
from tests.infra.written_lines import Written, write

METRIC = "gcp:logging/metric:Metric"
COMMANDS = {"command", "refused command", "lost race", "publish that fails"}
APPENDED = {"command", "command that waits for others", "lost race", "publish that fails"}
FORWARDS, BACKWARDS = {"workflow forwards"}, {"workflow backwards"}
LATE_FORWARDS, LATE_BACKWARDS = {"late workflow forwards"}, {"late workflow backwards"}
STUCK = {"workflow stuck", "stuck workflow", "stuck workflow again"}
WORKFLOWS = FORWARDS | BACKWARDS | LATE_FORWARDS | LATE_BACKWARDS | {"workflow stuck"}
LOOKED = {"relay with nothing to do", "relay that cannot send", "relay that sends again", "relay that is stuck"}
READ = {
    "command-latency": COMMANDS,
    "append-latency": APPENDED | WORKFLOWS,
    "publish-latency": APPENDED | WORKFLOWS,
    "query-latency": {"query"},
    "projection-lag": {"commit"},
    "gaps": {"commit that cannot be read"},
    "parked": {"commit that fails"},
    "buried": {"nonsense"},
    "drained": {"drain"},
    "conflicts": {"lost race"},
    "outbox-age": LOOKED,
    "outbox-late": {"relay that cannot send"},
    "republished": {"relay that sends again"},
    "outbox-stuck": {"relay that is stuck"},
    "workflow-age-forwards": FORWARDS | LATE_FORWARDS,
    "workflow-age-backwards": BACKWARDS | LATE_BACKWARDS,
    "workflow-age-stuck": STUCK,
    "workflows-late-forwards": LATE_FORWARDS,
    "workflows-late-backwards": LATE_BACKWARDS,
    "workflows-stuck": STUCK,
    "trouble": {"workflow stuck"},
    "key-errors": {"key that is refused"},
    "replay-pace": {"replay"},
    "schedule-failures": {"schedule"},
}
"""Which scenarios write a line that a metric reads."""
EACH = pytest.mark.parametrize("metric", LOGGED, ids=lambda metric: metric.name)
MEASURED = pytest.mark.parametrize("metric", [each for each in LOGGED if each.measures], ids=lambda metric: metric.name)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(tmp_path_factory.mktemp("lines"))


@EACH
def test_a_metric_reads_the_lines_that_it_is_about_and_no_others(written: Written, metric: Logged) -> None:
    """A filter on a field that nobody writes would read nothing."""
    query = metric.filter(deployment())

    read = {name for name, entries in written.entries.items() if any(matches(query, each) for each in entries)}

    assert read == READ[metric.name]


@MEASURED
def test_what_is_measured_is_a_number_in_the_line(written: Written, metric: Logged) -> None:
    """The extractor finds it where the application has put it."""
    query = metric.filter(deployment())
    entries = [each for scenario in READ[metric.name] for each in written.entries[scenario] if matches(query, each)]

    values = [extracted(metric.extractor, each) for each in entries]

    assert values
    assert all(isinstance(each, int | float) and each >= 0 for each in values)


@pytest.mark.parametrize(
    ("name", "limit"),
    [("outbox-late", 600), ("workflows-late-forwards", 7200), ("workflows-late-backwards", 7200)],
)
def test_a_limit_is_the_settings(name: str, limit: int) -> None:
    """A line is counted from just above it."""
    alerts = Alerts(outbox_seconds=600, workflow_seconds=7200)
    ours = Deployment(config("dev").model_copy(update={"alerts": alerts}), SERVICES)
    (metric,) = [each for each in LOGGED if each.name == name]
    *path, last = metric.value.removeprefix("jsonPayload.").split(".")

    query = metric.filter(ours).rpartition(" AND ")[2]

    lines = [{"jsonPayload": {path[0]: {last: age}}} for age in (limit, limit + 0.1)]
    assert [matches(query, each) for each in lines] == [False, True]


@EACH
def test_a_metric_reads_its_own_environment(written: Written, metric: Logged) -> None:
    """Several fit one project, and each is measured for itself."""
    query = metric.filter(deployment("prod"))
    ours = [each for entries in written.entries.values() for each in entries]

    assert not any(matches(query, each) for each in ours)


def test_a_path_that_nobody_writes_is_noticed(written: Written) -> None:
    """This is what makes the tests above worth something."""
    (entry,) = written.entries["command"]

    with pytest.raises(KeyError, match=r"jsonPayload\.latency"):
        extracted("EXTRACT(jsonPayload.latency)", entry)


def test_every_metric_is_declared() -> None:
    """Under its name with the environment before it, and nothing besides."""
    declared = observed().inputs(METRIC)

    assert {name: each["name"] for name, each in declared.items()} == {each.name: f"dev-{each.name}" for each in LOGGED}


@EACH
def test_what_has_a_value_is_a_distribution_and_what_has_none_is_a_counter(metric: Logged) -> None:
    """A counter counts lines."""
    declared = observed().inputs(METRIC)[metric.name]

    kind = (declared["metricDescriptor"]["valueType"], "valueExtractor" in declared, "bucketOptions" in declared)

    assert kind == (("DISTRIBUTION", True, True) if metric.bounds else ("INT64", False, False))


@MEASURED
def test_buckets_rise(metric: Logged) -> None:
    """As Google wants them."""
    assert list(metric.bounds) == sorted(set(metric.bounds))


@EACH
def test_a_filter_names_its_resource_and_its_environment(metric: Logged) -> None:
    """Nothing else in the project can be taken for it."""
    query = observed().inputs(METRIC)[metric.name]["filter"]

    scope = {Origin.FUNCTION: '=~"^dev-', Origin.SCHEDULER: '=~"^dev-', Origin.OPERATOR: 'environment="dev"'}
    assert query.startswith(f'resource.type="{metric.origin}" AND ')
    assert scope[metric.origin] in query


def test_request_lines_of_cloud_run_are_not_stored_if_they_went_well() -> None:
    """Those of errors, and those of other environments, are."""
    (excluded,) = observed().inputs("gcp:logging/projectExclusion:ProjectExclusion").values()

    stored = [each for each in (200, 204, 299, 302, 404, 500) if not matches(excluded["filter"], request_line(each))]

    assert stored == [302, 404, 500]
    assert not matches(excluded["filter"], request_line(200, "prod-cart-commands"))
    assert not matches(excluded["filter"], request_line(200, severity="WARNING"))


def test_what_functions_write_is_stored(written: Written) -> None:
    """Only the platform's own lines are kept out."""
    (excluded,) = observed().inputs("gcp:logging/projectExclusion:ProjectExclusion").values()

    assert not any(matches(excluded["filter"], each) for entries in written.entries.values() for each in entries)


def request_line(status: int, service: str = "dev-cart-commands", severity: str = "INFO") -> dict[str, object]:
    """As Cloud Run writes them."""
    return {
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": service}},
        "logName": f"projects/{deployment().config.project}/logs/run.googleapis.com%2Frequests",
        "severity": severity,
        "httpRequest": {"status": status},
    }


def test_metric_names_are_such_as_google_takes() -> None:
    """At most 100 characters of letters, digits and dashes."""
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{1,90}", each.name) for each in LOGGED)
