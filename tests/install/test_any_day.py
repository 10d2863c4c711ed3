"""The locks install on any day: with the oldest pip of each Python, while the index has newer releases of everything.

`make fresh` runs this. It needs a network: the old pips and the installer are the real ones.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulators.settings import ROOT
from tests.install.later_index import ENVIRONMENTS, LaterIndex, locked, pins, versions

INSTALLER = "requirements-installer.txt"
LOCKS = (
    INSTALLER,
    "requirements-dev.txt",
    "requirements.txt",
    "infra/pulumi/requirements.txt",
    "infra/policies/requirements.txt",
    "emulators/bigquery/requirements.txt",
)
REAL = {"uv": INSTALLER, "setuptools": "requirements-dev.txt"}
"""Packages that do something while all others are installed, and the locks that pin them."""
OLDEST_PIPS = re.findall(
    r"^(pip==(\S+) .*?) +# (python\S+)$", (Path(__file__).parent / "oldest-pips.txt").read_text(), re.MULTILINE
)
PATIENCE = 120
"""Seconds for one command."""

every_pip = pytest.mark.parametrize("pip", [python for _, _, python in OLDEST_PIPS], indirect=True)


@dataclass(frozen=True, slots=True)
class Pip:
    """One that a Python brought, and a Python that it works with."""

    version: str
    folder: Path
    python: str


@dataclass(frozen=True, slots=True)
class LaterDay:
    """A copy of what `make install` reads, with an index of a later day and nothing else to install from."""

    folder: Path
    index: Path

    def environment(self, pip: Pip) -> dict[str, str]:
        home = self.folder.parent
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(pip.folder),  # before what an environment has of its own
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": self.index.as_uri(),
            "UV_CONFIG_FILE": str(self.folder / "uv.toml"),
        }

    def run(self, pip: Pip, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(pip),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def installed_by_pip(self, pip: Pip, lock: str) -> subprocess.CompletedProcess[str]:
        """Into an environment of its own, by pip alone."""
        self.run(pip, pip.python, "-m", "venv", "--without-pip", "by-pip").check_returncode()
        return self.run(pip, "by-pip/bin/python", "-m", "pip", "install", "--require-hashes", "-r", lock)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the real packages."""
    folder = tmp_path_factory.mktemp("index")
    for package, lock in REAL.items():
        _download(folder, locked((ROOT / lock).read_text(), package))
    return folder


@pytest.fixture
def day(index: Path, tmp_path: Path) -> LaterDay:
    folder = tmp_path / "a clone"
    later = LaterIndex(index, real=REAL)
    for lock in LOCKS:
        (folder / lock).parent.mkdir(parents=True, exist_ok=True)
        (folder / lock).write_text(later.relocked((ROOT / lock).read_text()))
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    (folder / "uv.toml").write_text(f"no-index = true\nfind-links = ['{index}']\n")
    (folder / "emulators/bigquery/install_extension.py").touch()  # DuckDB is not there to be extended
    return LaterDay(folder, index)


@pytest.fixture
def pip(request: pytest.FixtureRequest, index: Path) -> Pip:
    """On the Python that brought it if this machine has it, else on the one that runs this."""
    ((line, version, brought_by),) = [each for each in OLDEST_PIPS if each[2] == request.param]
    python = _working(brought_by)
    if python is None:
        if _minor(brought_by) < sys.version_info.minor:
            pytest.skip(f"NOT TESTED, {brought_by} is not there, and its pip is too old for this Python")
        python = sys.executable
    folder = index.parent / f"pip-{version}"
    if not folder.exists():
        _download(folder, line)
        (wheel,) = folder.iterdir()
        shutil.unpack_archive(wheel, folder, "zip")  # as a folder its bytecode is kept
    return Pip(version, folder, python)


@every_pip
def test_everything_is_installed_as_pinned(pip: Pip, day: LaterDay) -> None:
    """`make install` fills each environment with the pinned versions, in a path with a space, whatever pip there is."""
    done = day.run(pip, "make", "install", f"PYTHONS={pip.python}")

    assert done.returncode == 0, done.stderr
    assert f"pip {pip.version} " in day.run(pip, ".venv/bin/python", "-m", "pip", "--version").stdout
    for environment, lock in ENVIRONMENTS.items():
        installed, pinned = versions(day.folder / environment), pins((ROOT / lock).read_text())
        assert installed.keys() & pinned.keys()
        assert [name for name, version in installed.items() if version not in pinned.get(name, {version})] == []


@every_pip
@pytest.mark.parametrize("lock", ["requirements.txt", "infra/pulumi/requirements.txt"])
def test_pip_installs_what_others_install_with_it(pip: Pip, day: LaterDay, lock: str) -> None:
    """Google's builders install a function's packages with pip, and Pulumi may do so with the deployment's."""
    done = day.installed_by_pip(pip, lock)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("pip", ["python3.11", "python3.12"], indirect=True)
def test_the_index_is_one_that_old_pips_stumble_over(pip: Pip, day: LaterDay) -> None:
    """Without the installer, an old pip takes a newer release of what is wanted with an extra, and refuses it."""
    done = day.installed_by_pip(pip, "requirements-dev.txt")

    assert "must have their versions pinned with ==" in done.stderr


def _download(folder: Path, requirement: str) -> None:
    """From the index that this machine uses, checked by its hash."""
    folder.mkdir(exist_ok=True)
    lines = folder / "requirement.txt"
    lines.write_text(requirement)
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps")
    subprocess.run([*pip, "--require-hashes", "-r", lines, "-d", folder], check=True, timeout=PATIENCE)
    lines.unlink()


def _working(python: str) -> str | None:
    """The name, if this machine has it and it runs: a version manager's may only say that it is not chosen."""
    try:
        subprocess.run([python, "-c", "import venv, ensurepip"], check=True, capture_output=True, timeout=PATIENCE)
    except (OSError, subprocess.CalledProcessError):
        return None
    return python


def _minor(python: str) -> int:
    return int(python.rpartition(".")[2])
