"""Warm requests over HTTP, one after the other: to the function's process directly, and through the gateway."""

from collections.abc import Awaitable, Iterator, Sequence
from itertools import cycle

from emulators.feed.client import server_timing
from functions.cart.projections import CARTS_PROJECTION
from shared.adapters.firestore import FirestoreDeadLetters, FirestoreEventStore, FirestoreReadStore
from shared.adapters.system import utc_now
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.projector import Projector
from tests.bench.figures import Result, Target, ratio, timed
from tests.bench.function_process import Served, served
from tests.bench.http_client import Connection, accepted
from tests.bench.stopwatch import Operation, interleaved
from tests.bench.surroundings import Surroundings
from tests.bench.till_requests import TillRequests, open_carts

_CARTS = 20
_DIRECT, _GATEWAY = "AddItem, to the function", "AddItem, through the gateway"
_BY_ID, _LIST = "query of a cart by id, to the function", "query of a list of 20, to the function"
_COMMAND_TARGET, _APPEND_TARGET, _QUERY_TARGET = 50.0, 20.0, 100.0


class _Asker:
    """Sends requests on one connection and keeps what their `Server-Timing` says."""

    def __init__(self, connection: Connection, requests: TillRequests, carts: Sequence[str]) -> None:
        self.parts: dict[str, list[float]] = {"append": [], "publish": []}
        self._connection = connection
        self._requests = requests
        self._carts: Iterator[str] = cycle(carts)

    def add(self) -> Awaitable[None]:
        return self._ask(self._requests.add(next(self._carts)))

    def cart(self) -> Awaitable[None]:
        return self._ask(self._requests.cart(next(self._carts)))

    def carts(self) -> Awaitable[None]:
        return self._ask(self._requests.carts())

    async def _ask(self, request: bytes) -> None:
        reply = accepted(await self._connection.request(request))
        for name, milliseconds in server_timing(reply.header("server-timing")).items():
            self.parts[name].append(milliseconds)


async def run(around: Surroundings) -> Result:
    async with served(around) as serving:
        commands, to_commands = serving.ask("commands")
        queries, to_queries = serving.ask("queries")
        gateway = serving.environment.gateway_port
        connections = [await Connection.to(port) for port in (commands, gateway, queries)]
        carts = await open_carts(connections[0], to_commands, _CARTS)
        await _project(serving, carts)
        through_gateway = TillRequests(serving.environment.till_token)
        direct, behind, reader = (
            _Asker(connection, requests, carts)
            for connection, requests in zip(connections, (to_commands, through_gateway, to_queries), strict=True)
        )
        operations: dict[str, Operation] = {
            _DIRECT: direct.add,
            _GATEWAY: behind.add,
            _BY_ID: reader.cart,
            _LIST: reader.carts,
        }
        rounds = around.sized(1000, 20)
        taken = await interleaved(operations, rounds=rounds, warm_up=around.sized(500, 5))
        for connection in connections:
            connection.close()
    return _result(taken, {name: values[-rounds:] for name, values in direct.parts.items()})


async def _project(serving: Served, carts: Sequence[str]) -> None:
    """Nothing is delivered here: the rows that the queries answer are written from this process."""
    store, counts = serving.environment.store, OperationCounts()
    log, rows = FirestoreEventStore(store, counts), FirestoreReadStore(store, counts)
    projector = Projector(CARTS_PROJECTION, log, rows, FirestoreDeadLetters(store, counts), utc_now)
    for cart_id in carts:
        await projector.heal(f"cart-{cart_id}", 1)


def _result(taken: dict[str, list[float]], parts: dict[str, list[float]]) -> Result:
    targets = {name: Target(_COMMAND_TARGET, p95=True) for name in (_DIRECT, _GATEWAY)}
    targets |= {name: Target(_QUERY_TARGET, p95=True) for name in (_BY_ID, _LIST)}
    figures = {name: timed(name, durations, target=targets[name]) for name, durations in taken.items()}
    return Result(
        title="Warm requests over HTTP, one after the other",
        figures=[
            figures[_DIRECT],
            timed("  of it append (Server-Timing)", parts["append"], target=Target(_APPEND_TARGET, p95=True)),
            timed("  of it publish (Server-Timing)", parts["publish"]),
            figures[_GATEWAY],
            ratio("through the gateway / to the function", figures[_GATEWAY], figures[_DIRECT]),
            figures[_BY_ID],
            figures[_LIST],
        ],
    )
