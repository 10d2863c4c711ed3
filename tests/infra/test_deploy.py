"""What the stack's program makes of its settings and secrets, and what it tells an operator."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pytest
from pulumi_gcp import pubsub

from functions.cart.manifest import MANIFEST as CART
from infra.pulumi import stack
from infra.pulumi.composition import Platform, PlatformArgs
from shared.topology import Service
from tests.infra.edge_program import deployment
from tests.infra.harness import Inputs, Program, run
from tests.infra.stacks import SERVICES

PROVIDER = "pulumi:providers:gcp"
TOPIC = "gcp:pubsub/topic:Topic"
MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
"""What the engine's protocol has beside a value that is a secret."""
VARIABLES = [name for service in SERVICES for name in service.secrets]


class SecretsOnly:
    """In the place of the platform: shows how secrets reach it, by resources that mark nothing themselves."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions) -> None:
        self.outputs: dict[str, pulumi.Output[str]] = {}
        for variable, value in args.secrets.items():
            pubsub.Topic(variable, name=value)


def deploy(services: Sequence[Service], platform: type = Platform) -> tuple[Program, dict[str, Any]]:
    """All that is declared for these services, and what is exported."""
    exported: dict[str, Any] = {}

    def program() -> None:
        config = deployment(variables={name: "told" for service in services for name in service.environment}).config
        values = {f"commerce:{name}": f"the value of {name}" for name in VARIABLES}
        settings = {"commerce:deployment": json.dumps(config.model_dump(mode="json"))}
        pulumi.runtime.set_all_config(settings | values, list(values))
        stack.deploy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack, "discover", lambda _: services)
        patch.setattr(stack, "Platform", platform)
        patch.setattr(pulumi, "export", lambda name, value: value.apply(lambda found: exported.update({name: found})))
        try:
            return run(program, stack="dev"), exported
        finally:
            pulumi.runtime.set_all_config({}, [])  # Pulumi keeps them for the whole process


@pytest.fixture(scope="module")
def deployed() -> tuple[Program, dict[str, Any]]:
    """One service is enough."""
    return deploy([CART])


@pytest.fixture
def program(deployed: tuple[Program, dict[str, Any]]) -> Program:
    return deployed[0]


@pytest.fixture
def exported(deployed: tuple[Program, dict[str, Any]]) -> dict[str, Any]:
    return deployed[1]


@pytest.fixture
def provider(program: Program) -> Inputs:
    (found,) = program.inputs(PROVIDER).values()
    return found


def test_a_resource_is_made_in_the_settings_project(provider: Inputs) -> None:
    """Whatever project the shell is logged in to."""
    assert (provider["project"], provider["region"]) == ("acme-shop", "europe-west1")


def test_the_project_is_the_one_that_asks(provider: Inputs) -> None:
    """Budgets and organization policies are refused to a person who asks on nobody's account."""
    assert provider["billingProject"] == "acme-shop"
    assert json.loads(provider["userProjectOverride"]) is True


def test_the_provider_makes_everything(program: Program) -> None:
    """Nothing is left to a default one, which would know the shell's project only."""
    made = [each for each in program.resources if each.token.startswith("gcp:")]

    assert made
    assert {each.provider for each in made} == {"google"}


def test_the_origin_is_exported(exported: dict[str, Any]) -> None:
    """By the domain."""
    assert exported["origin"] == "https://shop.example"


def test_the_address_is_exported(exported: dict[str, Any]) -> None:
    """The one that Google has given: it goes into the domain's A record."""
    assert exported["address"] == "203.0.113.7"


def test_the_record_that_proves_the_domain_is_exported(exported: dict[str, Any]) -> None:
    """As it is written into a zone."""
    assert exported["certificate_record"] == "_acme-challenge.shop.example. CNAME proof."


def test_an_operators_variables_are_exported(exported: dict[str, Any]) -> None:
    """With the key of this environment."""
    operator = exported["operator"]

    assert (operator["COMMERCE_PREFIX"], operator["COMMERCE_KMS_KEY"]) == ("dev-", "key-encryption-id")


def test_secrets_reach_the_platform_as_secrets() -> None:
    """Pulumi encrypts them in whatever they become part of."""
    program, _ = deploy(SERVICES, SecretsOnly)

    assert {name: each["name"] for name, each in program.inputs(TOPIC).items()} == {
        name: {**MARK, "value": f"the value of {name}"} for name in VARIABLES
    }
