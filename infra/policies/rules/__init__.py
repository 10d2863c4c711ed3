"""The house rules: what every resource of the platform has to fulfil, whoever declares it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from . import data, edge, functions, iam, messaging, ownership
from .model import Resource, ResourceRule, Rule, Stack, StackRule, Violation

__all__ = ["RULES", "Resource", "ResourceRule", "Rule", "Stack", "StackRule", "Violation", "as_markdown", "violations"]

_AREAS: Mapping[str, tuple[ResourceRule | StackRule, ...]] = {
    "Identities and rights": iam.RULES,
    "Functions": functions.RULES,
    "Messages": messaging.RULES,
    "Data": data.RULES,
    "Edge": edge.RULES,
    "Ownership": ownership.RULES,
}
RULES: tuple[ResourceRule | StackRule, ...] = tuple(rule for rules in _AREAS.values() for rule in rules)


def violations(
    resources: Sequence[Resource], configured: Mapping[str, Mapping[str, Sequence[str]]] | None = None
) -> Iterator[Violation]:
    """What is wrong with a whole stack, by every rule. `configured` are settings by rule, as in Pulumi's own file; what
    is not in it is as it is from the start.
    """
    stack = Stack(resources)
    for rule in RULES:
        settings = {**rule.settings, **(configured or {}).get(rule.name, {})}
        for resource in filter(rule.concerns, resources):
            asked = replace(resource, settings=settings)
            found = rule.check(asked) if isinstance(rule, ResourceRule) else rule.check(asked, stack)
            yield from (Violation(rule.name, resource.name, message) for message in found)


def as_markdown() -> str:
    """All rules as tables, one an area."""
    return "\n\n".join(f"**{area}**\n\n{_table(rules)}" for area, rules in _AREAS.items())


def _table(rules: Sequence[Rule]) -> str:
    rows = ["| rule | what it asks | when it is broken |", "|---|---|---|"]
    return "\n".join(rows + [f"| `{rule.name}`{_kind(rule)} | {rule.asks} | {rule.do} |" for rule in rules])


def _kind(rule: Rule) -> str:
    marks = [*(["stack"] if isinstance(rule, StackRule) else []), *([] if rule.mandatory else ["advice"])]
    return f" ({', '.join(marks)})" if marks else ""
