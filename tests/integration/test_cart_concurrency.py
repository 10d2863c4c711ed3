"""Many writers of one cart on Google's emulator, as many instances of the function would be: no update is lost, none is
made twice.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import grpc
import grpc.aio
import pytest

from functions.cart.commands import AddItem, CartCommand, OpenCart
from functions.cart.decider import CART, Cart
from functions.cart.events import CartEvent, Channel
from functions.cart.integration import to_integration
from shared.adapters.firestore import FirestoreChannel, FirestoreEventStore, connect
from shared.adapters.system import full_jitter_pause
from shared.eventsourcing.command_handler import CommandHandler, Handled, Policy
from shared.eventsourcing.errors import ConcurrencyError
from shared.eventsourcing.event_store import Answer, OperationCounts
from shared.eventsourcing.message import Context
from shared.eventsourcing.publishing import Announcer, Message, Publication
from shared.topology import domain_topic, integration_topic

pytestmark = pytest.mark.emulators

WRITERS, EACH = 16, 5
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
STREAM = "cart-1"
PUBLICATION = Publication[CartEvent](
    service=CART.category,
    category=CART.category,
    domain_topic=domain_topic(CART.category),
    integration_topic=integration_topic(CART.category),
    codec=CART.codec,
    to_integration=to_integration,
)
Writer = CommandHandler[CartCommand, CartEvent, Cart]


class Nobody:
    """A publisher: what is published is not the question here."""

    async def publish(self, topic: str, messages: Sequence[Message]) -> None: ...


@pytest.fixture
async def channel(project: str, firestore_host: str) -> AsyncIterator[FirestoreChannel]:
    channel = connect(project, firestore_host)
    yield channel
    await channel.close()


@pytest.fixture
def store(channel: FirestoreChannel) -> FirestoreEventStore:
    # The emulator's first requests are slow: they must not look like lost ones.
    return FirestoreEventStore(channel, OperationCounts(), timeout=60.0)


@pytest.fixture
async def writers(store: FirestoreEventStore) -> list[Writer]:
    """Sixteen instances, each warm with its own idea of the cart, which is open."""
    policy = Policy(pause=full_jitter_pause, deadline=60.0)
    writers = [Writer(CART, store, Announcer(PUBLICATION, Nobody()), policy) for _ in range(WRITERS)]
    opening = OpenCart(cart_id="1", customer_id="900", channel=Channel.WEB, currency="USD", at=AT)
    for number, writer in enumerate(writers):
        await writer.handle(STREAM, opening, context(f"open-{number}"))
    return writers


@pytest.fixture
async def forgetful(channel: FirestoreChannel) -> None:
    """Every third commit is carried out and its answer lost."""
    commit, number = channel.stubs.commit, count(1)

    async def losing(request: Any, **options: Any) -> Any:
        response = await commit(request, **options)
        if next(number) % 3 == 0:
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "lost")
        return response

    channel._stubs = replace(channel.stubs, commit=losing)


def context(command_id: str) -> Context:
    return Context(command="Test", command_id=command_id, correlation_id="c", actor="test", occurred_at=AT)


async def add(writer: Writer, key: str, sku: str = "milk") -> Handled:
    """One more of a product, again and again with the same key until it is done: as a client does it."""

    def answer(version: int) -> Answer:
        return Answer(key=key, fingerprint="f", status=202, headers={}, body=str(version).encode())

    while True:
        try:
            command = AddItem(sku=sku, quantity=1, charged=None, at=AT)
            return await writer.handle(STREAM, command, context(key), answer=answer)
        except ConcurrencyError:
            continue


async def all_add(writers: Sequence[Writer]) -> list[Handled]:
    """All at once, each its own requests one after another."""

    async def work(number: int, writer: Writer) -> list[Handled]:
        return [await add(writer, f"{number}-{turn}", f"sku-{turn}") for turn in range(EACH)]

    found = await asyncio.gather(*(work(number, writer) for number, writer in enumerate(writers)))
    return [handled for part in found for handled in part]


async def quantities(store: FirestoreEventStore) -> dict[str, int]:
    """What the log folds to."""
    cart = CART.fold(CART.initial_state(), (await store.load(STREAM)).commits)
    return {sku: line.quantity for sku, line in cart.lines.items()}


async def test_no_update_is_lost(store: FirestoreEventStore, writers: list[Writer]) -> None:
    """The fold of the log is the sum of all that was accepted, each at a version of its own."""
    handled = await all_add(writers)

    assert await quantities(store) == {f"sku-{turn}": WRITERS for turn in range(EACH)}
    assert sorted(each.version for each in handled) == list(range(2, 2 + WRITERS * EACH))


@pytest.mark.usefixtures("forgetful")
async def test_lost_acknowledgements_make_no_double(writers: list[Writer], store: FirestoreEventStore) -> None:
    """A writer whose commit succeeded in silence finds it, in the thick of the others."""
    handled = await all_add(writers)

    assert await quantities(store) == {f"sku-{turn}": WRITERS for turn in range(EACH)}
    assert {each.answer and each.answer.body for each in handled} == {
        str(version).encode() for version in range(2, 2 + WRITERS * EACH)
    }


async def test_the_same_request_to_all_instances_is_done_once(
    store: FirestoreEventStore, writers: list[Writer]
) -> None:
    """A hundred times at once, spread over the instances: one commit, one answer."""
    handled = await asyncio.gather(*(add(writers[number % WRITERS], "same") for number in range(100)))

    assert {each.answer and each.answer.body for each in handled} == {b"2"}
    assert await quantities(store) == {"milk": 1}
    assert len([each for each in handled if not each.replayed]) == 1
