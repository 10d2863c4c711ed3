"""A function's process, started as it is deployed: how long until its first answer."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from emulators.processes.plans import Plan
from tests.bench.http_client import Connection, Reply

_RETRY = 0.005
_PATIENCE = 60.0
_NOTHING_WRITTEN = {"PYTHONDONTWRITEBYTECODE": "1"}
"""An instance keeps nothing: what it had to compile, the next one has to compile again."""


def compiled(folder: Path) -> Path:
    """With bytecode beside the source, as the cloud's build leaves it where `SOURCE_DATE_EPOCH` is set: good whatever
    the files' times are, which the build changes.
    """
    writing = {name: value for name, value in os.environ.items() if name not in _NOTHING_WRITTEN}
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(folder)], env={**writing, "SOURCE_DATE_EPOCH": "0"}, check=True
    )
    return folder


def imported(statement: str) -> float:
    """Milliseconds until a process that does nothing else has imported something."""
    began = time.perf_counter()
    program = [sys.executable, "-c", f"{statement}; print(flush=True)"]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return (time.perf_counter() - began) * 1000


async def first_answer(plan: Plan, variables: Mapping[str, str], request: bytes) -> tuple[float, Reply]:
    """Milliseconds since the start of the process, and the answer."""
    began = time.perf_counter()
    with _started(plan, variables):
        connection = await _connected(plan.port, began + _PATIENCE)
        reply = await connection.request(request)
        taken = (time.perf_counter() - began) * 1000
        connection.close()
    return taken, reply


@contextmanager
def _started(plan: Plan, variables: Mapping[str, str]) -> Iterator[None]:
    environment = {**os.environ, **variables, **_NOTHING_WRITTEN, "PYTHONPATH": str(plan.archive)}
    with subprocess.Popen(plan.command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


async def _connected(port: int, deadline: float) -> Connection:
    while True:
        try:
            return await Connection.to(port)
        except ConnectionRefusedError:
            if time.perf_counter() > deadline:
                raise
            await asyncio.sleep(_RETRY)
