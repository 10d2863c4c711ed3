"""What a house rule is: a question about one resource, alone or within its whole stack.

Nothing here knows pulumi_policy, so the same rules are asked by the engine and by the platform's own tests.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

Inputs = Mapping[str, Any]
"""What a resource is declared with, named as the engine names it (camelCase). Numbers may be floats."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One declared resource. `protect` and `ignored` (`ignore_changes`) are Pulumi's own options; `settings` is what
    the rule is configured with.
    """

    type: str
    name: str
    inputs: Inputs
    protect: bool = False
    ignored: tuple[str, ...] = ()
    settings: Inputs = field(default_factory=dict)

    def section(self, name: str) -> Inputs:
        """A nested block of inputs; an empty one if it is not there."""
        found: Inputs = self.inputs.get(name) or {}
        return found

    def given(self, name: str) -> bool:
        """Whether an input is set. A value that is only known after the update counts as set."""
        return name in tuple(self.inputs)

    def is_a(self, *patterns: str) -> bool:
        """Whether its type is one of these; `*` stands for anything."""
        return any(fnmatchcase(self.type, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that is declared together."""

    resources: Sequence[Resource]

    def of(self, *types: str) -> tuple[Resource, ...]:
        """The resources of these types."""
        return tuple(resource for resource in self.resources if resource.type in types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule about resources of `types` (with `*` as a wildcard), as people read it: what it asks, what to do."""

    name: str
    asks: str
    do: str
    types: tuple[str, ...]
    mandatory: bool = True
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def concerns(self, resource: Resource) -> bool:
        """Whether the rule has anything to say about a resource."""
        return resource.is_a(*self.types)


ResourceCheck = Callable[[Resource], Iterator[str]]
StackCheck = Callable[[Resource, Stack], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRule(Rule):
    """Can be told from one resource: asked before it is made."""

    check: ResourceCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRule(Rule):
    """Needs the other resources as well: asked of each resource once all are declared."""

    check: StackCheck


@dataclass(frozen=True, slots=True)
class Violation:
    """What a rule found wrong with a resource."""

    rule: str
    resource: str
    message: str


def resource_rule(
    *types: str, do: str, mandatory: bool = True, settings: Mapping[str, tuple[str, ...]] | None = None
) -> Callable[[ResourceCheck], ResourceRule]:
    """Makes a rule of a check: its name becomes the rule's, its docstring what the rule asks."""

    def rule(check: ResourceCheck) -> ResourceRule:
        name, asks = _words_of(check)
        return ResourceRule(
            name=name, asks=asks, do=do, types=types, mandatory=mandatory, settings=settings or {}, check=check
        )

    return rule


def stack_rule(
    *types: str, do: str, mandatory: bool = True, settings: Mapping[str, tuple[str, ...]] | None = None
) -> Callable[[StackCheck], StackRule]:
    """The same, of a check that also takes the stack."""

    def rule(check: StackCheck) -> StackRule:
        name, asks = _words_of(check)
        return StackRule(
            name=name, asks=asks, do=do, types=types, mandatory=mandatory, settings=settings or {}, check=check
        )

    return rule


def _words_of(check: Callable[..., Iterator[str]]) -> tuple[str, str]:
    return check.__name__.replace("_", "-"), " ".join((check.__doc__ or "").split())
