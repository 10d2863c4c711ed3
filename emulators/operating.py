"""Operations on a running platform, by whoever keeps it: what they may use, and how the platform itself does one."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import functions
from shared import bootstrap
from shared.bootstrap.service import FunctionsOfService
from shared.config import Settings
from shared.eventsourcing.errors import UnavailableError
from shared.topology import Service, discover

_log = logging.getLogger(__name__)
Say = Callable[[str], None]
Progress = Callable[[str, int, int], None]
"""Is told the phase, how much is done, and how much there is: 0 if nobody knows."""
_SPOKEN_EVERY = 5.0


class OperationError(Exception):
    """What was asked for makes no sense here; the message is for people."""


@dataclass(frozen=True, slots=True)
class Operators:
    """What an operation may use: the platform's adapters and settings, and its services. `progress` is told how far a
    long one has come; `folder` keeps what one that was cut off goes on with.
    """

    deps: bootstrap.Dependencies
    settings: Settings
    progress: Progress
    folder: Path

    def manifests(self) -> tuple[Service, ...]:
        return discover(functions)

    def service(self, name: str) -> FunctionsOfService:
        """OperationError if there is none of that name."""
        names = [service.name for service in self.manifests()]
        if name not in names:
            raise OperationError(f"there is no service {name}; there are {', '.join(names)}")
        found: FunctionsOfService = import_module(f"functions.{name}.main").SERVICE
        return found

    def services(self) -> list[FunctionsOfService]:
        return [self.service(service.name) for service in self.manifests()]


Operation = Callable[..., Awaitable[int]]
"""`async (operators, say, **plain arguments) -> exit code`."""


async def perform(
    name: str, say: Say, arguments: Mapping[str, Any], *, folder: Path, progress: Progress | None = None
) -> int:
    """In the process that this is called in, with the adapters of its environment. Without a `progress` of its own it
    says how far it has come.
    """
    from emulators.operate import OPERATIONS  # noqa: PLC0415 - operations import this module

    tell = progress or _spoken(say)
    operators = Operators(bootstrap.dependencies(), bootstrap.environment(), tell, folder / "operations")
    return await OPERATIONS[name](operators, say, **arguments)


def _spoken(say: Say) -> Progress:
    """A line every few seconds."""
    last = time.monotonic()

    def tell(phase: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > _SPOKEN_EVERY:
            last = time.monotonic()
            say(f"{phase}: {done:,}" + (f" of {total:,}" if total else ""))

    return tell


async def told(
    name: str, arguments: Mapping[str, Any], write: Callable[[bytes], Awaitable[None]], *, folder: Path
) -> None:
    """Carry it out in this process, and tell line by line: `{"say": ...}`, and at last `{"exit": ...}` or an error."""
    lines: asyncio.Queue[dict[str, object] | None] = asyncio.Queue()

    async def work() -> None:
        try:
            code = await perform(name, lambda text: lines.put_nowait({"say": text}), arguments, folder=folder)
            lines.put_nowait({"exit": int(code)})
        except (OperationError, UnavailableError) as error:
            lines.put_nowait({"error": str(error)})
        except Exception as error:  # noqa: BLE001 - the person at the other end is told
            _log.exception("%s failed", name)
            lines.put_nowait({"error": f"{type(error).__name__}: {error}; platform.log has more"})
        finally:
            lines.put_nowait(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        while (line := await lines.get()) is not None:
            await write(json.dumps(line).encode() + b"\n")
