"""On what, with what and when it was measured: figures mean nothing without."""

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from emulators.processes.google import Installation
from emulators.settings import ROOT

_PACKAGES = ("grpcio", "google-cloud-firestore", "functions-framework", "pydantic", "uvloop")
_GIB = 1024**3


def machine(installation: Installation) -> Mapping[str, Any]:
    """`load` is the average of the last minute before the run: far from 0, somebody else was busy too."""
    return {
        "cpu": _cpu(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / _GIB, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "java": _java(installation.java),
        "emulators": _emulators(installation),
        "packages": {name: version(name) for name in _PACKAGES},
        "revision": _revision(),
        "load": round(os.getloadavg()[0], 2),
    }


def _cpu() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.processor() or platform.machine()


def _emulators(installation: Installation) -> str:
    """Not all archives have their version in their name; the installation that they are part of has one."""
    try:
        sdk = (installation.firestore_jar.parents[2] / "VERSION").read_text().strip()
    except OSError:
        sdk = "of unknown version"
    return f"{installation.firestore_jar.stem}, {installation.pubsub_jar.stem} (Google Cloud SDK {sdk})"


def _java(java: Path) -> str:
    found = re.search(r'version "([^"]+)"', _output([str(java), "-version"]))
    return found.group(1) if found else "unknown"


def _revision() -> str:
    """The commit, with a `+` if files differ from it; empty outside of a clone."""
    commit = _output(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]).strip()
    changed = _output(["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"]).strip()
    return commit + "+" * bool(changed)


def _output(command: list[str]) -> str:
    """What it wrote, on standard error too; empty if it cannot be run or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout + done.stderr
