"""From the start of a function's process, as deployed, to its first answer; and the import of Google's client alone.

The first answer of the cart's functions is work done: a token is checked, with keys that are fetched for it, and a
command carried out, a list read, a message projected, a job run. Every other function is asked something that it
refuses: see `every_start`. Bytecode is there, as the cloud's build leaves it; what its absence costs is a figure.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from emulators.processes.plans import Plan, plans
from functions.cart.events import CartOpened
from shared import packaging
from shared.adapters.system import new_id, utc_now
from shared.eventsourcing.codec import decode_commit, encode_commit
from shared.topology import Service
from tests.bench.carts import PUBLICATION, context_of, opening
from tests.bench.every_start import every_start
from tests.bench.figures import Result, ratio, timed
from tests.bench.first_answer import compiled, first_answer, imported
from tests.bench.function_process import Environment, environment
from tests.bench.http_client import accepted, post
from tests.bench.surroundings import Surroundings
from tests.bench.till_requests import TillRequests

_IMPORT = "import google.cloud.firestore"
_EMPTY = "empty"
_PACKAGES = "packages"
_UNCOMPILED = "commands without bytecode"
_FLOORS = (_EMPTY, _PACKAGES)
_NOTHING = """
from functions_framework import aio
from starlette.responses import Response

@aio.http
async def {name}(request):
    return Response("")
"""
_CLIENTS = """
import jwt
import grpc.aio
import opentelemetry.trace.propagation.tracecontext
from google.protobuf import descriptor_pb2, duration_pb2, message_factory, timestamp_pb2, wrappers_pb2
from pydantic import AwareDatetime, BaseModel, TypeAdapter
"""
_TARGET = 1.2


async def run(around: Surroundings) -> Result:
    async with environment(around) as made:
        starts, requests = _plans(made, around.folder), _requests(made)
        taken: dict[str, list[float]] = {name: [] for name in (_IMPORT, *starts)}
        names = list(taken)
        for number in range(around.sized(7, 1) + 1):  # the first round warms the system's caches
            first = number % len(names)
            for name in names[first:] + names[:first]:
                if name == _IMPORT:
                    milliseconds = await asyncio.to_thread(imported, _IMPORT)
                else:
                    milliseconds, reply = await first_answer(starts[name], made.variables, requests[name]())
                    accepted(reply)
                if number:
                    taken[name].append(milliseconds)
        rows = await every_start(_IMPORT, made.variables, around.folder / "every", around.sized(3, 1))
    return replace(_result(taken), records=rows)


def _result(taken: Mapping[str, Sequence[float]]) -> Result:
    baseline = timed(f"python -c '{_IMPORT}'", taken[_IMPORT])
    functions = [(name, timed(f"{name}: to the first answer", taken[name])) for name in taken if name != _IMPORT]
    figures = [
        each
        for name, figure in functions
        for each in (
            figure,
            ratio(f"  {name} / the import alone", figure, baseline, limit=None if name in _FLOORS else _TARGET),
        )
    ]
    return Result(
        title="Cold start: from the start of the process to the first answer",
        figures=[baseline, *figures],
        notes=[
            f"'{_EMPTY}' is a function that does nothing, in the same server: what the kit cannot get below.",
            f"'{_PACKAGES}' does nothing either, but imports what the kit stands on: pydantic, PyJWT, gRPC, protobuf.",
            "The rows: every function, asked something that it refuses; medians.",
        ],
    )


def _plans(made: Environment, folder: Path) -> dict[str, Plan]:
    """One process a function, by functions-framework."""
    bare = packaging.write(made.service, folder / "uncompiled")
    (uncompiled, *_) = plans([(made.service, bare)], per_function=True)
    compiled(made.archive.parent)
    by_function = {plan.functions[0]: plan for plan in plans([(made.service, made.archive)], per_function=True)}
    floors = {
        name: _floor(made.service, name, imports, folder) for name, imports in zip(_FLOORS, ("", _CLIENTS), strict=True)
    }
    return {**floors, **by_function, _UNCOMPILED: uncompiled}


def _floor(like: Service, name: str, imports: str, folder: Path) -> Plan:
    source = folder / name / "main.py"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(imports + _NOTHING.format(name=name))
    compiled(source.parent)
    function = replace(like.functions[0], name=name)
    service = Service(name=name, description="", maturity=like.maturity, functions=(function,))
    (plan,) = plans([(service, source)], per_function=True)
    return plan


def _requests(made: Environment) -> dict[str, Callable[[], bytes]]:
    """What each function is asked first: a command, a list, a message, and the jobs of an empty log."""
    till, caller = TillRequests(made.till_token), {"authorization": f"Bearer {made.platform_token}"}
    return {
        **dict.fromkeys(_FLOORS, lambda: post("/", b"")),
        "commands": till.open,
        _UNCOMPILED: till.open,
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
