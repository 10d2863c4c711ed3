"""Where the functions' source archives are."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import storage

from infra.pulumi.deployment import Deployment


@dataclass(frozen=True, slots=True)
class SourceBucketArgs:
    """One bucket for all services."""

    deployment: Deployment


class SourceBucket(pulumi.ComponentResource):
    """Of archives that are named by what is in them, so there is nothing to version and nothing to undelete: the same
    commit makes the same archive again.

    No archive is deleted by its age: a service that has not changed for a year is still built from its year-old one
    when only its memory changes. Pulumi deletes an archive when nothing is declared to be built from it.
    """

    def __init__(self, name: str, args: SourceBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:foundation:SourceBucket", name, None, opts)
        deployment, config = args.deployment, args.deployment.config
        bucket = storage.Bucket(
            name,
            # Buckets share one space of names with the whole world.
            name=f"{config.project}-{deployment.name(name)}",
            project=config.project,
            location=config.region.upper(),
            storage_class="STANDARD",
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning=storage.BucketVersioningArgs(enabled=False),
            soft_delete_policy=storage.BucketSoftDeletePolicyArgs(retention_duration_seconds=0),
            lifecycle_rules=[
                storage.BucketLifecycleRuleArgs(
                    action=storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
                    condition=storage.BucketLifecycleRuleConditionArgs(age=1),
                )
            ],
            requester_pays=False,
            default_event_based_hold=False,
            enable_object_retention=False,
            force_destroy=False,
            labels=deployment.labels(),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.bucket = bucket.name
        self.register_outputs({"bucket": self.bucket})
