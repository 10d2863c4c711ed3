"""What all commands share: options, exit codes, and plain words for what people can mend."""

import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
from rich.console import Console

from emulators import state
from emulators.delivery.faults import FaultSyntaxError
from emulators.operating import OperationError
from emulators.platform import LocalPlatform, PlatformError
from emulators.processes.google import EmulatorError
from emulators.processes.ports import PortTakenError
from emulators.processes.supervision import ProcessError
from emulators.running import InterruptedByUserError, reasons
from emulators.runtimes import NoEmulatorsError
from emulators.settings import PROGRAM, ROOT, RuntimeChoice
from shared.topology import Service

FOLDER = ROOT / ".local"


class Exit(IntEnum):
    """What the exit code tells."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNBALANCED = 3
    INTERRUPTED = 130


FOR_PEOPLE = (
    PlatformError,
    PortTakenError,
    NoEmulatorsError,
    EmulatorError,
    ProcessError,
    FaultSyntaxError,
    OperationError,
    aiohttp.ClientError,
)

_OF_THE_MACHINE = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.EMFILE)
)
"""What a person can mend: a full disk, a folder that is not theirs, a file in the place of a folder."""

# The embedded runtime sends `sys.stdout` to a log; people get the one that was there first.
out = Console(file=sys.stdout, highlight=False)
err = Console(file=sys.stderr, highlight=False)

RuntimeOption = Annotated[
    RuntimeChoice, typer.Option("--runtime", help="[b]auto[/b] takes the emulators when this machine has them.")
]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="Of the one local origin.")]
PerFunctionOption = Annotated[
    bool, typer.Option("--per-function", help="One process a function, as in the cloud, instead of one a service.")
]
FaultsOption = Annotated[
    str,
    typer.Option(
        "--faults",
        metavar="FAULTS",
        help="What the delivery of messages does wrong, by probability, such as "
        "[b]duplicate=0.1,delay=0.05:200ms,reorder=0.1, drop=0.01,fail=0.02,seed=7[/b]",
    ),
]
MinuteOption = Annotated[
    float, typer.Option("--minute", metavar="SECONDS", min=0.1, help="How long a minute of the schedules lasts here.")
]
ServicesOption = Annotated[
    list[str] | None, typer.Option("--service", help="Start this service only; may be given several times.")
]
FolderOption = Annotated[Path, typer.Option("--folder", help="Where archives, logs and the state file are kept.")]


@contextmanager
def for_people(*expected: type[Exception]) -> Iterator[None]:
    """What people can mend is said in plain words; everything else keeps its traceback, for it is a bug."""
    try:
        yield
    except InterruptedByUserError:
        err.print("interrupted")
        raise typer.Exit(Exit.INTERRUPTED) from None
    except Exception as error:
        said = [_said(each, (*FOR_PEOPLE, *expected)) for each in reasons(error)]
        if None in said:
            raise
        for line in said:
            err.print(f"error: {line}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(Exit.FAILED) from None


def _said(error: BaseException, expected: tuple[type[Exception], ...]) -> str | None:
    """In plain words; None if it is a bug."""
    if isinstance(error, expected):
        return str(error)
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return f"{os.strerror(error.errno)}: {error.filename or 'where the platform keeps its files, see --folder'}"
    return None


def running(folder: Path) -> state.State:
    """The platform that runs; PlatformError if none does."""
    found = state.read(folder)
    if found is None:
        raise PlatformError(f"no platform is running; start one with: {PROGRAM} up")
    return found


def say(line: str) -> None:
    out.print(line, markup=False, soft_wrap=True)


def announce(platform: LocalPlatform, *, stays: bool = False) -> None:
    """Where everything is; of a platform that stays, how to stop it."""
    how_to_stop = "; Ctrl-C stops it" if stays else ""
    say(f"up in {platform.boot_seconds:.1f} s on runtime {platform.runtime.value}{how_to_stop}")
    for what, url in addresses(platform).items():
        say(f"  {url}  {what}")
    say(f"  {PROGRAM} token --subject me --role operator  prints a bearer token, which the services ask for")
    say(f"  {platform.options.logs}  logs")


def addresses(platform: LocalPlatform) -> dict[str, str]:
    """What can be opened, by what it shows: the status, and a list of each service whose contract has one."""
    lists = {service.description: _list(service) for service in platform.services}
    paths = {what: path for what, path in lists.items() if path} | {
        f"how it does; or: {PROGRAM} status": "/_local/status"
    }
    return {what: platform.origin + path for what, path in paths.items()}


def _list(service: Service) -> str:
    """The path of the first in its contract; none if there is no such list."""
    contract = ROOT / "schemas" / "openapi" / f"{service.name}.json"
    paths = json.loads(contract.read_text("utf-8"))["paths"] if contract.exists() else {}
    lists = (path for path, operations in paths.items() if "get" in operations and "{" not in path)
    return next((path for path in lists if not _needs_parameters(paths[path]["get"])), "")


def _needs_parameters(operation: Mapping[str, Any]) -> bool:
    return any(each.get("required") for each in operation.get("parameters", ()))
