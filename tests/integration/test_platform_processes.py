"""Function processes: started from an archive, checked, replaced."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from emulators.edge.invoke import client_session
from emulators.processes.plans import plans
from emulators.processes.supervision import FunctionProcesses, ProcessError
from shared.topology import Function, Maturity, Private, Service

MAIN = """
import os
from functions_framework import aio
from starlette.responses import JSONResponse

@aio.http
async def commands(request):
    return JSONResponse({"function": "commands", "path": request.url.path, "pid": os.getpid()})

@aio.http
async def queries(request):
    return JSONResponse({"function": "queries", "path": request.url.path, "pid": os.getpid()})
"""
SHOP = Service(
    name="shop",
    description="",
    maturity=Maturity.EVENT_SOURCED,
    functions=tuple(
        Function(name=name, trigger=Private(), permissions=(), description="") for name in ("commands", "queries")
    ),
)


@asynccontextmanager
async def processes(
    folder: Path, main: str = MAIN, *, per_function: bool = False, say: Callable[[str], None] = print
) -> AsyncIterator[FunctionProcesses]:
    source = folder / "archive" / "main.py"
    source.parent.mkdir(exist_ok=True)
    source.write_text(main)
    async with client_session() as session:
        started = FunctionProcesses(
            plans([(SHOP, source)], per_function=per_function), {}, folder / "logs", session, say
        )
        try:
            yield started
        finally:
            await started.stop()


async def ask(under_test: FunctionProcesses, function: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session:
        async with session.get(under_test.address("shop", function) + "/shop/v1/x") as response:
            answer: dict[str, Any] = await response.json()
        return answer


@pytest.mark.parametrize("per_function", [False, True])
async def test_every_function_answers_at_its_address(tmp_path: Path, per_function: bool) -> None:
    """One process a service or one a function: a function sees the same path."""
    async with processes(tmp_path, per_function=per_function) as under_test:
        await under_test.start()
        answers = [await ask(under_test, name) for name in ("commands", "queries")]

    assert [answer["function"] for answer in answers] == ["commands", "queries"]
    assert {answer["path"] for answer in answers} == {"/shop/v1/x"}
    assert len({answer["pid"] for answer in answers}) == (2 if per_function else 1)


async def test_a_process_that_dies_is_replaced(tmp_path: Path) -> None:
    """After SIGKILL the same address answers again, from another process; people are told."""
    said: asyncio.Queue[str] = asyncio.Queue()
    async with processes(tmp_path, say=said.put_nowait) as under_test:
        await under_test.start()
        first = under_test.pid("shop")
        watching = asyncio.create_task(under_test.watch())

        os.kill(first, signal.SIGKILL)

        assert await said.get() == "shop died (signal 9); starting it again"
        assert await said.get() == "shop is back"
        assert (await ask(under_test, "queries"))["pid"] == under_test.pid("shop") != first
        assert under_test.restarts == {"shop": 1}
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The end of its log comes with the error."""
    async with processes(tmp_path, "raise RuntimeError('no such table')") as under_test:
        with pytest.raises(ProcessError, match="no such table"):
            await under_test.start()


async def test_what_runs_is_the_archive(tmp_path: Path) -> None:
    """A package of the archive comes before the one of the same name in the repository."""
    package = tmp_path / "archive" / "shared"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "only_here.py").write_text("")
    async with processes(tmp_path, "import shared.only_here\n" + MAIN) as under_test:
        await under_test.start()


async def test_a_process_that_dies_again_is_replaced_after_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that becomes healthy and dies at once does not keep the machine busy with its restarts."""
    monkeypatch.setattr("emulators.processes.supervision._FIRST_PAUSE", 0.01)
    said: asyncio.Queue[str] = asyncio.Queue()
    async with processes(tmp_path, say=said.put_nowait) as under_test:
        await under_test.start()
        watching = asyncio.create_task(under_test.watch())
        told = []
        for _ in range(3):
            os.kill(under_test.pid("shop"), signal.SIGKILL)
            told.append(await said.get())
            assert await said.get() == "shop is back"
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    died = "shop died (signal 9); starting it again"
    assert told == [died, f"{died} in 0.01 s", f"{died} in 0.02 s"]
