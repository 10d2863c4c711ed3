"""From the start of a function's process, as deployed, to its first answer; and the import of Google's client alone."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from emulators.processes.plans import Plan, plans
from functions.cart.events import CartOpened
from shared.adapters.system import new_id, utc_now
from shared.eventsourcing.codec import decode_commit, encode_commit
from shared.topology import Service
from tests.bench.carts import PUBLICATION, context_of, opening
from tests.bench.figures import Result, ratio, timed
from tests.bench.function_process import Environment, environment
from tests.bench.http_client import Connection, accepted, post
from tests.bench.surroundings import Surroundings
from tests.bench.till_requests import TillRequests

_IMPORT = "import google.cloud.firestore"
_EMPTY = "empty"
_EMPTY_MAIN = """
from functions_framework import aio
from starlette.responses import Response

@aio.http
async def empty(request):
    return Response("")
"""
_TARGET = 1.2
_RETRY = 0.005
_PATIENCE = 60.0


async def run(around: Surroundings) -> Result:
    async with environment(around) as made:
        starts, requests = _plans(made, around.folder), _requests(made)
        taken: dict[str, list[float]] = {name: [] for name in (_IMPORT, *starts)}
        names = list(taken)
        for number in range(around.sized(7, 1) + 1):  # the first round compiles what is imported
            first = number % len(names)
            for name in names[first:] + names[:first]:
                if name == _IMPORT:
                    milliseconds = await asyncio.to_thread(_imported)
                else:
                    milliseconds = await _first_answer(starts[name], made.variables, requests[name]())
                if number:
                    taken[name].append(milliseconds)
    return _result(taken)


def _result(taken: Mapping[str, Sequence[float]]) -> Result:
    baseline = timed(f"python -c '{_IMPORT}'", taken[_IMPORT])
    functions = [(name, timed(f"{name}: to the first answer", taken[name])) for name in taken if name != _IMPORT]
    figures = [
        each
        for name, figure in functions
        for each in (
            figure,
            ratio(f"  {name} / the import alone", figure, baseline, limit=None if name == _EMPTY else _TARGET),
        )
    ]
    return Result(
        title="Cold start: from the start of the process to the first answer",
        figures=[baseline, *figures],
        notes=[f"'{_EMPTY}' is a function that does nothing, in the same server: what the kit cannot get below."],
    )


def _plans(made: Environment, folder: Path) -> dict[str, Plan]:
    """One process a function, by functions-framework."""
    by_function = {plan.functions[0]: plan for plan in plans([(made.service, made.archive)], per_function=True)}
    source = folder / _EMPTY / "main.py"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(_EMPTY_MAIN)
    function = replace(made.service.functions[0], name=_EMPTY)
    service = Service(name=_EMPTY, description="", maturity=made.service.maturity, functions=(function,))
    return {_EMPTY: plans([(service, source)], per_function=True)[0], **by_function}


def _requests(made: Environment) -> dict[str, Callable[[], bytes]]:
    """What each function is asked first: a command, a list, a message, and the jobs of an empty log."""
    till, caller = TillRequests(made.till_token), {"authorization": f"Bearer {made.platform_token}"}
    return {
        _EMPTY: lambda: post("/", b""),
        "commands": till.open,
        "queries": till.carts,
        "projector": lambda: _pushed(caller),
        "relay": lambda: post("/", b"", **caller),
        "reactor": lambda: post("/expire", b"", **caller),
    }


def _pushed(caller: Mapping[str, str]) -> bytes:
    """The message of a new cart's first commit."""
    cart_id = new_id()
    command, stream = opening(cart_id), f"{PUBLICATION.category}-{cart_id}"
    stored = PUBLICATION.codec.encode([CartOpened(**command.model_dump())])
    commit = decode_commit(encode_commit(stream, 1, context_of(command), stored), utc_now())
    (message,) = PUBLICATION.messages(commit)[PUBLICATION.domain_topic]
    return post("/", message.data, **message.attributes, **caller)


def _imported() -> float:
    """Milliseconds until a process that does nothing else has imported the client."""
    began = time.perf_counter()
    program = [sys.executable, "-c", f"{_IMPORT}; print(flush=True)"]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return (time.perf_counter() - began) * 1000


async def _first_answer(plan: Plan, variables: Mapping[str, str], request: bytes) -> float:
    """Milliseconds; RuntimeError if it is a refusal."""
    began = time.perf_counter()
    with _started(plan, variables):
        connection = await _connected(plan.port, began + _PATIENCE)
        accepted(await connection.request(request))
        taken = (time.perf_counter() - began) * 1000
        connection.close()
    return taken


@contextmanager
def _started(plan: Plan, variables: Mapping[str, str]) -> Iterator[None]:
    environment = {**os.environ, **variables, "PYTHONPATH": str(plan.archive)}
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
