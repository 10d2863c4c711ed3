"""Every service reads the same: its files, its tests; and there is one Python version."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import functions
from emulators.settings import ROOT
from shared.topology import PYTHON_VERSION, Maturity, Service, discover

SERVICES = discover(functions)
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PATH_OF_A_COMMAND = (
    "manifest",
    "main",
    "command_api",
    "commands",
    "decider",
    "events",
    "integration",
    "projections",
    "read_models",
    "query_api",
)
"""The files of an event-sourced service, in the order in which a command passes them."""
REPLACED_BY_A_WORKFLOW = {"commands", "decider", "events"}
"""What a service that is a workflow has from the kit: its own is `workflow`, the declaration."""
PURE = {"decider", "projections", "integration", "upcasters", "plans", "amounts", "templates", "workflow"}
"""Modules whose every branch has a unit test."""

every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


def folder(service: Service) -> Path:
    return ROOT / "functions" / service.name


def modules(service: Service) -> set[str]:
    return {file.stem for file in folder(service).glob("*.py")} - {"__init__"}


def layers() -> set[str]:
    """The file names that the import contract knows."""
    (contract,) = [
        each
        for each in PROJECT["tool"]["importlinter"]["contracts"]
        if each["type"] == "layers" and each["containers" if "containers" in each else "layers"] == ["functions.*"]
    ]
    return {name for layer in contract["layers"] for name in re.findall(r"\w+", layer)}


def test_functions_holds_services_and_nothing_else() -> None:
    """A folder below `functions/` is a service, and there are no other files."""
    found = {path.name for path in (ROOT / "functions").iterdir() if path.name != "__pycache__"}

    assert found == {"__init__.py", *(service.name for service in SERVICES)}


@every_service
class TestAService:
    def test_has_python_files_only(self, service: Service) -> None:
        """What a service is made of is its code, its adapters in a package of their own, and the queries of its views;
        everything else lies where all services look for it.
        """
        adapters = folder(service) / "adapters"
        others = {"__pycache__", adapters.name, *(["views"] if service.dataset else [])}
        found = {path for path in folder(service).iterdir() if path.name not in others}
        if adapters.exists():
            found |= {path for path in adapters.iterdir() if path.name != "__pycache__"}

        assert {path.suffix for path in found} == {".py"}

    def test_has_files_of_known_names(self, service: Service) -> None:
        """Whoever knows one service finds everything in the next."""
        assert modules(service) <= layers()

    def test_has_the_files_of_its_level(self, service: Service) -> None:
        """An event-sourced service has all the usual files or a workflow, any service a manifest and a main."""
        needed = set(PATH_OF_A_COMMAND) if service.maturity is Maturity.EVENT_SOURCED else {"manifest", "main"}
        if "workflow" in modules(service):
            needed -= REPLACED_BY_A_WORKFLOW

        assert needed <= modules(service)

    def test_does_nothing_on_import_of_its_package(self, service: Service) -> None:
        """`__init__.py` is empty, and so is that of its adapters."""
        packages = [path for path in (folder(service), folder(service) / "adapters") if path.exists()]

        assert {(package / "__init__.py").read_bytes() for package in packages} == {b""}

    def test_has_a_test_for_each_pure_module(self, service: Service) -> None:
        """Its rules and projections are tested beside each other in `tests/unit/<service>`."""
        for module in modules(service) & PURE:
            assert (ROOT / "tests" / "unit" / service.name / f"test_{module}.py").exists()


def test_the_architecture_follows_a_command_in_the_same_order() -> None:
    """Its table is a way through a service that leaves no file out."""
    document = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

    assert tuple(re.findall(r"^\| `(\w+)\.py` \|", document, re.MULTILINE)) == PATH_OF_A_COMMAND


def test_there_is_one_python_version() -> None:
    """What is deployed is what is developed, linted, typed and locked for."""
    dotless = PYTHON_VERSION.replace(".", "")

    assert PROJECT["project"]["requires-python"].partition(",")[0] == f">={PYTHON_VERSION}"
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{dotless}"
    assert PROJECT["tool"]["mypy"]["python_version"] == PYTHON_VERSION
    assert f"--python-version {PYTHON_VERSION} " in (ROOT / "Makefile").read_text(encoding="utf-8")
