"""The whole shop sells while any of its processes may die at any moment and messages come twice, late or at the third
try. After that nothing is done by hand, and the books balance.

`CHAOS_BASKETS` is how many baskets are sold, `CHAOS_SEED` which. The long run: `CHAOS_BASKETS=500 CHAOS_MINUTE=60`.
"""

import asyncio
import logging
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from time import perf_counter
from zlib import crc32

import pytest
import pytest_asyncio

from emulators.processes import supervision
from shared.adapters.archive import reader
from shared.config import settings
from tests.e2e.rig import held
from tests.e2e.shop_books import (
    Books,
    differing_money,
    differing_read_models,
    facts,
    ledger,
    owed,
    read_books,
    shelves_shown,
)
from tests.e2e.shop_contradictions import contradictions
from tests.e2e.shop_rig import APPROVED_CARD, DECLINED_CARD, Shop, opened, services, together, until

BASKETS = int(os.environ.get("CHAOS_BASKETS", "15"))
SEED = int(os.environ.get("CHAOS_SEED", "7"))
MINUTE = float(os.environ.get("CHAOS_MINUTE", "2"))
"""Seconds that a minute of schedules lasts. The emulator scans all of the log: a long run needs long minutes."""
PATIENCE = 120 + 15 * MINUTE
"""Seconds until all has healed: a call that was cut off is taken over after 25, a mail after 76; sweeps come every five
minutes.
"""
FAULTS = f"duplicate=0.1,delay=0.1:300ms,reorder=0.1,fail=0.05,seed={SEED}"
BETWEEN_DEATHS = 1.5
A_LOOK = 5.0
CUSTOMERS = 10
CENTS = {f"sku-{number}": 100 + 37 * number for number in range(8)}
SHIPMENTS = "/fulfillment/v1/shipments"
LOG = logging.getLogger(__name__)
SHORT, COUPON = "sku-7", "five-percent"
"""There is less of the first than is wanted. The second is for every product, once for each customer."""

pytestmark = [
    pytest.mark.emulators,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(60 + PATIENCE + 6 * BASKETS),
]


@dataclass(frozen=True, slots=True)
class Basket:
    """What a customer is going to do."""

    name: str
    customer: str
    quantities: Mapping[str, int]
    card: str
    coupons: tuple[str, ...]


def baskets() -> list[Basket]:
    """The same for the same seed: one in ten is declined, one in four has a coupon."""
    draw = Random(SEED)  # noqa: S311 - repeatable, that is the point
    return [
        Basket(
            name=f"basket-{number}",
            customer=f"customer-{draw.randrange(CUSTOMERS)}",
            quantities={sku: draw.randint(1, 4) for sku in draw.sample(sorted(CENTS), draw.randint(1, 4))},
            card=DECLINED_CARD if draw.random() < 0.1 else APPROVED_CARD,
            coupons=(COUPON,) if draw.random() < 0.25 else (),
        )
        for number in range(BASKETS)
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """All services; schedules run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervision, "_LONGEST_PAUSE", 0.5)  # none of these deaths is the process's own fault
        async with held(opened(tmp_path_factory.mktemp("chaos"), services(), minute=MINUTE, faults=FAULTS)) as shop:
            yield shop


@dataclass(frozen=True, slots=True)
class Chaos:
    """What was done: a checkout for each basket; and how often each process was killed."""

    checkouts: list[str]
    deaths: Counter[str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chaos(shop: Shop) -> Chaos:
    """The feed, and then patience: it returns when the platform says by itself that all is done, or gives up."""
    await prepare(shop)
    deaths: Counter[str] = Counter()
    meanwhile = [asyncio.create_task(job) for job in (kill_at_random(shop, deaths), ship_at_random(shop))]
    began = perf_counter()
    try:
        fed = await together(4, (buy(shop, basket) for basket in baskets()))
    finally:
        for task in meanwhile:
            task.cancel()
        await asyncio.gather(*meanwhile, return_exceptions=True)
    LOG.info("fed %d baskets in %.1f s; killed: %s", len(fed), perf_counter() - began, dict(deaths))
    began = perf_counter()
    with suppress(TimeoutError):  # what is missing is for the tests to say
        await until(lambda: is_quiet(shop, fed), within=PATIENCE, pause=BETWEEN_DEATHS)
    LOG.info("all was done %.1f s after that", perf_counter() - began)
    return Chaos(fed, deaths)


async def prepare(shop: Shop) -> None:
    wanted: Counter[str] = Counter()
    for basket in baskets():
        wanted.update(basket.quantities)
    for sku, cents in CENTS.items():
        await shop.offer({sku: wanted[sku] // 2 if sku == SHORT else wanted[sku]}, cents=cents)
    await shop.offer_coupon(COUPON, sorted(CENTS), percent=5)
    for number in range(CUSTOMERS):
        await shop.introduce(f"customer-{number}")


async def kill_at_random(shop: Shop, deaths: Counter[str]) -> None:
    """One process after the other, whatever it is doing."""
    draw = Random(SEED)  # noqa: S311 - repeatable, that is the point
    while True:
        await asyncio.sleep(BETWEEN_DEATHS)
        name = draw.choice(sorted(shop.processes.restarts))
        with suppress(ProcessLookupError):
            os.kill(shop.processes.pid(name), signal.SIGKILL)
            deaths[name] += 1


async def buy(shop: Shop, basket: Basket) -> str:
    """The id of a checkout, after a look at how it goes: customers do not come faster than they are served, but nobody
    waits for one that was cut off. What nobody answers is asked again, under the same key.
    """
    cart = await shop.fill_cart(basket.customer, basket.quantities, name=basket.name)
    name, customer, card = basket.name, basket.customer, basket.card
    checkout = await shop.check_out(customer, cart, name=name, card=card, coupons=basket.coupons)
    with suppress(TimeoutError):
        await shop.ended(checkout, within=A_LOOK, pause=0.5)
    return checkout


async def ship_at_random(shop: Shop) -> None:
    """Half of the shipments that staff finds in the list."""
    seen: set[str] = set()
    while True:
        answer = await shop.insist("GET", "/fulfillment/v1/shipments?status=open&limit=100")
        new = {each["id"] for each in answer.body["items"]} - seen
        seen |= new
        for shipment in sorted(each for each in new if crc32(each.encode()) % 2):
            for step, body in (("pick", {}), ("pack", {}), ("dispatch", {"carrier": "Parcel", "tracking": "1"})):
                await shop.must("POST", f"{SHIPMENTS}/{shipment}/{step}", body, key=f"{shipment}/{step}")
        await asyncio.sleep(1)


async def is_quiet(shop: Shop, checkouts: list[str]) -> bool:
    """Every checkout is over, every mail is sent, no message is owed or on its way. Read from the log."""
    if not shop.platform.delivery.idle():
        return False
    over = {
        fact.entity async for fact in facts(shop, "checkout") if fact.type in {"WorkflowCompleted", "WorkflowFailed"}
    }
    return over >= set(checkouts) and not await unsent(shop) and not await owed(shop)


async def unsent(shop: Shop) -> set[str]:
    last = {fact.entity: fact.type async for fact in facts(shop, "mail")}
    return {mail for mail, what in last.items() if what != "MailSent"}


# --- the books


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def books(shop: Shop, chaos: Chaos) -> Books:
    books = await read_books(shop)
    LOG.info("%d orders, %s", len(books.placed), dict(books.failed))
    return books


async def test_every_checkout_is_over(chaos: Chaos, books: Books) -> None:
    """Each basket made one checkout, which ended once; and processes did die."""
    assert len(set(chaos.checkouts)) == BASKETS
    assert {checkout: len(ends) for checkout, ends in books.ends.items()} == dict.fromkeys(chaos.checkouts, 1)
    assert sum(chaos.deaths.values()) >= 5


async def test_captured_money_is_placed_orders(books: Books) -> None:
    """Order by order, to the cent, at what the customer agreed on; nothing is held on a card."""
    assert books.captured == books.placed == books.agreed_by_the_customers
    assert {order for order, totals in books.placed.items() if len(totals) == 1} == books.completed
    assert books.held == set()


async def test_captured_is_kept_refunded_and_disputed(shop: Shop, books: Books) -> None:
    """Payment by payment, and the order says the same."""
    assert await differing_money(shop, books) == {}


async def test_stripe_took_what_the_log_says(shop: Shop, books: Books) -> None:
    """Payment by payment; of all others nothing is held and nothing was taken."""
    taken = {each["metadata"]["payment_id"]: each["amount"] for each in await shop.intents() if is_taken(each)}
    assert {payment: [amount] for payment, amount in taken.items()} == books.captured
    statuses = Counter(each["status"] for each in await shop.intents())
    assert (statuses["succeeded"], statuses["requires_capture"]) == (len(books.captured), 0)


def is_taken(intent: dict[str, object]) -> bool:
    return intent["status"] == "succeeded"


async def test_nothing_contradicts_itself(shop: Shop, books: Books) -> None:
    """Goods, money and coupons, as the log tells of them."""
    assert await contradictions(shop) == []


async def test_the_ledger_sums_to_zero(shop: Shop, books: Books) -> None:
    """And what lies at the provider is what was captured."""
    balances = await ledger(shop)
    assert sum(balances.values()) == 0
    assert balances["provider"] == sum(sum(amounts) for amounts in books.captured.values())


async def test_stock_is_where_it_should_be(shop: Shop, books: Books) -> None:
    """What was received is on hand or was shipped, and there was never less than nothing; the queries say the same."""
    assert await shelves_shown(shop, *CENTS) == {sku: books.shelves[sku].shown for sku in CENTS}
    assert {shelf.lowest for shelf in books.shelves.values()} == {0}


async def test_what_comes_back_was_delivered_and_received(books: Books) -> None:
    """Order by order: nothing is refunded or sold again that staff has not found in a parcel."""
    assert books.contradictions == {}


async def test_only_placed_orders_keep_stock(shop: Shop, books: Books) -> None:
    """No checkout that failed keeps any; those that wait for their shipment keep all that they ordered."""
    kept = {order for shelf in books.shelves.values() for order, quantity in shelf.kept.items() if quantity}
    left = {fact.data["order_id"] async for fact in facts(shop, "shipment") if fact.type == "ShipmentDispatched"}
    assert kept == books.placed.keys() - left


async def test_a_coupon_is_used_once_by_each_customer(shop: Shop) -> None:
    """However often it was presented."""
    placed = [fact.data async for fact in facts(shop, "order") if fact.type == "OrderPlaced"]
    uses = Counter(order["customer_id"] for order in placed if order["discounts"])
    assert set(uses.values()) == {1}


async def test_carts_are_sold_or_open_again(shop: Shop, books: Books) -> None:
    """As their checkout ended."""
    for checkout in books.ends:
        cart = (await shop.get(f"/checkout/v1/checkouts/{checkout}"))["cart_id"]
        expected = "checked-out" if checkout in books.completed else "open"
        assert (await shop.get(f"/cart/v1/carts/{cart}"))["status"] == expected


async def test_each_fact_has_one_mail(shop: Shop, books: Books) -> None:
    """Every order that was placed or cancelled and every shipment that left, told of by a mail of one Message-ID; it
    came twice only if its sending was cut off.
    """
    sink = shop.platform.world.mail
    assert sink is not None
    created = {fact.entity async for fact in facts(shop, "order") if fact.type == "OrderCreated"}
    left = {fact.entity async for fact in facts(shop, "shipment") if fact.type == "ShipmentDispatched"}
    expected = {f"order_placed.{order}" for order in books.placed}
    expected |= {f"order_cancelled.{order}" for order in books.cancelled & created}
    expected |= {f"shipment_dispatched.{shipment}" for shipment in left}
    tries = Counter([fact.entity async for fact in facts(shop, "mail") if fact.type == "MailSendStarted"])
    LOG.info("%d mails, twice: %s", len(expected), sink.duplicates())

    assert Counter(mail.message_id for mail in sink.mails()) == Counter(f"<{each}@example.com>" for each in expected)
    assert sink.duplicates().keys() <= {f"<{mail}@example.com>" for mail, count in tries.items() if count > 1}


async def test_nothing_is_owed(shop: Shop, chaos: Chaos) -> None:
    """Every message of every service was seen on its topic."""
    assert await owed(shop) == []


async def test_read_models_are_the_fold_of_the_log(shop: Shop, chaos: Chaos) -> None:
    """Over all services, document by document."""
    assert await differing_read_models(shop) == {}


async def test_analytics_has_every_order_event_once(shop: Shop, chaos: Chaos) -> None:
    """Whatever was published about orders."""
    archive = reader(settings(shop.platform.parts.environment))
    facts_of = await asyncio.to_thread(archive.view, "facts_once")
    archive.close()
    kinds = [dict(zip(facts_of.columns, row, strict=True)) for row in facts_of.rows]
    found = Counter(fact["type"].split(".")[2] for fact in kinds if fact["service"] == "orders")
    public = {"OrderConfirmed", "OrderPlaced", "OrderCancelled", "OrderShipped"}
    logged = Counter([fact.type async for fact in facts(shop, "order") if fact.type in public])
    assert found == logged
