"""How soon a read model shows what a command did: the whole local platform under a steady load."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from pydantic_core import from_json

from emulators.settings import PROJECT
from functions.cart.manifest import CARTS
from shared.adapters.firestore import connect
from shared.adapters.firestore.database import Database
from shared.adapters.firestore.read_store import READ_MODELS
from shared.adapters.firestore.values import moment
from shared.eventsourcing.event_store import OperationCounts
from tests.bench.figures import Figure, Result, Target, timed
from tests.bench.http_client import Connection, accepted
from tests.bench.local_platform import local_platform
from tests.bench.surroundings import Surroundings
from tests.bench.till_requests import TillRequests, open_carts

_RATE = 50
_CARTS = 100
_CONNECTIONS = 32
_POLL = 0.01
_PATIENCE = 60.0
_LAG_TARGET, _COMMAND_TARGET = 250.0, 50.0


@dataclass(slots=True)
class _Lags:
    """In milliseconds. `command` from when it was due to its answer, `readable` from the answer to the row's being read
    by somebody who looks every 10 ms, `written` between the store's own stamps on the commit and on the row.
    """

    command: list[float] = field(default_factory=list)
    readable: list[float] = field(default_factory=list)
    written: list[float] = field(default_factory=list)


class _Reader:
    """Looks for all rows that are waited for, in one request every 10 ms."""

    def __init__(self, rows: Database) -> None:
        self._rows = rows
        self._waiting: dict[str, list[tuple[int, float, _Lags]]] = {}
        self._idle = asyncio.Event()

    def expect(self, cart_id: str, version: int, lags: _Lags) -> None:
        """From now on."""
        self._idle.clear()
        waiting = self._waiting.setdefault(f"{self._rows.root}/{CARTS}/{cart_id}", [])
        waiting.append((version, time.perf_counter(), lags))

    async def read(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_POLL)
            if self._waiting:
                for name, row in (await self._rows.get(list(self._waiting))).items():
                    self._look_at(name, row)

    async def seen_all(self) -> None:
        async with asyncio.timeout(_PATIENCE):
            await self._idle.wait()

    def _look_at(self, name: str, row: Any) -> None:
        shown, now = row.fields["version"].integer_value, time.perf_counter()
        stamps = moment(row.update_time) - moment(row.fields["recorded_at"].timestamp_value)
        for version, since, lags in self._waiting.pop(name):
            if version > shown:
                self._waiting.setdefault(name, []).append((version, since, lags))
                continue
            lags.readable.append((now - since) * 1000)
            if version == shown:  # the stamps are those of this version, not of one that it overtook
                lags.written.append(stamps.total_seconds() * 1000)
        if not self._waiting:
            self._idle.set()


class _Load:
    """Commands at a fixed rate, each when it is due, whether the ones before it are answered or not."""

    def __init__(self, connections: Sequence[Connection], requests: TillRequests, carts: Sequence[str]) -> None:
        self._free = list(connections)
        self._requests = requests
        self._carts = cycle(carts)

    async def run(self, seconds: float, reader: _Reader) -> _Lags:
        """RuntimeError if a command is refused, or more are unanswered than there are connections."""
        lags, began = _Lags(), time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(seconds * _RATE)):
                due = began + number / _RATE
                await asyncio.sleep(max(due - time.perf_counter(), 0))
                tasks.create_task(self._send(due, reader, lags))
        await reader.seen_all()
        return lags

    async def _send(self, due: float, reader: _Reader, lags: _Lags) -> None:
        if not self._free:
            raise RuntimeError(
                f"more than {_CONNECTIONS} commands are unanswered: this machine is too slow or too busy"
            )
        connection, cart_id = self._free.pop(), next(self._carts)
        reply = accepted(await connection.request(self._requests.add(cart_id)))
        reader.expect(cart_id, from_json(reply.body)["version"], lags)
        lags.command.append((time.perf_counter() - due) * 1000)
        self._free.append(connection)


async def run(around: Surroundings) -> Result:
    async with local_platform(around.folder / "platform") as platform:
        status, token = await platform.status(), await platform.token()
        connections = [await Connection.to(platform.port) for _ in range(_CONNECTIONS)]
        requests = TillRequests(token)
        carts = await open_carts(connections[0], requests, _CARTS)
        channel = connect(PROJECT, status["emulators"]["firestore"])
        reader = _Reader(Database(channel, READ_MODELS, OperationCounts(), _PATIENCE))
        load = _Load(connections, requests, carts)
        async with asyncio.TaskGroup() as tasks:  # when the reading fails, that is the reason, not that rows are missed
            reading = tasks.create_task(reader.read())
            await load.run(around.sized(10, 2), reader)
            lags = await load.run(around.sized(20, 2), reader)
            reading.cancel()
        await channel.close()
        delivery = (await platform.status())["delivery"]["cart-projector"]
        for connection in connections:
            connection.close()
    return _result(lags, delivery["lag"])


def _result(lags: _Lags, acknowledged: dict[str, float]) -> Result:
    return Result(
        title=f"Lag of the read model at {_RATE} commands/s, through the whole local platform",
        figures=[
            timed("a command's answer, from when it was due", lags.command, target=Target(_COMMAND_TARGET, p95=True)),
            timed("from the answer to the row being read", lags.readable, target=Target(_LAG_TARGET, p95=True)),
            timed("from the commit's stamp to the row's stamp", lags.written, target=Target(_LAG_TARGET, p95=True)),
            Figure(
                name="from the commit's stamp to the acknowledgement, since the start",
                unit="ms",
                value=acknowledged["p50"],
                p95=acknowledged["p95"],
                samples=int(acknowledged["count"]),
            ),
        ],
        notes=["In all three lags is the Pub/Sub emulator's own poll, which looks for new messages every 100 ms."],
    )
