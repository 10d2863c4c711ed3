"""The whole local platform, as `make run` starts it, in processes of its own."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from emulators.processes.guard import Guarded
from emulators.processes.ports import free_ports
from emulators.settings import ROOT

_START_SECONDS = 120.0
_CLOUDS_MINUTE = "60"


@dataclass(frozen=True, slots=True)
class LocalPlatform:
    """A running one; `port` is its gateway's."""

    port: int
    _session: aiohttp.ClientSession

    async def token(self) -> str:
        """A till's."""
        form = {"subject": "till-1", "roles": "pos"}
        async with self._session.post(f"http://127.0.0.1:{self.port}/oauth/token", data=form) as response:
            return str((await response.json())["access_token"])

    async def status(self) -> dict[str, Any]:
        async with self._session.get(f"http://127.0.0.1:{self.port}/_local/status") as response:
            found: dict[str, Any] = await response.json()
            return found


@asynccontextmanager
async def local_platform(folder: Path) -> AsyncIterator[LocalPlatform]:
    """On emulators of its own; relay and sweep come as often as in the cloud. RuntimeError if it does not start."""
    (port,) = free_ports(1)
    where = ("--runtime", "emulators", "--port", str(port), "--folder", str(folder))
    options = ("--service", "cart", *where, "--minute", _CLOUDS_MINUTE)
    log, environment = folder / "platform.log", {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.to_thread(
        Guarded, [sys.executable, "-P", "-m", "emulators", "up", *options], log_file=log, env=environment
    )
    try:
        async with aiohttp.ClientSession() as session:
            platform = LocalPlatform(port, session)
            await _answering(platform, process, log)
            yield platform
    finally:
        await asyncio.to_thread(process.stop)


async def _answering(platform: LocalPlatform, process: Guarded, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.exit_code is None and time.monotonic() < deadline:
        try:
            await platform.status()
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the platform did not start; see {log}")
