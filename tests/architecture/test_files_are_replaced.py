"""Commands write files by `shared.adapters.files`: a file is whole, or as it was before."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("emulators", "functions", "infra", "shared", "tests/bench")
EXCEPTIONS = {
    "shared/adapters/files.py": "it does what all others are to use",
    "shared/packaging/__init__.py": "a folder that takes its place when all files are in it",
    "shared/adapters/keys/key_file.py": "the first of several processes wins: a link, and no replacement",
    "shared/operations/rebuild.py": "a lock: nothing is in it",
    "tests/bench/cold_start.py": "below a folder that is made for the run",
    "tests/bench/every_start.py": "below a folder that is made for the run",
}
"""File → why it may write a file in place."""


def written_in_place(file: Path) -> Iterator[int]:
    """The lines on which it does."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in {"write_text", "write_bytes"} or (name in {"open", "fdopen", "ZipFile"} and _empties(node)):
                yield node.lineno


def _empties(call: ast.Call) -> bool:
    """Whether it is opened to be written anew: a log is added to."""
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return any(set(mode) <= set("wxbt+") and set(mode) & set("wx") for mode in modes)


def test_no_command_writes_a_file_in_place() -> None:
    """One that is interrupted would leave half a file, or none, where there was a good one."""
    files = [file for folder in CODE for file in sorted((ROOT / folder).rglob("*.py")) if ".venv" not in file.parts]
    found = {f"{file.relative_to(ROOT)}": list(written_in_place(file)) for file in files}

    assert {name: lines for name, lines in found.items() if lines and name not in EXCEPTIONS} == {}
    assert [name for name in EXCEPTIONS if not found[name]] == []
