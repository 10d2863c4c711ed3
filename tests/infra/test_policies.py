"""The house rules: each lets a good stack pass, and reports each way to break it."""

from dataclasses import replace
from itertools import groupby

import pytest

from infra.policies.rules import RULES, Resource, Rule, as_markdown, violations
from tests.infra.policy_changes import ABSENT, Addition, Change, Removal
from tests.infra.policy_stack import DAY, EVERYBODY, GOOD, function

_APPENDER = "IAMCustomRole:eventAppender"
_APPENDING = "IAMMember:cart-commands"
_CALLER = "ServiceIamMember:cart-commands-public"
_EVENTS = "Database:events"
_FUNCTION = "Function:cart-projector"
_CONFIG = "serviceConfig"
_FUTURE_KEY = "sk_" + "live_1"
_INVOKER = "roles/run.invoker"
_JOB = "Job:cart-sweep"
_KEEPER = "Subscription:cart-projector-dead"
_KEY = "CryptoKey:key-encryption"
_PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
_PUBLIC = "Function:cart-commands"
_QUEUE = "Queue:checkout-timers"
_SUBSCRIPTION = "Subscription:cart-projector"
_TABLE = "Table:facts"
_TOPIC = "Topic:cart-commits"
_VAULT = "Database:key-vault"


def _grant(role: str, member: str = "serviceAccount:a@shop.iam.gserviceaccount.com", **more: object) -> Addition:
    return Addition(Resource(_PROJECT_MEMBER, "new", {"role": role, "member": member, **more}))


def _added(token: str, **inputs: object) -> Addition:
    return Addition(Resource(token, "new", inputs))


BREAKS: tuple[tuple[str, Change | Addition | Removal], ...] = (
    ("iam-not-public", _added("gcp:storage/bucketIAMMember:BucketIAMMember", member=EVERYBODY)),
    ("iam-not-public", _added("gcp:pubsub/topicIAMMember:TopicIAMMember", member="allAuthenticatedUsers")),
    ("iam-not-public", _added("gcp:storage/objectAccessControl:ObjectAccessControl", entity=EVERYBODY)),
    ("iam-not-public", _added("gcp:bigquery/datasetAccess:DatasetAccess", specialGroup="allAuthenticatedUsers")),
    ("iam-not-public", Change(_CALLER, "role", "roles/run.admin")),
    ("iam-public-functions-are-behind-the-edge", Change(_CALLER, "name", "prod-cart-projector")),
    ("iam-public-functions-are-behind-the-edge", Change(_CALLER, "name", "prod-unheard-of")),
    ("iam-no-primitive-roles", _grant("roles/owner")),
    ("iam-no-primitive-roles", _added("gcp:storage/bucketIAMMember:BucketIAMMember", role="roles/viewer")),
    ("iam-no-keys", _added("gcp:serviceaccount/key:Key")),
    ("iam-no-keys", _added("gcp:storage/hmacKey:HmacKey")),
    ("iam-additive-only", _added("gcp:projects/iAMPolicy:IAMPolicy")),
    ("iam-additive-only", _added("gcp:cloudrunv2/serviceIamBinding:ServiceIamBinding", role=_INVOKER)),
    ("iam-additive-only", Change("Dataset:analytics", "accesses", [{"role": "READER"}])),
    ("iam-no-impersonation-at-large", _grant("roles/iam.serviceAccountUser")),
    ("iam-no-impersonation-at-large", _grant("roles/iam.serviceAccountTokenCreator")),
    ("iam-no-single-people", _grant("roles/logging.viewer", "user:eve@example.com")),
    ("iam-no-single-people", _grant("roles/logging.viewer", "domain:example.com")),
    ("iam-custom-roles-are-exact", Change(_APPENDER, "permissions", ["pubsub.topics.*"])),
    ("iam-custom-roles-are-exact", Change(_APPENDER, "permissions", ["iam.serviceAccounts.actAs"])),
    ("iam-custom-roles-are-exact", Change(_APPENDER, "permissions", ["pubsub.topics.setIamPolicy"])),
    ("iam-custom-roles-are-exact", Change(_APPENDER, "permissions", ABSENT)),
    ("iam-firestore-one-database", _grant("roles/datastore.viewer")),
    ("event-log-append-only", Change(_APPENDER, "permissions", ["datastore.entities.update"])),
    ("event-log-append-only", Change(_APPENDER, "permissions", ["datastore.entities.delete"])),
    (
        "event-log-append-only",
        _grant("roles/datastore.user", condition={"expression": 'resource.name == "projects/shop/databases/events"'}),
    ),
    ("event-log-append-only", Change("IAMMember:cart-projector", "condition", ABSENT)),
    ("function-has-an-identity", Change(_FUNCTION, f"{_CONFIG}.serviceAccountEmail", ABSENT)),
    (
        "function-has-an-identity",
        Change(_FUNCTION, f"{_CONFIG}.serviceAccountEmail", "1-compute@developer.gserviceaccount.com"),
    ),
    ("function-ingress-fits-its-exposure", Change(_FUNCTION, f"{_CONFIG}.ingressSettings", ABSENT)),
    ("function-ingress-fits-its-exposure", Change(_FUNCTION, f"{_CONFIG}.ingressSettings", "ALLOW_INTERNAL_AND_GCLB")),
    *(
        ("function-limits-are-explicit", Change(_FUNCTION, f"{_CONFIG}.{name}", ABSENT))
        for name in (
            "availableCpu",
            "availableMemory",
            "maxInstanceCount",
            "maxInstanceRequestConcurrency",
            "minInstanceCount",
            "timeoutSeconds",
        )
    ),
    ("function-concurrency-has-cpu", Change(_FUNCTION, f"{_CONFIG}.availableCpu", "0.5")),
    ("function-concurrency-has-cpu", Change(_FUNCTION, f"{_CONFIG}.availableCpu", "583m")),
    ("function-environment-without-secrets", Change(_FUNCTION, f"{_CONFIG}.environmentVariables.SMTP_PASSWORD", "")),
    ("function-environment-without-secrets", Change(_FUNCTION, f"{_CONFIG}.environmentVariables.FUTURE", _FUTURE_KEY)),
    (
        "function-secrets-are-pinned",
        Change(_FUNCTION, f"{_CONFIG}.secretEnvironmentVariables", [{"key": "A", "version": "latest"}]),
    ),
    ("function-without-managed-trigger", Change(_FUNCTION, "eventTrigger", {"eventType": "any"})),
    ("function-build-has-an-identity", Change(_FUNCTION, "buildConfig.serviceAccount", ABSENT)),
    (
        "function-build-has-an-identity",
        Change(_FUNCTION, "buildConfig.serviceAccount", "accounts/1-compute@developer.gserviceaccount.com"),
    ),
    ("function-answers-before-it-is-called-again", Change(_SUBSCRIPTION, "ackDeadlineSeconds", 60.0)),
    ("function-answers-before-it-is-called-again", Change(_JOB, "attemptDeadline", "60s")),
    ("topic-can-be-replayed", Change(_TOPIC, "messageRetentionDuration", ABSENT)),
    ("topic-can-be-replayed", Change(_TOPIC, "messageRetentionDuration", "600s")),
    ("topic-says-where-it-stores", Change(_TOPIC, "messageStoragePolicy", ABSENT)),
    ("subscription-has-dead-letters", Change(_SUBSCRIPTION, "deadLetterPolicy.maxDeliveryAttempts", ABSENT)),
    ("subscription-has-dead-letters", Change(_SUBSCRIPTION, "deadLetterPolicy.maxDeliveryAttempts", 4.0)),
    ("subscription-has-dead-letters", Change(_SUBSCRIPTION, "deadLetterPolicy", ABSENT)),
    ("subscription-backs-off", Change(_SUBSCRIPTION, "retryPolicy", ABSENT)),
    ("subscription-backs-off", Change(_SUBSCRIPTION, "retryPolicy.minimumBackoff", "61s")),
    ("subscription-never-expires", Change(_KEEPER, "expirationPolicy", ABSENT)),
    ("subscription-never-expires", Change(_KEEPER, "expirationPolicy.ttl", "2678400s")),
    ("subscription-deadlines-are-explicit", Change(_KEEPER, "ackDeadlineSeconds", ABSENT)),
    ("subscription-deadlines-are-explicit", Change(_KEEPER, "messageRetentionDuration", ABSENT)),
    ("subscription-push-is-authenticated", Change(_SUBSCRIPTION, "pushConfig.oidcToken", ABSENT)),
    ("subscription-push-is-authenticated", Change(_SUBSCRIPTION, "pushConfig.oidcToken.audience", ABSENT)),
    (
        "subscription-push-is-authenticated",
        Change(_SUBSCRIPTION, "pushConfig.pushEndpoint", "http://prod-cart-projector-1.europe-west1.run.app/"),
    ),
    ("subscription-pushes-within", Change(_SUBSCRIPTION, "pushConfig.pushEndpoint", "https://evil.example/")),
    ("subscription-pushes-within", Removal(_FUNCTION)),
    ("dead-letters-are-kept", Removal(_KEEPER)),
    ("dead-letters-can-be-moved", Removal("TopicIAMMember:dead-letters-in")),
    ("dead-letters-can-be-moved", Removal("SubscriptionIAMMember:dead-letters-out")),
    ("schedule-is-authenticated", Change(_JOB, "httpTarget.oidcToken", ABSENT)),
    ("schedule-is-authenticated", Change(_JOB, "attemptDeadline", ABSENT)),
    ("schedule-is-authenticated", Change(_JOB, "httpTarget.uri", "http://prod-cart-projector-1.a.run.app/")),
    ("queue-limits-are-explicit", Change(_QUEUE, "rateLimits", ABSENT)),
    ("queue-limits-are-explicit", Change(_QUEUE, "retryConfig.maxAttempts", ABSENT)),
    ("database-is-protected", Change(_EVENTS, "deleteProtectionState", "DELETE_PROTECTION_DISABLED")),
    ("database-takes-no-locks", Change(_EVENTS, "concurrencyMode", "PESSIMISTIC")),
    ("database-takes-no-locks", Change(_VAULT, "concurrencyMode", ABSENT)),
    (
        "database-recovery-fits-its-content",
        Change(_EVENTS, "pointInTimeRecoveryEnablement", "POINT_IN_TIME_RECOVERY_DISABLED"),
    ),
    (
        "database-recovery-fits-its-content",
        Change(_VAULT, "pointInTimeRecoveryEnablement", "POINT_IN_TIME_RECOVERY_ENABLED"),
    ),
    ("database-recovery-fits-its-content", Change(_VAULT, "pointInTimeRecoveryEnablement", ABSENT)),
    ("vault-backups-are-short", Change("BackupSchedule:key-vault", "retention", f"{8 * DAY}s")),
    ("database-has-backups", Removal("BackupSchedule:events")),
    ("database-has-backups", Removal("BackupSchedule:key-vault")),
    ("pulumi-protects-what-would-be-lost", Change(_EVENTS, "protect", value=False)),
    ("pulumi-protects-what-would-be-lost", Change(_KEY, "protect", value=False)),
    ("pulumi-protects-what-would-be-lost", Change(_TABLE, "protect", value=False)),
    ("pulumi-protects-what-would-be-lost", Change(_KEEPER, "protect", value=False)),
    ("table-is-protected", Change(_TABLE, "deletionProtection", value=False)),
    ("table-is-partitioned", Change(_TABLE, "timePartitioning", ABSENT)),
    ("table-is-partitioned", Change(_TABLE, "requirePartitionFilter", value=False)),
    ("dataset-keeps-its-tables", Change("Dataset:analytics", "deleteContentsOnDestroy", ABSENT)),
    ("key-rotates", Change(_KEY, "rotationPeriod", ABSENT)),
    ("key-rotates", Change(_KEY, "rotationPeriod", f"{91 * DAY}s")),
    ("key-dies-slowly", Change(_KEY, "destroyScheduledDuration", ABSENT)),
    ("key-dies-slowly", Change(_KEY, "destroyScheduledDuration", f"{DAY}s")),
    ("bucket-is-private", Change("Bucket:sources", "uniformBucketLevelAccess", ABSENT)),
    ("bucket-is-private", Change("Bucket:sources", "publicAccessPrevention", "inherited")),
    ("bucket-says-what-it-keeps", Change("Bucket:sources", "versioning", ABSENT)),
    ("logs-are-kept", Change("ProjectBucketConfig:logs", "retentionDays", ABSENT)),
    ("logs-are-kept", Change("ProjectBucketConfig:logs", "retentionDays", 7.0)),
    ("backend-is-behind-cloud-armor", Change("BackendService:cart-commands", "securityPolicy", ABSENT)),
    ("backend-is-behind-cloud-armor", _added("gcp:compute/backendService:BackendService", logConfig={"enable": True})),
    ("backend-says-what-it-logs", Change("BackendService:cart-commands", "logConfig", ABSENT)),
    ("cloud-armor-limits-rates", Removal("SecurityPolicyRule:edge-rate")),
    ("tls-is-modern", Change("SSLPolicy:edge", "minTlsVersion", "TLS_1_1")),
    ("tls-is-modern", Change("SSLPolicy:edge", "profile", ABSENT)),
    ("https-says-which-tls", Change("TargetHttpsProxy:edge", "sslPolicy", ABSENT)),
    ("http-only-redirects", Change("URLMap:redirect", "defaultUrlRedirect.httpsRedirect", value=False)),
    ("http-only-redirects", Change("URLMap:redirect", "defaultService", "backends/cart")),
    ("http-only-redirects", Change("TargetHttpProxy:redirect", "urlMap", "urlMaps/prod-edge")),
    ("labels-say-whose-it-is", Change(_TOPIC, "labels", {"environment": "prod"})),
    ("labels-say-whose-it-is", Change(_KEY, "labels", ABSENT)),
    ("location-is-allowed", Change(_EVENTS, "locationId", "nam5")),
    ("location-is-allowed", Change(_JOB, "region", "us-central1")),
    ("location-is-allowed", Change("Bucket:sources", "location", "US")),
    (
        "location-is-allowed",
        Change("Secret:stripe", "replication.userManaged.replicas", [{"location": "us-east1"}]),
    ),
    ("location-is-allowed", Change(_TOPIC, "messageStoragePolicy.allowedPersistenceRegions", ["us-east1"])),
    ("secret-says-where-it-is", Change("Secret:stripe", "replication", {"auto": {}})),
    ("images-are-cleaned-up", Change("Repository:functions", "cleanupPolicies", ABSENT)),
    ("images-are-cleaned-up", Change("Repository:functions", "cleanupPolicyDryRun", ABSENT)),
    ("api-stays-on", Change("Service:run", "disableOnDestroy", ABSENT)),
    ("alert-reaches-somebody", Change("AlertPolicy:outbox-age", "notificationChannels", [])),
    ("alert-reaches-somebody", Change("AlertPolicy:outbox-age", "documentation", ABSENT)),
)


def test_a_good_stack_breaks_no_rule() -> None:
    """All rules together let a stack pass that is as it should be."""
    assert list(violations(GOOD)) == []


@pytest.mark.parametrize(("rule", "change"), BREAKS, ids=[f"{rule}-{change.id}" for rule, change in BREAKS])
def test_one_change_breaks_its_rule(rule: str, change: Change | Addition | Removal) -> None:
    """One thing changed for the worse is reported by the rule that is about it, and by no other."""
    found = {violation.rule for violation in violations(change.apply(GOOD))}

    assert found == {rule}


def test_every_rule_is_broken_by_some_change() -> None:
    """No rule is without a stack that breaks it."""
    assert {rule for rule, _ in BREAKS} | {"function-identity-not-shared"} == {rule.name for rule in RULES}


def test_two_functions_of_one_identity_are_both_named() -> None:
    """A shared identity is reported for each function that shares it."""
    change = Change("Function:cart-commands", f"{_CONFIG}.serviceAccountEmail", _email("cart-projector"))

    found = [(each.rule, each.resource) for each in violations(change.apply(GOOD))]

    assert found == [
        ("function-identity-not-shared", "cart-commands"),
        ("function-identity-not-shared", "cart-projector"),
    ]


def _email(name: str) -> str:
    email: str = function(name).inputs[_CONFIG]["serviceAccountEmail"]
    return email


def test_a_secret_is_not_repeated_in_the_message() -> None:
    """The rule against plain secrets names the variable, not its value."""
    change = Change(_FUNCTION, f"{_CONFIG}.environmentVariables.FUTURE", _FUTURE_KEY)

    (found,) = violations(change.apply(GOOD))

    assert "FUTURE" in found.message
    assert _FUTURE_KEY not in found.message


def test_maintenance_roles_change_the_log() -> None:
    """The outbox's role may delete in the event log: it is one of the named ones, and only by its full name."""
    named = {each.inputs["role"] for each in GOOD if each.type == _PROJECT_MEMBER}
    impostor = Change("IAMMember:cart-relay", "role", "projects/shop/roles/prod_notoutboxSettler")
    role = Change("IAMCustomRole:outboxSettler", "roleId", "prod_notoutboxSettler")

    found = {each.rule for each in violations(impostor.apply(role.apply(GOOD)))}

    assert "projects/shop/roles/prod_outboxSettler" in named
    assert found == {"event-log-append-only"}


@pytest.mark.parametrize(
    "change",
    [
        Change(_EVENTS, "deleteProtectionState", "DELETE_PROTECTION_DISABLED"),
        Change(_TABLE, "deletionProtection", value=False),
        Change(_TABLE, "protect", value=False),
    ],
    ids=lambda change: change.id,
)
def test_an_environment_that_is_thrown_away_need_not_be_protected(change: Change) -> None:
    """The rules about protection leave out the environments that they are told of: `dev`, from the start."""
    named = Change(_EVENTS, "name", "dev-events").apply(change.apply(GOOD))
    labelled = Change(_TABLE, "labels", {"environment": "dev"}).apply(named)

    found = {violation.rule for violation in violations(labelled)}

    assert found == {"database-has-backups"}


def test_first_accesses_of_a_dataset_are_let_pass() -> None:
    """A dataset may say who has access when it is made, if later grants are left alone."""
    stack = Change("Dataset:analytics", "accesses", [{"role": "OWNER"}]).apply(GOOD)
    left_alone = [replace(each, ignored=("accesses",)) if each.name == "analytics" else each for each in stack]

    assert list(violations(left_alone)) == []


def test_names_of_rules_are_unique() -> None:
    """Each rule has a name of its own."""
    names = sorted(rule.name for rule in RULES)

    assert [name for name, same in groupby(names) if len(list(same)) > 1] == []


@pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])
def test_a_rule_says_what_it_asks_and_what_to_do(rule: Rule) -> None:
    """Each rule is one sentence, and says what to do when it is broken."""
    assert rule.asks.endswith(".")
    assert rule.do.endswith(".")


def test_the_table_lists_every_rule_once() -> None:
    """The table for people is made of the rules."""
    rows = [line.split("`")[1] for line in as_markdown().splitlines() if line.startswith("| `")]

    assert rows == [rule.name for rule in RULES]
