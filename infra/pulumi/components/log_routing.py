"""Which log entries are not worth their storage."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import logging

from infra.pulumi.deployment import Deployment


@dataclass(frozen=True, slots=True)
class LogRoutingArgs:
    """Nothing to choose: what is kept out is said twice already, and every error is kept."""

    deployment: Deployment


class LogRouting(pulumi.ComponentResource):
    """Keeps Cloud Run's own line of a request that went well out of the storage: the function has written a better one.

    What the project does with all other entries (the bucket `_Default`, 30 days) belongs to the project, which may hold
    several environments.
    """

    def __init__(self, name: str, args: LogRoutingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:observability:LogRouting", name, None, opts)
        deployment = args.deployment
        excluded = logging.ProjectExclusion(
            "requests-that-went-well",
            name=deployment.name("requests-that-went-well"),
            project=deployment.config.project,
            description="Request lines of Cloud Run with 2xx: the function writes its own line for each request.",
            filter=requests_that_went_well(deployment),
            disabled=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"exclusion": excluded.name})


def requests_that_went_well(deployment: Deployment) -> str:
    return " AND ".join(
        (
            'resource.type="cloud_run_revision"',
            f'resource.labels.service_name=~"^{deployment.prefix}"',
            f'logName="projects/{deployment.config.project}/logs/run.googleapis.com%2Frequests"',
            "httpRequest.status>=200",
            "httpRequest.status<300",
            "severity<WARNING",
        )
    )
