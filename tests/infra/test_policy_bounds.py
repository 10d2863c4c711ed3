"""The house rules' bounds: what is within one is let pass, what is a step beyond is reported."""

from collections.abc import Iterator

import pytest

from tests.infra.policy_changes import ABSENT, Change, added, broken
from tests.infra.policy_stack import DAY

ACCOUNT = "serviceAccount:a@shop.iam.gserviceaccount.com"
ARMOR = "SecurityPolicyRule:edge-rate"
FUNCTION = "Function:cart-projector"
IN, OUT = "TopicIAMMember:dead-letters-in", "SubscriptionIAMMember:dead-letters-out"
JOB = "Job:cart-sweep"
KEY = "CryptoKey:key-encryption"
QUEUE = "Queue:checkout-timers"
SUBSCRIPTION = "Subscription:cart-projector"
TOPIC = "Topic:cart-commits"
VAULT_BACKUPS = "BackupSchedule:key-vault"


@pytest.mark.parametrize(
    ("resource", "path", "value", "rule"),
    [
        (SUBSCRIPTION, "deadLetterPolicy.maxDeliveryAttempts", 101.0, "subscription-has-dead-letters"),
        (SUBSCRIPTION, "deadLetterPolicy.maxDeliveryAttempts", 4.0, "subscription-has-dead-letters"),
        (TOPIC, "messageRetentionDuration", f"{DAY - 1}s", "topic-can-be-replayed"),
        (TOPIC, "messageRetentionDuration", f"{31 * DAY + 1}s", "topic-can-be-replayed"),
        (VAULT_BACKUPS, "retention", f"{7 * DAY + 1}s", "vault-backups-are-short"),
        (KEY, "rotationPeriod", f"{90 * DAY + 1}s", "key-rotates"),
        (KEY, "destroyScheduledDuration", f"{30 * DAY - 1}s", "key-dies-slowly"),
        ("ProjectBucketConfig:logs", "retentionDays", 29.0, "logs-are-kept"),
        (FUNCTION, "serviceConfig.availableCpu", "0.99", "function-concurrency-has-cpu"),
        (JOB, "attemptDeadline", "60s", "function-answers-before-it-is-called-again"),
    ],
)
def test_what_is_out_of_bounds_is_reported(resource: str, path: str, value: object, rule: str) -> None:
    """By the smallest step."""
    assert broken(Change(resource, path, value)) == {rule}


@pytest.mark.parametrize(
    ("resource", "path", "value"),
    [
        (SUBSCRIPTION, "deadLetterPolicy.maxDeliveryAttempts", 5.0),
        (SUBSCRIPTION, "deadLetterPolicy.maxDeliveryAttempts", 100.0),
        (TOPIC, "messageRetentionDuration", f"{DAY}s"),
        (TOPIC, "messageRetentionDuration", f"{31 * DAY}s"),
        (VAULT_BACKUPS, "retention", f"{7 * DAY}s"),
        (KEY, "rotationPeriod", f"{DAY}s"),
        (KEY, "destroyScheduledDuration", f"{120 * DAY}s"),
        (JOB, "attemptDeadline", "61s"),
        ("SSLPolicy:edge", "minTlsVersion", "TLS_1_3"),
        ("SSLPolicy:edge", "profile", "RESTRICTED"),
        (ARMOR, "action", "rate_based_ban"),
        ("Database:events", "locationId", "eur3"),
        ("Dataset:analytics", "location", "EU"),
        ("Bucket:sources", "location", "EUROPE-NORTH1"),
        (QUEUE, "location", "global"),
    ],
)
def test_what_is_within_bounds_is_let_pass(resource: str, path: str, value: object) -> None:
    """Up to the last value."""
    assert broken(Change(resource, path, value)) == set()


@pytest.mark.parametrize("binding", [IN, OUT], ids=["in", "out"])
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("member", ACCOUNT),
        ("member", "serviceAccount:service-123456@gcp-sa-cloudtasks.iam.gserviceaccount.com"),
        ("role", "roles/pubsub.viewer"),
    ],
)
def test_pubsub_itself_moves_dead_letters(binding: str, path: str, value: str) -> None:
    """By both of its roles, each on its own thing."""
    assert broken(Change(binding, path, value)) == {"dead-letters-can-be-moved"}


def test_pubsubs_two_roles_are_not_one_another() -> None:
    """To publish is not to subscribe."""
    assert broken(Change(IN, "role", "roles/pubsub.subscriber")) == {"dead-letters-can-be-moved"}
    assert broken(Change(OUT, "role", "roles/pubsub.publisher")) == {"dead-letters-can-be-moved"}


@pytest.mark.parametrize(("binding", "path"), [(IN, "topic"), (OUT, "subscription")])
def test_pubsubs_roles_are_on_what_it_moves(binding: str, path: str) -> None:
    """And not on something else."""
    assert broken(Change(binding, path, "prod-another")) == {"dead-letters-can-be-moved"}


def lacking() -> Iterator[tuple[str, str, str]]:
    """What has to be said: resource, path, and the rule that asks."""
    for name in ("maxConcurrentDispatches", "maxDispatchesPerSecond"):
        yield QUEUE, f"rateLimits.{name}", "queue-limits-are-explicit"
    for name in ("maxAttempts", "minBackoff", "maxBackoff"):
        yield QUEUE, f"retryConfig.{name}", "queue-limits-are-explicit"
    for name in ("minimumBackoff", "maximumBackoff"):
        yield SUBSCRIPTION, f"retryPolicy.{name}", "subscription-backs-off"
    for name in ("deadLetterTopic", "maxDeliveryAttempts"):
        yield SUBSCRIPTION, f"deadLetterPolicy.{name}", "subscription-has-dead-letters"


@pytest.mark.parametrize(("resource", "path", "rule"), [*lacking()])
def test_what_is_not_said_is_reported(resource: str, path: str, rule: str) -> None:
    """Each setting of a list by itself."""
    assert rule in broken(Change(resource, path, ABSENT))


@pytest.mark.parametrize("sends", ["defaultService", "hostRules", "pathMatchers", "defaultRouteAction"])
def test_plain_http_leads_nowhere(sends: str) -> None:
    """By none of the ways that a URL map knows."""
    assert broken(Change("URLMap:redirect", sends, "somewhere")) == {"http-only-redirects"}


@pytest.mark.parametrize("kind", ["location", "locationId", "region"])
def test_nothing_is_where_the_data_may_not_be(kind: str) -> None:
    """By whatever input a place is said."""
    assert broken(added("gcp:some/thing:Thing", **{kind: "us-central1"})) == {"location-is-allowed"}
