"""How one service folder becomes the source archive of its functions; what runs locally is the same archive.

A service has what its modules import, and nothing else: of `shared` these modules, of the lock these packages.
"""

import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from shared.packaging.imports import imports_of, reached
from shared.packaging.lock import Lock
from shared.topology import Service

ROOT = Path(__file__).resolve().parent.parent.parent
_MAIN = """import gc

gc.disable()  # what an import leaves behind stays: looking for garbage in it only slows the cold start

from functions.{service}.main import {names}

gc.freeze()  # and all that follows: it is left out of every later look
gc.enable()

__all__ = {quoted}
"""
_NOT_DEPLOYED = {"testing", "operations", "duckdb.py", "storage_read.py"}
"""Parts of paths: the test kit, and what only the local platform and its operators use."""
_OURS = {"functions", "shared"}
_SERVER = ("functions-framework", "httptools", "uvloop")
"""What runs the functions. uvicorn takes the faster event loop and parser if they are there: nothing imports them."""


def layout(service: Service) -> dict[str, Path | str]:
    """Path in the archive → file, or text. The import paths are those of the repository.

    TopologyError if a module imports what the lock does not have.
    """
    own = [file for file in (ROOT / "functions" / service.name).rglob("*.py") if _is_deployed(file)]
    files = {ROOT / "functions" / "__init__.py", *own, *reached(own, ROOT / "shared", _is_deployed)}
    entries: dict[str, Path | str] = {"main.py": _main(service), "requirements.txt": requirements(files)}
    return entries | {file.relative_to(ROOT).as_posix(): file for file in sorted(files)}


def requirements(files: Iterable[Path]) -> str:
    """The part of the repository's lock that these modules need, and the server that runs them."""
    lock = Lock((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    modules = {name for file in files for name in imports_of(file)}
    foreign = {name for name in modules if name.split(".")[0] not in sys.stdlib_module_names | _OURS}
    return lock.part([*_SERVER, *(lock.package(name) for name in foreign)])


def digest(service: Service) -> str:
    """Names the archive by its content, shared code included: what changed is deployed, and nothing else."""
    total = sha256()
    for path, content in sorted(layout(service).items()):
        data = content.encode() if isinstance(content, str) else content.read_bytes()
        total.update(f"{path}\0{len(data)}\0".encode() + data)
    return total.hexdigest()[:16]


def write(service: Service, folder: Path) -> Path:
    """Lay the archive out in a folder of its own below `folder`; returns its `main.py`."""
    target = folder / f"{service.name}-{digest(service)}"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(mkdtemp(dir=folder, prefix=f".{service.name}-"))
        for path, content in layout(service).items():
            file = staging / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content.read_bytes())
        try:
            staging.rename(target)
        except OSError:
            rmtree(staging, ignore_errors=True)
            if not target.exists():  # else somebody was faster, and theirs is the same
                raise
    return target / "main.py"


def _main(service: Service) -> str:
    names = [function.name for function in service.functions]
    return _MAIN.format(service=service.name, names=", ".join(names), quoted=names)


def _is_deployed(file: Path) -> bool:
    return not _NOT_DEPLOYED.intersection(file.relative_to(ROOT).parts)
