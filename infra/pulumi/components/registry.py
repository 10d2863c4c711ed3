"""Where the functions' images are."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import artifactregistry

from infra.pulumi.deployment import Deployment

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class ImageRegistryArgs:
    """How many images are kept is in the settings: `builds.kept_images`."""

    deployment: Deployment


class ImageRegistry(pulumi.ComponentResource):
    """Filled by the builds of the functions; `repository` is what `build_config.docker_repository` takes.

    Of each function the newest images stay, all others go after a day. Tags may move: each build of a function sets the
    same ones anew, and would fail where they are immutable.
    """

    def __init__(self, name: str, args: ImageRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:foundation:ImageRegistry", name, None, opts)
        deployment, config = args.deployment, args.deployment.config
        made = artifactregistry.Repository(
            name,
            repository_id=deployment.name(name),
            project=config.project,
            location=config.region,
            description="Images of the functions.",
            format="DOCKER",
            mode="STANDARD_REPOSITORY",
            docker_config=artifactregistry.RepositoryDockerConfigArgs(immutable_tags=False),
            cleanup_policy_dry_run=False,
            cleanup_policies=[
                artifactregistry.RepositoryCleanupPolicyArgs(
                    id="keep-the-newest",
                    action="KEEP",
                    most_recent_versions=artifactregistry.RepositoryCleanupPolicyMostRecentVersionsArgs(
                        keep_count=config.builds.kept_images
                    ),
                ),
                artifactregistry.RepositoryCleanupPolicyArgs(
                    id="delete-the-rest",
                    action="DELETE",
                    condition=artifactregistry.RepositoryCleanupPolicyConditionArgs(
                        tag_state="ANY", older_than=f"{_DAY}s"
                    ),
                ),
            ],
            vulnerability_scanning_config=artifactregistry.RepositoryVulnerabilityScanningConfigArgs(
                enablement_config="INHERITED" if config.builds.scan else "DISABLED"
            ),
            labels=deployment.labels(),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = made.repository_id
        self.repository = pulumi.Output.concat(
            f"projects/{config.project}/locations/{config.region}/repositories/", made.repository_id
        )
        self.register_outputs({"repository": self.repository})
