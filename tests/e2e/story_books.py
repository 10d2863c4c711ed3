"""What must hold at the end of every story, whatever happened in it."""

from collections import Counter
from typing import Any

from functions.customers.effect import ORDER_IS_OVER
from tests.e2e.embedded_shop import Json
from tests.e2e.shop_books import Books, differing_money, read_books
from tests.e2e.shop_contradictions import contradictions as contradictions_of_the_shop
from tests.e2e.stories import PIECES, Sale, Story, is_erased

GONE = frozenset({"dispatched", "delivered", "lost"})
STAYS = frozenset({"cancelled"})


async def contradictions(story: Story) -> list[str]:
    """Between log, queries, the provider's books, and what customers and staff have in their hands; none if all is
    well.
    """
    books = (await read_books(story.shop)).of({sale.order for sale in story.sales})
    wrong = [*story.troubles, *(f"{key}: {what}" for key, what in (await differing_money(story.shop, books)).items())]
    sent, waiting = 0, 0
    for sale in story.sales:
        order = await story.shop.get(f"/orders/v1/orders/{sale.order}")
        pieces = await _pieces(story, sale)
        sent, waiting = sent + pieces["sent"], waiting + pieces["waiting"]
        wrong += _of_the_goods(order, sale, pieces, books)
        wrong += _of_the_money(order, sale, pieces, books)
        wrong += await _of_the_provider(story, sale, books)
    wrong += await _of_the_stock(story, sent, waiting)
    names = {story.coupon, *(sale.order for sale in story.sales)}
    wrong += [what for what in await contradictions_of_the_shop(story.shop) if any(name in what for name in names)]
    if await is_erased(story):
        orders = [await story.shop.get(f"/orders/v1/orders/{sale.order}") for sale in story.sales]
        open_orders = [order["id"] for order in orders if order["status"] not in ORDER_IS_OVER]
        wrong += [f"erased with an open order: {order}" for order in open_orders]
    return wrong


async def _pieces(story: Story, sale: Sale) -> Counter[str]:
    """Of an order: those that left, of these the lost ones, and those that wait to be sent."""
    found: Counter[str] = Counter()
    for shipment in await story.shop.listed(f"/fulfillment/v1/shipments?order_id={sale.order}"):
        quantity, status = sum(line["quantity"] for line in shipment["lines"]), shipment["status"]
        found["sent"] += quantity if status in GONE else 0
        found["lost"] += quantity if status == "lost" else 0
        found["waiting"] += quantity if status not in GONE | STAYS else 0
    return found


def _of_the_goods(order: Json, sale: Sale, pieces: Counter[str], books: Books) -> list[str]:
    name, wrong = order["id"], []
    if pieces["sent"] + pieces["waiting"] > sale.quantity:
        wrong.append(f"{name}: {pieces['sent']} sent and {pieces['waiting']} to be sent of {sale.quantity}")
    if pieces["sent"] and order["status"] == "cancelled":
        wrong.append(f"{name}: cancelled and shipped")
    if pieces["sent"] and books.captured[name] != [books.agreed[name]]:
        wrong.append(f"{name}: shipped and not paid")
    return wrong


def _of_the_money(order: Json, sale: Sale, pieces: Counter[str], books: Books) -> list[str]:
    """Pieces that are not sent, are lost or were received are the customer's money, but for a cent of each."""
    name = order["id"]
    kept = pieces["sent"] - pieces["lost"] - sale.back + pieces["waiting"]
    due = sum(line["due"]["amount"] for line in order["lines"])
    owed = (due - 1) * (sale.quantity - kept) // sale.quantity
    back = sum(books.captured[name]) - books.kept(name)
    return (
        [] if back >= owed else [f"{name}: the customer has {back} back, and is owed {owed} for what they do not have"]
    )


async def _of_the_provider(story: Story, sale: Sale, books: Books) -> list[str]:
    order = sale.order
    refunds = [each for each in await story.desk.refunds(order) if each["status"] != "failed"]
    disputes = [each for each in await story.desk.disputes(order) if each["status"] != "won"]
    there = (sum(each["amount"] for each in refunds), sum(each["amount"] for each in disputes))
    here = (books.refunded.get(order, Counter()).total(), books.disputed.get(order, Counter()).total())
    wrong = [] if there == here else [f"{order}: {there} refunded and disputed at the provider, {here} in the log"]
    if sum(there) > sum(books.captured[order]):
        wrong.append(f"{order}: {there} refunded and disputed of {books.captured[order]}")
    return wrong


async def _of_the_stock(story: Story, sent: int, waiting: int) -> list[str]:
    """No unit exists twice, none is lost."""
    shown: dict[str, Any] = await story.shop.get(f"/inventory/v1/stock/{story.sku}")
    on_hand = PIECES - sent + sum(sale.sound for sale in story.sales)
    found, expected = (shown["on_hand"], shown["reserved"], shown["available"]), (on_hand, waiting, on_hand - waiting)
    return [] if found == expected else [f"on hand, reserved and available are {found}, not {expected}"]
