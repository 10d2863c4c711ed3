"""How one service folder becomes the source archive of its functions; what runs locally is the same archive."""

from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from shared.topology import Service

ROOT = Path(__file__).resolve().parent.parent
_MAIN = """import gc

gc.disable()  # what an import leaves behind stays: looking for garbage in it only slows the cold start

from functions.{service}.main import {names}

gc.enable()

__all__ = {quoted}
"""
_NOT_DEPLOYED = {"testing", "operations", "duckdb.py", "storage_read.py"}
"""Parts of paths: the test kit, and what only the local platform and its operators use."""


def layout(service: Service) -> dict[str, Path | str]:
    """Path in the archive → file, or text. The import paths are those of the repository."""
    entries: dict[str, Path | str] = {"main.py": _main(service), "requirements.txt": ROOT / "requirements.txt"}
    for folder in (ROOT / "functions" / service.name, ROOT / "shared"):
        for path in sorted(folder.rglob("*.py")):
            inside = path.relative_to(ROOT)
            if not _NOT_DEPLOYED.intersection(inside.parts):
                entries[inside.as_posix()] = path
    entries["functions/__init__.py"] = ROOT / "functions" / "__init__.py"
    return entries


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
