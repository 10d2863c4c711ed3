"""Another terminal finds the running platform, and only a running one."""

import json
import os
from pathlib import Path

from emulators import state
from emulators.state import State


def mine() -> State:
    return State.of_this_process(origin="http://127.0.0.1:8080", runtime="embedded")


def test_a_running_platform_is_found(tmp_path: Path) -> None:
    """What was written by a live process is read back."""
    state.write(tmp_path / "new", mine())

    assert state.read(tmp_path / "new") == mine()


def test_without_a_file_nothing_runs(tmp_path: Path) -> None:
    """No file, no platform."""
    assert state.read(tmp_path) is None


def test_what_a_killed_platform_left_is_removed(tmp_path: Path) -> None:
    """A process of that number that started at another time is somebody else."""
    state.write(tmp_path, State(pid=os.getpid(), started=1.0, origin="", runtime=""))

    assert state.read(tmp_path) is None
    assert not (tmp_path / state.FILE_NAME).exists()


def test_a_broken_file_is_no_platform(tmp_path: Path) -> None:
    """A half-written file, or one of another version, is nobody's state."""
    for text in ("", "{", "[]", json.dumps({"pid": 1})):
        (tmp_path / state.FILE_NAME).write_text(text)

        assert state.read(tmp_path) is None


def test_a_platform_removes_only_its_own_file(tmp_path: Path) -> None:
    """The file of a successor survives the end of its predecessor."""
    state.write(tmp_path, mine())

    state.remove(tmp_path, State(pid=1, started=1.0, origin="", runtime=""))

    assert state.read(tmp_path) == mine()


def test_one_folder_is_for_one_platform(tmp_path: Path) -> None:
    """Who locks it first has it until the lock is closed."""
    first = state.lock(tmp_path / "new")
    assert first is not None

    assert state.lock(tmp_path / "new") is None

    first.close()
    again = state.lock(tmp_path / "new")
    assert again is not None
    again.close()
