"""The program as Pulumi runs it: in its own folder, out of the stack's own file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.stacks import FOLDER, SERVICES, stored

ROOT = FOLDER.parents[1]
PROGRAM = """
import importlib, json, runpy, sys
import pulumi

importlib.import_module("infra.pulumi.stack")
sys.path.append(sys.argv[1])
from tests.infra.harness import run

given = json.loads(sys.stdin.read())
exported = []
pulumi.export = lambda name, value: exported.append(name)

def program():
    pulumi.runtime.set_all_config(given["config"], given["secrets"])
    runpy.run_path("__main__.py", run_name="__main__")

found = run(program, stack=given["stack"])
print(json.dumps({"resources": len(found.resources), "exported": exported}))
"""
"""Has the program first, as Pulumi does: by what is installed. Only then it may see the tests, which are not."""


def ran(stack: str, settings: dict[str, object], secrets: list[str]) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the folder of the program comes first on its path."""
    values = {f"commerce:{name}": f"the value of {name}" for name in secrets}
    given = {
        "stack": stack,
        "config": {"commerce:deployment": json.dumps(settings), **values},
        "secrets": list(values),
    }
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(ROOT)],
        cwd=FOLDER,
        env={"PATH": ""},
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


SECRETS = [name for service in SERVICES for name in service.secrets]


def test_runs_in_its_own_folder_and_says_what_an_operator_needs() -> None:
    """No module of the program stands in the way of one that Python or Pulumi needs."""
    done = ran("dev", stored("dev"), SECRETS)

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["resources"] > 1000
    assert {"origin", "address", "certificate_record", "operator"} == set(found["exported"])


@pytest.mark.parametrize("missing", SECRETS)
def test_a_missing_secret_is_named(missing: str) -> None:
    """With the command that sets it."""
    done = ran("dev", stored("dev"), [name for name in SECRETS if name != missing])

    assert done.returncode != 0
    assert f"commerce:{missing}" in done.stderr


def test_the_program_is_installed(tmp_path: Path) -> None:
    """It is found from any folder: Pulumi puts nothing of the repository on the path but the program's own."""
    subprocess.run(
        [sys.executable, "-W", "ignore", "-P", "-c", "import infra.pulumi.stack"],
        cwd=tmp_path,
        env={"PATH": ""},
        check=True,
        timeout=100,
    )


def test_no_module_hides_one_of_pythons_own() -> None:
    """The folder of the program comes first on the path that Pulumi runs it with."""
    ours = {path.stem for path in Path(FOLDER).iterdir() if path.suffix == ".py" or path.is_dir()}

    assert not ours & sys.stdlib_module_names
