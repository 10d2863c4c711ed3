"""The local runtimes, each put together: Google's emulators with function processes, or all of it in this process."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
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
    """Google's two, and what was declared on the second."""

    firestore: Emulator
    pubsub: Emulator
    topology: PubSubTopology


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a runtime gives the rest of the platform: how functions are reached, and where messages come from.

    `log` is for reading; `operations` counts what the functions asked of their stores and topics, by process.
    """

    send: Send
    backend: Backend
    source: MessageSource
    publisher: Publisher
    log: EventStore
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
    firestore_emulator, pubsub_emulator = await _start_emulators(stack, installation, options.logs)
    store, channel = firestore.connect(PROJECT, firestore_emulator.host), pubsub.connect(PROJECT, pubsub_emulator.host)
    stack.push_async_callback(store.close)
    stack.push_async_callback(channel.close)
    topology = PubSubTopology(channel, services)
    await channel.ready(_CONNECT_TIMEOUT)
    await topology.ensure()
    session = await stack.enter_async_context(client_session())
    processes = FunctionProcesses(
        plans(_archives(options, services), per_function=options.per_function),
        _environment(options, firestore_emulator, pubsub_emulator, world),
        options.logs,
        session,
        say,
    )
    stack.push_async_callback(processes.stop)
    await processes.start()
    return Parts(
        send=HttpSend(session, processes.address),
        backend=HttpBackend(session, processes.address),
        source=PubSubSource(channel, topology),
        publisher=pubsub.PubSubPublisher(channel, OperationCounts()),
        log=firestore.FirestoreEventStore(store, OperationCounts()),
        operations=processes.operations,
        emulators=Emulators(firestore=firestore_emulator, pubsub=pubsub_emulator, topology=topology),
        processes=processes,
    )


async def _start_emulators(stack: AsyncExitStack, installation: Installation, logs: Path) -> tuple[Emulator, Emulator]:
    """Both at once; what started is stopped when the other one does not start."""
    starts = (
        asyncio.to_thread(start_firestore, installation, log_file=logs / "firestore.log"),
        asyncio.to_thread(start_pubsub, installation, log_file=logs / "pubsub.log"),
    )
    results = await asyncio.gather(*starts, return_exceptions=True)
    started = [result for result in results if isinstance(result, Emulator)]
    for emulator in started:
        stack.push_async_callback(asyncio.to_thread, emulator.stop)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return started[0], started[1]


def _environment(
    options: Options, firestore_emulator: Emulator, pubsub_emulator: Emulator, world: World
) -> dict[str, str]:
    hosts = {"FIRESTORE_EMULATOR_HOST": firestore_emulator.host, "PUBSUB_EMULATOR_HOST": pubsub_emulator.host}
    return function_environment(options, Runtime.EMULATORS, {**hosts, **world.variables})


def _archives(options: Options, services: Sequence[Service]) -> list[tuple[Service, Path]]:
    """Each service's `main.py` in its archive of now; those of earlier runs are removed."""
    folder = options.folder / "archives"
    written = [(service, packaging.write(service, folder)) for service in services]
    for old in set(folder.iterdir()) - {main.parent for _, main in written}:
        rmtree(old)
    return written
