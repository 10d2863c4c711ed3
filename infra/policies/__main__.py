"""The house rules as a Pulumi policy pack: `pulumi preview --policy-pack infra/policies`.

The rules themselves are in `rules/`, which knows nothing of Pulumi: this module only hands each to the engine. A rule
about one resource is asked before that resource is made, a rule about the stack once everything is declared. What is
broken stops the update, but for advice.

During a preview some values are not known yet. A rule that needs such a value says so and is asked again during the
update; a rule about the stack still answers for all other resources.

The pack has requirements and an environment of its own (`.venv-policies`, made by `make install`): pulumi-policy needs
an older protobuf and grpcio than the platform. It imports nothing of the platform.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError
from rules import RULES, Resource, ResourceRule, Rule, Stack, StackRule

Declared: TypeAlias = ResourceValidationArgs | PolicyResource


def _resource(declared: Declared, settings: Mapping[str, Any]) -> Resource:
    return Resource(
        type=declared.resource_type,
        name=declared.name,
        inputs=declared.props,
        protect=declared.opts.protect,
        ignored=tuple(declared.opts.ignore_changes),
        settings=settings,
    )


def _ask(rule: ResourceRule, asked: ResourceValidationArgs, report: ReportViolation) -> None:
    resource = _resource(asked, {**rule.settings, **asked.get_config()})
    if rule.concerns(resource):
        for message in rule.check(resource):
            report(f"{message}. {rule.do}", None)


def _ask_all(rule: StackRule, asked: StackValidationArgs, report: ReportViolation) -> None:
    settings = {**rule.settings, **asked.get_config()}
    declared = [(_resource(each, settings), each.urn) for each in asked.resources]
    stack = Stack([resource for resource, _ in declared])
    unknown: UnknownValueError | None = None
    for resource, urn in declared:
        if not rule.concerns(resource):
            continue
        try:
            for message in rule.check(resource, stack):
                report(f"{message}. {rule.do}", urn)
        except UnknownValueError as error:
            unknown = error
    if unknown is not None:
        raise unknown


def _said(rule: Rule) -> dict[str, Any]:
    """What a policy of either kind says about itself."""
    lists = {
        name: {"type": "array", "items": {"type": "string"}, "default": list(values)}
        for name, values in rule.settings.items()
    }
    return {
        "name": rule.name,
        "description": rule.asks,
        "remediation_steps": rule.do,
        "enforcement_level": EnforcementLevel.MANDATORY if rule.mandatory else EnforcementLevel.ADVISORY,
        "config_schema": PolicyConfigSchema(properties=lists) if lists else None,
    }


def _policy(rule: ResourceRule | StackRule) -> ResourceValidationPolicy | StackValidationPolicy:
    if isinstance(rule, StackRule):
        return StackValidationPolicy(validate=partial(_ask_all, rule), **_said(rule))
    return ResourceValidationPolicy(validate=partial(_ask, rule), **_said(rule))


PolicyPack(name="commerce", policies=[_policy(rule) for rule in RULES])
