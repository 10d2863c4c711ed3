"""The house rules over everything that the platform declares."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.policies.rules import RULES, Resource, violations
from infra.pulumi.stack import settings
from tests.infra.harness import Program
from tests.infra.stacks import declared, deployed, stored

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "policies.json"

_NEVER_ASKED = {"iam-no-keys", "logs-are-kept"}
"""Rules about what neither example has: keys, which are not to be, and a log bucket, which is an option."""


def _as_in_the_cloud(value: Any, names: Mapping[str, str]) -> Any:
    """References end with the cloud's own names, there; the mocks make references of logical names."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, Mapping):
        return {key: _as_in_the_cloud(each, names) for key, each in value.items()}
    return [_as_in_the_cloud(each, names) for each in value] if isinstance(value, list) else value


def _resources(program: Program) -> list[Resource]:
    declared = [each for each in program.resources if not each.component]
    named = {each.name: each.inputs["name"] for each in declared if "name" in each.inputs}
    names = {f"{logical}-id": name for logical, name in named.items()}
    names |= {f"link/{logical}": name for logical, name in named.items()}
    return [
        Resource(
            type=each.token,
            name=each.name,
            inputs=_as_in_the_cloud(each.inputs, names),
            protect=each.protect,
            ignored=each.ignore_changes,
        )
        for each in declared
    ]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_platform_breaks_no_house_rule(environment: str) -> None:
    """All that the program declares, for either example, is let pass by every rule of the policy pack."""
    assert list(violations(_resources(deployed(environment)))) == []


def test_every_house_rule_has_something_to_say() -> None:
    """Each rule is asked of something that the platform has, or is about what it must never have."""
    resources = [*_resources(deployed("dev")), *_resources(deployed("prod"))]
    silent = {rule.name for rule in RULES if not any(map(rule.concerns, resources))}

    assert silent <= _NEVER_ASKED


@pytest.fixture(scope="module")
def elsewhere() -> list[Resource]:
    """A throwaway environment by another name, in the United States."""
    places = {"region": "us-central1", "firestore_location": "nam5", "bigquery_location": "US"}
    return _resources(declared(settings({**stored("dev"), **places, "environment": "test"}, "test")))


def test_another_place_and_another_throwaway_environment_are_configured(elsewhere: list[Resource]) -> None:
    """The example of a configuration lets an unprotected `test` in the United States pass, every rule of it."""
    configured = json.loads(EXAMPLE.read_text(encoding="utf-8"))

    assert list(violations(elsewhere, configured)) == []


def test_nothing_in_the_example_of_a_configuration_is_idle(elsewhere: list[Resource]) -> None:
    """Without it, just the rules that it is about refuse that environment."""
    assert {each.rule for each in violations(elsewhere)} == json.loads(EXAMPLE.read_text(encoding="utf-8")).keys()
