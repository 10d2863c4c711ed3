"""Single changes to a stack of resources, as the tests of the house rules make them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.policies.rules import Resource, violations
from tests.infra.policy_stack import GOOD

ABSENT = object()
"""Instead of a value: the input is not set."""


@dataclass(frozen=True)
class Change:
    """One input of one resource (`Topic:cart-commits`), at a dotted path; or Pulumi's own option `protect`."""

    resource: str
    path: str
    value: Any

    @property
    def id(self) -> str:
        """For the test's name."""
        return f"{self.resource.rsplit(':', 1)[-1]}.{self.path}"

    def apply(self, stack: Sequence[Resource]) -> list[Resource]:
        """The stack with the change. KeyError if it has no such resource."""
        token, name = self.resource.rsplit(":", 1)
        found = [each for each in stack if each.name == name and each.type.rsplit(":", 1)[-1] == token]
        if not found:
            raise KeyError(self.resource)
        return [self._changed(each) if each is found[0] else each for each in stack]

    def _changed(self, resource: Resource) -> Resource:
        if self.path == "protect":
            return replace(resource, protect=self.value)
        return replace(resource, inputs=_put(resource.inputs, self.path.split("."), self.value))


@dataclass(frozen=True)
class Addition:
    """One more resource."""

    resource: Resource

    @property
    def id(self) -> str:
        """For the test's name."""
        return f"{self.resource.type.rsplit(':', 1)[-1]}:{self.resource.name}"

    def apply(self, stack: Sequence[Resource]) -> list[Resource]:
        """The stack with it."""
        return [*stack, self.resource]


@dataclass(frozen=True)
class Removal:
    """One resource less, by its logical name and the last part of its type."""

    resource: str

    @property
    def id(self) -> str:
        """For the test's name."""
        return f"no-{self.resource}"

    def apply(self, stack: Sequence[Resource]) -> list[Resource]:
        """The stack without it."""
        token, name = self.resource.rsplit(":", 1)
        return [each for each in stack if not (each.name == name and each.type.rsplit(":", 1)[-1] == token)]


def added(token: str, **inputs: object) -> Addition:
    """One more resource of a type, called `new`."""
    return Addition(Resource(token, "new", inputs))


def broken(change: Change | Addition) -> set[str]:
    """The rules that a good stack breaks after the change."""
    return {each.rule for each in violations(change.apply(GOOD))}


def _put(inputs: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    head, *rest = path
    if not rest:
        kept = {name: each for name, each in inputs.items() if name != head}
        return kept if value is ABSENT else {**kept, head: value}
    return {**inputs, head: _put(inputs.get(head, {}), rest, value)}
