"""Every read model can be replayed and rebuilt on the platform that people start: `commerce`, from whatever folder."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

import functions
from emulators import state
from emulators.processes.ports import free_ports
from shared.topology import discover

pytestmark = pytest.mark.timeout(600)

COMMERCE = Path(sys.executable).with_name("commerce")
AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Terminal:
    """In a folder that is not the checkout, which no other process finds on its path either."""

    cwd: Path

    @asynccontextmanager
    async def running(self, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        process = await asyncio.create_subprocess_exec(
            COMMERCE,
            *(*command, "--folder", str(self.cwd)),
            cwd=self.cwd,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()

    async def types(self, *command: str) -> str:
        """What it says; it must succeed."""
        async with self.running(*command) as process:
            said, _ = await process.communicate()
        assert process.returncode == 0, (command, said.decode())
        return said.decode()


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    """A shop runs that has sold three baskets."""
    terminal = Terminal(tmp_path)
    (port,) = free_ports(1)
    options = ("--runtime", "embedded", "--port", str(port), "--baskets", "3")
    async with terminal.running("demo", "--stay", *options) as demo:
        assert demo.stdout is not None
        while b"stays up" not in (line := await demo.stdout.readline()):
            assert line, "the demo ended"
        assert state.read(tmp_path)
        yield terminal


def read_models() -> list[tuple[str, str]]:
    """Service and collection of all that are made of events."""
    return [
        (service.name, projection.collection)
        for service in discover(functions)
        for projection in getattr(import_module(f"functions.{service.name}.main").SERVICE, "projections", ())
    ]


async def test_every_read_model_is_replayed_and_rebuilt(terminal: Terminal) -> None:
    """By processes that find the modules of the checkout, whatever the platform has put on its path."""
    slots, known = asyncio.Semaphore(AT_ONCE), read_models()

    async def rebuilt(service: str, read_model: str) -> str:
        async with slots:
            return await terminal.types("rebuild", service, read_model, "--flip", "equal")

    told = await asyncio.gather(*(rebuilt(*each) for each in known))
    replayed = await terminal.types("replay", "cart", "carts", "--out", str(terminal.cwd / "carts.ndjson"))

    assert len(known) == 17
    assert [said.splitlines()[-1] for said in told] == ["generation 2 is live"] * len(known)
    assert " documents in " in replayed
    assert (terminal.cwd / "carts.ndjson").read_text().count("\n") >= 3
