"""What the parts run on: Google's emulators, started once for the whole run and warm for whoever comes later."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from emulators.delivery.pubsub_topology import PubSubTopology
from emulators.processes.google import Emulator, Installation, start_firestore, start_pubsub
from functions.cart.manifest import MANIFEST
from shared.adapters.firestore import FirestoreChannel
from shared.adapters.firestore import connect as connect_firestore
from shared.adapters.pubsub import PubSubChannel
from shared.adapters.pubsub import connect as connect_pubsub


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`folder` takes logs and archives. `quick` asks for a smoke test: few samples, figures that mean nothing."""

    installation: Installation
    firestore: Emulator
    pubsub: Emulator
    folder: Path
    quick: bool

    def sized(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    @asynccontextmanager
    async def project(self) -> AsyncIterator[tuple[FirestoreChannel, PubSubChannel]]:
        """Connections to an empty project of its own, with the topics and subscriptions of the cart."""
        name = f"bench-{secrets.token_hex(4)}"
        async with AsyncExitStack() as stack:
            store = connect_firestore(name, self.firestore.host)
            stack.push_async_callback(store.close)
            topics = connect_pubsub(name, self.pubsub.host)
            stack.push_async_callback(topics.close)
            await PubSubTopology(topics, [MANIFEST]).ensure()
            yield store, topics


@asynccontextmanager
async def surroundings(installation: Installation, folder: Path, *, quick: bool) -> AsyncIterator[Surroundings]:
    logs = folder / "logs"
    async with AsyncExitStack() as stack:
        firestore = await asyncio.to_thread(start_firestore, installation, log_file=logs / "firestore.log")
        stack.push_async_callback(asyncio.to_thread, firestore.stop)
        pubsub = await asyncio.to_thread(start_pubsub, installation, log_file=logs / "pubsub.log")
        stack.push_async_callback(asyncio.to_thread, pubsub.stop)
        yield Surroundings(installation=installation, firestore=firestore, pubsub=pubsub, folder=folder, quick=quick)
