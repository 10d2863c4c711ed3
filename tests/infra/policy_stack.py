"""A small stack that keeps all house rules."""

from collections.abc import Sequence
from dataclasses import replace

from infra.policies.rules import Resource

DAY = 86_400
LABELS = {"environment": "prod", "service": "cart"}
EVERYBODY = "allUsers"
PUBSUB_AGENT = "serviceAccount:service-123456@gcp-sa-pubsub.iam.gserviceaccount.com"

_RUN = "123456.europe-west1.run.app"
_ACCOUNTS = "shop.iam.gserviceaccount.com"


def function(name: str, *, public: bool = False) -> Resource:
    """A function as it should be."""
    return Resource(
        "gcp:cloudfunctionsv2/function:Function",
        name,
        {
            "name": f"prod-{name}",
            "location": "europe-west1",
            "labels": {**LABELS, "exposure": "public" if public else "internal"},
            "buildConfig": {"serviceAccount": f"projects/shop/serviceAccounts/prod-builder@{_ACCOUNTS}"},
            "serviceConfig": {
                "serviceAccountEmail": f"prod-{name}@{_ACCOUNTS}",
                "ingressSettings": "ALLOW_INTERNAL_AND_GCLB" if public else "ALLOW_INTERNAL_ONLY",
                "availableCpu": "1",
                "availableMemory": "512Mi",
                "maxInstanceCount": 20.0,
                "maxInstanceRequestConcurrency": 80.0,
                "minInstanceCount": 0.0,
                "timeoutSeconds": 60.0,
                "environmentVariables": {"COMMERCE_KMS_KEY": "projects/shop/keys/one"},
                "secretEnvironmentVariables": [{"key": "STRIPE_SECRET_KEY", "secret": "stripe", "version": "1"}],
            },
        },
    )


_STORED = {"messageStoragePolicy": {"allowedPersistenceRegions": ["europe-west1"]}}
_MESSAGING = (
    Resource(
        "gcp:pubsub/topic:Topic",
        "cart-commits",
        {"name": "prod-cart-commits", "messageRetentionDuration": "604800s", "labels": LABELS, **_STORED},
    ),
    Resource(
        "gcp:pubsub/topic:Topic",
        "cart-projector-dead",
        {"name": "prod-cart-projector-dead", "messageRetentionDuration": "604800s", "labels": LABELS, **_STORED},
    ),
    Resource(
        "gcp:pubsub/subscription:Subscription",
        "cart-projector",
        {
            "name": "prod-cart-projector",
            "topic": "projects/shop/topics/prod-cart-commits",
            "labels": LABELS,
            "ackDeadlineSeconds": 90.0,
            "messageRetentionDuration": "604800s",
            "expirationPolicy": {"ttl": ""},
            "retryPolicy": {"minimumBackoff": "1s", "maximumBackoff": "60s"},
            "deadLetterPolicy": {
                "deadLetterTopic": "projects/shop/topics/prod-cart-projector-dead",
                "maxDeliveryAttempts": 20.0,
            },
            "pushConfig": {
                "pushEndpoint": f"https://prod-cart-projector-{_RUN}/",
                "oidcToken": {"serviceAccountEmail": f"prod-push@{_ACCOUNTS}", "audience": "https://shop.example"},
            },
        },
    ),
    Resource(
        "gcp:pubsub/subscription:Subscription",
        "cart-projector-dead",
        {
            "name": "prod-cart-projector-dead",
            "topic": "projects/shop/topics/prod-cart-projector-dead",
            "labels": LABELS,
            "ackDeadlineSeconds": 60.0,
            "messageRetentionDuration": "604800s",
            "expirationPolicy": {"ttl": ""},
        },
    ),
    Resource(
        "gcp:pubsub/topicIAMMember:TopicIAMMember",
        "dead-letters-in",
        {"topic": "prod-cart-projector-dead", "role": "roles/pubsub.publisher", "member": PUBSUB_AGENT},
    ),
    Resource(
        "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
        "dead-letters-out",
        {"subscription": "prod-cart-projector", "role": "roles/pubsub.subscriber", "member": PUBSUB_AGENT},
    ),
    Resource(
        "gcp:cloudscheduler/job:Job",
        "cart-sweep",
        {
            "name": "prod-cart-sweep",
            "region": "europe-west1",
            "attemptDeadline": "320s",
            "httpTarget": {
                "uri": f"https://prod-cart-projector-{_RUN}/sweep",
                "oidcToken": {"serviceAccountEmail": f"prod-scheduler@{_ACCOUNTS}", "audience": "https://shop.example"},
            },
        },
    ),
    Resource(
        "gcp:cloudtasks/queue:Queue",
        "checkout-timers",
        {
            "location": "europe-west1",
            "rateLimits": {"maxConcurrentDispatches": 10.0, "maxDispatchesPerSecond": 100.0},
            "retryConfig": {"maxAttempts": 20.0, "minBackoff": "1s", "maxBackoff": "60s"},
        },
    ),
)


def database(name: str, recovery: str) -> Resource:
    """A database as it should be, but for its recovery."""
    return Resource(
        "gcp:firestore/database:Database",
        name,
        {
            "name": f"prod-{name}",
            "locationId": "europe-west1",
            "deleteProtectionState": "DELETE_PROTECTION_ENABLED",
            "concurrencyMode": "OPTIMISTIC",
            "pointInTimeRecoveryEnablement": f"POINT_IN_TIME_RECOVERY_{recovery}",
        },
        protect=True,
    )


_DATA = (
    database("events", "ENABLED"),
    database("key-vault", "DISABLED"),
    Resource("gcp:firestore/backupSchedule:BackupSchedule", "events", {"database": "prod-events", "retention": "1s"}),
    Resource(
        "gcp:firestore/backupSchedule:BackupSchedule",
        "key-vault",
        {"database": "prod-key-vault", "retention": f"{3 * DAY}s"},
    ),
    Resource(
        "gcp:bigquery/dataset:Dataset",
        "analytics",
        {"location": "EU", "labels": LABELS, "deleteContentsOnDestroy": False},
        protect=True,
    ),
    Resource(
        "gcp:bigquery/table:Table",
        "facts",
        {
            "labels": LABELS,
            "deletionProtection": True,
            "requirePartitionFilter": True,
            "timePartitioning": {"type": "DAY", "field": "occurred_at"},
        },
        protect=True,
    ),
    Resource("gcp:bigquery/table:Table", "sales", {"labels": LABELS, "view": {"query": "SELECT 1"}}),
    Resource(
        "gcp:kms/cryptoKey:CryptoKey",
        "key-encryption",
        {
            "labels": LABELS,
            "purpose": "ENCRYPT_DECRYPT",
            "rotationPeriod": f"{90 * DAY}s",
            "destroyScheduledDuration": f"{30 * DAY}s",
        },
        protect=True,
    ),
    Resource(
        "gcp:storage/bucket:Bucket",
        "sources",
        {
            "location": "EUROPE-WEST1",
            "labels": LABELS,
            "uniformBucketLevelAccess": True,
            "publicAccessPrevention": "enforced",
            "versioning": {"enabled": False},
        },
    ),
    Resource("gcp:logging/projectBucketConfig:ProjectBucketConfig", "logs", {"retentionDays": 30.0}),
)

_EDGE = (
    Resource(
        "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
        "cart-commands-public",
        {"name": "prod-cart-commands", "role": "roles/run.invoker", "member": EVERYBODY},
    ),
    Resource(
        "gcp:compute/backendService:BackendService",
        "cart-commands",
        {
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "securityPolicy": "projects/shop/global/securityPolicies/prod-edge",
            "logConfig": {"enable": True, "sampleRate": 0.05},
        },
    ),
    Resource(
        "gcp:compute/securityPolicy:SecurityPolicy",
        "edge",
        {"name": "prod-edge", "labels": LABELS, "rules": [{"action": "allow"}]},
    ),
    Resource(
        "gcp:compute/securityPolicyRule:SecurityPolicyRule",
        "edge-rate",
        {"securityPolicy": "prod-edge", "action": "throttle"},
    ),
    Resource("gcp:compute/sSLPolicy:SSLPolicy", "edge", {"minTlsVersion": "TLS_1_2", "profile": "MODERN"}),
    Resource(
        "gcp:compute/targetHttpsProxy:TargetHttpsProxy", "edge", {"urlMap": "maps/prod-edge", "sslPolicy": "prod-edge"}
    ),
    Resource("gcp:compute/targetHttpProxy:TargetHttpProxy", "redirect", {"urlMap": "urlMaps/prod-redirect"}),
    Resource(
        "gcp:compute/uRLMap:URLMap",
        "redirect",
        {"name": "prod-redirect", "defaultUrlRedirect": {"httpsRedirect": True, "stripQuery": False}},
    ),
)

_RIGHTS = (
    Resource(
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        "eventAppender",
        {"roleId": "prod_eventAppender", "permissions": ["datastore.entities.create", "datastore.entities.get"]},
    ),
    Resource(
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        "readModelWriter",
        {"roleId": "prod_readModelWriter", "permissions": ["datastore.entities.update", "datastore.entities.delete"]},
    ),
    Resource(
        "gcp:projects/iAMCustomRole:IAMCustomRole",
        "outboxSettler",
        {"roleId": "prod_outboxSettler", "permissions": ["datastore.entities.delete"]},
    ),
    *(
        Resource(
            "gcp:projects/iAMMember:IAMMember",
            name,
            {
                "role": f"projects/shop/roles/prod_{role}",
                "member": f"serviceAccount:{name}@{_ACCOUNTS}",
                "condition": {"expression": f'resource.name == "projects/shop/databases/{database}"'},
            },
        )
        for name, role, database in (
            ("cart-commands", "eventAppender", "prod-events"),
            ("cart-projector", "readModelWriter", "prod-read-models"),
            ("cart-relay", "outboxSettler", "prod-events"),
        )
    ),
    Resource(
        "gcp:secretmanager/secret:Secret",
        "stripe",
        {"labels": LABELS, "replication": {"userManaged": {"replicas": [{"location": "europe-west1"}]}}},
    ),
    Resource(
        "gcp:artifactregistry/repository:Repository",
        "functions",
        {
            "location": "europe-west1",
            "labels": LABELS,
            "cleanupPolicies": [{"id": "old"}],
            "cleanupPolicyDryRun": False,
        },
    ),
    Resource("gcp:projects/service:Service", "run", {"service": "run.googleapis.com", "disableOnDestroy": False}),
    Resource(
        "gcp:monitoring/alertPolicy:AlertPolicy",
        "outbox-age",
        {"notificationChannels": ["channels/1"], "documentation": {"content": "Look at the relay."}},
    ),
)

GOOD: Sequence[Resource] = (
    function("cart-commands", public=True),
    function("cart-projector"),
    *(replace(each, protect=True) for each in _MESSAGING),
    *_DATA,
    *_EDGE,
    *_RIGHTS,
)
