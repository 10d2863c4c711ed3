"""Rules and logs that are the whole project's: all off by default."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import logging, orgpolicy, projects

from infra.pulumi.config import Organization
from infra.pulumi.deployment import Deployment
from shared.topology import KEY_VAULT_DATABASE

_FIRESTORE = "datastore.googleapis.com"
"""By this name the logs of both of Firestore's interfaces are switched on; what is logged says `firestore`."""


@dataclass(frozen=True, slots=True)
class ProjectRulesArgs:
    """Which ones is in the settings: `organization`."""

    deployment: Deployment


class ProjectRules(pulumi.ComponentResource):
    """Two environments of a project that both set a rule undo each other: one sets it for all."""

    def __init__(self, name: str, args: ProjectRulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:foundation:ProjectRules", name, None, opts)
        config, rules = args.deployment.config, args.deployment.config.organization
        for constraint in switches(rules):
            self._rule(constraint, config.project_number, orgpolicy.PolicySpecRuleArgs(enforce="TRUE"))
        for constraint, allowed in lists(rules).items():
            values = orgpolicy.PolicySpecRuleValuesArgs(allowed_values=list(allowed))
            self._rule(constraint, config.project_number, orgpolicy.PolicySpecRuleArgs(values=values))
        if rules.audit_key_vault:
            self._audit(args.deployment)
        if rules.log_retention_days is not None:
            self._keep_logs(config.project, rules.log_retention_days)
        self.register_outputs({})

    def _rule(self, constraint: str, project_number: str, rule: orgpolicy.PolicySpecRuleArgs) -> None:
        parent = f"projects/{project_number}"
        orgpolicy.Policy(
            constraint,
            name=f"{parent}/policies/{constraint}",
            parent=parent,
            spec=orgpolicy.PolicySpecArgs(inherit_from_parent=False, reset=False, rules=[rule]),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _audit(self, deployment: Deployment) -> None:
        project = deployment.config.project
        projects.IAMAuditConfig(
            "firestore",
            project=project,
            service=_FIRESTORE,
            audit_log_configs=[
                projects.IAMAuditConfigAuditLogConfigArgs(log_type=kind, exempted_members=[])
                for kind in ("DATA_READ", "DATA_WRITE")
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        logging.ProjectExclusion(
            "access-to-other-databases",
            name=deployment.name("access-to-other-databases"),
            project=project,
            description="Who read and wrote what is not in a key vault; it would be most of all logs.",
            filter=" AND ".join(
                (
                    f'logName="projects/{project}/logs/cloudaudit.googleapis.com%2Fdata_access"',
                    'protoPayload.serviceName="firestore.googleapis.com"',
                    f'NOT protoPayload.resourceName:"{KEY_VAULT_DATABASE}"',
                )
            ),
            disabled=False,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _keep_logs(self, project: str, days: int) -> None:
        logging.ProjectBucketConfig(
            "_Default",
            project=project,
            location="global",
            bucket_id="_Default",
            description="All logs that no sink leads elsewhere.",
            retention_days=days,
            locked=False,
            enable_analytics=False,
            deletion_policy="ABANDON",  # Google does not let go of this bucket
            opts=pulumi.ResourceOptions(parent=self),
        )


def switches(rules: Organization) -> tuple[str, ...]:
    """The constraints that are on."""
    wanted = {
        "iam.automaticIamGrantsForDefaultServiceAccounts": rules.no_default_grants,
        "iam.disableServiceAccountKeyCreation": rules.no_account_keys,
        "iam.disableServiceAccountKeyUpload": rules.no_account_keys,
        "storage.uniformBucketLevelAccess": rules.uniform_buckets,
        "storage.publicAccessPrevention": rules.uniform_buckets,
    }
    return tuple(constraint for constraint, on in wanted.items() if on)


def lists(rules: Organization) -> Mapping[str, tuple[str, ...]]:
    """The constraints that allow some values only."""
    through = rules.ingress_through_edge
    wanted = {
        "iam.allowedPolicyMemberDomains": rules.member_customers,
        "gcp.resourceLocations": rules.locations,
        "run.allowedIngress": ("internal", "internal-and-cloud-load-balancing") if through else (),
        "cloudfunctions.allowedIngressSettings": ("ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB") if through else (),
    }
    return {constraint: allowed for constraint, allowed in wanted.items() if allowed}
