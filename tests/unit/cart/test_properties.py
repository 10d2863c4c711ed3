"""Facts that hold for every sequence of commands and every way of delivering their events."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.cart.commands import (
    AddItem,
    CartCommand,
    ChangeQuantity,
    CheckOutCart,
    ClearCart,
    ExpireCart,
    OpenCart,
    RemoveItem,
    RestoreCart,
)
from functions.cart.decider import CART, MAX_LINES, MAX_QUANTITY, Cart, Status
from functions.cart.events import CartEvent, Channel
from functions.cart.projections import CARTS_PROJECTION, project_cart
from functions.cart.read_models import CartView
from shared.adapters.memory.dead_letters import MemoryDeadLetters
from shared.adapters.memory.event_store import MemoryEventStore
from shared.adapters.memory.read_store import MemoryReadStore
from shared.eventsourcing.codec import encode_commit
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.event_store import Appended, NewCommit, OperationCounts
from shared.eventsourcing.message import Commit, Context
from shared.eventsourcing.money import MAX_AMOUNT, Money
from shared.eventsourcing.projector import Projector

AT = datetime(2017, 3, 6, 12, 0, tzinfo=UTC)
skus = st.sampled_from(["milk", "tea", "rye", "gas"])
times = st.integers(0, 40).map(lambda days: AT + timedelta(days=days))
prices = st.none() | st.builds(
    Money, amount=st.integers(0, 10_000) | st.just(MAX_AMOUNT), currency=st.sampled_from(["USD", "EUR"])
)
quantities = st.integers(-1, 120) | st.sampled_from([100_000, 100_001])
commands = st.one_of(
    st.builds(
        OpenCart,
        cart_id=st.just("c1"),
        customer_id=st.just("900"),
        channel=st.sampled_from(Channel),
        currency=st.just("USD"),
        at=times,
    ),
    st.builds(AddItem, sku=skus, quantity=quantities, charged=prices, at=times),
    st.builds(ChangeQuantity, sku=skus, quantity=quantities, charged=prices, at=times),
    st.builds(RemoveItem, sku=skus, at=times),
    st.builds(ClearCart, at=times),
    st.builds(CheckOutCart, at=times),
    st.builds(RestoreCart, reason=st.just("declined"), at=times),
    st.builds(ExpireCart, at=times),
)
histories = st.lists(commands, max_size=30).map(
    lambda later: [OpenCart(cart_id="c1", customer_id="900", channel=Channel.POS, currency="USD", at=AT), *later]
)


def run(history: Sequence[CartCommand]) -> tuple[Cart, list[list[CartEvent]]]:
    """The state that commands lead to, and the events of each that was accepted."""
    cart, accepted = CART.initial_state(), []
    for command in history:
        try:
            events = list(CART.decide(command, cart))
        except DomainError:
            continue
        for event in events:
            cart = CART.evolve(cart, event)
        if events:
            accepted.append(events)
    return cart, accepted


@given(histories)
def test_invariants_hold(history: list[CartCommand]) -> None:
    """No sequence of commands breaks a limit, mixes currencies or checks out nothing."""
    cart, _ = run(history)

    assert len(cart.lines) <= MAX_LINES[cart.channel]
    assert all(1 <= line.quantity <= MAX_QUANTITY[cart.channel] for line in cart.lines.values())
    assert all(line.charged is None or line.charged.currency == cart.currency for line in cart.lines.values())
    assert cart.status is not Status.CHECKED_OUT or cart.lines


@given(histories)
def test_replay_gives_the_same_state(history: list[CartCommand]) -> None:
    """Folding the stored events gives the state that the commands led to."""
    cart, accepted = run(history)

    replayed = CART.initial_state()
    for stored in CART.codec.encode(event for events in accepted for event in events):
        replayed = CART.evolve(replayed, CART.codec.decode(stored))

    assert replayed == cart


@given(histories)
def test_a_snapshot_is_the_state(history: list[CartCommand]) -> None:
    """Any state survives being stored as a snapshot."""
    cart, _ = run(history)

    assert CART.load_state(CART.dump_state(cart)) == cart


@given(histories, commands)
def test_doing_it_twice_does_it_once(history: list[CartCommand], command: CartCommand) -> None:
    """A command repeated at once has no effect of its own, save for adding more."""
    cart, _ = run(history)
    _, once = run([*history, command])
    _, twice = run([*history, command, command])

    assert isinstance(command, AddItem) or len(twice) == len(once) or cart.status is Status.ABSENT


@given(histories)
def test_both_sides_agree(history: list[CartCommand]) -> None:
    """The read model shows what the write side holds, to the cent."""
    cart, accepted = run(history)

    view: CartView | None = None
    for event in (event for events in accepted for event in events):
        view = project_cart(view, event)

    assert view is not None
    assert [(x.sku, x.quantity, x.total) for x in view.lines] == [
        (sku, line.quantity, line.charged) for sku, line in cart.lines.items()
    ]
    assert view.status == cart.status


async def log_of(accepted: Sequence[Sequence[CartEvent]]) -> tuple[MemoryEventStore, list[Commit]]:
    store = MemoryEventStore(lambda: AT, OperationCounts())
    position = (await store.load("cart-c1")).position
    for events in accepted:
        context = Context(
            command="Test",
            command_id=f"k{position.version}",
            correlation_id="f",
            actor="pos:till",
            occurred_at=AT,
        )
        body = encode_commit("cart-c1", position.version + 1, context, CART.codec.encode(events))
        result = await store.append([NewCommit(position=position, body=body, owed=[])])
        assert isinstance(result, Appended)
        (position,) = result.positions
    return store, [commit async for commit in store.read("cart-c1")]


@settings(max_examples=60)
@given(histories, st.randoms(use_true_random=False), st.booleans())
def test_any_delivery_ends_in_the_same_read_model(
    history: list[CartCommand], chance: random.Random, lose_most: bool
) -> None:
    """Shuffled, duplicated or lost but for the last: the read model is the fold of the log."""
    _, accepted = run(history)

    async def deliver() -> tuple[object, object]:
        store, commits = await log_of(accepted)
        rows = MemoryReadStore(OperationCounts())
        projector = Projector(CARTS_PROJECTION, store, rows, MemoryDeadLetters(), lambda: AT)
        deliveries = [commits[-1]] if lose_most else [*commits, *chance.choices(commits, k=len(commits))]
        chance.shuffle(deliveries)
        await asyncio.gather(*(projector.deliver(commit) for commit in deliveries))
        row = await rows.get("carts", "c1")
        view: CartView | None = None
        for commit in commits:
            view = CARTS_PROJECTION.apply(view, commit)
        assert row is not None
        return (row.version, CARTS_PROJECTION.restore(row)[0]), (len(commits), view)

    stored, expected = asyncio.run(deliver())
    assert stored == expected
