"""What a deployed function is told, read as the function reads it."""

from typing import Any

import pytest

from infra.pulumi.deployment import Deployment
from infra.pulumi.environment import operators_variables
from shared.config import Runtime, Settings, settings
from shared.topology import Function, Http, Permission, Service
from tests.infra.stacks import SERVICES, config, deployed

FUNCTION = "gcp:cloudfunctionsv2/function:Function"
RESERVED = {"FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "PORT"}
"""What the platform sets, and refuses to be given."""
EVERY = [(service, function) for service in SERVICES for function in service.functions]


def service_config(service: Service, function: Function) -> dict[str, Any]:
    found: dict[str, Any] = deployed("dev").inputs(FUNCTION)[f"{service.name}-{function.name}"]["serviceConfig"]
    return found


def told(service: Service, function: Function) -> Settings:
    return settings(service_config(service, function)["environmentVariables"])


@pytest.mark.parametrize(("service", "function"), EVERY, ids=lambda each: each.name)
class TestEveryFunction:
    def test_knows_where_it_is(self, service: Service, function: Function) -> None:
        """In the cloud, in one environment of one project; no emulator, no local file."""
        found = told(service, function)

        assert (found.runtime, found.project, found.region) == (Runtime.GCP, "example-shop-dev", "europe-west1")
        assert (found.prefix, found.dataset) == ("dev-", "dev_commerce")
        assert (found.firestore_emulator, found.pubsub_emulator, found.bigquery_emulator) == (None, None, None)
        assert (found.key_file, found.archive_file) == (None, None)

    def test_takes_tokens_for_itself_alone(self, service: Service, function: Function) -> None:
        """A token that another function was called with opens nothing here."""
        mine = f"https://dev-{service.name}-{function.name}-123456789012.europe-west1.run.app"

        assert told(service, function).platform_audience == mine

    def test_names_who_calls_it(self, service: Service, function: Function) -> None:
        """The same accounts that may call it at all."""
        bindings = deployed("dev").inputs("gcp:cloudrunv2/serviceIamMember:ServiceIamMember").values()
        invokers = {
            each["member"].removeprefix("serviceAccount:")
            for each in bindings
            if each["name"] == f"dev-{service.name}-{function.name}" and each["member"] != "allUsers"
        }

        assert set(told(service, function).platform_callers) == invokers
        assert bool(invokers) is not isinstance(function.trigger, Http)

    def test_has_all_variables_of_its_manifest(self, service: Service, function: Function) -> None:
        """What is no secret is in the settings; what is one is a numbered version, not a text."""
        found = service_config(service, function)
        secrets = {each["key"]: each for each in found.get("secretEnvironmentVariables", [])}

        assert set(service.environment) <= found["environmentVariables"].keys()
        assert set(secrets) == set(function.secrets)
        assert not secrets.keys() & found["environmentVariables"].keys()
        assert not found["environmentVariables"].keys() & RESERVED

    def test_has_the_key_if_it_handles_personal_data(self, service: Service, function: Function) -> None:
        """And only then."""
        needs = {Permission.SEAL_PERSONAL_DATA, Permission.OPEN_PERSONAL_DATA} & set(function.permissions)

        assert bool(told(service, function).kms_key) is bool(needs)


def test_public_functions_know_which_services_call_them() -> None:
    """By the addresses of the functions that may call others."""
    cart = next(service for service in SERVICES if service.name == "cart")

    found = told(cart, cart.function("commands"))

    assert set(found.service_callers) == {
        f"dev-{service.name}-{function.name}@example-shop-dev.iam.gserviceaccount.com"
        for service, function in EVERY
        if Permission.CALL_SERVICES in function.permissions
    }
    assert found.origin == config("dev").origin


def test_a_timer_calls_the_orchestrators_own_address() -> None:
    """As the account that may call it."""
    checkout = next(service for service in SERVICES if service.name == "checkout")
    found = told(checkout, checkout.function("orchestrator"))

    assert found.function_url.format(service="checkout", function="orchestrator") == found.platform_audience
    assert found.tasks_caller in found.platform_callers


def test_functions_are_served_as_they_are_written() -> None:
    """They are asynchronous; the framework has to be told."""
    for service, function in EVERY:
        assert service_config(service, function)["environmentVariables"]["FUNCTION_USE_ASGI"] == "true"


def test_an_operator_reads_the_same_settings() -> None:
    """The command line works on the environment that the stack's output names."""
    variables = operators_variables(Deployment(config("dev"), SERVICES), "projects/p/…/cryptoKeys/k")
    cart = next(service for service in SERVICES if service.name == "cart")

    ours, theirs = settings(variables), told(cart, cart.function("queries"))

    assert (ours.runtime, ours.project, ours.prefix, ours.origin) == (
        theirs.runtime,
        theirs.project,
        theirs.prefix,
        theirs.origin,
    )
    assert (ours.user_issuer, ours.user_jwks_url) == (theirs.user_issuer, theirs.user_jwks_url)
    assert ours.kms_key == "projects/p/…/cryptoKeys/k"
    assert ours.platform_callers == ()
