"""The functions of all services in this process: the runtime that needs nothing but Python packages."""

import gc
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from functions_framework.aio import create_asgi_app

from emulators.edge.invoke import AsgiApp
from shared import bootstrap
from shared.topology import Service


def load(services: Sequence[tuple[Service, Path]], environment: Mapping[str, str]) -> dict[tuple[str, str], AsgiApp]:
    """The apps by (service, function), made by the Functions Framework from each archive's `main.py`. They share this
    process's one embedded platform, made anew; so only one local platform can be embedded in a process at a time.
    """
    os.environ.update(environment)
    _forget([service.name for service, _ in services])
    with _path_kept():
        apps: dict[tuple[str, str], AsgiApp] = {
            (service.name, function.name): create_asgi_app(function.name, str(source), "http")  # type: ignore[no-untyped-call] # it has no types
            for service, source in services
            for function in service.functions
        }
    gc.unfreeze()  # an archive's `main.py` freezes what there is, for a process of its own: here much of it has an end
    return apps


@contextmanager
def _path_kept() -> Iterator[None]:
    """The framework puts each archive on the path. A process that is spawned from here begins with this path: it would
    find `shared` in an archive, which does not have all of it, though here all modules come from the checkout.
    """
    path = sys.path.copy()
    try:
        yield
    finally:
        sys.path[:] = path


def _forget(services: Sequence[str]) -> None:
    """What an earlier platform of this process left behind: its stores, its issuer's keys, its services' warm state."""
    for name in services:
        sys.modules.pop(f"functions.{name}.main", None)
    bootstrap.forget()
