"""One stack: its settings and secrets read, the platform declared, what an operator needs of it exported."""

import pulumi
import pulumi_gcp
from pydantic import ValidationError

import functions
from infra.pulumi.composition import Platform, PlatformArgs
from infra.pulumi.config import StackConfig
from infra.pulumi.deployment import Deployment
from shared.topology import discover


def deploy() -> None:
    """Raises RunError with every setting that is wrong; nothing is declared then."""
    stored = pulumi.Config("commerce")
    services = discover(functions)
    deployment = checked(Deployment(settings(stored.require_object("deployment"), pulumi.get_stack()), services))
    names = [name for service in services for name in service.secrets]
    secrets = {name: stored.require_secret(name) for name in names}
    options = pulumi.ResourceOptions(providers=[_provider(deployment.config)])
    platform = Platform("commerce", PlatformArgs(deployment=deployment, secrets=secrets), options)
    for name, value in platform.outputs.items():
        pulumi.export(name, value)


def checked(deployment: Deployment) -> Deployment:
    """The same, if its settings and its manifests fit together."""
    if mistakes := deployment.mistakes():
        raise pulumi.RunError("commerce:deployment: " + "; ".join(mistakes))
    return deployment


def _provider(config: StackConfig) -> pulumi_gcp.Provider:
    """For this project, whatever the shell is logged in to. Some interfaces (budgets, organization policies) want to
    know which project asks.
    """
    return pulumi_gcp.Provider(
        "google",
        project=config.project,
        region=config.region,
        billing_project=config.project,
        user_project_override=True,
    )


def settings(found: object, stack: str) -> StackConfig:
    """Of the stack that is named for its environment: the wrong file would take another environment's names."""
    try:
        config = StackConfig.model_validate(found)
    except ValidationError as error:
        raise pulumi.RunError(f"commerce:deployment: {error}") from error
    if config.environment != stack:
        raise pulumi.RunError(f"commerce:deployment: environment is {config.environment!r} in the stack {stack!r}")
    return config
