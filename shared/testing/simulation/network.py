"""The public edge: requests of clients, and of services to each other, over a network that loses and repeats."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, auto
from random import Random
from urllib.parse import quote, urlsplit

from pydantic_core import from_json, to_json

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.workflow.calls import Request, Response
from shared.http.auth import Role
from shared.testing.api_spec import Reply
from shared.testing.simulation.faults import Kind
from shared.testing.simulation.identities import bearer
from shared.testing.simulation.pool import Pool
from shared.testing.simulation.ports import Line
from shared.testing.simulation.stage import Stage
from shared.topology import Http

PACE = 0.01
SERVICES = "services"
"""The subject of the services' own identity."""
_LATEST = 120.0
_LONGEST_CUTS = (150.0, 1500.0)
_BACKLOG = 5.0
"""Seconds in which what waited arrives."""


class Hears(Enum):
    """What a service that nobody hears from gets of the requests to it."""

    ALL = auto()
    NONE = auto()
    LATER = auto()
    """They arrive when it is over, in any order."""


class Network:
    """Finds the function of a request as the load balancer does, and brings the request to one of its instances."""

    def __init__(self, stage: Stage, pool: Pool) -> None:
        self._pool = pool
        self._faults = stage.faults
        self._story = stage.story
        self._dice = stage.dice("network")
        self._late: set[asyncio.Task[None]] = set()
        self._cut: dict[str, tuple[float, Hears]] = {}
        self._functions: dict[tuple[str, str], str] = {}
        self._queries: dict[str, str] = {}
        for service in stage.services:
            for function in service.functions:
                if isinstance(function.trigger, Http):
                    prefix = f"/{service.name}/v1"
                    self._functions |= {(service.name, each): function.name for each in function.trigger.methods}
                    self._queries |= {prefix + path: function.name for path in function.trigger.queries}

    async def send(
        self, who: str, method: str, url: str, headers: Mapping[str, str], body: bytes, *, within: float
    ) -> Reply:
        """One request and its answer; UnavailableError if none came in time: it may or may not have been carried out,
        or may yet be.
        """
        story, what = self._story, f"{method} {url}"
        story.tell(who, f"-> {what} {body.decode() if len(body) < 300 else ''}".rstrip())
        try:
            async with asyncio.timeout(within):
                reply = await self._travel(who, url.split("/")[1], lambda: self._arrive(method, url, headers, body))
        except (TimeoutError, UnavailableError) as error:
            story.tell(who, f"<- no answer to {what}: {error!r}")
            raise UnavailableError(f"no answer to {what}") from error
        told = reply.body.decode() if reply.status >= 400 else ""
        story.tell(who, f"<- {reply.status} to {what} {told[:200]}".rstrip())
        return reply

    async def _travel(self, who: str, service: str, arrive: Callable[[], Awaitable[Reply]]) -> Reply:
        strikes, dice = self._faults.strikes, self._dice
        await asyncio.sleep(dice.expovariate(1 / PACE))
        if (cut := self._cut_off(service)) is not None:
            until, hears = cut
            if hears is Hears.ALL:
                await arrive()
            elif hears is Hears.LATER:
                self._later(arrive, until - asyncio.get_running_loop().time() + dice.expovariate(1 / _BACKLOG))
            raise UnavailableError(Kind.CUT_OFF)
        if strikes(Kind.REQUEST_LOST, who):
            raise UnavailableError(Kind.REQUEST_LOST)
        if strikes(Kind.REQUEST_LATE, who):
            self._later(arrive, dice.uniform(1.0, _LATEST))
            raise UnavailableError(Kind.REQUEST_LATE)
        if strikes(Kind.REQUEST_TWICE, who):
            self._later(arrive, dice.expovariate(1 / PACE))
        reply = await arrive()
        await asyncio.sleep(dice.expovariate(1 / PACE))
        if strikes(Kind.ANSWER_LOST, who):
            raise UnavailableError(Kind.ANSWER_LOST)
        return reply

    def _cut_off(self, service: str) -> tuple[float, Hears] | None:
        """Until when nobody hears from the service, and what it hears; None if all is well."""
        if self._faults.strikes(Kind.CUT_OFF, service):
            self.cut(service, self._dice)
        until, hears = self._cut.get(service, (0.0, Hears.NONE))
        return (until, hears) if asyncio.get_running_loop().time() < until else None

    def cut(self, service: str, dice: Random) -> None:
        """From now on nobody hears from the service, for a while."""
        until = asyncio.get_running_loop().time() + dice.uniform(1.0, dice.choice(_LONGEST_CUTS))
        self._cut[service] = until, dice.choice(list(Hears))

    @property
    def whole_at(self) -> float:
        """When all services can be heard again, in the loop's time."""
        return max((until for until, _ in self._cut.values()), default=0.0)

    def _later(self, arrive: Callable[[], Awaitable[Reply]], seconds: float) -> None:
        async def come() -> None:
            await asyncio.sleep(seconds)
            try:
                await arrive()
            except UnavailableError:
                return  # nobody waits for it

        task = asyncio.get_running_loop().create_task(come())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    @property
    def is_quiet(self) -> bool:
        """Nothing arrives any more."""
        return not self._late

    async def _arrive(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        path = urlsplit(url).path
        service = path.split("/")[1]
        function = self._queries.get(path) if method == "POST" else None
        instance = self._pool.pick(service, function or self._functions[service, method])
        return await instance.serve(method, url, headers, body)


class ServiceCaller:
    """`Caller` of one instance."""

    def __init__(self, network: Network, line: Line) -> None:
        self._network = network
        self._line = line

    async def call(self, request: Request) -> Response:
        await self._line.live_or_die()
        headers = {
            "content-type": "application/json",
            "authorization": bearer(Role.SERVICE, SERVICES),
            "if-match": f'"{request.if_match}"' if request.if_match is not None else "",
            "idempotency-key": request.key if request.method != "GET" else "",
            "x-correlation-id": request.correlation_id,
            "x-causation-id": request.causation_id,
        }
        reply = await self._network.send(
            self._line.instance.name,
            request.method,
            f"/{request.service}/v1{quote(request.path, safe='/?&=%:@+,')}",
            {name: value for name, value in headers.items() if value},
            to_json(request.body) if request.body is not None else b"",
            within=request.timeout.total_seconds(),
        )
        await self._line.live_or_die()
        found = from_json(reply.body) if reply.body else {}
        return Response(reply.status, found if isinstance(found, dict) else {}, reply.headers)
