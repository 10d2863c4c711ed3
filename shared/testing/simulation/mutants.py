"""Planted mistakes: a function of the code with a line or two of its source changed, for one run."""

import __future__ as future

import inspect
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.testing.simulation.run import owner_of


class StaleMutantError(Exception):
    """The code has changed: a mutant does not fit it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`mistake` says what somebody might do wrong. `changes` are texts in the source of `target`, and what they
    become.
    """

    name: str
    mistake: str
    target: str
    changes: Sequence[tuple[str, str]]

    def patches(self) -> Mapping[str, Any]:
        """For `run`. StaleMutantError if a text is not there, or not once."""
        owner, name = owner_of(self.target)
        original = inspect.unwrap(inspect.getattr_static(owner, name))
        source = textwrap.dedent(inspect.getsource(original))
        for before, after in self.changes:
            if source.count(before) != 1:
                raise StaleMutantError(f"{self.name}: {self.target} has {source.count(before)} times: {before}")
            source = source.replace(before, after)
        module = inspect.getmodule(original)
        if module is None:
            raise StaleMutantError(f"{self.name}: {self.target} belongs to no module")
        found: dict[str, Any] = {}
        code = compile(source, f"<{self.name}>", "exec", flags=future.annotations.compiler_flag)
        exec(code, vars(module), found)  # noqa: S102 - the code's own source, changed on purpose
        return {f"{self.target}.__code__": found[name].__code__}  # whoever has imported the function has it, too


def mistake(name: str, says: str, target: str, *changes: tuple[str, str]) -> Mutant:
    return Mutant(name=name, mistake=says, target=target, changes=changes)
