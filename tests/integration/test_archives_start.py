"""Every function from its archive alone: an empty folder, an environment with its own requirements, Google's server."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

import functions
from emulators.edge.issuer import Issuer
from emulators.processes.ports import LOOPBACK
from emulators.settings import USER_AUDIENCE
from shared import packaging
from shared.config import Runtime
from shared.topology import Service, discover
from tests.architecture.test_entry_points import a_request

pytestmark = pytest.mark.timeout(600)  # the first test waits for all installations and all starts

SERVICES = discover(functions)
FUNCTIONS = [(service.name, function.name) for service in SERVICES for function in service.functions]
UV = Path(sys.executable).with_name("uv")
UNREACHABLE = ("Failed to fetch", "network was disabled", "index lookups were disabled")
"""What uv says where it has no index to ask, or may not ask it."""
AT_ONCE = 3
PATIENCE = 60
"""Seconds until a function listens, and until it answers."""
GRACE = 10
"""Seconds that a function has to end by itself."""
INSTALLED_IN = 300
"""Seconds that uv has for one environment."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    type: str
    body: Any


class Machine:
    """A folder with archives, and an environment for each set of requirements: made from nothing."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._variables = variables
        self._archives = {each.name: packaging.write(each, folder / "archives").parent for each in SERVICES}
        self._requirements = {
            name: (archive / "requirements.txt").read_text() for name, archive in self._archives.items()
        }
        environments = {text: folder / f"environment-{n}" for n, text in enumerate(set(self._requirements.values()))}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(_install, environments, environments.values()))
        self._environments = environments

    def programs(self, service: str) -> Path:
        return self._environments[self._requirements[service]] / "bin"

    def ask(self, service: str, function: str, request: Request, runtime: Runtime) -> Answer:
        """Start the function, ask once, stop it."""
        with self._started(service, function, runtime) as port:
            connection = HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
            connection.request(request.method, request.path, request.body, request.headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers.get_content_type(), json.load(response))
            connection.close()
            return answer

    @contextmanager
    def _started(self, service: str, function: str, runtime: Runtime) -> Iterator[int]:
        """As the cloud does it, but for the port, which is any: the log tells which."""
        framework = str(self.programs(service) / "functions-framework")
        program = [framework, "--target", function, "--source", "main.py"]
        server = {"FUNCTION_USE_ASGI": "true", "HOST": LOOPBACK, "PORT": "0", "GUNICORN_LOG_LEVEL": "info"}
        with subprocess.Popen(
            program,
            cwd=self._archives[service],
            env=self._variables | server | {"COMMERCE_RUNTIME": runtime},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield _port(process)
            finally:
                _stop(process)


def _port(process: subprocess.Popen[str]) -> int:
    """Where the server listens, as soon as it says so. One that never does is killed, which ends its log."""
    assert process.stderr is not None
    too_late = Timer(PATIENCE, _kill, [process])
    too_late.start()
    log = ""
    try:
        for line in process.stderr:
            log += line
            if listening := re.search(r"Listening at: http://[\d.]+:(\d+)", line):
                return int(listening[1])
    finally:
        too_late.cancel()
        too_late.join()
    pytest.fail(f"{process.args!r} did not start:\n{log}")


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """With the worker that it has started."""
    os.killpg(process.pid, signal.SIGKILL)


def _install(requirements: str, environment: Path) -> None:
    """With the project's installer: what it has fetched before needs no network."""
    file = environment.with_suffix(".txt")
    file.write_text(requirements)
    python = str(environment / "bin" / "python")
    _uv("venv", "--python", sys.executable, str(environment)).check_returncode()
    install = ("pip", "install", "--python", python, "--require-hashes", "-r", str(file))
    done = _uv(*install, "--offline")
    if done.returncode:
        done = _uv(*install)
    if done.returncode and any(each in done.stderr for each in UNREACHABLE) and not os.environ.get("CI"):
        pytest.skip("NOT TESTED, no package index can be reached: that every function starts from its archive alone")
    assert done.returncode == 0, done.stderr


def _uv(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [UV, "--quiet", *arguments], capture_output=True, text=True, check=False, timeout=INSTALLED_IN
    )


@pytest.fixture(scope="module")
def users() -> Issuer:
    return Issuer("https://users.test")


@pytest.fixture(scope="module")
def machine(users: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("machine")
    (folder / "jwks.json").write_text(json.dumps(users.jwks()))
    declared = {name: "25" for service in SERVICES for name in (*service.environment, *service.secrets)}
    return Machine(
        folder,
        {
            **declared,
            "GOOGLE_CLOUD_PROJECT": "test",
            "COMMERCE_USER_ISSUER": users.url,
            "COMMERCE_USER_AUDIENCE": USER_AUDIENCE,
            "COMMERCE_USER_JWKS_URL": (folder / "jwks.json").as_uri(),
            "COMMERCE_PLATFORM_AUDIENCE": "functions",
            "COMMERCE_PLATFORM_CALLERS": "",
            "COMMERCE_ARCHIVE_FILE": str(folder / "archive.duckdb"),
        },
    )


@pytest.fixture(scope="module")
def answers(machine: Machine) -> dict[tuple[str, str], Future[Answer]]:
    """What every function says to somebody without a token, with the adapters of the cloud: made, but not used."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {
            (service.name, function.name): pool.submit(
                partial(machine.ask, service.name, function.name, _anonymous(service, function.name), Runtime.GCP)
            )
            for service in SERVICES
            for function in service.functions
        }


def _anonymous(service: Service, function: str) -> Request:
    return Request(*a_request(service, service.function(function)))


@pytest.mark.parametrize(("service", "function"), FUNCTIONS)
def test_every_function_starts_and_answers(
    answers: dict[tuple[str, str], Future[Answer]], service: str, function: str
) -> None:
    """From its archive and its own requirements, each function starts, makes its clients and asks who calls."""
    answer = answers[service, function].result()

    assert (answer.status, answer.type) == (401, "application/problem+json")
    assert answer.body["code"] == "unauthorized"


def test_a_command_is_carried_out(machine: Machine, users: Issuer) -> None:
    """A till opens a cart: tokens are checked, rules decided, events stored, with the packages of the archive alone."""
    token = users.mint("till-1", roles=("pos",), audience=USER_AUDIENCE)
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": "0195d3a4-7f3a-7cc5-8b6a-0f2e6d1c9b7e",
    }
    body = {"currency": "USD", "customer_id": "900", "opened_at": "2017-01-01T11:53:26Z"}

    request = Request("POST", "/cart/v1/carts", headers, json.dumps(body).encode())
    answer = machine.ask("cart", "commands", request, Runtime.EMBEDDED)

    assert (answer.status, answer.type) == (202, "application/json")


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_nothing_of_the_repository_is_within_reach(machine: Machine, tmp_path: Path, service: str) -> None:
    """In the environments that the functions were started from, the repository's packages cannot be imported."""
    program = (
        "from importlib.util import find_spec; print([find_spec(n) for n in ('functions', 'shared', 'emulators')])"
    )

    found = subprocess.run(
        [machine.programs(service) / "python", "-P", "-c", program],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.strip() == "[None, None, None]"
