"""The contracts of all services, made from their code and kept in `schemas/`."""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic_core import from_json

import functions
from emulators.settings import ROOT
from shared.adapters.files import replace_file
from shared.bootstrap import EventSourcedService
from shared.contracts import documents, unreadable
from shared.contracts.promises import broken, drift, is_promise, orphans, render
from shared.topology import discover

FOLDER = ROOT / "schemas"
Composed = EventSourcedService


class BrokenPromiseError(Exception):
    """A stored or published shape would change under its version; the message says where."""


def services() -> tuple[Composed, ...]:
    """Every service under `functions/`, composed as its `main.py` does."""
    names = [manifest.name for manifest in discover(functions)]
    found = (import_module(f"{functions.__name__}.{name}.main").SERVICE for name in names)
    return tuple(service for service in found if isinstance(service, EventSourcedService))


def fresh(composed: Iterable[Composed]) -> dict[str, dict[str, Any]]:
    """Path below `schemas/` → document, of all services."""
    return {path: document for service in composed for path, document in documents(service).items()}


def check(composed: Iterable[Composed], folder: Path = FOLDER) -> list[str]:
    """What is not true of the documents in `folder`, a line each."""
    composed = tuple(composed)
    forgotten = [line for service in composed for line in unreadable(folder, service)]
    return drift(folder, fresh(composed)) + forgotten


def write(composed: Iterable[Composed], folder: Path = FOLDER) -> list[str]:
    """Bring `folder` up to date; returns the paths that changed. BrokenPromiseError before anything is written."""
    wanted = fresh(composed)
    promised = {path for path in wanted if is_promise(path) and (folder / path).exists()}
    refused = [line for path in sorted(promised) for line in broken(path, _read(folder / path), wanted[path])]
    if refused:
        raise BrokenPromiseError("\n".join(refused))
    stale = orphans(folder, wanted)
    for path in stale:
        (folder / path).unlink()
    changed = [path for path in wanted if path not in promised and _put(folder / path, render(wanted[path]))]
    return sorted(changed + stale)


def _read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = from_json(file.read_bytes())
    return document


def _put(file: Path, content: bytes) -> bool:
    """Whether it was not so before."""
    if file.exists() and file.read_bytes() == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, content)
    return True
