"""Several environments fit one project: by whatever the cloud tells two things apart, theirs are two."""

import json
from collections.abc import Callable, Mapping

import pytest

from infra.pulumi.components.budget import MonthlyBudget, MonthlyBudgetArgs
from infra.pulumi.components.organization import ProjectRules, ProjectRulesArgs
from infra.pulumi.config import Budget
from infra.pulumi.deployment import Deployment
from tests.infra.edge_program import deployment
from tests.infra.harness import Inputs, Program, run
from tests.infra.iam_matrix import is_binding
from tests.infra.stacks import deployed, elsewhere

IDENTIFIED: Mapping[str, tuple[str, ...]] = {
    "gcp:artifactregistry/repository:Repository": ("repositoryId",),
    "gcp:bigquery/dataset:Dataset": ("datasetId",),
    "gcp:bigquery/table:Table": ("datasetId",),
    "gcp:certificatemanager/certificate:Certificate": ("name",),
    "gcp:certificatemanager/certificateMap:CertificateMap": ("name",),
    "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry": ("map", "name"),
    "gcp:certificatemanager/dnsAuthorization:DnsAuthorization": ("name",),
    "gcp:cloudfunctionsv2/function:Function": ("name",),
    "gcp:cloudscheduler/job:Job": ("name",),
    "gcp:cloudtasks/queue:Queue": ("name",),
    "gcp:compute/backendService:BackendService": ("name",),
    "gcp:compute/globalAddress:GlobalAddress": ("name",),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": ("name",),
    "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": ("cloudRun", "name"),
    "gcp:compute/sSLPolicy:SSLPolicy": ("name",),
    "gcp:compute/securityPolicy:SecurityPolicy": ("name",),
    "gcp:compute/targetHttpProxy:TargetHttpProxy": ("name",),
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy": ("name",),
    "gcp:compute/uRLMap:URLMap": ("name",),
    "gcp:firestore/backupSchedule:BackupSchedule": ("database",),
    "gcp:firestore/database:Database": ("name",),
    "gcp:firestore/field:Field": ("database",),
    "gcp:firestore/index:Index": ("database",),
    "gcp:kms/cryptoKey:CryptoKey": ("name",),
    "gcp:kms/keyRing:KeyRing": ("name",),
    "gcp:logging/metric:Metric": ("name",),
    "gcp:logging/projectExclusion:ProjectExclusion": ("name",),
    "gcp:monitoring/alertPolicy:AlertPolicy": ("displayName",),
    "gcp:monitoring/customService:CustomService": ("displayName", "serviceId"),
    "gcp:monitoring/dashboard:Dashboard": ("dashboardJson",),
    "gcp:monitoring/notificationChannel:NotificationChannel": ("displayName",),
    "gcp:monitoring/slo:Slo": ("service", "sloId"),
    "gcp:projects/iAMCustomRole:IAMCustomRole": ("roleId", "title"),
    "gcp:pubsub/subscription:Subscription": ("name", "topic"),
    "gcp:pubsub/topic:Topic": ("name",),
    "gcp:secretmanager/secret:Secret": ("secretId",),
    "gcp:serviceaccount/account:Account": ("accountId", "displayName"),
    "gcp:storage/bucket:Bucket": ("name",),
    "gcp:storage/bucketObject:BucketObject": ("bucket",),
}
"""By type, the inputs that tell one from the other, for Google or for a person who reads a list."""
SHARED = {
    "gcp:projects/service:Service": "an API is on for the whole project",
    "gcp:projects/serviceIdentity:ServiceIdentity": "Google's account for Pub/Sub is the project's",
    "gcp:secretmanager/secretVersion:SecretVersion": "the mocks give both secrets one id; a version is its secret's",
}
"""What is the same in all environments, and why."""
PAIRS = [(token, named) for token, inputs in IDENTIFIED.items() for named in inputs]
BUDGET = Budget(billing_account="012345-6789AB-CDEF01", amount=100, currency="EUR")


def values(program: Program, token: str, named: str) -> set[str]:
    return {str(each[named]) for each in program.inputs(token).values()}


@pytest.mark.parametrize(("token", "named"), PAIRS, ids=lambda each: each.rpartition(":")[2])
def test_two_environments_have_nothing_of_one_name(token: str, named: str) -> None:
    """Else one would take over, or refuse, what is the other's."""
    ours, theirs = values(deployed("dev"), token, named), values(elsewhere(), token, named)

    assert ours
    assert theirs
    assert not ours & theirs


def test_every_type_is_told_apart_or_shared_on_purpose() -> None:
    """A new type of resource has to be said here."""
    made = {each.token for each in deployed("dev").resources if not each.component and not is_binding(each)}

    assert made == IDENTIFIED.keys() | SHARED.keys()


def test_two_environments_share_no_grant() -> None:
    """Each is made and taken away by one of them alone."""
    ours, theirs = (
        {json.dumps(each.inputs, sort_keys=True) for each in program.resources if is_binding(each)}
        for program in (deployed("dev"), elsewhere())
    )

    assert ours
    assert not ours & theirs


def test_a_dashboard_is_found_by_its_environment() -> None:
    """In the list it is read by its title."""
    (ours,), (theirs,) = (
        values(program, "gcp:monitoring/dashboard:Dashboard", "dashboardJson") for program in (deployed(), elsewhere())
    )

    assert json.loads(ours)["displayName"] != json.loads(theirs)["displayName"]


def declared(declare: Callable[[Deployment], object], environment: str, token: str) -> Inputs:
    """The one resource of a type."""
    given = deployment(environment=environment, organization={"audit_key_vault": True})
    (found,) = run(lambda: declare(given)).inputs(token).values()
    return found


def test_a_budget_is_told_apart() -> None:
    """By its name in the billing account's list."""

    def declare(given: Deployment) -> object:
        return MonthlyBudget("budget", MonthlyBudgetArgs(given, BUDGET, "a-channel"))

    ours, theirs = (declared(declare, each, "gcp:billing/budget:Budget") for each in ("dev", "test"))

    assert ours["displayName"] != theirs["displayName"]


def test_the_exclusion_of_the_audit_log_is_told_apart() -> None:
    """Although the log is the project's."""

    def declare(given: Deployment) -> object:
        return ProjectRules("rules", ProjectRulesArgs(given))

    ours, theirs = (
        declared(declare, each, "gcp:logging/projectExclusion:ProjectExclusion") for each in ("dev", "test")
    )

    assert ours["name"] != theirs["name"]
