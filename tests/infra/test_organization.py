"""Rules for the whole project."""

from typing import Any

import pytest

from infra.pulumi.components.organization import ProjectRules, ProjectRulesArgs
from infra.pulumi.config import Organization
from tests.infra.edge_program import NUMBER, deployment
from tests.infra.harness import Program, run

POLICY = "gcp:orgpolicy/policy:Policy"
AUDIT = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
EXCLUSION = "gcp:logging/projectExclusion:ProjectExclusion"
LOGS = "gcp:logging/projectBucketConfig:ProjectBucketConfig"


def rules(**organization: Any) -> Program:
    given = deployment(organization=organization)
    return run(lambda: ProjectRules("rules", ProjectRulesArgs(given)))


def allowed(program: Program, constraint: str) -> list[str]:
    (rule,) = program.inputs(POLICY)[constraint]["spec"]["rules"]
    values: list[str] = rule["values"]["allowedValues"]
    return values


def test_all_is_off_by_default() -> None:
    """Nothing is declared for a project whose owner has not asked."""
    assert [each.name for each in rules().resources if not each.component] == []


@pytest.mark.parametrize(
    ("setting", "constraints"),
    [
        ("no_default_grants", {"iam.automaticIamGrantsForDefaultServiceAccounts"}),
        ("no_account_keys", {"iam.disableServiceAccountKeyCreation", "iam.disableServiceAccountKeyUpload"}),
        ("uniform_buckets", {"storage.uniformBucketLevelAccess", "storage.publicAccessPrevention"}),
    ],
)
def test_a_switch_is_enforced(setting: str, constraints: set[str]) -> None:
    """Each of these settings enforces its constraints, and no others."""
    found = rules(**{setting: True}).inputs(POLICY)
    assert set(found) == constraints
    assert all(each["spec"]["rules"] == [{"enforce": "TRUE"}] for each in found.values())


def test_a_rule_is_the_project_s() -> None:
    """By its number, as Google answers, so that nothing seems to have changed the next time."""
    (found,) = rules(no_default_grants=True).inputs(POLICY).values()
    assert found["parent"] == f"projects/{NUMBER}"
    assert found["name"] == f"projects/{NUMBER}/policies/iam.automaticIamGrantsForDefaultServiceAccounts"


def test_a_rule_takes_nothing_from_above() -> None:
    """It is what it says, whatever the organization says; both are declared."""
    found = rules(no_default_grants=True, locations=["in:eu-locations"]).inputs(POLICY).values()
    assert {(each["spec"]["inheritFromParent"], each["spec"]["reset"]) for each in found} == {(False, False)}


def test_functions_stay_as_they_are_behind_the_ingress_rule() -> None:
    """It allows what the platform's own functions have: inside, and inside or through a load balancer."""
    program = rules(ingress_through_edge=True)
    assert allowed(program, "cloudfunctions.allowedIngressSettings") == [
        "ALLOW_INTERNAL_ONLY",
        "ALLOW_INTERNAL_AND_GCLB",
    ]
    assert allowed(program, "run.allowedIngress") == ["internal", "internal-and-cloud-load-balancing"]


def test_members_and_locations_are_lists() -> None:
    """What the settings name is allowed, nothing else."""
    program = rules(member_customers=["C01abcdef"], locations=["in:eu-locations"])
    assert allowed(program, "iam.allowedPolicyMemberDomains") == ["C01abcdef"]
    assert allowed(program, "gcp.resourceLocations") == ["in:eu-locations"]


def test_the_settings_say_what_breaks() -> None:
    """Who keeps roles to members reads that the edge cannot become public."""
    assert "allUsers" in str(Organization.model_fields["member_customers"].description)


def test_reads_and_writes_of_the_key_vault_are_logged() -> None:
    """By the service name that Firestore is configured by."""
    (found,) = rules(audit_key_vault=True).inputs(AUDIT).values()
    assert found["service"] == "datastore.googleapis.com"
    assert [each["logType"] for each in found["auditLogConfigs"]] == ["DATA_READ", "DATA_WRITE"]


def test_access_to_other_databases_is_not_kept() -> None:
    """Firestore logs all or none; what is not about a key vault is dropped before it is paid for."""
    (found,) = rules(audit_key_vault=True).inputs(EXCLUSION).values()
    assert found["filter"] == (
        'logName="projects/acme-shop/logs/cloudaudit.googleapis.com%2Fdata_access" AND '
        'protoPayload.serviceName="firestore.googleapis.com" AND NOT protoPayload.resourceName:"key-vault"'
    )
    assert found["disabled"] is False


def test_logs_are_kept_as_long_as_set() -> None:
    """In the bucket that all logs go to; it can still be changed later."""
    (found,) = rules(log_retention_days=90).inputs(LOGS).values()
    assert (found["bucketId"], found["location"], found["retentionDays"], found["locked"]) == (
        "_Default",
        "global",
        90,
        False,
    )
