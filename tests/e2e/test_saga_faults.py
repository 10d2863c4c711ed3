"""A checkout among failures, on Google's emulators: its orchestrator dies at chosen lines, Stripe is cut off or its
answers are lost, the mail server has a bad day. A sample of the failure matrix, which has all cases in memory.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from emulators.processes import supervision
from emulators.processes import world as worlds
from emulators.processes.guard import Guarded
from emulators.processes.mail_sink import MailSink, Trouble
from emulators.processes.world import STRIPE_API_BASE, World
from emulators.settings import Options
from shared.topology import Service
from tests.e2e.rig import held
from tests.e2e.shop_books import Books, differing_read_models, facts, ledger, read_books
from tests.e2e.shop_rig import APPROVED_CARD, DECLINED_CARD, Shop, opened, services, until
from tests.e2e.stripe_line import Fault, StripeLine

pytestmark = [pytest.mark.emulators, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

POINTS = Path(__file__).parent / "saga_points"
MAIL_PAUSE = "3"
CENTS = 250
CRASHES = [
    f"{point} {step}"
    for step in ("reserve_items", "authorize_payment", "capture_payment")
    for point in ("before the intent of", "after the intent of", "after the call of", "after the outcome of")
]
CRASHES_ON_THE_WAY_BACK = [
    "after the intent of the undo of reserve_items",
    "after the call of the undo of reserve_items",
]


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that makes orchestrators die: see `saga_points`. Processes come back at once."""
    folder = tmp_path_factory.mktemp("crashes")

    def guarded(command: Sequence[str], *, log_file: Path, env: Mapping[str, str]) -> Guarded:
        path = f"{env['PYTHONPATH']}:{POINTS}"
        more = {"checkout.log": {"SAGA_CRASHES": str(folder)}, "notifications.log": {"MAIL_PAUSE": MAIL_PAUSE}}
        return Guarded(command, log_file=log_file, env={**env, "PYTHONPATH": path, **more.get(log_file.name, {})})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervision, "Guarded", guarded)
        patch.setattr(supervision, "_LONGEST_PAUSE", 0.1)
        yield folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line() -> AsyncIterator[StripeLine]:
    """The payments reach Stripe by this line only."""
    async with held(StripeLine()) as line:
        start_world = worlds.start_world

        async def start(stack: AsyncExitStack, options: Options, chosen: Sequence[Service]) -> World:
            world = await start_world(stack, options, chosen)
            assert world.stripe is not None
            line.to = world.stripe.host
            return replace(world, variables={**world.variables, STRIPE_API_BASE: f"http://{line.host}"})

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("emulators.platform.start_world", start)
            yield line


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory, crashes: Path, line: StripeLine) -> AsyncIterator[Shop]:
    names = ("catalog", "pricing", "cart", "inventory", "orders", "payments", "checkout", "customers", "notifications")
    async with held(opened(tmp_path_factory.mktemp("faults"), services(*names))) as shop:
        await shop.offer({"milk": 1000}, cents=CENTS)
        yield shop


async def begin(shop: Shop, customer: str, *, quantity: int = 2) -> str:
    """The id of the customer's checkout of so many cartons of milk, which is on its way."""
    cart = await shop.fill_cart(customer, {"milk": quantity}, name=customer)
    return await shop.check_out(customer, cart, name=customer)


# --- the mail server has a bad day


@dataclass(frozen=True)
class BadDay:
    """Orders whose mails met trouble, by what it was."""

    sink: MailSink
    orders: Mapping[Trouble, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bad_day(shop: Shop) -> BadDay:
    """It is not over when this returns: the mails wait for their next try while other tests run."""
    sink = shop.platform.world.mail
    assert sink is not None
    orders: dict[Trouble, str] = {}
    for trouble in (Trouble.BUSY, Trouble.TAKE_AND_DROP, Trouble.HANG):
        customer = f"mail-{trouble.name.lower().replace('_', '-')}"
        await shop.introduce(customer)
        sink.trouble(trouble)
        orders[trouble] = await begin(shop, customer)
        await until(lambda: _is_past(sink))
    return BadDay(sink, orders)


async def _is_past(sink: MailSink) -> bool:
    return not sink._troubles


# --- the orchestrator dies


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cut_off(shop: Shop, crashes: Path, bad_day: BadDay) -> Mapping[str, str]:
    """One checkout for each point, by point; its orchestrator died there. None of them has ended yet, most likely."""
    found: dict[str, str] = {}
    for number, point in enumerate([*CRASHES, *CRASHES_ON_THE_WAY_BACK]):
        customer = f"cut-off-{number}"
        cart = await shop.fill_cart(customer, {"milk": 2}, name=customer)
        armed = crashes / cart
        await asyncio.to_thread(armed.write_text, point)
        card = DECLINED_CARD if point in CRASHES_ON_THE_WAY_BACK else APPROVED_CARD
        found[point] = await shop.check_out(customer, cart, name=customer, card=card)
        await until(lambda armed=armed: _is_gone(armed))  # type: ignore[misc] # a lambda's default
    return found


async def _is_gone(file: Path) -> bool:
    return not await asyncio.to_thread(file.exists)


# --- Stripe is cut off: these run while the others wait


@dataclass(frozen=True)
class Trial:
    """What goes wrong with one payment, which is known by its amount."""

    cents: int
    operation: str
    faults: tuple[Fault, ...]


@pytest.mark.parametrize(
    "trial",
    [
        pytest.param(Trial(750, "create", (Fault.CUT, Fault.CUT)), id="cut off when asked for an intent"),
        pytest.param(Trial(1000, "create", (Fault.LOST,)), id="the intent's answer is lost"),
        pytest.param(Trial(1250, "confirm", (Fault.CUT, Fault.BUSY)), id="cut off when asked to hold the amount"),
        pytest.param(Trial(1500, "confirm", (Fault.LOST,)), id="the answer that it holds the amount is lost"),
        pytest.param(Trial(1750, "capture", (Fault.CUT, Fault.BUSY)), id="cut off when asked to take the amount"),
        pytest.param(Trial(2000, "capture", (Fault.LOST,)), id="the answer that it took the amount is lost"),
    ],
)
async def test_a_checkout_outlasts_trouble_with_stripe(
    shop: Shop, line: StripeLine, cut_off: Mapping[str, str], trial: Trial
) -> None:
    """It completes once Stripe is back, and the amount was held and taken once."""
    line.fail(trial.cents, trial.operation, *trial.faults)

    checkout = await begin(shop, f"stripe-{trial.cents}", quantity=trial.cents // CENTS)
    ended = await shop.ended(checkout)

    assert (ended["status"], line.left()) == ("completed", 0)
    assert [entry["what"] for entry in ended["timeline"]].count("not answered") == len(trial.faults)
    assert await charges(shop, checkout) == [("succeeded", trial.cents)]


async def charges(shop: Shop, payment: str) -> list[tuple[str, int]]:
    """Status and amount of every payment at Stripe that ever held money; an intent alone holds none."""
    mine = [intent for intent in await shop.intents() if intent["metadata"]["payment_id"] == payment]
    return [(intent["status"], intent["amount"]) for intent in mine if intent["charges"]["data"]]


# --- and how all of it ends


@pytest.mark.parametrize("point", CRASHES)
async def test_a_checkout_survives_its_orchestrator(shop: Shop, cut_off: Mapping[str, str], point: str) -> None:
    """It completes all the same: an order, paid once."""
    checkout = cut_off[point]
    ended = await shop.ended(checkout)

    assert ended["status"] == "completed"
    assert (await shop.get(f"/orders/v1/orders/{checkout}"))["status"] == "placed"
    assert await charges(shop, checkout) == [("succeeded", 2 * CENTS)]


@pytest.mark.parametrize("point", CRASHES_ON_THE_WAY_BACK)
async def test_a_way_back_survives_the_orchestrator(shop: Shop, cut_off: Mapping[str, str], point: str) -> None:
    """A declined card undoes all of it all the same: nothing is kept, nothing is charged, the cart is open."""
    checkout = cut_off[point]
    ended = await shop.ended(checkout)

    assert (ended["status"], ended["reason"]["code"]) == ("failed", "card-declined")
    assert (await shop.get(f"/orders/v1/orders/{checkout}"))["status"] == "cancelled"
    assert (await shop.get(f"/inventory/v1/reservations/{checkout}"))["status"] == "released"
    assert (await shop.get(f"/cart/v1/carts/{ended['cart_id']}"))["status"] == "open"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def books(shop: Shop, cut_off: Mapping[str, str], bad_day: BadDay) -> Books:
    """When every checkout is over and every mail is sent."""
    await shop.all_ended([*cut_off.values(), *bad_day.orders.values()])

    async def sent() -> bool:
        await shop.platform.scheduler.fire(lambda job: job.path == "/retry/soon")
        last = {fact.entity: fact.type async for fact in facts(shop, "mail")}
        return all(last.get(f"order_placed.{order}") == "MailSent" for order in bad_day.orders.values())

    await until(sent, pause=1.0)
    return await read_books(shop)


async def test_captured_money_is_placed_orders(shop: Shop, books: Books) -> None:
    """Order by order, to the cent; nothing is held on a card, and the ledger sums to zero."""
    assert books.captured == books.placed == books.agreed_by_the_customers
    assert {order for order, totals in books.placed.items() if len(totals) == 1} == books.completed
    assert books.held == set()
    assert sum((await ledger(shop)).values()) == 0


async def test_only_orders_keep_stock(books: Books) -> None:
    """What they ordered; what failed keeps nothing."""
    kept = {reservation: quantity for reservation, quantity in books.shelves["milk"].kept.items() if quantity}
    assert kept == {order: cents // CENTS for order, (cents,) in books.placed.items()}


async def test_every_order_is_told_of_once(books: Books, bad_day: BadDay) -> None:
    """A server that is busy, hangs, or drops the line after it took a mail: in the end one mail of each order is there.
    Only the mail whose acceptance was lost came twice, and says by its Message-ID that it is the same.
    """
    mails = Counter(mail.message_id for mail in bad_day.sink.mails())
    ids = {trouble: f"<order_placed.{order}@example.com>" for trouble, order in bad_day.orders.items()}
    assert mails == Counter(ids.values())
    assert bad_day.sink.duplicates() == {ids[Trouble.TAKE_AND_DROP]: 1}


async def test_read_models_are_the_fold_of_the_log(shop: Shop, books: Books) -> None:
    """After all of this, over all services, document by document."""
    assert await shop.platform.caught_up()
    assert await differing_read_models(shop) == {}
