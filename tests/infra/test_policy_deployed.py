"""The house rules over everything that the platform declares."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.policies.rules import RULES, Resource, violations
from tests.infra.harness import Program
from tests.infra.stacks import deployed

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
