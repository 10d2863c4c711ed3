"""The policy pack as Pulumi's engine meets it: a process of its own that is asked over gRPC."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from infra.policies.rules import RULES, Resource
from tests.infra.policy_changes import ABSENT, Change, Removal
from tests.infra.policy_stack import GOOD

_ROOT = Path(__file__).parents[2]
_PYTHON = _ROOT / ".venv-policies/bin/python"
_CLIENT = Path(__file__).with_name("policy_pack_client.py")
_EXAMPLE = _ROOT / "docs/examples/policies.json"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine sends for a text that is not known before the update."""

_SUBSCRIPTION = "Subscription:cart-projector"
_KEEPER = "Subscription:cart-projector-dead"
_BAD = Change(_SUBSCRIPTION, "expirationPolicy", ABSENT).apply(GOOD)
_ELSEWHERE = Change("Queue:checkout-timers", "location", "us-central1").apply(GOOD)
_NOT_YET = Change(_SUBSCRIPTION, "pushConfig.oidcToken", _UNKNOWN).apply(GOOD)
_THROWAWAY = Change("Database:events", "deleteProtectionState", "DELETE_PROTECTION_DISABLED").apply(
    Change("Database:events", "name", "test-events").apply(Change("Database:events", "locationId", "nam5").apply(GOOD))
)

_ACCESSES = Change("Dataset:analytics", "accesses", [{"role": "OWNER"}]).apply(GOOD)

Answers = dict[str, Any]


def _of(stack: Sequence[Resource], token: str, name: str) -> Resource:
    return next(each for each in stack if each.type.endswith(f":{token}") and each.name == name)


_RESOURCES = (
    _of(GOOD, "Subscription", "cart-projector"),
    _of(_BAD, "Subscription", "cart-projector"),
    _of(_ELSEWHERE, "Queue", "checkout-timers"),
    _of(_NOT_YET, "Subscription", "cart-projector"),
    replace(_of(GOOD, "Database", "events"), protect=False),
    replace(_of(_ACCESSES, "Dataset", "analytics"), ignored=("accesses",)),
    replace(_of(_THROWAWAY, "Database", "events"), protect=False),
)
_GOOD, _EXPIRES, _ABROAD, _UNFINISHED, _UNPROTECTED, _LEFT_ALONE, _THROWN_AWAY = range(len(_RESOURCES))

_STACKS = (
    GOOD,
    Removal(_KEEPER).apply(GOOD),
    Change(_KEEPER, "topic", _UNKNOWN).apply(GOOD),
)
_WHOLE, _NO_KEEPER, _UNKNOWN_KEEPER = range(len(_STACKS))


@pytest.fixture(scope="module")
def answers() -> Answers:
    """What the pack said to all questions, asked once."""
    if not _PYTHON.exists():
        pytest.fail("the policy pack's environment .venv-policies is missing: run `make install`")
    questions = {
        "resources": [asdict(each) for each in _RESOURCES],
        "stacks": [[asdict(each) for each in stack] for stack in _STACKS],
        "config": json.loads(_EXAMPLE.read_text(encoding="utf-8")),
    }
    asked = subprocess.run(
        [_PYTHON, _CLIENT, _ROOT / "infra/policies"],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    said: Answers = json.loads(asked.stdout)
    return said


def _broken(answer: Answers) -> list[str]:
    return [each["policyName"] for each in answer.get("diagnostics", ()) if each.get("enforcementLevel") == "MANDATORY"]


def _put_off(answer: Answers) -> list[str]:
    return [each["policyName"] for each in answer.get("diagnostics", ()) if "during preview" in each["message"]]


def test_the_engine_finds_the_pack_s_environment() -> None:
    """PulumiPolicy.yaml names the environment that `make install` makes."""
    pack = _ROOT / "infra/policies"
    named = re.findall(r"virtualenv: (\S+)", (pack / "PulumiPolicy.yaml").read_text())

    assert [(pack / each).resolve() for each in named] == [_ROOT / ".venv-policies"]


def test_the_pack_offers_every_rule(answers: Answers) -> None:
    """The engine is told of each rule, with its sentence and with what to do."""
    offered = {each["name"]: (each["description"], each["remediationSteps"]) for each in answers["info"]["policies"]}

    assert answers["info"]["name"] == "commerce"
    assert offered == {rule.name: (rule.asks, rule.do) for rule in RULES}


def test_rules_are_mandatory_unless_they_are_advice(answers: Answers) -> None:
    """Breaking a rule stops the update, but for those that say that they are advice."""
    levels = {each["name"]: each.get("enforcementLevel", "ADVISORY") for each in answers["info"]["policies"]}

    assert levels == {rule.name: "MANDATORY" if rule.mandatory else "ADVISORY" for rule in RULES}


def test_a_good_resource_is_let_pass(answers: Answers) -> None:
    """Nothing is said about a resource that is as it should be."""
    assert answers["resources"][_GOOD] == {}


def test_a_bad_resource_is_reported(answers: Answers) -> None:
    """A resource that breaks a rule gets the rule's name, its sentence, what is wrong and what to do."""
    (found,) = answers["resources"][_EXPIRES]["diagnostics"]
    rule = next(rule for rule in RULES if rule.name == "subscription-never-expires")

    assert found["policyName"] == rule.name
    assert found["enforcementLevel"] == "MANDATORY"
    assert found["message"] == f"{rule.asks}\nit expires. {rule.do}"


def test_pulumi_s_own_options_are_seen(answers: Answers) -> None:
    """The options `protect` and `ignore_changes` reach the rules."""
    assert _broken(answers["resources"][_UNPROTECTED]) == ["pulumi-protects-what-would-be-lost"]
    assert _broken(answers["resources"][_LEFT_ALONE]) == []


def test_an_unknown_value_is_no_violation(answers: Answers) -> None:
    """What is not known before the update breaks nothing; the engine is told which rule has to wait."""
    answer = answers["resources"][_UNFINISHED]

    assert _broken(answer) == []
    assert _put_off(answer) == ["subscription-push-is-authenticated"]


def test_a_rule_is_configured(answers: Answers) -> None:
    """The allowed places come from the configuration of the pack, if there is one."""
    assert _broken(answers["resources"][_ABROAD]) == ["location-is-allowed"]
    assert _broken(answers["configured"][_ABROAD]) == []
    assert _broken(answers["configured"][_UNPROTECTED]) == ["pulumi-protects-what-would-be-lost", "location-is-allowed"]


def test_an_environment_is_declared_throwaway(answers: Answers) -> None:
    """The example of a configuration lets an unprotected database of `test` pass, in the United States."""
    refused = ["database-is-protected", "pulumi-protects-what-would-be-lost", "location-is-allowed"]

    assert _broken(answers["resources"][_THROWN_AWAY]) == refused
    assert _broken(answers["configured"][_THROWN_AWAY]) == []


def test_a_good_stack_is_let_pass(answers: Answers) -> None:
    """Nothing is said about a stack that is as it should be."""
    assert answers["stacks"][_WHOLE] == {}


def test_a_bad_stack_is_reported_at_its_resource(answers: Answers) -> None:
    """What is wrong between resources is reported at the one that has to change."""
    (found,) = answers["stacks"][_NO_KEEPER]["diagnostics"]

    assert found["policyName"] == "dead-letters-are-kept"
    assert found["urn"].endswith("::cart-projector")


def test_a_stack_with_an_unknown_value_is_let_wait(answers: Answers) -> None:
    """A rule about the stack that needs an unknown value waits for the update."""
    answer = answers["stacks"][_UNKNOWN_KEEPER]

    assert _broken(answer) == []
    assert _put_off(answer) == ["dead-letters-are-kept"]
