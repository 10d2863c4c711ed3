"""The local runtimes, each put together: Google's emulators with function processes, or all of it in this process."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

from emulators.delivery.pubsub_topology import PubSubTopology
from emulators.delivery.sources import MemorySource, MessageSource, PubSubSource
from emulators.edge import embedded
from emulators.edge.gateway import AsgiBackend, Backend, HttpBackend
from emulators.edge.invoke import AsgiSend, HttpSend, Send, client_session
from emulators.processes.bigquery import start_bigquery
from emulators.processes.google import (
    HOW_TO_INSTALL,
    Emulator,
    Installation,
    find_installation,
    start_firestore,
    start_pubsub,
)
from emulators.processes.plans import plans
from emulators.processes.supervision import FunctionProcesses
from emulators.processes.world import World
from emulators.settings import PROJECT, Options, RuntimeChoice, function_environment
from shared import bootstrap, packaging
from shared.adapters import firestore, pubsub
from shared.config import Runtime
from shared.eventsourcing.event_store import EventStore, OperationCounts
from shared.eventsourcing.publishing import Publisher
from shared.topology import Service

Say = Callable[[str], None]
Operations = Callable[[], Awaitable[dict[str, Any]]]
_CONNECT_TIMEOUT = 10.0
_NOT_FOUND = (
    f"Google's emulators, or a Java that works and is new enough, were not found; get them with {HOW_TO_INSTALL}"
)


class NoEmulatorsError(Exception):
    """The emulators were asked for, and this machine has none; the message says how to get them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulators:
    """Google's two, and what was declared on the second; a BigQuery if a service keeps a dataset."""

    firestore: Emulator
    pubsub: Emulator
    topology: PubSubTopology
    bigquery: Emulator | None = None

    def hosts(self) -> dict[str, str]:
        """By name."""
        hosts = {"firestore": self.firestore.host, "pubsub": self.pubsub.host}
        return hosts | ({"bigquery": self.bigquery.host} if self.bigquery else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a runtime gives the rest of the platform: how functions are reached, and where messages come from.

    `log` is for reading; `environment` is what the functions are told; `operations` counts what they asked of their
    stores and topics, by process.
    """

    send: Send
    backend: Backend
    source: MessageSource
    publisher: Publisher
    log: EventStore
    environment: Mapping[str, str]
    operations: Operations
    emulators: Emulators | None = None
    processes: FunctionProcesses | None = None


def choose(wanted: RuntimeChoice, say: Say) -> tuple[Runtime, Installation | None]:
    """The runtime to be; says in one line what `auto` took. Raises NoEmulatorsError."""
    if wanted is RuntimeChoice.EMBEDDED:
        return Runtime.EMBEDDED, None
    installation = find_installation()
    if installation is not None:
        if wanted is RuntimeChoice.AUTO:
            say("runtime emulators: Google's Firestore and Pub/Sub emulators, found on this machine")
        return Runtime.EMULATORS, installation
    if wanted is RuntimeChoice.EMULATORS:
        raise NoEmulatorsError(_NOT_FOUND)
    say(f"runtime embedded: {_NOT_FOUND}")
    return Runtime.EMBEDDED, None


async def in_this_process(stack: AsyncExitStack, options: Options, services: Sequence[Service], world: World) -> Parts:
    """Stores, broker and functions in this process. What functions write to standard output goes to their log."""
    log = stack.enter_context((options.logs / "functions.log").open("a", buffering=1))
    stack.enter_context(redirect_stdout(log))
    if _analysed(services):
        from emulators.processes.bigquery_topology import make_in_duckdb  # noqa: PLC0415 - heavy, and not always needed

        await asyncio.to_thread(make_in_duckdb, services, options.archive_file)
    environment = function_environment(options, Runtime.EMBEDDED, world.variables)
    stack.push_async_callback(_restore, dict(os.environ))
    apps = embedded.load(_archives(options, services), environment)
    broker = bootstrap.embedded().broker
    broker.declare(services)

    async def operations() -> dict[str, Any]:
        return {"embedded": asdict(bootstrap.operations())}

    return Parts(
        send=AsgiSend(apps),
        backend=AsgiBackend(apps),
        source=MemorySource(broker, services),
        publisher=broker,
        log=bootstrap.embedded().events,
        environment=environment,
        operations=operations,
    )


async def _restore(environment: dict[str, str]) -> None:
    """What was there before: whoever comes after this platform in this process must not find its addresses."""
    os.environ.clear()
    os.environ.update(environment)
    await bootstrap.close()


async def on_emulators(
    stack: AsyncExitStack,
    options: Options,
    services: Sequence[Service],
    world: World,
    *,
    installation: Installation,
    say: Say,
) -> Parts:
    """Google's emulators and one process per service, or per function."""
    analysed = _analysed(services)
    firestore_emulator, pubsub_emulator, *others = await _start_emulators(
        stack, installation, options.logs, with_bigquery=analysed
    )
    bigquery_emulator = others[0] if others else None
    store = firestore.connect(PROJECT, firestore_emulator.host, quick=options.quick_queries)
    channel = pubsub.connect(PROJECT, pubsub_emulator.host)
    stack.push_async_callback(store.close)
    stack.push_async_callback(channel.close)
    topology = PubSubTopology(channel, services)
    await channel.ready(_CONNECT_TIMEOUT)
    await topology.ensure()
    session = await stack.enter_async_context(client_session())
    environment = _environment(options, world, firestore_emulator, pubsub_emulator, bigquery_emulator)
    processes = FunctionProcesses(
        plans(_archives(options, services), per_function=options.per_function),
        environment,
        options.logs,
        session,
        say,
    )
    stack.push_async_callback(processes.stop)
    datasets = [_make_datasets(services, bigquery_emulator)] if bigquery_emulator else []
    await asyncio.gather(processes.start(), *datasets)
    return Parts(
        send=HttpSend(session, processes.address),
        backend=HttpBackend(session, processes.address),
        source=PubSubSource(channel, topology),
        publisher=pubsub.PubSubPublisher(channel, OperationCounts()),
        log=firestore.FirestoreEventStore(store, OperationCounts()),
        environment=environment,
        operations=processes.operations,
        emulators=Emulators(
            firestore=firestore_emulator, pubsub=pubsub_emulator, topology=topology, bigquery=bigquery_emulator
        ),
        processes=processes,
    )


async def _start_emulators(
    stack: AsyncExitStack, installation: Installation, logs: Path, *, with_bigquery: bool
) -> list[Emulator]:
    """All at once: Firestore, Pub/Sub, and a BigQuery if wanted. What started is stopped when another one does not."""
    starts = [
        asyncio.to_thread(start_firestore, installation, log_file=logs / "firestore.log"),
        asyncio.to_thread(start_pubsub, installation, log_file=logs / "pubsub.log"),
    ]
    if with_bigquery:
        starts.append(asyncio.to_thread(start_bigquery, log_file=logs / "bigquery.log"))
    results = await asyncio.gather(*starts, return_exceptions=True)
    started = [result for result in results if isinstance(result, Emulator)]
    for emulator in started:
        stack.push_async_callback(asyncio.to_thread, emulator.stop)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return started


def _analysed(services: Sequence[Service]) -> bool:
    return any(service.dataset for service in services)


async def _make_datasets(services: Sequence[Service], emulator: Emulator) -> None:
    from emulators.processes.bigquery_topology import make_in_bigquery  # noqa: PLC0415 - heavy, and not always needed

    await asyncio.to_thread(make_in_bigquery, services, PROJECT, f"http://{emulator.host}")


def _environment(
    options: Options, world: World, firestore_emulator: Emulator, pubsub_emulator: Emulator, bigquery: Emulator | None
) -> dict[str, str]:
    hosts = {"FIRESTORE_EMULATOR_HOST": firestore_emulator.host, "PUBSUB_EMULATOR_HOST": pubsub_emulator.host}
    if bigquery:
        hosts |= {
            "BIGQUERY_EMULATOR_HOST": f"http://{bigquery.host}",
            "BIGQUERY_STORAGE_EMULATOR_HOST": bigquery.second_host,
        }
    return function_environment(options, Runtime.EMULATORS, {**hosts, **world.variables})


def _archives(options: Options, services: Sequence[Service]) -> list[tuple[Service, Path]]:
    """Each service's `main.py` in its archive of now; those of earlier runs are removed."""
    folder = options.folder / "archives"
    written = [(service, packaging.write(service, folder)) for service in services]
    for old in set(folder.iterdir()) - {main.parent for _, main in written}:
        rmtree(old)
    return written
