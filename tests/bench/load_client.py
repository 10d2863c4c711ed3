"""The load generator, a process of its own: so many connections, each sending the next command when it has its answer.

Reads its orders as one JSON line on standard input, says `warm` when the warm-up is over, and ends with its findings as
one JSON line.
"""

import asyncio
import sys
import time
from dataclasses import asdict, dataclass, field
from itertools import cycle

import uvloop
from pydantic import TypeAdapter
from pydantic_core import to_json

from tests.bench.http_client import Connection, accepted
from tests.bench.till_requests import TillRequests, open_carts


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """`carts` on each connection are used in turn, by that connection alone; times in seconds."""

    port: int
    token: str
    prefix: str
    connections: int
    carts: int
    warm_up: float
    seconds: float


@dataclass(slots=True)
class Findings:
    """Of the time after the warm-up. Latencies in milliseconds; `cpu_seconds` are this process's own."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)


async def generate(orders: Orders) -> Findings:
    """Raises RuntimeError at the first refusal: a load that is refused measures something else."""
    requests = TillRequests(orders.token, orders.prefix)
    connections = [await Connection.to(orders.port) for _ in range(orders.connections)]
    carts = [await open_carts(connection, requests, orders.carts) for connection in connections]
    findings = Findings()
    began = time.perf_counter() + orders.warm_up

    async def work(connection: Connection, mine: list[str]) -> None:
        for cart_id in cycle(mine):
            sent = time.perf_counter()
            if sent > began + orders.seconds:
                return
            accepted(await connection.request(requests.add(cart_id)))
            if sent > began:
                findings.milliseconds.append((time.perf_counter() - sent) * 1000)

    async def announce() -> None:
        await asyncio.sleep(orders.warm_up)
        findings.cpu_seconds = -time.process_time()
        _say("warm")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(announce())
        for connection, mine in zip(connections, carts, strict=True):
            tasks.create_task(work(connection, mine))
    findings.cpu_seconds += time.process_time()
    findings.seconds = time.perf_counter() - began
    return findings


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    ordered = TypeAdapter(Orders).validate_json(sys.stdin.readline())
    _say(to_json(asdict(uvloop.run(generate(ordered)))).decode())
