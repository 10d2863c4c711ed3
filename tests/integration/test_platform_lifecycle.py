"""The platform as a person runs it: started, looked at, stopped in every way there is, and nothing is left behind."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from emulators import state
from emulators.processes.ports import free_ports, listen
from emulators.settings import PROGRAM

EMULATED = pytest.param("emulators", marks=pytest.mark.emulators)
RUNTIMES = pytest.mark.parametrize("runtime", [EMULATED, "embedded"])


class Platform:
    """`python -m emulators up` in a process of its own."""

    def __init__(self, folder: Path, runtime: str, *options: str) -> None:
        (self.port,) = free_ports(1)
        where = ("--port", str(self.port), "--folder", str(folder))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emulators", "up", "--service", "cart", "--runtime", runtime, *where, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = self._until("logs")
        self.children = psutil.Process(self.process.pid).children(recursive=True)

    def _until(self, end: str) -> list[str]:
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line.rstrip())
            if line.rstrip().endswith(end):
                return lines
        raise AssertionError("\n".join(lines))

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Exit code and the rest of the output, once the process is gone."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=60)
        return self.process.returncode, rest

    def left(self) -> list[psutil.Process]:
        """Children that do not end."""
        return psutil.wait_procs(self.children, timeout=60)[1]


@contextmanager
def platform(folder: Path, runtime: str, *options: str) -> Iterator[Platform]:
    started = Platform(folder, runtime, *options)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate()


def emulators(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulators", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.emulators
@pytest.mark.parametrize("options", [(), ("--per-function",)])
def test_a_killed_supervisor_leaves_no_child(tmp_path: Path, options: tuple[str, ...]) -> None:
    """SIGKILL of the supervisor ends emulators, functions and guards, all of them."""
    with platform(tmp_path, "emulators", *options) as up:
        assert any("java" in child.name() for child in up.children)

        up.end(signal.SIGKILL)

        assert up.left() == []


@RUNTIMES
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_it_in_order(tmp_path: Path, runtime: str, number: signal.Signals) -> None:
    """One Ctrl-C is enough: no traceback, no child, no state file, exit code 0."""
    with platform(tmp_path, runtime) as up:
        code, rest = up.end(number)

        assert (code, rest) == (0, "stopped\n")
        assert up.left() == []
        assert not (tmp_path / "state.json").exists()


def test_another_terminal_sees_it_and_stops_it(tmp_path: Path) -> None:
    """`status` shows what runs and `down` stops it."""
    with platform(tmp_path, "embedded") as up:
        status = emulators("status", "--folder", str(tmp_path))
        down = emulators("down", "--folder", str(tmp_path))

        assert up.process.wait(10) == 0

    assert f"http://127.0.0.1:{up.port}" in status.stdout
    assert "cart-projector" in status.stdout
    assert (down.returncode, down.stdout) == (0, "stopped\n")


def test_a_token_of_the_command_line_is_good_for_a_query(tmp_path: Path) -> None:
    """What `token` prints is accepted by the functions, which check signature, issuer and audience."""
    with platform(tmp_path, "embedded") as up:
        token = emulators("token", "--subject", "900", "--role", "customer", "--folder", str(tmp_path)).stdout.strip()
        command = ["curl", "-s", "-H", f"Authorization: Bearer {token}"]
        url = f"http://127.0.0.1:{up.port}/cart/v1/carts?customer_id=900"
        answer = subprocess.run([*command, url], capture_output=True, timeout=30, check=True)

    assert json.loads(answer.stdout)["items"] == []


def test_nothing_that_runs_is_no_traceback(tmp_path: Path) -> None:
    """`status` without a platform says how to start one, and fails."""
    result = emulators("status", "--folder", str(tmp_path))

    assert result.returncode == 1
    assert result.stderr == f"error: no platform is running; start one with: {PROGRAM} up\n"


def test_a_taken_port_is_a_plain_error(tmp_path: Path) -> None:
    """The port and the option that chooses another one are named."""
    (port,) = free_ports(1)
    with listen(port, option=""):
        result = emulators("up", "--runtime", "embedded", "--port", str(port), "--folder", str(tmp_path))

    assert result.returncode == 1
    said = f"error: port {port} is taken by another program; choose another one with --port (PORT= of make)\n"
    assert result.stderr == said


def test_a_second_platform_is_refused(tmp_path: Path) -> None:
    """One folder holds one platform; the error names the one that runs."""
    with platform(tmp_path, "embedded") as up:
        (port,) = free_ports(1)
        result = emulators("up", "--runtime", "embedded", "--port", str(port), "--folder", str(tmp_path))

    assert result.returncode == 1
    assert f"already running at http://127.0.0.1:{up.port}" in result.stderr


def test_a_platform_that_is_just_starting_has_its_folder(tmp_path: Path) -> None:
    """A second one is refused before it touches the logs of the first, which no state file tells of yet."""
    log = tmp_path / "logs" / "functions.log"
    log.parent.mkdir()
    log.write_text("of the first")
    lock = state.lock(tmp_path)
    assert lock is not None
    with lock:
        (port,) = free_ports(1)
        result = emulators("up", "--runtime", "embedded", "--port", str(port), "--folder", str(tmp_path))

    assert result.returncode == 1
    assert result.stderr == f"error: another platform is just starting or stopping in {tmp_path}\n"
    assert log.read_text() == "of the first"


def test_a_role_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """The roles there are are named."""
    result = emulators("token", "--subject", "900", "--role", "king", "--folder", str(tmp_path))

    assert result.returncode == 2
    assert "operator" in result.stderr


def test_a_token_that_is_refused_is_a_plain_error(tmp_path: Path) -> None:
    """The platform's reason is told."""
    with platform(tmp_path, "embedded"):
        result = emulators("token", "--subject", "", "--role", "customer", "--folder", str(tmp_path))

    assert result.returncode == 1
    assert result.stderr == "error: no token was given: `subject` is missing: say whom the token is for\n"


def test_faults_that_do_not_exist_are_a_plain_error(tmp_path: Path) -> None:
    """Wrong options are said in words before anything starts."""
    result = emulators("up", "--runtime", "embedded", "--faults", "lose=1", "--folder", str(tmp_path))

    assert result.returncode == 1
    assert result.stderr.startswith("error: 'lose=1'")


def test_without_emulators_auto_takes_the_embedded_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so in one line, with how to get the emulators."""
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with platform(tmp_path, "auto") as up:
        first, second, *_ = up.output

    assert first.startswith("runtime embedded: ")
    assert "gcloud components install cloud-firestore-emulator pubsub-emulator" in first
    assert second.startswith("up in ")
