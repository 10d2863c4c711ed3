"""What one operation asks of the backends: exact, the same on every machine and every day.

`measured` does each operation once on the adapters that it is given. Tests assert what it finds, the benchmark prices
it.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from functions.cart.decider import CART
from functions.cart.events import CartEvent
from functions.cart.manifest import MANIFEST
from functions.cart.projections import CARTS_PROJECTION
from functions.cart.query_api import CART_QUERIES
from functions.cart.read_models import CartView
from shared.adapters.system import new_id, utc_now
from shared.bootstrap import Dependencies
from shared.eventsourcing.errors import DomainError
from shared.eventsourcing.event_store import OperationCounts
from shared.eventsourcing.feed_walk import FeedWalk, heal
from shared.eventsourcing.message import Commit
from shared.eventsourcing.projector import Projector
from shared.eventsourcing.relay import Relay
from shared.http.auth import Principal, Role, TokenVerifier
from shared.http.query_edge import QueryEdge
from shared.testing.api_spec import ApiSpec
from shared.testing.memory_platform import query_wiring
from shared.topology import relay_subscription
from tests.bench.carts import PUBLICATION, Till, adding, checking_out, handler_on, opening
from tests.bench.meter import Measured, Meter, MeteredPublisher, MeteredSubscriber

CartProjector = Projector[CartEvent, CartView]
SETTLED = 100
SETTLING = f"relay run, {SETTLED} messages settled"


class _AnyTill(TokenVerifier):
    """Who asks costs nothing here; lists and histories are for operators, so it is one, too."""

    def __init__(self) -> None:
        """Needs no issuer."""

    async def principal(self, authorization: str | None) -> Principal:
        return Principal("till-1", frozenset({Role.POS, Role.OPERATOR}))


async def measured(adapters: Dependencies, counts: OperationCounts) -> Mapping[str, Measured]:
    """By operation. The adapters must be new, their topics declared, and `counts` theirs."""
    meter = Meter(counts)
    deps = replace(
        adapters,
        publisher=MeteredPublisher(adapters.publisher, meter),
        subscriber=MeteredSubscriber(adapters.subscriber, meter),
    )
    await _relay_runs(meter, deps)
    await _commands(meter, deps)
    await _refusals(meter, deps)
    await _projections(meter, deps)
    await _queries(meter, deps)
    return meter.found


def _instance(deps: Dependencies) -> Till:
    """A command function without memories."""
    return Till(handler_on(deps.events, deps.publisher))


async def _filled(till: Till, items: int) -> str:
    """A cart with so many items; as many commits and one."""
    (cart_id,) = (await till.open())[-1:]
    for number in range(items):
        await till.send(cart_id, adding(number))
    return cart_id


async def _commands(meter: Meter, deps: Dependencies) -> None:
    till = _instance(deps)
    new = new_id()
    await meter.of("OpenCart", till.send(new, opening(new)))
    await meter.of("AddItem, warm", till.send(new, adding()))
    await meter.of("CheckOutCart, warm", till.send(new, checking_out()))
    ten = await _filled(till, 9)
    await meter.of("AddItem, cold, 10 commits before", _instance(deps).send(ten, adding()))
    long = await _filled(till, CART.snapshot_every - 2)
    await meter.of(f"AddItem, warm, version {CART.snapshot_every}: with snapshot", till.send(long, adding()))
    await meter.of("AddItem, cold, 50 commits and a snapshot before", _instance(deps).send(long, adding()))


async def _refusals(meter: Meter, deps: Dependencies) -> None:
    till, key = _instance(deps), new_id()
    cart_id = await _filled(till, 1)
    await till.send(cart_id, adding(), key=key)
    await meter.of("the same request again, warm", till.send(cart_id, adding(), key=key))
    await meter.of("the same request again, other instance", _instance(deps).send(cart_id, adding(), key=key))
    await till.send(cart_id, checking_out())
    await meter.of("AddItem refused, warm", _refused(till, cart_id))
    await meter.of("AddItem refused, cold, 4 commits before", _refused(_instance(deps), cart_id))


async def _refused(till: Till, cart_id: str) -> None:
    with suppress(DomainError):
        await till.send(cart_id, adding())
        raise AssertionError("a checked-out cart took an item")


async def _projections(meter: Meter, deps: Dependencies) -> None:
    cart_id = await _filled(_instance(deps), 6)
    commits = [commit async for commit in deps.events.read(f"{CART.category}-{cart_id}")]
    projector = _projector(deps)
    await meter.of("projection, a new cart", _delivered(meter, projector, commits[0]))
    await meter.of("projection, warm", _delivered(meter, projector, commits[1]))
    await meter.of("projection, delivered twice, warm", _delivered(meter, projector, commits[1]))
    await meter.of("projection, cold", _delivered(meter, _projector(deps), commits[2]))
    await meter.of("projection, 3 commits late, cold", _delivered(meter, _projector(deps), commits[5]))


async def _delivered(meter: Meter, projector: CartProjector, commit: Commit) -> None:
    """A push is billed as a request of its own."""
    (message,) = PUBLICATION.messages(commit)[PUBLICATION.domain_topic]
    meter.bill(message)
    await projector.deliver(commit)


def _projector(deps: Dependencies) -> CartProjector:
    """A projector function without memories."""
    return Projector(CARTS_PROJECTION, deps.events, deps.rows, deps.dead_letters, utc_now)


async def _queries(meter: Meter, deps: Dependencies) -> None:
    till, projector = _instance(deps), _projector(deps)
    carts = [await _filled(till, 1) for _ in range(25)]
    for cart_id in carts:
        await projector.heal(f"{CART.category}-{cart_id}", 2)
    edge = QueryEdge((CART_QUERIES,), query_wiring(deps, utc_now), _AnyTill())

    async def handle(request: Request) -> Response:
        return await edge(request)

    reader, path = ApiSpec(handle), "/cart/v1/carts"
    await meter.of("query by id", reader.get(f"{path}/{carts[0]}"))
    await meter.of("query by id, version 1 of 2", reader.get(f"{path}/{carts[0]}?version=1"))
    await meter.of("query, list page of 20", reader.get(f"{path}?customer_id=900&limit=20"))
    await meter.of("query, history of 2 commits", reader.get(f"{path}/{carts[0]}/history"))


async def _relay_runs(meter: Meter, deps: Dependencies) -> None:
    topics = (MANIFEST.domain_topic, MANIFEST.integration_topic)
    relay = Relay(
        (PUBLICATION,),
        (relay_subscription(topics[0]), relay_subscription(topics[1])),
        log=deps.events,
        outbox=deps.outbox,
        subscriber=deps.subscriber,
        publisher=deps.publisher,
        checkpoints=deps.checkpoints,
        clock=utc_now,
    )
    await relay.run()
    till = _instance(deps)
    await till.open(SETTLED)
    await meter.of(SETTLING, relay.run())
    await meter.of("relay run, nothing to do", relay.run())
    sweep = FeedWalk(
        name="sweep",
        category=CART.category,
        behind=timedelta(hours=1),
        visit=heal(_projector(deps)),
        log=deps.events,
        checkpoints=deps.checkpoints,
    )
    await sweep.run()
    await meter.of("catch-up sweep, nothing new", sweep.run())
