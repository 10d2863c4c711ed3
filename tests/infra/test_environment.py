"""What a deployed function is told, read as the function reads it."""

from typing import Any

import pytest

from infra.pulumi.deployment import Deployment
from infra.pulumi.environment import operators_variables
from shared.config import Runtime, Settings, settings
from shared.topology import Function, Http, Permission, Service
from tests.infra.stacks import SERVICES, config, deployed, elsewhere, elsewhere_config

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


def test_each_execution_is_told_apart_by_the_functions_themselves() -> None:
    """Google's own id would be in every line a second time."""
    for service, function in EVERY:
        assert service_config(service, function)["environmentVariables"]["LOG_EXECUTION_ID"] == "false"


@pytest.mark.parametrize(("service", "function"), EVERY, ids=lambda each: each.name)
class TestEveryFunctionElsewhere:
    """Where no setting is another one's, or a default."""

    def test_knows_who_signs_tokens(self, service: Service, function: Function) -> None:
        """The issuer, the audience and the keys are those of the settings."""
        found = told_elsewhere(service, function)

        assert found["COMMERCE_USER_ISSUER"] == "https://issuer.example"
        assert found["COMMERCE_USER_AUDIENCE"] == "tills"
        assert found["COMMERCE_USER_JWKS_URL"] == "https://issuer.example/keys"

    def test_is_told_what_the_settings_say(self, service: Service, function: Function) -> None:
        """Each variable of its manifest has its own value; those of other services are not there."""
        found, settings = told_elsewhere(service, function), elsewhere_config().variables

        assert {name: found[name] for name in found.keys() & settings.keys()} == {
            name: settings[name] for name in service.environment
        }

    def test_knows_its_own_place(self, service: Service, function: Function) -> None:
        """Region, prefix and origin of its environment."""
        found = told_elsewhere(service, function)

        assert (found["COMMERCE_REGION"], found["COMMERCE_PREFIX"]) == ("europe-north1", "test-")
        assert found["COMMERCE_ORIGIN"] == "https://dev.shop.example.com"


def told_elsewhere(service: Service, function: Function) -> dict[str, str]:
    config = elsewhere().inputs(FUNCTION)[f"{service.name}-{function.name}"]["serviceConfig"]
    found: dict[str, str] = config["environmentVariables"]
    return found


def test_an_operator_works_on_the_environment_of_the_settings() -> None:
    """By the variables that the stack exports."""
    given = elsewhere_config()

    found = settings(operators_variables(Deployment(given, SERVICES), "projects/p/…/cryptoKeys/k"))

    assert (found.runtime, found.project, found.region) == (Runtime.GCP, "example-shop-dev", "europe-north1")
    assert (found.prefix, found.origin) == ("test-", "https://dev.shop.example.com")
    assert (found.user_issuer, found.user_audience) == ("https://issuer.example", "tills")
    assert found.user_jwks_url == "https://issuer.example/keys"
    assert found.kms_key == "projects/p/…/cryptoKeys/k"


def test_an_operator_calls_and_is_called_by_nobody() -> None:
    """Tokens for the public API are accepted, but no account of Google's services has any business there."""
    found = operators_variables(Deployment(elsewhere_config(), SERVICES), "key")

    assert (found["COMMERCE_PLATFORM_AUDIENCE"], found["COMMERCE_PLATFORM_CALLERS"]) == (
        "https://dev.shop.example.com",
        "",
    )


def test_an_operator_has_the_variables_of_all_services() -> None:
    """The command line works for each of them."""
    given = elsewhere_config()
    found = operators_variables(Deployment(given, SERVICES), "key")

    assert given.variables
    assert {name: found[name] for name in given.variables} == given.variables


def test_an_operator_knows_where_timers_call() -> None:
    """And as whom."""
    found = operators_variables(Deployment(elsewhere_config(), SERVICES), "key")

    assert found["COMMERCE_TASKS_CALLER"] == "test-tasks@example-shop-dev.iam.gserviceaccount.com"
    assert found["COMMERCE_FUNCTION_URL"] == ("https://test-{service}-{function}-123456789012.europe-north1.run.app")
