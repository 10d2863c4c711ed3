"""Who builds the functions."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import artifactregistry, projects, storage

from infra.pulumi.components.account import ServiceAccount, ServiceAccountArgs
from infra.pulumi.deployment import Deployment


@dataclass(frozen=True, slots=True)
class BuilderArgs:
    """`bucket` has the source archives, `repository` (its short name) takes the images."""

    deployment: Deployment
    bucket: pulumi.Input[str]
    repository: pulumi.Input[str]


class Builder(pulumi.ComponentResource):
    """An identity for builds alone: reads sources, writes images and logs. `account` is its full name, as
    `build_config.service_account` takes it; a function must also wait for this component, or it is built before its
    builder may do anything.
    """

    def __init__(self, name: str, args: BuilderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:foundation:Builder", name, None, opts)
        config, child = args.deployment.config, pulumi.ResourceOptions(parent=self)
        account = ServiceAccount(name, ServiceAccountArgs(args.deployment, "Builds the functions."), child)
        projects.IAMMember(
            f"{name}-logs",
            project=config.project,
            role="roles/logging.logWriter",
            member=account.member,
            opts=child,
        )
        artifactregistry.RepositoryIamMember(
            f"{name}-images",
            project=config.project,
            location=config.region,
            repository=args.repository,
            role="roles/artifactregistry.writer",
            member=account.member,
            opts=child,
        )
        storage.BucketIAMMember(
            f"{name}-sources",
            bucket=args.bucket,
            role="roles/storage.objectViewer",
            member=account.member,
            opts=child,
        )
        projects.IAMMember(
            f"{name}-copied-sources",
            project=config.project,
            role="roles/storage.objectViewer",
            member=account.member,
            condition=_google_s_copies(args.deployment),
            opts=child,
        )
        self.account = account.id_of_account
        self.register_outputs({"account": self.account})


def _google_s_copies(deployment: Deployment) -> projects.IAMMemberConditionArgs:
    """Cloud Functions copies each archive into a bucket of its own, and builds are made from there. It makes that
    bucket with the first function, so nothing can be granted on it before.
    """
    bucket = f"gcf-v2-sources-{deployment.config.project_number}-{deployment.config.region}"
    return projects.IAMMemberConditionArgs(
        title="sources-of-functions",
        description="Cloud Functions' own bucket of sources.",
        expression=" || ".join(
            (
                f'resource.name == "projects/_/buckets/{bucket}"',
                f'resource.name.startsWith("projects/_/buckets/{bucket}/")',
            )
        ),
    )
