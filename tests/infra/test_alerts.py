"""Alerts: each reaches somebody, says what to do, and watches something that there is."""

import re
from typing import Any

import pytest

from infra.pulumi.observability.message_watches import DEAD, PUSHED, RELAY
from infra.pulumi.observability.objectives import OBJECTIVES
from infra.pulumi.observability.watches import watches
from tests.infra.observed import burns_of, conditions, deployment, known_metrics, metrics_of, observed

POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
BUSY = [each for each in OBJECTIVES if each.traffic]
WATCHED = {each.name for each in watches(deployment())}
COMMANDS = {"dead-letters", "analytics", "growth", "republish", "replay", "rebuild", "generations", "read"}
"""Of `commerce`, those that work on the cloud."""


def policies() -> dict[str, Any]:
    return dict(observed().inputs(POLICY))


EACH = pytest.mark.parametrize("name", sorted(policies()))


@pytest.mark.parametrize("objective", BUSY, ids=lambda objective: objective.name)
@pytest.mark.parametrize(
    ("speed", "rate", "windows"), [("fast", 14.4, [3600, 300]), ("slow", 6, [21600, 1800])], ids=["fast", "slow"]
)
def test_every_objective_is_watched_by_two_windows(objective: Any, speed: str, rate: float, windows: list[int]) -> None:
    """Both windows must agree: it matters, and it still goes on."""
    policy = policies()[f"{objective.name}-burns-{speed}"]

    assert policy["combiner"] == "AND"
    assert burns_of(policy) == [(objective.name, window, rate) for window in windows]


@pytest.mark.parametrize("objective", BUSY, ids=lambda objective: objective.name)
@pytest.mark.parametrize(("speed", "window"), [("fast", "3600s"), ("slow", "21600s")], ids=["fast", "slow"])
def test_a_failure_among_few_requests_burns_nothing(objective: Any, speed: str, window: str) -> None:
    """At least as many as the settings say must have come within the long window."""
    (*_, enough) = conditions(policies()[f"{objective.name}-burns-{speed}"])

    functions = "queries" if objective.name.startswith("quer") else "commands"
    assert f'full_match("dev-[a-z-]+-{functions}")' in enough["filter"]
    assert (enough["comparison"], enough["thresholdValue"]) == ("COMPARISON_GT", 299)
    assert enough["aggregations"] == [
        {"alignmentPeriod": window, "perSeriesAligner": "ALIGN_SUM", "crossSeriesReducer": "REDUCE_SUM"}
        | {"groupByFields": []}
    ]


def test_an_objective_with_few_values_wakes_nobody() -> None:
    """One slow replay is all the values that there are: a warning."""
    (seldom,) = [each for each in OBJECTIVES if each not in BUSY]
    policy = policies()[f"{seldom.name}-burns-slow"]

    assert (seldom.name, policy["severity"], len(policy["conditions"])) == ("replay-pace", "WARNING", 2)


def test_nothing_else_is_declared() -> None:
    """Two for each objective, one where there are few values, and those of the list."""
    burning = {f"{each.name}-burns-{speed}" for each in BUSY for speed in ("fast", "slow")}

    assert set(policies()) == WATCHED | burning | {"replay-pace-burns-slow"}


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.name)
def test_a_rate_can_be_reached(objective: Any) -> None:
    """If everything is bad the budget burns 1 / (1 - goal) times too fast: an alert above that would be for nothing."""
    assert 1 / (1 - objective.goal) > 14.4


@EACH
def test_an_alert_reaches_somebody(name: str) -> None:
    """The mailbox of the settings."""
    assert policies()[name]["notificationChannels"] == ["alert-mail"]


@EACH
def test_an_alert_says_what_it_means_and_what_to_do_first(name: str) -> None:
    """In few words, for somebody who was asleep."""
    documentation = policies()[name]["documentation"]

    found = re.fullmatch(r"\*\*What it means\.\*\* (.{20,})\n\n\*\*First\.\*\* (.{20,})\n", documentation["content"])
    assert found is not None
    assert documentation["subject"].startswith("[dev] ")


@EACH
def test_commands_that_an_alert_names_exist(name: str) -> None:
    """`commerce …` as its command line knows it."""
    content = policies()[name]["documentation"]["content"]

    assert set(re.findall(r"`commerce ([a-z-]+)", content)) <= COMMANDS


@EACH
def test_an_alert_watches_metrics_that_there_are(name: str) -> None:
    """Google's, those of log lines, or an objective."""
    policy = policies()[name]
    metrics = {metric for each in conditions(policy) if not burns_of(policy) for metric in metrics_of(each)}

    assert metrics or burns_of(policy)
    assert metrics <= known_metrics()


@EACH
def test_an_alert_has_a_severity_and_an_end(name: str) -> None:
    """An incident without data is closed after a day; until then there is one mail a day."""
    policy = policies()[name]
    strategy = policy["alertStrategy"]

    assert policy["severity"] in {"CRITICAL", "ERROR", "WARNING"}
    assert (strategy["autoClose"], strategy["notificationPrompts"]) == ("86400s", ["OPENED", "CLOSED"])
    assert strategy["notificationChannelStrategies"] == [
        {"notificationChannelNames": ["alert-mail"], "renotifyInterval": "86400s"}
    ]


@EACH
def test_an_alert_belongs_to_its_environment(name: str) -> None:
    """By its labels, and by each filter that can tell environments apart."""
    policy = policies()[name]

    assert policy["userLabels"] == {"environment": "dev", "managed-by": "pulumi"}
    if not burns_of(policy):
        assert all("dev-" in (each.get("filter") or each["query"]) for each in conditions(policy))


@EACH
def test_a_filter_is_as_short_as_google_wants_it(name: str) -> None:
    """2,048 characters."""
    assert all(len(each.get("filter", "")) <= 2048 for each in conditions(policies()[name]))


def test_silence_of_a_relay_is_noticed() -> None:
    """Its own metrics would stop with it."""
    seldom, absent = conditions(policies()["relay-silent"])

    assert (seldom["comparison"], seldom["evaluationMissingData"]) == (
        "COMPARISON_LT",
        "EVALUATION_MISSING_DATA_ACTIVE",
    )
    assert absent["duration"] == "900s"


@pytest.mark.parametrize(
    ("pattern", "of"),
    [(PUSHED, "pushed"), (DEAD, "dead"), (RELAY, "pulled")],
)
def test_every_subscription_is_watched_as_what_it_is(pattern: str, of: str) -> None:
    """By the pattern of its kind and of no other."""
    kinds = {"pushed": set[str](), "dead": set[str](), "pulled": set[str]()}
    for service in deployment().services:
        for each in service.subscriptions:
            kinds["pushed" if service.pushed_to(each.name) else "pulled"].add(each.name)
            kinds["dead"].add(each.dead_letter_subscription)

    matched = {name for names in kinds.values() for name in names if re.fullmatch(pattern, name)}

    assert matched == kinds[of]


def test_every_relay_is_heard_of() -> None:
    """By the name of its function."""
    relays = {f"{service.name}-{each.name}" for service in deployment().services for each in service.functions}

    assert {name for name in relays if re.fullmatch(RELAY, name)} == {
        f"{service.name}-relay" for service in deployment().services if service.topics
    }


def test_instances_are_watched_at_their_own_limit() -> None:
    """A function with room for one instance is always at its most, and is not watched."""
    watched = {}
    for each in conditions(policies()["instances-at-most"]):
        for name in re.findall(r'"dev-([a-z-]+)"', each["filter"]):
            watched[name] = each["thresholdValue"] + 1

    ceiling = deployment().config.scaling.max_instances
    assert watched == {
        f"{service.name}-{function.name}": most
        for service in deployment().services
        for function in service.functions
        if (most := min(function.max_instances, ceiling)) > 1
    }


def test_mail_goes_where_the_settings_say() -> None:
    """One channel, of this environment."""
    (channel,) = observed().inputs("gcp:monitoring/notificationChannel:NotificationChannel").values()

    assert (channel["type"], channel["labels"]) == ("email", {"email_address": deployment().config.alert_mail})
