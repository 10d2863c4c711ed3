"""What the manifests declare is deployed, and nothing that they do not declare."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.topology import (
    EVENTS_DATABASE,
    EXPIRY_FIELD,
    KEY_VAULT_DATABASE,
    PYTHON_VERSION,
    READ_MODELS_DATABASE,
    Function,
    Http,
    Service,
    all_indexes,
    expiring_collections,
)
from tests.infra.harness import Program
from tests.infra.iam_matrix import is_binding
from tests.infra.stacks import SERVICES, deployed

FUNCTION = "gcp:cloudfunctionsv2/function:Function"
EYES = ("gcp:monitoring/", "gcp:logging/")
"""What watches the platform has tests of its own, which say what each is for."""


@pytest.fixture(scope="module")
def program() -> Program:
    return deployed("dev")


def functions() -> Iterator[tuple[Service, Function]]:
    return ((service, function) for service in SERVICES for function in service.functions)


def names(kind: str) -> set[str]:
    """Of all that the services declare of a kind."""
    return {each.name for service in SERVICES for each in getattr(service, kind)}


def dead_letters() -> set[str]:
    return {each.dead_letter_topic for service in SERVICES for each in service.subscriptions}


FUNCTIONS = {f"{service.name}-{function.name}" for service, function in functions()}
PUBLIC = {f"{service.name}-{each.name}" for service, each in functions() if isinstance(each.trigger, Http)}
TABLES = {
    f"{dataset.name}.{name}"
    for dataset in (service.dataset for service in SERVICES)
    if dataset
    for name in (*(table.name for table in dataset.tables), *(view.name for view in dataset.views))
}
INDEXES = {
    "-".join((index.database, index.collection, *(field.name for field in index.fields)))
    for index in all_indexes(SERVICES)
}
SECRETS = {name.lower().replace("_", "-") for service in SERVICES for name in service.secrets}

DECLARED: dict[str, set[str]] = {
    FUNCTION: FUNCTIONS,
    "gcp:pubsub/topic:Topic": names("topics") | dead_letters(),
    "gcp:pubsub/subscription:Subscription": names("subscriptions") | dead_letters(),
    "gcp:cloudscheduler/job:Job": names("schedules"),
    "gcp:cloudtasks/queue:Queue": names("queues"),
    "gcp:bigquery/dataset:Dataset": {service.dataset.name for service in SERVICES if service.dataset},
    "gcp:bigquery/table:Table": TABLES,
    "gcp:storage/bucketObject:BucketObject": {service.name for service in SERVICES},
    "gcp:secretmanager/secret:Secret": SECRETS,
    "gcp:secretmanager/secretVersion:SecretVersion": SECRETS,
    "gcp:serviceaccount/account:Account": FUNCTIONS | {"push", "scheduler", "tasks", "builder"},
    "gcp:firestore/database:Database": {EVENTS_DATABASE, READ_MODELS_DATABASE, KEY_VAULT_DATABASE},
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": PUBLIC,
}
"""By type: the logical names, which are the declared ones."""

ONE_OF_EACH = {
    "gcp:artifactregistry/repository:Repository": 1,
    "gcp:certificatemanager/certificate:Certificate": 1,
    "gcp:certificatemanager/certificateMap:CertificateMap": 1,
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": 1,
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": 1,
    "gcp:compute/globalAddress:GlobalAddress": 1,
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": 2,
    "gcp:compute/sSLPolicy:SSLPolicy": 1,
    "gcp:compute/securityPolicy:SecurityPolicy": 1,
    "gcp:compute/targetHttpProxy:TargetHttpProxy": 1,
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy": 1,
    "gcp:compute/uRLMap:URLMap": 2,
    "gcp:firestore/backupSchedule:BackupSchedule": 2,
    "gcp:kms/cryptoKey:CryptoKey": 1,
    "gcp:kms/keyRing:KeyRing": 1,
    "gcp:projects/serviceIdentity:ServiceIdentity": 1,
    "gcp:storage/bucket:Bucket": 1,
}
"""What the platform has besides, and how many."""
CHECKED_ELSEWHERE = {
    "gcp:compute/backendService:BackendService",  # test_load_balancer, test_drift_routes
    "gcp:firestore/field:Field",  # below
    "gcp:firestore/index:Index",  # below
    "gcp:projects/iAMCustomRole:IAMCustomRole",  # test_permissions
    "gcp:projects/service:Service",  # test_foundation
}


@pytest.mark.parametrize("token", DECLARED)
def test_what_is_declared_is_deployed_and_nothing_else(program: Program, token: str) -> None:
    """A thing that only the cloud knows would be nobody's; one that only a manifest knows would be missing."""
    assert set(program.of(token)) == DECLARED[token]


@pytest.mark.parametrize("token", ONE_OF_EACH)
def test_the_platform_has_so_many(program: Program, token: str) -> None:
    """Ground and edge do not grow with the services."""
    assert len(program.of(token)) == ONE_OF_EACH[token]


def test_nothing_else_is_deployed(program: Program) -> None:
    """A new type of resource has to be said here, with what it is for."""
    known = DECLARED.keys() | ONE_OF_EACH.keys() | CHECKED_ELSEWHERE
    unknown = {
        each.token
        for each in program.resources
        if not each.component and each.token not in known and not each.token.startswith(EYES) and not is_binding(each)
    }

    assert unknown == set()


def test_every_index_is_deployed_and_no_other(program: Program) -> None:
    """Firestore makes an index of one field only as a field's own setting; automatic ones are off everywhere."""
    composite = {
        (each["database"], each["collection"], each["queryScope"], tuple(_order(field) for field in each["fields"]))
        for each in program.inputs("gcp:firestore/index:Index").values()
    }
    fields = program.inputs("gcp:firestore/field:Field").values()
    single = {
        (each["database"], each["collection"], index["queryScope"], ((each["field"], index["order"]),))
        for each in fields
        for index in each["indexConfig"].get("indexes", [])
    }

    assert composite | single == {
        (
            f"dev-{index.database}",
            index.collection,
            "COLLECTION_GROUP" if index.group else "COLLECTION",
            tuple((field.name, "DESCENDING" if field.descending else "ASCENDING") for field in index.fields),
        )
        for index in all_indexes(SERVICES)
    }
    unindexed = {(each["database"], each["collection"], each["field"]) for each in fields if "ttlConfig" not in each}
    assert {("dev-events", "__default__", "*"), ("dev-read-models", "__default__", "*")} <= unindexed
    expiring = {(each["database"], each["collection"], each["field"]) for each in fields if "ttlConfig" in each}
    assert expiring == {("dev-events", collection, EXPIRY_FIELD) for collection in expiring_collections(SERVICES)}


def _order(field: dict[str, Any]) -> tuple[str, str]:
    return field["fieldPath"], field["order"]


@pytest.mark.parametrize(("service", "function"), [*functions()], ids=lambda each: each.name)
class TestFunction:
    def test_is_as_large_as_declared(self, program: Program, service: Service, function: Function) -> None:
        """Nothing is left to defaults, which are one request at a time and the whole world as callers."""
        config = program.inputs(FUNCTION)[f"{service.name}-{function.name}"]["serviceConfig"]

        assert (config["availableCpu"], config["availableMemory"]) == (str(function.cpu), f"{function.memory}Mi")
        assert config["maxInstanceRequestConcurrency"] == function.concurrency
        assert (config["minInstanceCount"], config["maxInstanceCount"]) == (
            function.min_instances,
            function.max_instances,
        )
        assert config["timeoutSeconds"] == function.timeout
        assert config["allTrafficOnLatestRevision"] is True

    def test_runs_its_entry_point(self, program: Program, service: Service, function: Function) -> None:
        """Out of its service's archive, on the Python that everything is tested on."""
        build = program.inputs(FUNCTION)[f"{service.name}-{function.name}"]["buildConfig"]
        archive = program.inputs("gcp:storage/bucketObject:BucketObject")[service.name]

        assert build["entryPoint"] == function.name
        assert build["runtime"] == f"python{PYTHON_VERSION.replace('.', '')}"
        assert build["source"]["storageSource"] == {"bucket": archive["bucket"], "object": archive["name"]}

    def test_is_its_own_identity(self, program: Program, service: Service, function: Function) -> None:
        """What one function may do, no other one may because of it."""
        name = f"{service.name}-{function.name}"
        account = program.inputs("gcp:serviceaccount/account:Account")[name]

        assert account["accountId"] == f"dev-{name}"
        found = program.inputs(FUNCTION)[name]["serviceConfig"]["serviceAccountEmail"]
        assert found == f"dev-{name}@{account['project']}.iam.gserviceaccount.com"

    def test_is_open_to_whom_its_trigger_says(self, program: Program, service: Service, function: Function) -> None:
        """Clients come through the load balancer; everything else from inside the project."""
        found = program.inputs(FUNCTION)[f"{service.name}-{function.name}"]
        public = isinstance(function.trigger, Http)

        wanted = "ALLOW_INTERNAL_AND_GCLB" if public else "ALLOW_INTERNAL_ONLY"
        assert found["serviceConfig"]["ingressSettings"] == wanted
        assert found["labels"]["exposure"] == ("public" if public else "private")


def test_a_function_gives_up_before_pubsub_does(program: Program) -> None:
    """Else a message would be delivered again while it is still being handled."""
    timeouts = {
        f"dev-{name}": each["serviceConfig"]["timeoutSeconds"] for name, each in program.inputs(FUNCTION).items()
    }
    pushed = [
        each for each in program.inputs("gcp:pubsub/subscription:Subscription").values() if each.get("pushConfig")
    ]

    assert pushed
    for each in pushed:
        function = each["pushConfig"]["pushEndpoint"].removeprefix("https://").partition("-123456789012.")[0]
        assert timeouts[function] < each["ackDeadlineSeconds"]


def test_every_subscription_has_dead_letters(program: Program) -> None:
    """But those that keep dead letters themselves."""
    without = {
        name
        for name, each in program.inputs("gcp:pubsub/subscription:Subscription").items()
        if "deadLetterPolicy" not in each
    }

    assert without == dead_letters()


def test_only_what_changed_is_deployed_again(program: Program) -> None:
    """An archive is named by what is in it: the same sources have the same name in every deployment."""
    archives = program.inputs("gcp:storage/bucketObject:BucketObject")

    assert {name: each["name"] for name, each in archives.items()} == {
        name: each["name"] for name, each in deployed("prod").inputs("gcp:storage/bucketObject:BucketObject").items()
    }
