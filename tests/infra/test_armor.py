"""Cloud Armor's policy."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from infra.pulumi.components.armor import WAF_RULES, EdgeArmor, EdgeArmorArgs
from tests.infra.edge_program import deployment
from tests.infra.harness import run

POLICY = "gcp:compute/securityPolicy:SecurityPolicy"
LAST = 2_147_483_647


def policy(**armor: Any) -> Mapping[str, Any]:
    given = deployment(edge={"armor": armor})
    return run(lambda: EdgeArmor("edge", EdgeArmorArgs(given))).inputs(POLICY)["edge"]


def rules(**armor: Any) -> Sequence[Mapping[str, Any]]:
    """In the order in which they are tried."""
    return sorted(policy(**armor)["rules"], key=lambda each: each["priority"])


def waf(found: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """By expression."""
    return {each["match"]["expr"]["expression"]: each for each in found if "expr" in each["match"]}


def test_attacks_come_before_limits_and_the_last_rule_allows() -> None:
    """Nobody is exempt from the attack rules, and the policy says itself what happens to the rest."""
    actions = [each["action"] for each in rules()]
    assert actions == ["deny(403)"] * len(WAF_RULES) + ["throttle", "allow"]
    assert rules()[-1]["priority"] == LAST


def test_the_policy_is_for_backends() -> None:
    """The other kinds stand before caches and networks."""
    assert policy()["type"] == "CLOUD_ARMOR"


def test_nobody_is_left_out_of_the_limit() -> None:
    """It is for any address, and so is the last rule."""
    anybody = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}
    assert [each["match"] for each in rules()[-2:]] == [anybody, anybody]


def test_priorities_are_unique() -> None:
    """Google refuses two rules of one priority."""
    found = [each["priority"] for each in rules(unlimited_ranges=["192.0.2.0/24"])]
    assert len(found) == len(set(found))


def test_descriptions_fit() -> None:
    """A rule's description has at most 64 characters."""
    assert all(len(each["description"]) <= 64 for each in rules(unlimited_ranges=["192.0.2.0/24"]))


def test_each_address_has_its_own_limit() -> None:
    """More than so many requests a minute from one address are answered with 429; it is not shut out for longer."""
    limited = next(each for each in rules(requests_per_minute=600) if each["action"] == "throttle")
    assert limited["rateLimitOptions"] == {
        "enforceOnKey": "IP",
        "conformAction": "allow",
        "exceedAction": "deny(429)",
        "rateLimitThreshold": {"count": 600, "intervalSec": 60},
    }


def test_the_default_limit_suits_a_shop() -> None:
    """Fifty tills behind one address that sell twice a minute, with fifteen requests a sale, use a quarter of it."""
    limited = next(each for each in rules() if each["action"] == "throttle")
    assert limited["rateLimitOptions"]["rateLimitThreshold"]["count"] == 4 * 50 * 2 * 15


def test_ranges_without_a_limit_are_checked_for_attacks() -> None:
    """They are let through after the attack rules and before the limit."""
    found = rules(unlimited_ranges=["192.0.2.0/24", "2001:db8::/32"])
    free = next(each for each in found if each["action"] == "allow")
    assert free["match"]["config"]["srcIpRanges"] == ["192.0.2.0/24", "2001:db8::/32"]
    assert [each["action"] for each in found][-3:] == ["allow", "throttle", "allow"]


def test_attacks_are_only_logged_until_somebody_decides() -> None:
    """By default the attack rules are previews; the limit is never one."""
    found = rules()
    assert all(each["preview"] for each in waf(found).values())
    assert not any(each["preview"] for each in found[len(WAF_RULES) :])


def test_attacks_are_refused_once_decided() -> None:
    """With the setting they are enforced."""
    assert not any(each["preview"] for each in waf(rules(waf_preview=False)).values())


def test_only_the_surest_signatures_are_used() -> None:
    """Each set of rules is evaluated at the lowest sensitivity that has any."""
    assert list(waf(rules())) == [
        f"evaluatePreconfiguredWaf('{each}-v422-stable', {{'sensitivity': 1}})" for each in WAF_RULES
    ]


def test_a_signature_is_left_out_of_its_own_set() -> None:
    """The id's end says which set it is in; the others stay whole."""
    signature = "owasp-crs-v042200-id942100-sqli"
    changed = set(waf(rules(waf_opt_out=[signature]))) - set(waf(rules()))
    assert changed == {
        f"evaluatePreconfiguredWaf('sqli-v422-stable', {{'sensitivity': 1, 'opt_out_rule_ids': ['{signature}']}})"
    }


def test_a_signature_that_is_none_is_refused() -> None:
    """What is in the settings gets into an expression: only ids of that form may."""
    with pytest.raises(ValidationError):
        rules(waf_opt_out=["sqli'}) || true"])


def test_bodies_are_read_as_json() -> None:
    """As deep into a body as Google looks: 64 KiB of the 256 that a function takes."""
    assert policy()["advancedOptionsConfig"] == {
        "jsonParsing": "STANDARD",
        "logLevel": "NORMAL",
        "requestBodyInspectionSize": "64KB",
    }


@pytest.mark.parametrize("on", [True, False])
def test_adaptive_protection_is_as_set(*, on: bool) -> None:
    """It is said either way."""
    found = policy(adaptive_protection=on)["adaptiveProtectionConfig"]
    assert found["layer7DdosDefenseConfig"]["enable"] is on
