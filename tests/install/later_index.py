"""An index of a later day, in a folder: every pinned package in a wheel without code, and a newer release of each."""

import re
from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from emulators.settings import ROOT

LATER = "9999"
"""The version that came out after the locks were made."""
ENVIRONMENTS = {
    ".venv": "requirements-dev.txt",
    ".venv-bigquery": "emulators/bigquery/requirements.txt",
    ".venv-policies": "infra/policies/requirements.txt",
}
"""What `make install` makes, and of which lock."""
_PIN = re.compile(r"^([\w.-]+)==([^\s;]+)(.*?) \\$", re.MULTILINE)
_SAID = ("Requires-Dist", "Provides-Extra")
"""What a resolver asks a package for."""


def plain(name: str) -> str:
    """One spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str, name: str) -> str:
    """A package's pin with its hashes, as it stands in a lock."""
    (block,) = re.findall(rf"^{re.escape(name)}==.*\n(?: +--hash=.*\n)+", lock, re.MULTILINE)
    return str(block).rstrip("\\\n ")


def versions(environment: Path) -> dict[str, str]:
    """What is installed in it."""
    folders = [str(path) for path in environment.glob("lib/*/site-packages")]
    return {plain(each.name): each.version for each in distributions(path=folders)}


def pins(lock: str) -> dict[str, set[str]]:
    """The versions of each package in a lock: several where Pythons or systems differ."""
    found: dict[str, set[str]] = {}
    for name, version, _ in _PIN.findall(lock):
        found.setdefault(plain(name), set()).add(version)
    return found


class LaterIndex:
    """`real` packages are in the folder already, as they are published; a lock keeps their hashes."""

    def __init__(self, folder: Path, *, real: Iterable[str]) -> None:
        self._folder = folder
        self._real = set(real)
        self._installed = {
            (plain(each.name), each.version): each
            for environment in ENVIRONMENTS
            for each in distributions(path=[str(path) for path in (ROOT / environment).glob("lib/*/site-packages")])
        }
        self._hashes: dict[tuple[str, str], str] = {}

    def relocked(self, lock: str) -> str:
        """The same pins with the hashes of what lies in the folder; every package gets its newer release."""
        lines = [self._pinned(lock, *found.groups()) for found in _PIN.finditer(lock)]
        return "".join(f"{line}\n" for line in lines)

    def _pinned(self, lock: str, name: str, version: str, marker: str) -> str:
        depends = self._depends(plain(name), version)
        self._wheel(name, LATER, depends)
        if name in self._real:
            return locked(lock, name)
        return f"{name}=={version}{marker} --hash=sha256:{self._wheel(name, version, depends)}"

    def _depends(self, name: str, version: str) -> str:
        """As the installed one says; one that this system does not need is not asked."""
        found = self._installed.get((name, version))
        if found is None:
            return ""
        return "".join(f"{key}: {value}\n" for key in _SAID for value in found.metadata.get_all(key) or ())

    def _wheel(self, name: str, version: str, depends: str) -> str:
        """Its hash."""
        if (name, version) not in self._hashes:
            stem = f"{plain(name).replace('-', '_')}-{version}"
            info = f"{stem}.dist-info"
            files = {
                "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{depends}",
                "WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                "RECORD": "".join(f"{info}/{file},,\n" for file in ("METADATA", "WHEEL", "RECORD")),
            }
            wheel = self._folder / f"{stem}-py3-none-any.whl"
            with ZipFile(wheel, "w") as archive:
                for file, text in files.items():
                    archive.writestr(ZipInfo(f"{info}/{file}"), text)
            self._hashes[name, version] = sha256(wheel.read_bytes()).hexdigest()
        return self._hashes[name, version]
