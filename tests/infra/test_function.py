"""One function as it is built and run."""

from typing import Any

import pytest

from functions.cart.manifest import MANIFEST as CART
from infra.pulumi.components.function import CloudFunction, CloudFunctionArgs
from infra.pulumi.components.secret import SecretVariable, SecretVariableArgs
from tests.infra.edge_program import deployment
from tests.infra.harness import Inputs, Program, run
from tests.infra.stacks import deployed, elsewhere

ACCOUNT = "gcp:serviceaccount/account:Account"
FUNCTION = "gcp:cloudfunctionsv2/function:Function"
COMMANDS = CART.function("commands")
SECRETS = {"SMTP_USER": "smtp-user", "SMTP_PASSWORD": "smtp-password"}


def declared(**settings: Any) -> Program:
    """`cart-commands`, with two secrets."""
    given = deployment(**settings)

    def program() -> None:
        secrets = {
            variable: SecretVariable(name, SecretVariableArgs(given, "cart", "told to nobody"))
            for variable, name in SECRETS.items()
        }
        args = CloudFunctionArgs(
            deployment=given,
            service=CART,
            function=COMMANDS,
            account="the-account",
            builder="the-builder",
            bucket="the-bucket",
            archive="the-archive",
            repository="the-repository",
            variables={"COMMERCE_RUNTIME": "gcp"},
            secrets=secrets,
            invokers={},
        )
        CloudFunction("cart-commands", args)

    return run(program)


@pytest.fixture(scope="module")
def made() -> Inputs:
    return declared().inputs(FUNCTION)["cart-commands"]


def service_config(**scaling: Any) -> Inputs:
    found: Inputs = declared(scaling=scaling).inputs(FUNCTION)["cart-commands"]["serviceConfig"]
    return found


def test_a_function_is_built_by_whom_and_from_what_is_given(made: Inputs) -> None:
    """And its image is put where it is said, not into Google's own repository."""
    build = made["buildConfig"]

    assert (build["serviceAccount"], build["dockerRepository"]) == ("the-builder", "the-repository")
    assert build["source"] == {"storageSource": {"bucket": "the-bucket", "object": "the-archive"}}


def test_bytecode_is_good_in_the_image(made: Inputs) -> None:
    """With this variable Python's compiler looks at sources, not at their times, which an image changes."""
    assert made["buildConfig"]["environmentVariables"] == {"SOURCE_DATE_EPOCH": "315532800"}


def test_the_base_image_is_renewed_by_google(made: Inputs) -> None:
    """By itself, not only when somebody deploys."""
    assert made["buildConfig"]["automaticUpdatePolicy"] == {}
    assert "onDeployUpdatePolicy" not in made["buildConfig"]


def test_a_function_is_told_what_is_given(made: Inputs) -> None:
    """And runs as the account that is given."""
    assert made["serviceConfig"]["environmentVariables"] == {"COMMERCE_RUNTIME": "gcp"}
    assert made["serviceConfig"]["serviceAccountEmail"] == "the-account"


def test_a_secret_is_read_by_its_own_variable(made: Inputs) -> None:
    """In the version that Secret Manager numbered, never the latest."""
    assert made["serviceConfig"]["secretEnvironmentVariables"] == [
        {"key": "SMTP_USER", "secret": "dev-smtp-user", "version": "7", "projectId": "acme-shop"},
        {"key": "SMTP_PASSWORD", "secret": "dev-smtp-password", "version": "7", "projectId": "acme-shop"},
    ]


def test_every_deployed_secret_is_read_by_its_own_variable() -> None:
    """One of another name would be a password sent to the wrong place."""
    read = {
        (each["key"], each["secret"])
        for function in deployed("dev").inputs(FUNCTION).values()
        for each in function["serviceConfig"]["secretEnvironmentVariables"]
    }

    assert read == {
        ("SMTP_USER", "dev-smtp-user"),
        ("SMTP_PASSWORD", "dev-smtp-password"),
        ("STRIPE_SECRET_KEY", "dev-stripe-secret-key"),
        ("STRIPE_WEBHOOK_SECRET", "dev-stripe-webhook-secret"),
    }


@pytest.mark.parametrize(("kept", "least"), [({}, COMMANDS.min_instances), ({"cart-commands": 2}, 2)])
def test_instances_are_kept_warm_as_set(kept: dict[str, int], least: int) -> None:
    """What the settings do not name is as its manifest says."""
    assert service_config(min_instances=kept)["minInstanceCount"] == least


@pytest.mark.parametrize(("most", "allowed"), [(1, 1), (1000, COMMANDS.max_instances)])
def test_the_settings_can_lower_the_number_of_instances(most: int, allowed: int) -> None:
    """And never raise it above the manifest's."""
    assert service_config(max_instances=most)["maxInstanceCount"] == allowed


def test_instances_of_one_function_are_no_other_ones() -> None:
    """The settings name it with its service."""
    counts = {name: each["serviceConfig"]["minInstanceCount"] for name, each in elsewhere().inputs(FUNCTION).items()}

    assert {name: count for name, count in counts.items() if count} == {"cart-commands": 2}


def test_no_account_is_switched_off() -> None:
    """Nor is one taken over that somebody else has made."""
    found = deployed("dev").inputs(ACCOUNT).values()

    assert {(each["disabled"], each["createIgnoreAlreadyExists"]) for each in found} == {(False, False)}


def test_functions_are_built_by_the_builder_into_the_platforms_repository() -> None:
    """All of them."""
    found = [each["buildConfig"] for each in deployed("dev").inputs(FUNCTION).values()]
    account = "dev-builder@example-shop-dev.iam.gserviceaccount.com"

    assert {(each["serviceAccount"].rpartition("/")[2], each["dockerRepository"]) for each in found} == {
        (account, "projects/example-shop-dev/locations/europe-west1/repositories/dev-functions")
    }
