"""The cart's functions in processes of their own on the run's emulators, with issuer and gateway but no deliveries:
what is measured is theirs alone.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

import functions
from emulators.edge.gateway import Gateway, HttpBackend
from emulators.edge.invoke import client_session
from emulators.edge.issuer import Issuer
from emulators.edge.local_routes import issuer_routes
from emulators.edge.url_map import UrlMap
from emulators.processes.plans import plans
from emulators.processes.ports import free_ports, listen
from emulators.processes.supervision import FunctionProcesses
from emulators.settings import (
    DELIVERY_IDENTITY,
    PLATFORM_AUDIENCE,
    USER_AUDIENCE,
    Options,
    function_environment,
    platform_issuer,
    user_issuer,
)
from shared import packaging
from shared.adapters.firestore import FirestoreChannel
from shared.config import Runtime
from shared.topology import Service, discover
from tests.bench.surroundings import Surroundings
from tests.bench.till_requests import TillRequests


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What function processes need around them: `variables`, the `archive` with their source, tokens they accept."""

    store: FirestoreChannel
    service: Service
    archive: Path
    variables: Mapping[str, str]
    till_token: str
    platform_token: str
    gateway_port: int
    session: aiohttp.ClientSession
    addresses: dict[tuple[str, str], str] = field(default_factory=dict)
    """Of the functions behind the gateway, by (service, function)."""


@asynccontextmanager
async def environment(around: Surroundings) -> AsyncIterator[Environment]:
    """With a project of its own; issuer and gateway run in this process."""
    async with AsyncExitStack() as stack:
        store, _ = await stack.enter_async_context(around.project())
        session = await stack.enter_async_context(client_session())
        (port,) = free_ports(1)
        origin = Options(port=port).origin
        users, callers = Issuer(user_issuer(origin)), Issuer(platform_issuer(origin))
        (cart,) = (service for service in discover(functions) if service.name == "cart")
        hosts = {"FIRESTORE_EMULATOR_HOST": around.firestore.host, "PUBSUB_EMULATOR_HOST": around.pubsub.host}
        variables = function_environment(Options(port=port, folder=around.folder), Runtime.EMULATORS, hosts)
        made = Environment(
            store=store,
            service=cart,
            archive=packaging.write(cart, around.folder / "archives"),
            variables={**variables, "GOOGLE_CLOUD_PROJECT": store.project},
            till_token=users.mint("till-1", roles=("pos", "operator"), audience=USER_AUDIENCE),
            platform_token=callers.mint(DELIVERY_IDENTITY, email=DELIVERY_IDENTITY, audience=PLATFORM_AUDIENCE),
            gateway_port=port,
            session=session,
        )
        backend = HttpBackend(session, lambda service, function: made.addresses[service, function])
        gateway = Gateway(UrlMap([cart]), backend, issuer_routes(users, callers))
        stack.push_async_callback(gateway.stop)
        await gateway.start(listen(port, option="another port"))
        yield made


@dataclass(frozen=True, slots=True)
class Served:
    """Running function processes of the cart."""

    environment: Environment
    processes: FunctionProcesses

    def ask(self, function: str) -> tuple[int, TillRequests]:
        """The port of a function's process, and a till's requests to it."""
        plan = next(plan for plan in self.processes.plans if function in plan.functions)
        return plan.port, TillRequests(self.environment.till_token, prefix=f"/{function}" if plan.hosted else "")

    def cpu_seconds(self, function: str) -> float:
        """Used so far by the function's process."""
        plan = next(plan for plan in self.processes.plans if function in plan.functions)
        return cpu_seconds(self.processes.pid(plan.name))


@asynccontextmanager
async def served(around: Surroundings, *, as_deployed: bool = False) -> AsyncIterator[Served]:
    """One process for all functions, as the local platform has; `as_deployed`: one each, by functions-framework."""
    async with environment(around) as made:
        planned = plans([(made.service, made.archive)], per_function=as_deployed)
        processes = FunctionProcesses(planned, made.variables, around.folder / "logs", made.session, print)
        try:
            await processes.start()
            names = [function.name for function in made.service.functions]
            made.addresses.update({(made.service.name, n): processes.address(made.service.name, n) for n in names})
            yield Served(made, processes)
        finally:
            await processes.stop()


def cpu_seconds(pid: int) -> float:
    """User and system time that a process and its children have used."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))
