"""The custom roles: what Google's predefined ones do not say finely enough."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import projects

from infra.pulumi.deployment import Deployment


@dataclass(frozen=True, slots=True)
class CustomRolesArgs:
    """`roles` by id: what for, and the permissions."""

    deployment: Deployment
    roles: Mapping[str, tuple[str, tuple[str, ...]]]


class CustomRoles(pulumi.ComponentResource):
    """`names` by declared id, as bindings want them."""

    def __init__(self, name: str, args: CustomRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:access:CustomRoles", name, None, opts)
        deployment = args.deployment
        made = {
            role: projects.IAMCustomRole(
                role,
                role_id=deployment.id(role),
                project=deployment.config.project,
                title=deployment.name(role),
                description=purpose,
                permissions=list(permissions),
                stage="GA",
                deletion_policy="DELETE",
                opts=pulumi.ResourceOptions(parent=self),
            )
            for role, (purpose, permissions) in args.roles.items()
        }
        self.names: Mapping[str, pulumi.Output[str]] = {role: resource.name for role, resource in made.items()}
        self.register_outputs({"names": self.names})
