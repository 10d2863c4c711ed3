"""A stack's settings: what is wrong is said before anything is declared."""

from typing import Any

import pulumi
import pytest

from infra.pulumi.config import StackConfig
from infra.pulumi.deployment import Deployment
from infra.pulumi.stack import checked, settings
from tests.infra.stacks import SERVICES, stored


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_examples_are_right(environment: str) -> None:
    """Whoever starts from one changes values, not the form."""
    assert settings(stored(environment), environment).environment == environment


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"environment": "staging"}, "environment"),
        ({"environment": "Dev"}, "environment"),
        ({"environment": "google"}, "begin with goog"),
        ({"project": "1shop"}, "project"),
        ({"project_number": "shop"}, "project_number"),
        ({"region": "Europe"}, "region"),
        ({"domain": "https://shop.example.com"}, "domain"),
        ({"alert_mail": "nobody"}, "alert_mail"),
        ({"users": {"issuer": "http://issuer", "audience": "a", "jwks_url": "https://keys"}}, "users.issuer"),
        ({"users": {"issuer": "https://issuer", "audience": "", "jwks_url": "https://keys"}}, "users.audience"),
        ({"data": {"vault_backups_days": 8}}, "data.vault_backups_days"),
        ({"data": {"daily_backups_days": 0}}, "data.daily_backups_days"),
        ({"scaling": {"max_instances": 0}}, "scaling.max_instances"),
        ({"scaling": {"min_instances": {"cart-commands": -1}}}, "cart-commands"),
        ({"colour": "green"}, "colour"),
    ],
)
def test_a_wrong_setting_is_named(change: dict[str, Any], named: str) -> None:
    """And nothing is declared."""
    with pytest.raises(pulumi.RunError, match=named):
        settings(stored("dev") | change, "dev")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"variables": {}}, "variables.SMTP_HOST: is missing"),
        ({"variables": {"SMPT_HOST": "x"}}, "variables.SMPT_HOST: no manifest reads it"),
        ({"scaling": {"min_instances": {"checkout-comands": 1}}}, "checkout-comands: there is no such function"),
        ({"scaling": {"min_instances": {"cart-relay": 2}}}, "cart-relay: 2, and it has 1 at most"),
        ({"scaling": {"max_instances": 5, "min_instances": {"cart-commands": 6}}}, "cart-commands: 6, and it has 5"),
    ],
)
def test_a_setting_that_fits_no_manifest_is_named(change: dict[str, Any], named: str) -> None:
    """Before anything is declared: a deployment that stops in the middle would have made databases by then."""
    deployment = Deployment(settings(stored("dev") | change, "dev"), SERVICES)

    with pytest.raises(pulumi.RunError, match=named):
        checked(deployment)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_examples_fit_the_manifests(environment: str) -> None:
    """All that they set is read by somebody."""
    assert Deployment(settings(stored(environment), environment), SERVICES).mistakes() == []


@pytest.mark.parametrize("missing", ["environment", "project", "project_number", "domain", "users", "alert_mail"])
def test_what_nobody_can_guess_has_to_be_set(missing: str) -> None:
    """A default would be somebody else's project."""
    found = stored("dev")
    del found[missing]

    with pytest.raises(pulumi.RunError, match=missing):
        settings(found, "dev")


def test_a_stack_takes_no_other_environments_settings() -> None:
    """It would rename everything that it has, and take what another stack has."""
    with pytest.raises(pulumi.RunError, match="'prod' in the stack 'dev'"):
        settings(stored("prod"), "dev")


def test_every_setting_says_what_it_is_for() -> None:
    """The settings are documented where they are checked."""

    def undescribed(model: type[Any]) -> list[str]:
        found = []
        for name, each in model.model_fields.items():
            nested = each.annotation
            if isinstance(nested, type) and hasattr(nested, "model_fields"):
                found += undescribed(nested)
            elif not each.description:
                found.append(f"{model.__name__}.{name}")
        return found

    assert undescribed(StackConfig) == []
