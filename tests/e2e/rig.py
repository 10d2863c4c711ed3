"""The real platform on Google's emulators, held still for a test, and eyes on all that it keeps."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import aiohttp

from emulators.feed.books import AFTER_ALL
from emulators.platform import LocalPlatform
from emulators.processes.ports import free_ports
from emulators.runtimes import Emulators
from emulators.settings import PROJECT, USER_AUDIENCE, Options, RuntimeChoice
from functions.cart.manifest import CARTS, MANIFEST
from shared.adapters.firestore import FirestoreChannel, FirestoreDeadLetters, FirestoreEventStore, FirestoreReadStore
from shared.adapters.firestore import connect as connect_firestore
from shared.adapters.pubsub import PubSubSubscriber
from shared.adapters.pubsub import connect as connect_pubsub
from shared.adapters.system import new_id
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.message import Commit, entity_of
from shared.topology import Service, Subscription

T = TypeVar("T")
CARTS_PATH = "/cart/v1/carts"
HOURS = 3600.0
"""Seconds of a minute of schedules that never fire by themselves: the test says when relay and sweep run."""
SPARE_COMMITS, SPARE_EVENTS, STREAMED_EVENTS = "spare-commits", "spare-events", "streamed-events"


def with_spares(service: Service = MANIFEST) -> Service:
    """The cart, with further subscriptions to its topics: what others would see."""
    spares = (
        Subscription(name=SPARE_COMMITS, topic=service.domain_topic),
        Subscription(name=SPARE_EVENTS, topic=service.integration_topic),
        Subscription(name=STREAMED_EVENTS, topic=service.integration_topic),
    )
    return replace(service, subscriptions=(*service.subscriptions, *spares))


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `seconds` it took."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    seconds: float

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def is_problem(self) -> bool:
        """A problem as RFC 9457 has it, of this very status."""
        if self.headers.get("Content-Type") != "application/problem+json":
            return False
        fields: dict[str, Any] = self.body
        return fields["status"] == self.status and {"type", "title", "detail", "code"} <= fields.keys()

    @property
    def identity(self) -> tuple[object, ...]:
        """What must be equal in equal answers."""
        return self.status, self.content, self.headers.get("ETag"), self.headers.get("Location")


@dataclass(frozen=True, slots=True)
class Rig:
    """A platform that runs, a client of it, and direct sight of its stores and topics."""

    platform: LocalPlatform
    session: aiohttp.ClientSession
    log: FirestoreEventStore
    rows: FirestoreReadStore
    dead_letters: FirestoreDeadLetters
    spare: PubSubSubscriber

    @property
    def emulators(self) -> Emulators:
        assert self.platform.parts.emulators is not None
        return self.platform.parts.emulators

    @property
    def restarts(self) -> int:
        """How often the cart's function process was replaced."""
        assert self.platform.parts.processes is not None
        return self.platform.parts.processes.restarts["cart"]

    def token(self, role: str, subject: str = "till-1") -> str:
        return self.platform.users.mint(subject, roles=(role,), audience=USER_AUDIENCE)

    async def send(  # one way to say everything that a request can say
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        role: str = "pos",
        subject: str = "till-1",
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, whatever the answer. A POST without a key gets a new one."""
        sent = {"Authorization": f"Bearer {self.token(role, subject)}", **(headers or {})}
        if method == "POST":
            sent.setdefault("Idempotency-Key", key or new_id())
        began = perf_counter()
        url = self.platform.origin + path
        async with self.session.request(method, url, headers=sent, json=body) as response:
            content = await response.read()
        return Answer(response.status, response.headers, content, perf_counter() - began)

    async def insist(self, method: str, path: str, body: object = None, *, key: str) -> Answer:
        """The same request until it is answered with something else than 503."""
        answers: list[Answer] = []

        async def answered() -> bool:
            answers.append(await self.send(method, path, body, key=key))
            return answers[-1].status != 503

        await eventually(answered)
        return answers[-1]

    async def open_cart(self, *skus: str) -> str:
        """The id of a new cart of the till, with one of each product."""
        opening = {"currency": "USD", "customer_id": "900"}
        answer = await self.insist("POST", CARTS_PATH, opening, key=new_id())
        assert answer.status == 202, answer
        cart_id = str(answer.body["id"])
        for sku in skus:
            added = await self.insist("POST", f"{CARTS_PATH}/{cart_id}/items", line(sku), key=new_id())
            assert added.status == 202, added
        return cart_id

    async def commits(self, cart_id: str) -> list[Commit]:
        return [commit async for commit in self.log.read(f"cart-{cart_id}")]

    async def ends(self) -> dict[str, int]:
        """Every stream of the log and its version."""
        found: dict[str, int] = {}
        async for fed in self.log.feed(MANIFEST.name, until=AFTER_ALL):
            commit = fed.commit
            found[commit.stream] = max(commit.version, found.get(commit.stream, 0))
        return found

    async def owed(self) -> set[str]:
        """All messages that were not yet seen on their topics."""
        return {row.message_id async for row in self.log.owed(MANIFEST.name, since=None, before=AFTER_ALL)}

    async def behind(self, ends: Mapping[str, int]) -> dict[str, tuple[int, int]]:
        """Streams whose read model is not at their end: (read model, log)."""
        rows = {stream: await self.rows.get(CARTS, entity_of(stream)) for stream in ends}
        versions = {stream: row.version if row else 0 for stream, row in rows.items()}
        return {stream: (versions[stream], end) for stream, end in ends.items() if versions[stream] != end}

    async def fire(self, function: str, path: str = "/") -> int:
        """Run one of the scheduled jobs now; its HTTP status."""
        statuses = await self.platform.scheduler.fire(lambda job: (job.function, job.path) == (function, path))
        return next(iter(statuses.values()))

    async def settled(self, *, besides: frozenset[str] = frozenset(), within: float = 60.0) -> None:
        """Let relay and sweep do their work until no message is owed (`besides` these) and nothing is on its way."""
        async with asyncio.timeout(within):
            while await self.owed() - besides:
                await self.fire("relay")
        assert await self.platform.caught_up(within=within)

    async def seen(self, subscription: str) -> set[str]:
        """The ids of all messages that wait in a spare subscription, which is empty then."""
        found: set[str] = set()
        async for batch in self.spare.pull(subscription):
            found |= {received.attributes["ce-id"] for received in batch}
            await self.spare.acknowledge(subscription, [received.ack_id for received in batch])
        return found


def line(sku: str, quantity: int = 1, cents: int = 100) -> dict[str, object]:
    """The body of a till's line."""
    return {"sku": sku, "quantity": quantity, "charged": {"amount": cents, "currency": "USD"}}


async def eventually(check: Callable[[], Awaitable[object]], *, within: float = 120.0, pause: float = 0.05) -> None:
    """Return as soon as `check` is true; TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not await check():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(pause)


@asynccontextmanager
async def running(
    folder: Path, *, minute: float = HOURS, faults: str = "", quick_queries: bool = True
) -> AsyncIterator[Rig]:
    """A platform of its own, at a port of its own."""
    (port,) = free_ports(1)
    options = Options(
        runtime=RuntimeChoice.EMULATORS,
        port=port,
        folder=folder,
        minute=minute,
        faults=faults,
        quick_queries=quick_queries,
    )
    async with LocalPlatform(options, say=lambda _: None, services=[with_spares()]) as platform:
        assert platform.parts.emulators is not None
        store = connect_firestore(PROJECT, platform.parts.emulators.firestore.host, quick=quick_queries)
        topics = connect_pubsub(PROJECT, platform.parts.emulators.pubsub.host)
        connector = aiohttp.TCPConnector(limit=0)
        try:
            async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(60)) as session:
                yield _rig(platform, session, store, PubSubSubscriber(topics, OperationCounts()))
        finally:
            await store.close()
            await topics.close()


def _rig(
    platform: LocalPlatform, session: aiohttp.ClientSession, store: FirestoreChannel, spare: PubSubSubscriber
) -> Rig:
    counts, patient = OperationCounts(), 60.0
    return Rig(
        platform=platform,
        session=session,
        log=FirestoreEventStore(store, counts, patient),
        rows=FirestoreReadStore(store, counts, patient),
        dead_letters=FirestoreDeadLetters(store, counts, patient),
        spare=spare,
    )


@asynccontextmanager
async def held(context: AbstractAsyncContextManager[T]) -> AsyncGenerator[T]:
    """`context` entered and left by one task of its own, as task groups want it: the two halves of a fixture are run by
    different ones.
    """
    ready: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    enough = asyncio.Event()

    async def hold() -> None:
        async with context as value:
            ready.set_result(value)
            await enough.wait()

    task = asyncio.create_task(hold())
    await asyncio.wait((task, asyncio.ensure_future(ready)), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        yield ready.result()
    finally:
        enough.set()
        with suppress(asyncio.CancelledError):
            await task
