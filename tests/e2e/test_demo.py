"""`python -m emulators demo` as a person runs it: to its end, and not."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from emulators.processes.ports import free_ports

EMULATED = pytest.param("emulators", marks=pytest.mark.emulators)
RUNTIMES = pytest.mark.parametrize("runtime", [EMULATED, "embedded"])


@contextmanager
def demo(folder: Path, runtime: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    (port,) = free_ports(1)
    where = ("--port", str(port), "--folder", str(folder))
    process = subprocess.Popen(
        [sys.executable, "-m", "emulators", "demo", "--runtime", runtime, *where, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def selling(folder: Path, runtime: str) -> None:
    """Return when the feed is under way."""
    log = folder / "logs" / ("cart.log" if runtime == "emulators" else "functions.log")
    deadline = time.monotonic() + 240  # a busy machine is no failure
    while not log.exists() or log.read_text().count("/items 202") < 10:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@RUNTIMES
def test_the_books_balance(tmp_path: Path, runtime: str) -> None:
    """Exit code 0, and a report that says so."""
    report = tmp_path / "report.json"
    with demo(tmp_path, runtime, "--baskets", "10", "--json", str(report)) as process:
        output, _ = process.communicate(timeout=250)

    assert process.returncode == 0, output
    assert "The books balance, to the cent and to the line." in output
    assert json.loads(report.read_text())["balanced"] is True


@RUNTIMES
def test_ctrl_c_in_mid_feed_stops_it_in_order(tmp_path: Path, runtime: str) -> None:
    """Exit code 130, no traceback, no child left."""
    with demo(tmp_path, runtime, "--baskets", "20") as process:
        selling(tmp_path, runtime)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert psutil.wait_procs(children, timeout=60)[1] == []


@pytest.mark.emulators
def test_a_kill_in_mid_feed_leaves_no_child(tmp_path: Path) -> None:
    """SIGKILL of the supervisor ends emulators and functions, busy as they are."""
    with demo(tmp_path, "emulators", "--baskets", "20") as process:
        selling(tmp_path, "emulators")
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()

        assert len(children) >= 3
        assert psutil.wait_procs(children, timeout=60)[1] == []
