"""The house rules' lists, member by member: whatever is on one is reported."""

import pytest

from tests.infra.policy_changes import ABSENT, Addition, Change, added, broken

ACCOUNT = "serviceAccount:a@shop.iam.gserviceaccount.com"
BUCKET_MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
FUNCTION = "Function:cart-projector"
JOB = "Job:cart-sweep"
KEY = "CryptoKey:key-encryption"
RUN_MEMBER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
SUBSCRIPTION = "Subscription:cart-projector"
VARIABLES = "serviceConfig.environmentVariables"
EVENTS = {"expression": 'resource.name == "projects/shop/databases/prod-events"'}


def granted(token: str, role: str, **more: object) -> Addition:
    return added(token, role=role, member=ACCOUNT, **more)


@pytest.mark.parametrize("token", [BUCKET_MEMBER, RUN_MEMBER, "gcp:pubsub/topicIAMBinding:TopicIAMBinding"])
@pytest.mark.parametrize("role", ["roles/owner", "roles/editor", "roles/viewer"])
def test_no_primitive_role_is_granted(token: str, role: str) -> None:
    """On nothing, however it is granted."""
    assert "iam-no-primitive-roles" in broken(granted(token, role))


@pytest.mark.parametrize(
    "token",
    [
        "gcp:projects/iAMMember:IAMMember",
        "gcp:folder/iAMMember:IAMMember",
        "gcp:organizations/iAMMember:IAMMember",
    ],
)
@pytest.mark.parametrize(
    "role",
    [
        "roles/iam.serviceAccountUser",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.serviceAccountOpenIdTokenCreator",
        "roles/iam.serviceAccountKeyAdmin",
        "roles/iam.serviceAccountAdmin",
        "roles/iam.workloadIdentityUser",
    ],
)
def test_nobody_is_every_account(token: str, role: str) -> None:
    """Neither of a project nor of what is above it."""
    assert broken(granted(token, role)) == {"iam-no-impersonation-at-large"}


@pytest.mark.parametrize(
    "token",
    [
        "gcp:projects/iAMPolicy:IAMPolicy",
        "gcp:projects/iAMBinding:IAMBinding",
        "gcp:serviceaccount/iAMPolicy:IAMPolicy",
        "gcp:serviceaccount/iAMBinding:IAMBinding",
        "gcp:cloudrunv2/serviceIamPolicy:ServiceIamPolicy",
        "gcp:cloudrunv2/serviceIamBinding:ServiceIamBinding",
        "gcp:pubsub/topicIAMPolicy:TopicIAMPolicy",
        "gcp:pubsub/topicIAMBinding:TopicIAMBinding",
    ],
)
def test_nothing_takes_grants_of_others_away(token: str) -> None:
    """Products spell their resources in two ways."""
    assert broken(added(token, role="roles/run.invoker")) == {"iam-additive-only"}


@pytest.mark.parametrize("everybody", ["allUsers", "allAuthenticatedUsers"])
@pytest.mark.parametrize(
    ("token", "named"),
    [
        (BUCKET_MEMBER, "member"),
        ("gcp:pubsub/topicIAMMember:TopicIAMMember", "member"),
        ("gcp:storage/bucketACL:BucketACL", "predefinedAcl"),
        ("gcp:storage/bucketAccessControl:BucketAccessControl", "entity"),
        ("gcp:storage/defaultObjectACL:DefaultObjectACL", "roleEntities"),
        ("gcp:storage/defaultObjectAccessControl:DefaultObjectAccessControl", "entity"),
        ("gcp:storage/objectACL:ObjectACL", "roleEntities"),
        ("gcp:storage/objectAccessControl:ObjectAccessControl", "entity"),
        ("gcp:bigquery/datasetAccess:DatasetAccess", "specialGroup"),
    ],
)
def test_nothing_is_everybodys(token: str, named: str, everybody: str) -> None:
    """However it is opened."""
    assert broken(added(token, **{named: everybody})) == {"iam-not-public"}


@pytest.mark.parametrize(
    "permission",
    [
        "iam.serviceAccounts.actAs",
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.implicitDelegation",
        "iam.serviceAccounts.signBlob",
        "iam.serviceAccounts.signJwt",
        "iam.serviceAccountKeys.create",
        "resourcemanager.projects.setIamPolicy",
        "pubsub.*",
    ],
)
def test_no_custom_role_makes_somebody_else(permission: str) -> None:
    """Nor lets anybody give rights away."""
    assert broken(Change("IAMCustomRole:eventAppender", "permissions", [permission])) == {"iam-custom-roles-are-exact"}


@pytest.mark.parametrize("role", ["roles/datastore.user", "roles/datastore.owner"])
def test_no_predefined_role_rewrites_the_log(role: str) -> None:
    """Both of Google's would."""
    change = granted("gcp:projects/iAMMember:IAMMember", role, condition=EVENTS)

    assert broken(change) == {"event-log-append-only"}


@pytest.mark.parametrize(
    "name",
    [
        "STRIPE_SECRET",
        "SMTP_PASSWORD",
        "SMTP_PASSWD",
        "GITHUB_TOKEN",
        "MAPS_API_KEY",
        "MAPS_APIKEY",
        "SIGNING_PRIVATE_KEY",
        "SIGNING_PRIVATEKEY",
        "GOOGLE_CREDENTIALS",
        "smtp_password",
    ],
)
def test_no_variable_is_called_like_a_secret(name: str) -> None:
    """Whatever it says."""
    assert broken(Change(FUNCTION, f"{VARIABLES}.{name}", "")) == {"function-environment-without-secrets"}


@pytest.mark.parametrize(
    "begins",
    [
        *("sk_", "rk_", "whsec_", "ghp_", "gho_", "xoxa-", "xoxb-", "xoxp-", "AIza", "ya29."),
        *(f"-----BEGIN {kind}PRIVATE KEY" for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")),
    ],
)
def test_no_variable_looks_like_a_secret(begins: str) -> None:
    """However it is called."""
    change = Change(FUNCTION, f"{VARIABLES}.HARMLESS", f"{begins}0123456789")

    assert broken(change) == {"function-environment-without-secrets"}


@pytest.mark.parametrize("account", ["1-compute@developer.gserviceaccount.com", "shop@appspot.gserviceaccount.com"])
@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("serviceConfig.serviceAccountEmail", "function-has-an-identity"),
        ("buildConfig.serviceAccount", "function-build-has-an-identity"),
    ],
)
def test_no_function_is_run_or_built_by_a_default_account(account: str, path: str, rule: str) -> None:
    """Of either kind that a project has."""
    assert broken(Change(FUNCTION, path, account)) == {rule}


@pytest.mark.parametrize("part", ["serviceAccountEmail", "audience"])
@pytest.mark.parametrize(
    ("resource", "token", "rule"),
    [
        (SUBSCRIPTION, "pushConfig.oidcToken", "subscription-push-is-authenticated"),
        (JOB, "httpTarget.oidcToken", "schedule-is-authenticated"),
    ],
)
def test_a_token_says_whose_and_for_whom(resource: str, token: str, rule: str, part: str) -> None:
    """Both parts, of pushes and of schedules."""
    assert broken(Change(resource, f"{token}.{part}", ABSENT)) == {rule}


@pytest.mark.parametrize(
    "token",
    [
        "gcp:artifactregistry/repository:Repository",
        "gcp:bigquery/dataset:Dataset",
        "gcp:bigquery/table:Table",
        "gcp:certificatemanager/certificate:Certificate",
        "gcp:certificatemanager/certificateMap:CertificateMap",
        "gcp:cloudfunctionsv2/function:Function",
        "gcp:cloudrunv2/service:Service",
        "gcp:compute/globalAddress:GlobalAddress",
        "gcp:compute/globalForwardingRule:GlobalForwardingRule",
        "gcp:compute/securityPolicy:SecurityPolicy",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:pubsub/subscription:Subscription",
        "gcp:pubsub/topic:Topic",
        "gcp:secretmanager/secret:Secret",
        "gcp:storage/bucket:Bucket",
    ],
)
def test_what_takes_labels_has_one_for_its_environment(token: str) -> None:
    """Its bill is found by it."""
    bare = added(token, labels={"service": "cart"})

    assert "labels-say-whose-it-is" in broken(bare)


@pytest.mark.parametrize(
    "token",
    [
        "gcp:cloudfunctionsv2/function:Function",
        "gcp:pubsub/subscription:Subscription",
        "gcp:pubsub/topic:Topic",
    ],
)
def test_what_is_a_services_says_which(token: str) -> None:
    """Its label is its owner."""
    assert "labels-say-whose-it-is" in broken(added(token, labels={"environment": "prod"}))


@pytest.mark.parametrize(
    "token",
    [
        "gcp:firestore/database:Database",
        "gcp:bigquery/dataset:Dataset",
        "gcp:bigquery/table:Table",
        "gcp:kms/cryptoKey:CryptoKey",
        "gcp:kms/keyRing:KeyRing",
        "gcp:pubsub/topic:Topic",
        "gcp:pubsub/subscription:Subscription",
        "gcp:cloudtasks/queue:Queue",
    ],
)
def test_what_would_be_lost_is_protected(token: str) -> None:
    """By Pulumi's own option."""
    assert "pulumi-protects-what-would-be-lost" in broken(added(token, name="prod-new"))
