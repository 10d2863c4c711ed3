"""What a set of modules imports, wherever the import stands: read from the source, nothing is run."""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path


def reached(files: Iterable[Path], folder: Path, wanted: Callable[[Path], bool]) -> set[Path]:
    """The wanted files of the package in `folder` that the files import, or that those import in their turn."""
    found: set[Path] = set()
    seen: set[str] = set()
    waiting = list(files)
    while waiting:
        names = [name for name in imports_of(waiting.pop()) if name.split(".")[0] == folder.name]
        modules = {module for name in names for module in _modules(name)} - seen
        seen |= modules
        new = {file for module in modules for file in _files(module, folder.parent) if wanted(file)}
        found |= new
        waiting += new
    return found


def imports_of(file: Path) -> frozenset[str]:
    """Dotted names. `from a.b import c` gives `a.b.c`: source does not tell whether `c` is a module."""
    return _imports(file.read_text(encoding="utf-8"))


@cache
def _imports(source: str) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def _modules(name: str) -> Iterator[str]:
    """What the name may be the name of, and the packages that it lies in."""
    return accumulate(name.split("."), "{}.{}".format)


def _files(module: str, root: Path) -> list[Path]:
    path = root.joinpath(*module.split("."))
    return [file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()]
