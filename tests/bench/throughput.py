"""Commands a second at 16 connections, and the processor time of a command: that is what an instance is paid for."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from subprocess import PIPE
from typing import IO

from pydantic import TypeAdapter
from pydantic_core import to_json

from tests.bench.figures import Figure, Result, timed
from tests.bench.function_process import Served, cpu_seconds, served
from tests.bench.load_client import Findings, Orders
from tests.bench.prices import US_CENTRAL1
from tests.bench.surroundings import Surroundings

_CONNECTIONS, _CARTS = 16, 4
_SERVERS = {"local process": False, "functions-framework, as deployed": True}


@dataclass(frozen=True, slots=True)
class _Load:
    """`cpu` in seconds, by who used it."""

    findings: Findings
    cpu: Mapping[str, float]


async def run(around: Surroundings) -> Result:
    figures: list[Figure] = []
    for name, as_deployed in _SERVERS.items():
        async with served(around, as_deployed=as_deployed) as serving:
            figures += _figures(name, await _load(around, serving))
    return Result(
        title=f"AddItem over HTTP at {_CONNECTIONS} connections, closed loop",
        figures=figures,
        notes=["Client, emulators and function share this machine's cores; CPU time is each one's own."],
    )


async def _load(around: Surroundings, serving: Served) -> _Load:
    port, requests = serving.ask("commands")
    orders = Orders(
        port=port,
        token=requests.token,
        prefix=requests.prefix,
        connections=_CONNECTIONS,
        carts=_CARTS,
        warm_up=around.sized(5, 1),
        seconds=around.sized(10, 1),
    )
    with await asyncio.to_thread(_client) as client:
        try:
            out = await asyncio.to_thread(_order, client, orders)
            before = _cpu(around, serving)
            findings = _findings(await asyncio.to_thread(out.readline))
            used = {name: seconds - before[name] for name, seconds in _cpu(around, serving).items()}
        finally:
            client.terminate()
    return _Load(findings, {**used, "client": findings.cpu_seconds})


def _client() -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "tests.bench.load_client"], stdin=PIPE, stdout=PIPE)


def _order(client: "subprocess.Popen[bytes]", orders: Orders) -> IO[bytes]:
    """Returns when the client is warm; its findings are the next line."""
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(to_json(asdict(orders)) + b"\n")
    client.stdin.flush()
    client.stdout.readline()
    return client.stdout


def _findings(line: bytes) -> Findings:
    if not line:
        raise RuntimeError("the load generator failed; its reason stands above")
    return TypeAdapter(Findings).validate_json(line)


def _cpu(around: Surroundings, serving: Served) -> dict[str, float]:
    return {
        "function": serving.cpu_seconds("commands"),
        "Firestore emulator": cpu_seconds(around.firestore.pid),
        "Pub/Sub emulator": cpu_seconds(around.pubsub.pid),
    }


def _figures(server: str, load: _Load) -> list[Figure]:
    commands, used = len(load.findings.milliseconds), load.cpu["function"]
    others = [
        Figure(name=f"  {name}'s CPU time per command", unit="ms", value=seconds / commands * 1000)
        for name, seconds in load.cpu.items()
        if name != "function"
    ]
    return [
        Figure(name=f"{server}: commands/s", unit="1/s", value=commands / load.findings.seconds, samples=commands),
        timed("  a command's answer", load.findings.milliseconds),
        Figure(name="  function's CPU time per command", unit="ms", value=used / commands * 1000),
        Figure(name="  commands/s per core of function", unit="1/s", value=commands / used),
        Figure(
            name="  a million commands' CPU time", unit="USD", value=used / commands * 1e6 * US_CENTRAL1.vcpu_second
        ),
        *others,
    ]
