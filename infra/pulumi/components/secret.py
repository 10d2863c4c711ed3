"""A secret variable of functions: its value comes from Pulumi's own secrets and is never shown."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import secretmanager

from infra.pulumi.deployment import Deployment


@dataclass(frozen=True, slots=True)
class SecretVariableArgs:
    """`value` is marked as a secret, in whatever it becomes part of."""

    deployment: Deployment
    service: str
    value: pulumi.Input[str]


class SecretVariable(pulumi.ComponentResource):
    """`secret` and `version`: a function reads one version, so that another one is rolled out as code is."""

    def __init__(self, name: str, args: SecretVariableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:access:SecretVariable", name, None, opts)
        config = args.deployment.config
        value: pulumi.Output[str] = pulumi.Output.secret(args.value)
        secret = secretmanager.Secret(
            name,
            secret_id=args.deployment.name(name),
            project=config.project,
            labels=args.deployment.labels(args.service),
            replication=secretmanager.SecretReplicationArgs(
                user_managed=secretmanager.SecretReplicationUserManagedArgs(
                    replicas=[secretmanager.SecretReplicationUserManagedReplicaArgs(location=config.region)]
                )
            ),
            version_destroy_ttl=f"{7 * 86_400}s",
            deletion_protection=False,
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        version = secretmanager.SecretVersion(
            name,
            secret=secret.id,
            secret_data=value,
            enabled=True,
            # Instances of before read it until they are gone.
            deletion_policy="DISABLE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.secret = secret.secret_id
        self.version = version.version
        self.register_outputs({"secret": self.secret})
