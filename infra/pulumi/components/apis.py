"""Google's services that the platform uses, switched on in its project."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import projects

from infra.pulumi.config import StackConfig
from infra.pulumi.deployment import Deployment

APIS: Mapping[str, str] = {
    "artifactregistry": "images of the functions",
    "bigquery": "the archive",
    "bigquerystorage": "much of the archive at once",
    "certificatemanager": "the certificate of the public API",
    "cloudbuild": "builds of the functions",
    "cloudfunctions": "the functions",
    "cloudkms": "the key that wraps data keys",
    "cloudresourcemanager": "roles on the project",
    "cloudscheduler": "schedules",
    "cloudtasks": "queues",
    "compute": "the load balancer",
    "firestore": "the databases",
    "iam": "service accounts and custom roles",
    "logging": "logs and metrics from them",
    "monitoring": "alerts, objectives and dashboards",
    "pubsub": "topics and subscriptions",
    "run": "what the functions run on",
    "secretmanager": "secrets",
    "storage": "sources of the functions",
}
"""By the name before `.googleapis.com`: what for. All environments of a project use the same."""
_SCANNING = "containerscanning"
_BUDGETS = "billingbudgets"
_POLICIES = "orgpolicy"


def apis(config: StackConfig) -> tuple[str, ...]:
    """Those of `APIS`, and those that an option asks for."""
    rules = config.organization
    ruled = (
        rules.no_default_grants
        or rules.no_account_keys
        or rules.uniform_buckets
        or rules.ingress_through_edge
        or rules.member_customers
        or rules.locations
    )
    options = {_SCANNING: config.builds.scan, _BUDGETS: config.budget, _POLICIES: ruled}
    return (*APIS, *(name for name, wanted in options.items() if wanted))


@dataclass(frozen=True, slots=True)
class EnabledApisArgs:
    """Which ones follows from the settings."""

    deployment: Deployment


class EnabledApis(pulumi.ComponentResource):
    """Never switched off again: another environment of the project, or somebody else, may need them. What is made with
    a service must wait for this component.
    """

    def __init__(self, name: str, args: EnabledApisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:foundation:EnabledApis", name, None, opts)
        config = args.deployment.config
        enabled = {
            api: projects.Service(
                api,
                project=config.project,
                service=f"{api}.googleapis.com",
                disable_on_destroy=False,
                disable_dependent_services=False,
                check_if_service_has_usage_on_destroy=False,
                deletion_policy="ABANDON",
                opts=pulumi.ResourceOptions(parent=self),
            )
            for api in apis(config)
        }
        # Pub/Sub's own account gets roles here, and comes to be when it is asked for.
        projects.ServiceIdentity(
            "pubsub",
            project=config.project,
            service="pubsub.googleapis.com",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[enabled["pubsub"]]),
        )
        self.register_outputs({})
