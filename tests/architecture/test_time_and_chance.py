"""Clock, ids and dice come from one place, where a simulation can give others."""

import ast
from pathlib import Path

import pytest

SOURCES = frozenset({"shared/adapters/system.py", "shared/observability/tracing.py"})
"""The clock, the ids and the dice themselves, and the bits of trace ids."""
FILES = [
    path
    for folder in ("functions", "shared")
    for path in sorted(Path(folder).rglob("*.py"))
    if not path.is_relative_to("shared/testing") and str(path) not in SOURCES
]
MODULES = frozenset({"random", "secrets", "uuid"})
CALLS = frozenset({("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time"), ("os", "urandom")})


@pytest.mark.parametrize("path", FILES, ids=str)
def test_nothing_else_is_asked(path: Path) -> None:
    """No module of chance is imported, no clock is read."""
    found = [ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if _asks(node)]

    assert found == []


def _asks(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(each.name.partition(".")[0] in MODULES for each in names)
        case ast.ImportFrom(module=module):
            return (module or "").partition(".")[0] in MODULES
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return (owner, name) in CALLS
        case _:
            return False
