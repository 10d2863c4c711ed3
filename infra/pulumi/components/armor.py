"""What is refused before it reaches a function: Cloud Armor's policy in front of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute

from infra.pulumi.config import Armor
from infra.pulumi.deployment import Deployment

WAF_RULES: Mapping[str, str] = {
    "sqli": "SQL in what is sent",
    "xss": "Scripts in what is sent",
    "lfi": "Names of files of the machine",
    "rce": "Commands for a shell",
    "protocolattack": "Requests inside requests",
    "scannerdetection": "Known scanners",
}
"""The sets of the OWASP Core Rule Set that say something about a JSON API in Python: none for PHP, Java or sessions.
Nor `methodenforcement`, which would refuse PUT and DELETE; methods are the URL map's business.
"""
_CRS = "v422-stable"
_SENSITIVITY = 1
"""Of 4: only signatures that hardly ever match what is harmless."""
_FIRST_WAF = 1000
_UNLIMITED = 2000
_LIMITED = 3000
_DEFAULT = 2_147_483_647
"""Of the rule that every policy ends with; Google's number."""
_ANYBODY = "*"


@dataclass(frozen=True, slots=True)
class EdgeArmorArgs:
    """The numbers are in the settings: `edge.armor`."""

    deployment: Deployment


class EdgeArmor(pulumi.ComponentResource):
    """Attacks first, so that nobody is exempt; then who has no limit; then everybody's limit.

    The limit throttles and does not ban: the tills of a shop share an address, and one of them that goes wild would
    shut out all. Google counts in each of its regions apart, and not to the last request.
    """

    def __init__(self, name: str, args: EdgeArmorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("commerce:edge:EdgeArmor", name, None, opts)
        deployment, armor = args.deployment, args.deployment.config.edge.armor
        policy = compute.SecurityPolicy(
            name,
            name=deployment.name(name),
            project=deployment.config.project,
            description="In front of all public functions.",
            type="CLOUD_ARMOR",
            labels=deployment.labels(),
            rules=[*_waf(armor), *_unlimited(armor), _limit(armor), _default()],
            advanced_options_config=compute.SecurityPolicyAdvancedOptionsConfigArgs(
                json_parsing="STANDARD", log_level="NORMAL", request_body_inspection_size="64KB"
            ),
            adaptive_protection_config=compute.SecurityPolicyAdaptiveProtectionConfigArgs(
                layer7_ddos_defense_config=compute.SecurityPolicyAdaptiveProtectionConfigLayer7DdosDefenseConfigArgs(
                    enable=armor.adaptive_protection, rule_visibility="STANDARD"
                )
            ),
            deletion_policy="DELETE",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.policy = policy.id
        self.register_outputs({"policy": self.policy})


def _waf(armor: Armor) -> list[compute.SecurityPolicyRuleArgs]:
    return [
        compute.SecurityPolicyRuleArgs(
            priority=_FIRST_WAF + place * 10,
            description=about,
            action="deny(403)",
            preview=armor.waf_preview,
            match=compute.SecurityPolicyRuleMatchArgs(
                expr=compute.SecurityPolicyRuleMatchExprArgs(expression=_expression(rules, armor))
            ),
        )
        for place, (rules, about) in enumerate(WAF_RULES.items())
    ]


def _expression(rules: str, armor: Armor) -> str:
    out = ", ".join(f"'{each}'" for each in armor.waf_opt_out if each.endswith(f"-{rules}"))
    options = f"'sensitivity': {_SENSITIVITY}" + (f", 'opt_out_rule_ids': [{out}]" if out else "")
    return f"evaluatePreconfiguredWaf('{rules}-{_CRS}', {{{options}}})"


def _unlimited(armor: Armor) -> list[compute.SecurityPolicyRuleArgs]:
    if not armor.unlimited_ranges:
        return []
    return [
        compute.SecurityPolicyRuleArgs(
            priority=_UNLIMITED,
            description="Addresses without a limit",
            action="allow",
            preview=False,
            match=_from(*armor.unlimited_ranges),
        )
    ]


def _limit(armor: Armor) -> compute.SecurityPolicyRuleArgs:
    return compute.SecurityPolicyRuleArgs(
        priority=_LIMITED,
        description="So many requests from one address",
        action="throttle",
        preview=False,
        match=_from(_ANYBODY),
        rate_limit_options=compute.SecurityPolicyRuleRateLimitOptionsArgs(
            enforce_on_key="IP",
            conform_action="allow",
            exceed_action="deny(429)",
            rate_limit_threshold=compute.SecurityPolicyRuleRateLimitOptionsRateLimitThresholdArgs(
                count=armor.requests_per_minute, interval_sec=60
            ),
        ),
    )


def _default() -> compute.SecurityPolicyRuleArgs:
    return compute.SecurityPolicyRuleArgs(
        priority=_DEFAULT,
        description="The last rule; the limit has decided",
        action="allow",
        preview=False,
        match=_from(_ANYBODY),
    )


def _from(*ranges: str) -> compute.SecurityPolicyRuleMatchArgs:
    return compute.SecurityPolicyRuleMatchArgs(
        versioned_expr="SRC_IPS_V1",
        config=compute.SecurityPolicyRuleMatchConfigArgs(src_ip_ranges=list(ranges)),
    )
