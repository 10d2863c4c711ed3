"""What the views make of facts, on DuckDB: figures that can be checked by hand."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from emulators.processes.bigquery_topology import make_in_duckdb
from functions.analytics.manifest import MANIFEST
from shared.adapters.archive import ArchiveStore
from shared.adapters.archive.duckdb import DuckDbReader, DuckDbTables
from shared.adapters.archive.store import Row
from shared.eventsourcing.archive import FACTS

SUNDAY = datetime(2017, 3, 12, 23, 59, 59, tzinfo=UTC)
MONDAY = datetime(2017, 3, 13, 0, 0, tzinfo=UTC)
FIRST_WEEK, SECOND_WEEK = date(2017, 3, 6), date(2017, 3, 13)


def usd(cents: int) -> dict[str, object]:
    return {"amount": cents, "currency": "USD"}


def fact(
    identity: str, kind: str, payload: object, *, at: datetime = SUNDAY, recorded: datetime = MONDAY, flow: str = "c"
) -> Row:
    """Of a kind such as `orders.OrderPlaced.v1`."""
    service = kind.partition(".")[0]
    return {
        "id": f"{identity}@1.0",
        "type": f"commerce.{kind}",
        "service": service,
        "subject": identity,
        "occurred_at": at,
        "recorded_at": recorded,
        "correlation_id": flow,
        "payload": json.dumps(payload),
    }


def order(identity: str, lines: dict[str, tuple[int, int]], *, off: tuple[Any, ...] = (), at: datetime = SUNDAY) -> Row:
    """Lines are (quantity, cents) by sku, `off` is (code, sku, cents)."""
    placed = {
        "order_id": identity,
        "currency": "USD",
        "placed_at": at.isoformat(),
        "lines": [{"sku": sku, "quantity": many, "total": usd(cents)} for sku, (many, cents) in lines.items()],
        "discounts": [{"code": code, "sku": sku, "amount": usd(cents)} for code, sku, cents in off],
    }
    return fact(f"order-{identity}", "orders.OrderPlaced.v1", placed)


def listed(sku: str, department: str) -> Row:
    return fact(f"product-{sku}", "catalog.ProductListed.v1", {"sku": sku, "department": department})


class Archive:
    """Takes facts, answers with a view's rows."""

    def __init__(self, file: Path) -> None:
        make_in_duckdb([MANIFEST], file)
        self.store = ArchiveStore(lambda: DuckDbTables(file))
        self._reader = DuckDbReader(file)

    async def add(self, *facts: Row) -> None:
        """Each of them twice: no view may notice."""
        await self.store.insert(FACTS, [*facts, *facts])

    def view(self, name: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._reader.view(name).rows]


@pytest.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    archive = Archive(tmp_path / "archive.duckdb")
    yield archive
    await archive.store.close()


async def test_revenue_is_that_of_a_week_and_department(archive: Archive) -> None:
    """A week begins on Monday, at midnight UTC; what the catalog never listed has no department."""
    await archive.add(
        listed("milk", "DAIRY"),
        order("1", {"milk": (2, 500), "soap": (1, 100)}),
        order("2", {"milk": (1, 250)}, at=MONDAY),
    )

    assert archive.view("revenue_by_department_week") == [
        (FIRST_WEEK, "(none)", "USD", 1, 1, 100, 0, 100),
        (FIRST_WEEK, "DAIRY", "USD", 1, 2, 500, 0, 500),
        (SECOND_WEEK, "DAIRY", "USD", 1, 1, 250, 0, 250),
    ]


async def test_coupons_lower_the_revenue(archive: Archive) -> None:
    """Of their product's department; those for the whole order of none."""
    await archive.add(listed("milk", "DAIRY"), order("1", {"milk": (2, 500)}, off=(("a", "milk", 50), ("b", None, 7))))

    assert archive.view("revenue_by_department_week") == [
        (FIRST_WEEK, "(none)", "USD", 1, 0, 0, 7, -7),
        (FIRST_WEEK, "DAIRY", "USD", 1, 2, 500, 50, 450),
    ]


async def test_a_cancelled_order_is_no_sale(archive: Archive) -> None:
    """Whether it was cancelled before or after it was paid."""
    await archive.add(
        order("1", {"milk": (2, 500)}),
        fact("order-1-end", "orders.OrderCancelled.v1", {"order_id": "1", "placed": True}),
    )

    assert archive.view("revenue_by_department_week") == []


def given_up(identity: str, kind: str, lines: dict[str, int]) -> Row:
    """Pieces of an order, by `OrderLinesCancelled` or `OrderShipmentLost`."""
    told = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    return fact(f"order-{identity}-{kind}-{min(lines)}", f"orders.{kind}.v1", {"order_id": identity, "lines": told})


@pytest.mark.parametrize("kind", ["OrderLinesCancelled", "OrderShipmentLost"])
class TestGivenUp:
    """Pieces that the customer never got are not sold."""

    async def test_a_part_is_no_sale(self, archive: Archive, kind: str) -> None:
        """What is left of the line is, at its part of the price; a line of which nothing is left is none."""
        lines = {"milk": (3, 1000), "soap": (1, 100)}
        await archive.add(order("1", lines), given_up("1", kind, {"milk": 1, "soap": 1}))

        assert archive.view("sold_lines") == [("1", "USD", FIRST_WEEK, "milk", 2, 667, 0)]
        assert archive.view("basket_size") == [(FIRST_WEEK, "USD", 1, 1.0, 2.0, 667.0, 667)]

    async def test_its_coupons_took_off_less(self, archive: Archive, kind: str) -> None:
        """One for the product in proportion to its pieces, one for the order to what its goods cost."""
        off = (("a", "milk", 90), ("b", None, 100))
        await archive.add(
            listed("milk", "DAIRY"),
            order("1", {"milk": (3, 900), "soap": (1, 100)}, off=off),
            given_up("1", kind, {"milk": 2}),
        )

        assert archive.view("revenue_by_department_week") == [
            (FIRST_WEEK, "(none)", "USD", 1, 1, 100, 40, 60),
            (FIRST_WEEK, "DAIRY", "USD", 1, 1, 300, 30, 270),
        ]
        assert [(row[0], row[3], row[4]) for row in archive.view("coupon_effect")] == [("a", 30, 330), ("b", 40, 330)]

    async def test_all_of_it_is_no_order(self, archive: Archive, kind: str) -> None:
        """Nor is its coupon one that was used for anything."""
        await archive.add(
            order("1", {"milk": (1, 500), "gift": (1, 0)}, off=(("a", "milk", 50), ("b", None, 7))),
            given_up("1", kind, {"milk": 1}),
            given_up("1", "OrderShipmentLost", {"gift": 1}),
        )

        assert [archive.view(name) for name in ("sold_lines", "basket_size", "coupon_effect")] == [[], [], []]

    async def test_other_orders_stay(self, archive: Archive, kind: str) -> None:
        """Of the same product."""
        await archive.add(
            order("1", {"milk": (2, 500)}), order("2", {"milk": (1, 250)}), given_up("2", kind, {"milk": 1})
        )

        assert [row[0] for row in archive.view("sold_lines")] == ["1"]


async def test_a_product_is_as_it_was_listed_last(archive: Archive) -> None:
    """Its earlier sales move with it."""
    again = {**listed("milk", "FRESH"), "id": "product-milk@2.0", "recorded_at": datetime(2017, 3, 14, tzinfo=UTC)}
    await archive.add(listed("milk", "DAIRY"), again, order("1", {"milk": (2, 500)}))

    assert [row[1] for row in archive.view("revenue_by_department_week")] == ["FRESH"]


async def test_a_sale_that_is_there_with_two_times_counts_once(archive: Archive) -> None:
    """An order of 1,000 is a revenue of 1,000."""
    first = order("1", {"milk": (2, 1000)})
    await archive.add(first, {**first, "occurred_at": MONDAY})

    assert [row[-1] for row in archive.view("revenue_by_department_week")] == [1000]


async def test_baskets_have_a_size(archive: Archive) -> None:
    """Products, pieces and money of an order, on average."""
    await archive.add(order("1", {"milk": (2, 500), "soap": (1, 100)}), order("2", {"milk": (2, 401)}))

    assert archive.view("basket_size") == [(FIRST_WEEK, "USD", 2, 1.5, 2.5, 500.5, 600)]


async def test_orders_with_a_coupon_stand_beside_those_without(archive: Archive) -> None:
    """An order with two coupons counts for both."""
    await archive.add(
        order("1", {"milk": (1, 500)}, off=(("a", "milk", 50), ("b", None, 10))),
        order("2", {"milk": (1, 300)}),
        order("3", {"milk": (1, 500)}, off=(("a", "milk", 50),)),
    )

    assert archive.view("coupon_effect") == [
        ("a", "USD", 2, 100, 890, 1.0, 445.0),
        ("(none)", "USD", 1, 0, 300, 1.0, 300.0),
        ("b", "USD", 1, 10, 440, 1.0, 440.0),
    ]


def came(sku: str, pieces: int, at: datetime) -> Row:
    return fact(f"stock-{sku}-{at}", "inventory.StockChanged.v1", {"sku": sku, "delta": pieces}, recorded=at)


def left(sku: str, pieces: int, at: datetime) -> Row:
    lines = [{"sku": sku, "quantity": pieces}]
    return fact(f"reservation-{sku}-{at}", "inventory.ItemsShipped.v1", {"lines": lines}, recorded=at)


class TestStockTurnover:
    """What has left, divided by what lay there on average."""

    year = timedelta(days=364)

    async def turnover(self, archive: Archive, *facts: Row) -> list[tuple[Any, ...]]:
        """Until the bell rings, a year later."""
        await archive.add(listed("milk", "DAIRY"), came("bell", 1, MONDAY + self.year), *facts)
        return [row for row in archive.view("stock_turnover") if row[0] != "bell"]

    async def test_what_comes_and_goes_weekly_turns_over_often(self, archive: Archive) -> None:
        """Ten pieces lie there for six days of seven: a little less than nine on average."""
        weeks = [MONDAY + timedelta(weeks=week) for week in range(52)]
        facts = [each for at in weeks for each in (came("milk", 10, at), left("milk", 10, at + timedelta(days=6)))]

        assert await self.turnover(archive, *facts) == [("milk", "DAIRY", 520, 520, 0, 8.57, 60.67)]

    async def test_what_lies_there_for_a_year_turns_over_once(self, archive: Archive) -> None:
        """Though it came and left in as many pieces."""
        facts = [came("milk", 520, MONDAY), left("milk", 520, MONDAY + self.year)]

        assert await self.turnover(archive, *facts) == [("milk", "DAIRY", 520, 520, 0, 520.0, 1.0)]

    async def test_what_was_sold_soon_lies_there_little(self, archive: Archive) -> None:
        """An empty shelf counts until the present: of a year, eight pieces lay there for a quarter."""
        facts = [came("milk", 8, MONDAY), left("milk", 8, MONDAY + self.year / 4)]

        assert await self.turnover(archive, *facts) == [("milk", "DAIRY", 8, 8, 0, 2.0, 4.0)]

    async def test_what_was_never_sold_does_not_turn_over(self, archive: Archive) -> None:
        """It lies there."""
        assert await self.turnover(archive, came("milk", 10, MONDAY)) == [("milk", "DAIRY", 10, 0, 10, 10.0, 0.0)]

    async def test_what_came_just_now_has_no_turnover(self, archive: Archive) -> None:
        """No time has passed."""
        facts = [came("milk", 10, MONDAY + self.year)]

        assert await self.turnover(archive, *facts) == [("milk", "DAIRY", 10, 0, 10, None, None)]


class TestFunnel:
    """Each cart counts once, in the week in which it was decided."""

    def checked_out(self, cart: str, order: str, *, at: datetime = SUNDAY) -> Row:
        fact_id = f"cart-{cart}-{order}"
        return fact(fact_id, "cart.CartCheckedOut.v1", {"cart_id": cart}, at=at, flow=order)

    def expired(self, cart: str, *, at: datetime = SUNDAY) -> Row:
        return fact(f"cart-{cart}-end", "cart.CartExpired.v1", {"cart_id": cart}, at=at)

    async def test_it_narrows(self, archive: Archive) -> None:
        """Of three carts two were checked out, one was paid."""
        await archive.add(
            self.checked_out("1", "o-1"),
            self.checked_out("2", "o-2"),
            self.expired("2", at=MONDAY),
            self.expired("3", at=MONDAY),
            order("o-1", {"milk": (1, 500)}),
        )

        assert archive.view("funnel") == [(FIRST_WEEK, 2, 2, 1), (SECOND_WEEK, 1, 0, 0)]

    async def test_a_cart_is_paid_in_its_own_week(self, archive: Archive) -> None:
        """Also if that was after midnight."""
        await archive.add(self.checked_out("1", "o-1"), order("o-1", {"milk": (1, 500)}, at=MONDAY))

        assert archive.view("funnel") == [(FIRST_WEEK, 1, 1, 1)]

    async def test_an_order_that_was_cancelled_later_was_paid(self, archive: Archive) -> None:
        """What came of it afterwards is no matter of the funnel."""
        await archive.add(
            self.checked_out("1", "o-1"),
            order("o-1", {"milk": (1, 500)}),
            fact("order-o-1-end", "orders.OrderCancelled.v1", {"order_id": "o-1", "placed": True}),
        )

        assert archive.view("funnel") == [(FIRST_WEEK, 1, 1, 1)]

    async def test_a_second_try_counts_as_one_cart(self, archive: Archive) -> None:
        """A cart that was given back and checked out again, by another checkout."""
        await archive.add(
            self.checked_out("1", "o-1"),
            self.checked_out("1", "o-2", at=MONDAY),
            order("o-2", {"milk": (1, 500)}, at=MONDAY),
        )

        assert archive.view("funnel") == [(FIRST_WEEK, 1, 1, 1)]

    async def test_a_time_that_was_claimed_says_the_week(self, archive: Archive) -> None:
        """As it does for revenue."""
        filed = {**self.checked_out("1", "o-1", at=MONDAY + timedelta(weeks=500)), "claimed_at": SUNDAY}
        await archive.add(filed)

        assert archive.view("funnel") == [(FIRST_WEEK, 1, 1, 0)]


async def test_sagas_end_one_way_or_another(archive: Archive) -> None:
    """Each with its share of those of its kind."""
    declined = {"step": "authorize_payment", "code": "card-declined"}
    await archive.add(
        *(fact(f"checkout-{number}", "checkout.CheckoutCompleted.v1", {}) for number in range(3)),
        fact("checkout-9", "checkout.CheckoutFailed.v1", declined),
        fact("return-1", "returns.ReturnCompleted.v1", {}),
        fact("return-2", "returns.ReturnRefused.v1", {"reason": "used"}),
        fact("return-3", "returns.ReturnWithdrawn.v1", {}),
        fact("return-4", "returns.ReturnCompleted.v1", {}),
    )

    assert archive.view("saga_outcomes") == [
        ("checkout", "completed", "", "", 3, 0.75),
        ("checkout", "failed", "authorize_payment", "card-declined", 1, 0.25),
        ("returns", "completed", "", "", 2, 0.5),
        ("returns", "refused", "", "used", 1, 0.25),
        ("returns", "withdrawn", "", "", 1, 0.25),
    ]
