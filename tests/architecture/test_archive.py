"""The archive that is deployed: complete by itself, and light to start."""

import ast
import json
import os
import re
import subprocess
import sys
import sysconfig
from functools import cache
from importlib.metadata import distributions, requires
from pathlib import Path
from typing import Any

import pytest

import functions
from shared import packaging
from shared.topology import Http, Service, discover
from tests.architecture.test_entry_points import a_request

SERVICES = discover(functions)
HEAVY = (
    "google.cloud.firestore_v1",
    "google.cloud.pubsub_v1",
    "google.api_core",
    "google.auth",
    "google.protobuf",
    "grpc",
    "requests",
    "aiohttp",
    "shared.adapters.firestore",
    "shared.adapters.pubsub",
)
SERVER = {"functions-framework", "httptools", "uvloop"}
"""Nothing imports these: the framework runs the functions, and uvicorn takes the other two if they are there."""
FOREIGN = ("emulators", "shared.testing", "tests")
ENVIRONMENT = {
    "COMMERCE_RUNTIME": "embedded",
    "GOOGLE_CLOUD_PROJECT": "test",
    "COMMERCE_USER_ISSUER": "https://users.test",
    "COMMERCE_USER_AUDIENCE": "shop",
    "COMMERCE_USER_JWKS_URL": "file:///nowhere",
    "COMMERCE_PLATFORM_AUDIENCE": "functions",
    "COMMERCE_PLATFORM_CALLERS": "",
}
START = """
import asyncio, json, sys
sys.path[:0] = sys.argv[1:3]
from functions_framework.aio import create_asgi_app

async def ask(app, method, path):
    sent = []
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        sent.append(message)
    await app({"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}, receive, send)
    return sent

app = create_asgi_app(sys.argv[3], "main.py", "http")
started = sorted(sys.modules)
start, *rest = asyncio.run(ask(app, sys.argv[4], sys.argv[5]))
own = {name: module.__file__ for name, module in list(sys.modules.items())
    if name.split(".")[0] in ("functions", "shared", "main") and getattr(module, "__file__", None)}
print(json.dumps({"modules": started, "own": own, "status": start["status"],
    "type": dict(start["headers"])[b"content-type"].decode(), "body": b"".join(m["body"] for m in rest).decode()}))
"""
"""Starts a function as its container does. Run without `site`, so that nothing is found but the archive (1) and the
installed packages (2), not even a repository that was installed in editable mode.
"""


@pytest.fixture(scope="module", params=SERVICES, ids=lambda service: service.name)
def service(request: pytest.FixtureRequest) -> Service:
    found: Service = request.param
    return found


@pytest.fixture(scope="module")
def archive(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service's archive, laid out in a folder of its own."""
    return packaging.write(service, tmp_path_factory.mktemp("archive")).parent


@pytest.fixture(scope="module")
def started(service: Service, archive: Path) -> dict[str, Any]:
    """What a query function did that was started from the archive and asked for something."""
    function = next((each for each in service.functions if each.trigger == Http(("GET",))), service.functions[0])
    method, path = a_request(service, function)
    command = [sys.executable, "-I", "-S", "-c", START, str(archive), sysconfig.get_path("purelib")]
    declared = dict.fromkeys((*service.environment, *service.secrets), "25")
    environment = {**declared, **ENVIRONMENT, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [*command, function.name, method, path],
        cwd=archive,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def test_it_answers(started: dict[str, Any]) -> None:
    """A function of the archive alone starts in the Functions Framework and refuses a caller without a token."""
    assert (started["status"], started["type"]) == (401, "application/problem+json")
    assert json.loads(started["body"])["code"] == "unauthorized"


def test_it_runs_nothing_of_the_repository(started: dict[str, Any], archive: Path) -> None:
    """Every module of ours that was loaded came out of the archive."""
    assert {Path(file).is_relative_to(archive.resolve()) for file in started["own"].values()} == {True}
    assert "shared.bootstrap" in started["own"]


@pytest.mark.parametrize("module", HEAVY)
def test_it_starts_without_clients(started: dict[str, Any], module: str) -> None:
    """A cold start pays for no client before the first request needs it."""
    assert module not in started["modules"]


@pytest.mark.parametrize("module", FOREIGN)
def test_it_starts_without_what_is_not_deployed(started: dict[str, Any], module: str) -> None:
    """Neither the local platform nor the test kit takes part."""
    assert module not in started["modules"]


def test_its_requirements_bring_all_that_it_imports(archive: Path) -> None:
    """Every package that any of its modules imports, at any depth, is pinned in its requirements."""
    needed = imported(archive)

    assert needed
    assert needed - pinned(archive) == set()


def test_its_requirements_bring_nothing_else(archive: Path) -> None:
    """A package is there because a module imports it, the server runs on it, or another package asks for it."""
    there = pinned(archive)
    asked = {canonical(requirement) for name in there for requirement in requires(name) or ()}

    assert there - imported(archive) - SERVER - asked == set()


def pinned(archive: Path) -> set[str]:
    """The packages of its requirements."""
    text = (archive / "requirements.txt").read_text(encoding="utf-8")
    return set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))


def imported(archive: Path) -> set[str]:
    """The packages whose modules its own name in an import, wherever it stands."""
    nodes = [node for file in archive.rglob("*.py") for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {
        f"{node.module}.{alias.name}" for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    ours = {"functions", "shared"} | sys.stdlib_module_names
    return {brought_by(name) for name in plain | named if name.split(".")[0] not in ours}


def brought_by(name: str) -> str:
    """The package of the lock that has the module; LookupError if none does."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = "/".join(parts[:length])
        for file in (f"{path}/__init__.py", f"{path}.py"):
            if file in owners():
                return owners()[file]
    raise LookupError(f"{name} is of no package of the lock")


@cache
def owners() -> dict[str, str]:
    """Every module of the packages that functions may have → the package that it belongs to."""
    locked = [each for each in distributions() if canonical(each.name) in pinned(packaging.ROOT)]
    found = [(str(file), canonical(each.name)) for each in locked for file in each.files or ()]
    return {file: name for file, name in found if file.endswith(".py")}


def canonical(requirement: str) -> str:
    """The name that a requirement begins with."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()  # type: ignore[index] # all have one
