"""The state file of a running platform: what `status` and `down` know about it from another terminal; and the lock that
keeps a folder for one platform.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import psutil

from shared.adapters.files import replace_file

FILE_NAME = "state.json"
_LOCK_NAME = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`started` is the supervisor's start time as the system knows it: with the pid it names one process for ever."""

    pid: int
    started: float
    origin: str
    runtime: str

    @classmethod
    def of_this_process(cls, *, origin: str, runtime: str) -> "State":
        return cls(pid=os.getpid(), started=psutil.Process().create_time(), origin=origin, runtime=runtime)

    @property
    def alive(self) -> bool:
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) < 1
        except psutil.NoSuchProcess:
            return False


def lock(folder: Path) -> TextIO | None:
    """The folder is this platform's until the file is closed or the process ends, however it ends; None if another
    platform has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / _LOCK_NAME).open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def write(folder: Path, state: State) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / FILE_NAME, json.dumps(asdict(state)).encode())


def read(folder: Path) -> State | None:
    """None if no platform runs; what a killed one left behind is removed."""
    try:
        state = State(**json.loads((folder / FILE_NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    if state.alive:
        return state
    remove(folder, state)
    return None


def remove(folder: Path, state: State) -> None:
    """Only if it is still this platform's."""
    file = folder / FILE_NAME
    try:
        if json.loads(file.read_text()).get("pid") == state.pid:
            file.unlink()
    except (OSError, ValueError):
        return
