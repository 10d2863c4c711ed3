"""Operator commands from a terminal: carried out in this process, or in the platform's own if its log lives there."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import typer

from emulators.feed.progress import bars
from emulators.operating import OperationError, perform
from emulators.running import run
from emulators.terminal import Exit, for_people, out, running, say
from shared import bootstrap
from shared.config import Runtime
from shared.eventsourcing.errors import UnavailableError

_RUNTIME = "COMMERCE_RUNTIME"


def operate(name: str, *, folder: Path, arguments: Mapping[str, Any]) -> None:
    """Carry out an operation on the platform that runs in `folder`, or on the cloud if the environment says
    `COMMERCE_RUNTIME=gcp`, and exit with its code.
    """
    with for_people(UnavailableError):
        if os.environ.get(_RUNTIME) == Runtime.GCP:
            code = run(lambda: _here(name, arguments, folder))
        else:
            platform = running(folder)
            if platform.runtime == Runtime.EMBEDDED:
                code = run(lambda: _inside(platform.origin, name, arguments))
            else:
                code = run(lambda: _beside(platform.origin, name, arguments, folder))
    if code != Exit.DONE:
        raise typer.Exit(code)


async def _here(name: str, arguments: Mapping[str, Any], folder: Path) -> int:
    try:
        with bars(out) as progress:
            return await perform(name, say, arguments, folder=folder, progress=progress)
    finally:
        await bootstrap.close()


async def _beside(origin: str, name: str, arguments: Mapping[str, Any], folder: Path) -> int:
    async with aiohttp.ClientSession() as session, session.get(origin + "/_local/environment") as response:
        os.environ.update(await response.json())
    return await _here(name, arguments, folder)


async def _inside(origin: str, name: str, arguments: Mapping[str, Any]) -> int:
    """`operating.told` is the other end."""
    asked = {"name": name, "arguments": dict(arguments)}
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.post(origin + "/_local/operate", json=asked) as response,
    ):
        if not response.ok:
            raise OperationError(f"the platform does not take it: {response.status} {await response.text()}")
        async for line in response.content:
            match json.loads(line):
                case {"say": str(text)}:
                    say(text)
                case {"exit": int(code)}:
                    return code
                case {"error": str(reason)}:
                    raise OperationError(reason)
    raise OperationError("the platform stopped before it was done")
