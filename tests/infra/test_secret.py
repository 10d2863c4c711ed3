"""Secrets: kept in Secret Manager, and shown nowhere else."""

import pulumi
import pytest
from pulumi_gcp import pubsub, secretmanager

from infra.pulumi.components.secret import SecretVariable, SecretVariableArgs
from tests.infra.edge_program import deployment
from tests.infra.harness import Inputs, Program, run
from tests.infra.stacks import SERVICES, deployed

SECRET = "gcp:secretmanager/secret:Secret"  # noqa: S105 - a type of resource
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
MARK = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
"""What the engine's protocol has beside a value that is a secret: Pulumi encrypts it in its state."""
VARIABLES = [name for service in SERVICES for name in service.secrets]


@pytest.fixture(scope="module")
def made() -> Program:
    given = deployment()
    return run(lambda: SecretVariable("smtp-user", SecretVariableArgs(given, "notifications", "the value")))


@pytest.fixture(scope="module")
def version(made: Program) -> Inputs:
    return made.inputs(VERSION)["smtp-user"]


class Shown:
    """In the place of a version, which would mark its value itself: shows how it gets there."""

    def __init__(self, name: str, *, secret_data: pulumi.Input[str], **others: object) -> None:
        self.version = pubsub.Topic(name, name=secret_data).name


def test_a_value_is_a_secret_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if it is given as plain text."""
    given = deployment()
    monkeypatch.setattr(secretmanager, "SecretVersion", Shown)

    program = run(lambda: SecretVariable("smtp-user", SecretVariableArgs(given, "notifications", "the value")))

    assert program.inputs("gcp:pubsub/topic:Topic")["smtp-user"]["name"] == {**MARK, "value": "the value"}


def test_a_value_is_kept_as_a_secret(version: Inputs) -> None:
    """Pulumi's state has it encrypted."""
    assert version["secretData"] == {**MARK, "value": "the value"}


def test_a_value_is_a_version_of_its_secret(version: Inputs) -> None:
    """Which can be read."""
    assert (version["secret"], version["enabled"]) == ("smtp-user-id", True)


def test_an_old_version_is_only_switched_off(version: Inputs) -> None:
    """Instances of before read it until they are gone, and whoever was too quick can switch it on again."""
    assert version["deletionPolicy"] == "DISABLE"


def test_a_destroyed_version_can_be_had_back_for_a_week(made: Program) -> None:
    """Secret Manager keeps it that long."""
    assert made.inputs(SECRET)["smtp-user"]["versionDestroyTtl"] == "604800s"


def test_a_secret_lies_in_the_region_alone(made: Program) -> None:
    """As the functions that read it do."""
    assert made.inputs(SECRET)["smtp-user"]["replication"] == {
        "userManaged": {"replicas": [{"location": "europe-west1"}]}
    }


def test_each_value_is_deployed_under_its_own_name() -> None:
    """What is read as a password is the password."""
    found = deployed("dev").inputs(VERSION)

    assert {name: each["secretData"]["value"] for name, each in found.items()} == {
        name.lower().replace("_", "-"): f"the value of {name}" for name in VARIABLES
    }


def test_no_value_is_anywhere_else() -> None:
    """Least of all in a function's plain variables."""
    others = [each for each in deployed("dev").resources if each.token != VERSION]

    assert not [each.name for each in others if "the value of" in str(each.inputs)]
