"""What all components of the program have in common."""

import ast
from pathlib import Path

import pytest

from tests.infra.stacks import FOLDER

FILES = [*sorted((FOLDER / "components").glob("*.py")), FOLDER / "composition.py"]


def components(file: Path) -> list[ast.ClassDef]:
    found = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return [each for each in found if isinstance(each, ast.ClassDef) and "ComponentResource" in map(_last, each.bases)]


def _last(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]


def constructor(component: ast.ClassDef) -> ast.FunctionDef:
    (found,) = (each for each in component.body if isinstance(each, ast.FunctionDef) and each.name == "__init__")
    return found


COMPONENTS = [each for file in FILES for each in components(file)]


def test_there_are_components() -> None:
    """One a file, besides those files that have none."""
    assert len(COMPONENTS) > 30
    assert all(len(components(file)) <= 1 for file in FILES)


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda each: each.name)
class TestComponent:
    def test_says_that_it_is_complete(self, component: ast.ClassDef) -> None:
        """At the very end: what waits for it goes on only then, and previews show it as unfinished until then."""
        assert ast.unparse(constructor(component).body[-1]).startswith("self.register_outputs(")

    def test_is_called_by_its_class(self, component: ast.ClassDef) -> None:
        """In Pulumi's state and in its previews."""
        token = _super_call(component).args[0]

        assert isinstance(token, ast.Constant)
        prefix, area, name = str(token.value).split(":")
        assert (prefix, name) == ("commerce", component.name)
        assert area.isalpha()

    def test_hands_its_options_on(self, component: ast.ClassDef) -> None:
        """Without them its parent, its provider and what it waits for would be forgotten."""
        assert [ast.unparse(each) for each in _super_call(component).args[1:]] == ["name", "None", "opts"]


def _super_call(component: ast.ClassDef) -> ast.Call:
    """The first thing that a component does."""
    first = next(each for each in constructor(component).body if isinstance(each, ast.Expr))
    assert isinstance(first.value, ast.Call)
    assert ast.unparse(first.value.func) == "super().__init__"
    return first.value
