"""The example stacks, deployed under mocks."""

from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml

import functions
from infra.pulumi.composition import Platform, PlatformArgs
from infra.pulumi.config import StackConfig
from infra.pulumi.deployment import Deployment
from infra.pulumi.stack import settings
from shared.topology import discover
from tests.infra.harness import Program, run

FOLDER = Path(__file__).resolve().parents[2] / "infra" / "pulumi"
SERVICES = discover(functions)


def stored(environment: str) -> dict[str, Any]:
    """The settings in a stack's file, as they are there."""
    config = yaml.safe_load((FOLDER / f"Pulumi.{environment}.yaml").read_text(encoding="utf-8"))["config"]
    found: dict[str, Any] = config["commerce:deployment"]
    return found


def config(environment: str) -> StackConfig:
    return settings(stored(environment), environment)


@cache
def deployed(environment: str = "dev") -> Program:
    """The whole program, run once."""
    return declared(config(environment))


def elsewhere_config() -> StackConfig:
    """Another environment in the project of `dev`, with places, users and scaling that no default says."""
    users = {"issuer": "https://issuer.example", "audience": "tills", "jwks_url": "https://issuer.example/keys"}
    places = {"region": "europe-north1", "firestore_location": "eur3", "bigquery_location": "europe-west4"}
    scaling = {"min_instances": {"cart-commands": 2}, "max_instances": 3}
    found = {**stored("dev"), **places, "environment": "test", "users": users, "scaling": scaling}
    return settings(found, "test")


@cache
def elsewhere() -> Program:
    """The same, deployed."""
    return declared(elsewhere_config())


def declared(settings: StackConfig) -> Program:
    """The same with any settings, run anew each time."""
    deployment = Deployment(settings, SERVICES)

    def program() -> None:
        names = [name for service in SERVICES for name in service.secrets]
        secrets = {name: pulumi.Output.secret(f"the value of {name}") for name in names}
        Platform("commerce", PlatformArgs(deployment=deployment, secrets=secrets))

    return run(program)
