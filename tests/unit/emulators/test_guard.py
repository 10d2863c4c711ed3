"""A guarded child never outlives its parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from emulators.processes.guard import Guarded

SLEEPER = (sys.executable, "-S", "-c", "import time; time.sleep(60)")
WITH_CHILD_CODE = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(60)"
)
WITH_CHILD = (sys.executable, "-S", "-c", WITH_CHILD_CODE)
PARENT = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from emulators.processes.guard import Guarded\n"
    "child = Guarded([sys.executable, '-S', '-c', 'import time; time.sleep(60)'], log_file=Path(sys.argv[1]))\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(60)"
)


def ended(pid: int, within: float = 10) -> bool:
    try:
        psutil.Process(pid).wait(within)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def until_written(file: Path) -> str:
    """The file's first line, once it is there."""
    while not (text := file.read_text()).endswith("\n"):
        os.sched_yield()
    return text.splitlines()[0]


def test_the_child_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL of the parent, which no handler sees, ends the child too."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert psutil.pid_exists(child)

    parent.kill()

    assert ended(child)
    parent.communicate()


def test_stop_returns_when_the_child_is_gone(tmp_path: Path) -> None:
    """After `stop` there is nothing left to wait for."""
    child = Guarded(SLEEPER, log_file=tmp_path / "log")
    assert child.exit_code is None

    child.stop()

    assert not psutil.pid_exists(child.pid)
    assert child.exit_code == 128 + signal.SIGTERM


def test_kill_is_a_crash(tmp_path: Path) -> None:
    """`kill` gives the child no chance to tidy up."""
    child = Guarded(SLEEPER, log_file=tmp_path / "log")

    child.kill()

    assert child.exit_code == 128 + signal.SIGKILL


def test_the_children_of_the_child_end_too(tmp_path: Path) -> None:
    """The whole process group is stopped."""
    child = Guarded(WITH_CHILD, log_file=tmp_path / "log")
    grandchild = int(until_written(tmp_path / "log"))

    child.stop()

    assert ended(grandchild)


def test_the_child_runs_in_another_session(tmp_path: Path) -> None:
    """A terminal's Ctrl-C is the supervisor's business alone."""
    child = Guarded(SLEEPER, log_file=tmp_path / "log")

    assert os.getsid(child.pid) != os.getsid(0)
    child.stop()


def test_output_goes_to_the_log_and_the_exit_code_is_kept(tmp_path: Path) -> None:
    """What the child wrote and how it ended can be told afterwards."""
    child = Guarded((sys.executable, "-S", "-c", "import sys; print('why'); sys.exit(3)"), log_file=tmp_path / "log")
    ended(child.pid)
    child.stop()

    assert child.exit_code == 3
    assert (tmp_path / "log").read_text() == "why\n"


def test_a_program_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """What cannot be started is reported at once."""
    with pytest.raises(OSError, match="no-such-program could not be started"):
        Guarded(("no-such-program",), log_file=tmp_path / "log")
