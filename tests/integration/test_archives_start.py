"""Every function from its archive alone: an empty folder, an environment with its own requirements, Google's server."""

import json
import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

import functions
from emulators.edge.issuer import Issuer
from emulators.processes.ports import LOOPBACK
from emulators.settings import USER_AUDIENCE
from shared import packaging
from shared.topology import Service, discover
from tests.architecture.test_entry_points import a_request

pytestmark = pytest.mark.timeout(600)  # the first test waits for all installations and all starts

SERVICES = discover(functions)
FUNCTIONS = [(service.name, function.name) for service in SERVICES for function in service.functions]
UNREACHABLE = "connection broken"
"""What pip says, instead of what it cannot find, where there is no network."""
AT_ONCE = 2
PATIENCE = 60


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

    def ask(self, service: str, function: str, request: Request) -> Answer:
        """Start the function, ask once, stop it."""
        with self._started(service, function) as port:
            connection = HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
            connection.request(request.method, request.path, request.body, request.headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers.get_content_type(), json.load(response))
            connection.close()
            return answer

    @contextmanager
    def _started(self, service: str, function: str) -> Iterator[int]:
        """As the cloud does it, but for the port, which is any: the log tells which."""
        framework = str(self.programs(service) / "functions-framework")
        program = [framework, "--target", function, "--source", "main.py"]
        server = {"FUNCTION_USE_ASGI": "true", "HOST": LOOPBACK, "PORT": "0", "GUNICORN_LOG_LEVEL": "info"}
        with subprocess.Popen(
            program,
            cwd=self._archives[service],
            env=self._variables | server,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            log = ""
            try:
                for line in process.stderr:
                    log += line
                    if listening := re.search(r"Listening at: http://[\d.]+:(\d+)", line):
                        yield int(listening[1])
                        break
                else:
                    pytest.fail(f"{service}-{function} did not start:\n{log}")
            finally:
                process.terminate()


def _install(requirements: str, environment: Path) -> None:
    venv.create(environment, symlinks=True)
    file = environment / "requirements.txt"
    file.write_text(requirements)
    python = str(environment / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--retries", "1"]
    done = subprocess.run(
        [*pip, "--quiet", "--require-hashes", "-r", str(file)], capture_output=True, text=True, check=False
    )
    if done.returncode and UNREACHABLE in done.stderr:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr


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
            "COMMERCE_RUNTIME": "embedded",
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
    """What every function says to somebody without a token."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {
            (service.name, function.name): pool.submit(
                partial(machine.ask, service.name, function.name, _anonymous(service, function.name))
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
    """From its archive and its own requirements, each function of the platform starts and asks who calls."""
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

    answer = machine.ask("cart", "commands", Request("POST", "/cart/v1/carts", headers, json.dumps(body).encode()))

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
